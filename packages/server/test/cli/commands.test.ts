import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { commandLineId } from "../../dist/cli/client.js";
import { closedUrl, failure, run, sendJson, startWireServer } from "./support.ts";

const loaded = {
  success: true,
  models: {
    "model/中文": {
      loaded_at: 1_795_500_077.434,
      load_time: 1.5,
      usage_count: 12,
      state: "ready",
      version: "1",
      engine: "vosk",
      family: "vosk",
      languages: ["zh"],
      memory_bytes: 580_000_000,
      pid: 4711,
    },
  },
  count: 1,
};
const available = {
  success: true,
  models: {
    "model/中文": {
      id: "中文",
      engine: "vosk",
      family: "vosk",
      languages: ["zh"],
      versions: ["1"],
      size_bytes: 41_900_000,
      loaded: true,
    },
    "model/en/tiny": {
      id: "en/tiny",
      engine: "sherpa-offline",
      family: "moonshine",
      languages: ["en"],
      versions: ["1"],
      size_bytes: 28_670_597,
      loaded: false,
    },
    "model/broken": {
      id: "broken",
      languages: [],
      versions: ["1"],
      size_bytes: 12,
      loaded: false,
      problem: "no tokens.txt\u001b[31m",
    },
  },
  count: 3,
};
const health = { success: true, status: "running", loaded_models_count: 1, version: "0.1.0" };
const status = { success: true, status: { loaded: true, ...loaded.models["model/中文"] }, model_path: "model/中文" };
const notLoaded = failure("model_not_loaded", "Model model/x is not loaded.", {
  model_path: "model/x",
  state: "failed",
  last_error: { reason: "model_load_failed", message: "It ended with SIGABRT.", at: 1_795_500_000 },
});
const load = { success: true, message: "Model model/cn is loaded", model_path: "model/cn" };
const unload = { success: true, message: "Model model/cn is unloaded", model_path: "model/cn" };

const routes = {
  "GET /health": health,
  "GET /models": loaded,
  "GET /models/available": available,
  "GET /models/status/model/中文": status,
  "GET /models/status/model/x": (_: unknown, answer: Parameters<typeof sendJson>[0]) =>
    sendJson(answer, 404, notLoaded),
  "POST /models/load": load,
  "POST /models/unload": unload,
};

suite("commands that ask a server", () => {
  test("models prints a table whose columns stand under each other, Chinese counted double", async (t) => {
    const { url } = await startWireServer(t, routes);
    const { code, stdout, stderr } = await run(t, ["models", "--url", url]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.deepEqual(stdout.split("\n"), [
      "MODEL          STATE              ENGINE                    LANGUAGES     DISK  MEMORY  USES",
      "model/broken   no tokens.txt[31m                                          12 B",
      "model/en/tiny  not loaded         sherpa-offline/moonshine  en         28.7 MB",
      "model/中文     ready              vosk/vosk                 zh         41.9 MB  580 MB    12",
      "",
    ]);
  });

  test("models without any model says how to get one", async (t) => {
    const none = { success: true, models: {}, count: 0 };
    const { url } = await startWireServer(t, { "GET /models": none, "GET /models/available": none });
    assert.equal((await run(t, ["models", "--url", url])).stdout, "No models. Fetch one: npx voxpool pull en/tiny\n");
  });

  const documents: readonly (readonly [args: readonly string[], body: object])[] = [
    [["status"], health],
    [["status", "model/中文"], status],
    [["models"], { loaded, available }],
    [["models", "--loaded"], loaded],
    [["models", "--available"], available],
    [["load", "model/cn"], load],
    [["unload", "model/cn"], unload],
  ];
  for (const [args, body] of documents) {
    test(`${args.join(" ")} --json prints the server's body as one document, and nothing else`, async (t) => {
      const { url } = await startWireServer(t, routes);
      const { code, stdout, stderr } = await run(t, [...args, "--json", "--url", url]);
      assert.deepEqual(JSON.parse(stdout), body);
      assert.equal(stdout.trimEnd().split("\n").length, 1);
      assert.equal(stderr, "");
      assert.equal(code, 0);
    });
  }

  test("status shows the server, status PATH a model", async (t) => {
    const { url } = await startWireServer(t, routes);
    const server = await run(t, ["status"], { env: { VOXPOOL_URL: url } });
    assert.equal(
      server.stdout,
      `status         running\nversion        0.1.0\nmodels loaded  1\nurl            ${url}\n`,
    );
    const model = await run(t, ["status", "model/中文", "--url", url], { env: { TZ: "UTC" } });
    assert.match(model.stdout, /^model {6}model\/中文\nstate {6}ready\n/);
    assert.match(model.stdout, /\nmemory {5}580 MB\n/);
    assert.match(model.stdout, /\nloaded at {2}2026-11-24 06:01:17\nload time {2}1\.50 s\nuses {7}12\n$/);
  });

  test("status of a model that is not loaded fails with what is known of it", async (t) => {
    const { url } = await startWireServer(t, routes);
    const { code, stdout, stderr } = await run(t, ["status", "model/x", "--url", url], { env: { TZ: "UTC" } });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.deepEqual(stderr.trimEnd().split("\n"), [
      "voxpool: Model model/x is not loaded.",
      "voxpool: state: failed",
      "voxpool: last error (2026-11-24 06:00:00): It ended with SIGABRT.",
    ]);
  });

  test("the answer of an older server, with its three fields, is shown as well", async (t) => {
    const entry = { loaded_at: 1_795_500_077.434, load_time: 12, usage_count: 3 };
    const { url } = await startWireServer(t, {
      "GET /models/status//abs/cn": { success: true, status: { loaded: true, ...entry }, model_path: "/abs/cn" },
      "GET /models": { success: true, models: { "/abs/cn": entry }, count: 1 },
    });
    const { code, stdout } = await run(t, ["status", "/abs/cn", "--url", url], { env: { TZ: "UTC" } });
    assert.equal(stdout, "model      /abs/cn\nloaded at  2026-11-24 06:01:17\nload time  12 s\nuses       3\n");
    assert.equal(code, 0);
    assert.match((await run(t, ["models", "--loaded", "--url", url])).stdout, /^\/abs\/cn {2}loaded .* 3$/m);
  });

  test("load and unload print the server's message and send the path, the language and the key", async (t) => {
    const { url, received } = await startWireServer(t, routes);
    const env = { VOXPOOL_URL: url, VOXPOOL_KEY: "from-env", LC_ALL: "zh_CN.UTF-8" };
    assert.equal((await run(t, ["load", "model/cn"], { env })).stdout, "Model model/cn is loaded\n");
    assert.equal(
      (await run(t, ["unload", "model/cn", "--key", "from-flag"], { env })).stdout,
      "Model model/cn is unloaded\n",
    );
    const body = { model_path: "model/cn", client_id: commandLineId() };
    assert.deepEqual(
      received.map(({ call, headers, body: sent }) => [
        call,
        headers["accept-language"],
        headers.authorization,
        JSON.parse(String(sent)) as unknown,
      ]),
      [
        ["POST /models/load", "zh", "Bearer from-env", body],
        ["POST /models/unload", "zh", "Bearer from-flag", body],
      ],
    );
  });

  test("a refusal is the message on standard error and exit code 1; with --json it is the document, too", async (t) => {
    const refusal = failure("model_not_loaded", "Model model/cn is not loaded.", {
      model_path: "model/cn",
      details: { model_path: "model/cn" },
    });
    const { url } = await startWireServer(t, { "POST /models/unload": (_, answer) => sendJson(answer, 400, refusal) });
    const plain = await run(t, ["unload", "model/cn", "--url", url]);
    assert.deepEqual([plain.code, plain.stdout, plain.stderr], [1, "", "voxpool: Model model/cn is not loaded.\n"]);
    const json = await run(t, ["unload", "model/cn", "--url", url, "--json"]);
    assert.equal(json.code, 1);
    assert.partialDeepStrictEqual(JSON.parse(json.stdout), { ...refusal, error_code: 400 });
  });

  test("messages of a server cannot drive the terminal", async (t) => {
    const evil = failure("internal", "\u001b]0;title\u0007\u001b[2Jgone\u202Eright");
    const { url } = await startWireServer(t, { "POST /models/load": (_, answer) => sendJson(answer, 500, evil) });
    const { stderr } = await run(t, ["load", "model/cn", "--url", url]);
    assert.equal(stderr, "voxpool: ]0;title[2Jgoneright\n");
  });

  test("a server that is not there is exit code 3, in the language of the user", async (t) => {
    const closed = await closedUrl();
    for (const args of [["models"], ["status"], ["status", "x"], ["load", "x"], ["unload", "x"], ["transcribe", "-"]]) {
      const { code, stdout, stderr } = await run(t, [...args, "--url", closed]);
      assert.equal(code, 3, args.join(" "));
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /No voxpool server answers at http:\/\/127\.0\.0\.1:\d+\/api: .+\. Start one with: npx voxpool serve\.\n$/,
      );
    }
    const chinese = await run(t, ["models", "--url", closed], { env: { LANG: "zh_CN.UTF-8" } });
    assert.match(
      chinese.stderr,
      /^voxpool: http:\/\/127\.0\.0\.1:\d+\/api 没有 voxpool 服务器响应：.+。启动命令：npx voxpool serve。\n$/,
    );
  });

  test("an answer that is not voxpool's is a failure, not a crash", async (t) => {
    const { url } = await startWireServer(t, {
      "GET /health": (_, answer) => {
        answer.writeHead(200, { "content-type": "text/html" }).end("<h1>It works</h1>");
      },
    });
    const { code, stderr } = await run(t, ["status", "--url", url]);
    assert.equal(code, 1);
    assert.match(stderr, /not voxpool's/);
  });
});
