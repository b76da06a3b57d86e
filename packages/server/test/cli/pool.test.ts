import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { commandLineId } from "../../dist/cli/client.js";
import { scratchDirectory } from "../base/scratch.ts";
import { startRunning } from "../server/running.ts";
import {
  closedUrl,
  failure,
  noTerminal,
  onTerminal,
  run,
  sendEvents,
  sendJson,
  shellCommand,
  start,
  startWireServer,
  untilSaid,
} from "./support.ts";

const fake = { fake: { languages: ["zh"], text: "你好" } };

suite("the command line and the pool of a real server", () => {
  test("a load holds until a later unload of the same user, also with another client beside it", async (t) => {
    const { server, client, modelPath } = await startRunning(t, { first: fake, cn: fake });
    const at = ["--url", server.url];
    const path = modelPath("cn");
    assert.equal((await run(t, ["load", path, "--pin", "--keep-alive", "1h", ...at])).code, 0);
    const loaded = await client.getModelStatus(path);
    assert.ok(loaded.success);
    assert.deepEqual(
      loaded.status.holds.map(({ client: id, until }) => [id, until]),
      [[commandLineId(), null]],
    );
    assert.equal(loaded.status.pinned, true);
    assert.equal((await run(t, ["unpin", path, ...at])).code, 0);
    assert.ok((await client.loadModel(path)).success);
    assert.match((await run(t, ["unload", path, ...at])).stdout, /stays loaded, held by sdk:/);
    const refused = await run(t, ["unload", path, ...at]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /held by sdk:.* Send force/);
    assert.match((await run(t, ["unload", path, "--force", ...at])).stdout, /is unloaded/);
    await client.close();
  });

  test("a load with a lease lapses after it; what is no time is a misuse", async (t) => {
    const { server, client, modelPath } = await startRunning(t, { first: fake, cn: fake });
    const path = modelPath("cn");
    assert.equal((await run(t, ["load", path, "--lease", "2h", "--url", server.url])).code, 0);
    const status = await client.getModelStatus(path);
    const [hold] = status.success ? status.status.holds : [];
    assert.ok(hold?.until);
    assert.equal(Math.round((hold.until - hold.since) / 60), 120);
    for (const wrong of ["soon", "10ms", "-1", "99d"]) {
      const { code, stderr } = await run(t, ["load", path, `--lease=${wrong}`, "--url", server.url]);
      assert.deepEqual([code, stderr], [2, `voxpool: --lease takes 1 s to 30 d, like 10m; not "${wrong}"\n`]);
    }
  });

  test("ps says what keeps each model, and --json is the server's body", async (t) => {
    const { server, client, modelPath } = await startRunning(t, { a: fake, b: fake, c: fake });
    const at = ["--url", server.url];
    await client.loadModel(modelPath("a"), { leaseMs: null });
    await client.warmUp(modelPath("b"));
    await client.pin(modelPath("c"));
    await client.warmUp(modelPath("c"));
    const { stdout } = await run(t, ["ps", ...at]);
    const [head, ...rows] = stdout.trimEnd().split("\n");
    assert.match(head ?? "", /^MODEL +VERSION +STATE +HELD BY +SESSIONS +MEMORY +RESTARTS +EXPIRES IN +PID$/);
    assert.match(rows[0] ?? "", /\/a +1 +ready +sdk:\w+ +0 +[\d.]+ MB +0 +held +\d+$/);
    assert.match(rows[1] ?? "", /\/b +1 +ready +0 +0 +[\d.]+ MB +0 +(10 min 00 s|9 min \d\d s) +\d+$/);
    assert.match(rows[2] ?? "", /\/c +1 +ready +0 +0 +[\d.]+ MB +0 +pinned +\d+$/);
    const body = JSON.parse((await run(t, ["ps", "--json", ...at])).stdout) as { count: number };
    assert.equal(body.count, 3);
    await client.close();
  });

  test("aliases are made, shown, used and removed", async (t) => {
    const { server, modelPath } = await startRunning(t, { cn: fake });
    const at = ["--url", server.url];
    const ran = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(t, [...args, ...at]);
      return [code, stdout + stderr];
    };
    const path = modelPath("cn");
    assert.deepEqual(await ran("alias"), [0, "No aliases. Make one: npx voxpool alias dictation cn\n"]);
    assert.deepEqual(await ran("alias", "dictation", path), [0, `Alias dictation points to ${path}\n`]);
    assert.deepEqual(await ran("alias", "dictation"), [0, `${path}\n`]);
    assert.deepEqual(await ran("alias"), [0, `ALIAS      MODEL\ndictation  ${path}\n`]);
    assert.equal((await ran("reload", "dictation"))[0], 0);
    assert.equal((await ran("warmup", "dictation"))[0], 0);
    assert.deepEqual(await ran("alias", "toString"), [1, "voxpool: there is no alias toString\n"]);
    assert.deepEqual(await ran("alias", "--remove", "dictation"), [0, "Alias dictation is removed\n"]);
    assert.deepEqual(await ran("alias", "--remove", "dictation"), [1, "voxpool: There is no alias dictation.\n"]);
    assert.equal((await ran("alias", "--remove"))[0], 2);
    assert.equal((await ran("alias", "--remove", "a", "b"))[0], 2);
  });
});

const entry = { loaded_at: 1, load_time: 1, usage_count: 0, state: "ready", version: "1", holds: [], restarts: 0 };
const listed = { success: true, models: { "model/cn": entry }, count: 1 };

suite("ps --watch", () => {
  test("gives a document each second, waits for a server that goes away, and ends with Ctrl-C", async (t) => {
    let asked = 0;
    const { url } = await startWireServer(t, {
      "GET /models": (_, answer) => {
        asked++;
        if (asked === 2) sendJson(answer, 500, failure("internal", "It broke."));
        else sendJson(answer, 200, listed);
      },
    });
    const running = start(t, ["ps", "--watch", "--json", "--url", url]);
    await untilSaid(running, "stdout", /\n.*\n.*\n/);
    running.child.kill("SIGINT");
    const { code, stdout } = await running.done;
    assert.equal(code, 130);
    const documents = stdout.trimEnd().split("\n");
    assert.deepEqual(
      documents.slice(0, 3).map((line) => (JSON.parse(line) as { success: boolean }).success),
      [true, false, true],
    );
  });

  test("a server that was never there is a failure, and a reader that goes away ends it", async (t) => {
    const { url } = await startWireServer(t, { "GET /models": listed });
    const running = start(t, ["ps", "-w", "--url", url]);
    await once(running.child.stdout ?? assert.fail(), "data");
    running.child.stdout?.destroy();
    assert.deepEqual((await running.done).code, 0);
    assert.equal((await run(t, ["ps", "-w", "--url", await closedUrl()])).code, 3);
  });

  test("on a terminal the table stands still and is drawn anew", { skip: noTerminal() }, async (t) => {
    const { url, received } = await startWireServer(t, { "GET /models": listed });
    const shell = `${shellCommand("ps", "-w", "--url", url)} & trap '' INT; echo pid $!; wait $!; echo ended $?`;
    let isEnding = false;
    const watch = (text: string) => {
      // The cursor has gone up over a first table, and a second one was asked for.
      if (isEnding || received.length < 2 || !text.includes("\u001b[1A")) return;
      isEnding = true;
      process.kill(Number(/pid (\d+)/.exec(text)?.[1]), "SIGINT");
    };
    const { stdout } = await onTerminal(t, shell, { watch });
    assert.ok(stdout.includes("\r\u001b[1A\u001b[0JMODEL"), JSON.stringify(stdout));
    assert.match(stdout, /model\/cn .*\r\nended 130\r\n$/);
  });
});

const gate = [
  {
    recording: "a.wav",
    expected: "你好 世界",
    heard: "你好 时节",
    word_error_rate: 0.5,
    limit_word_error_rate: 0.1,
    real_time_factor: 0.05,
    limit_real_time_factor: null,
    passed: false,
  },
  {
    recording: "b.wav",
    expected: "yes",
    heard: "yes",
    word_error_rate: 0,
    limit_word_error_rate: 0.1,
    real_time_factor: 0.0512,
    limit_real_time_factor: 0.3,
    passed: true,
  },
];

suite("switch", () => {
  const probation = { from: "model/cn@1", since: 1, until: 1_795_500_000, requests: 0, limit_requests: 50, errors: 0 };
  const done = {
    success: true,
    message: "model/cn is now model/cn@2, on probation",
    model_path: "model/cn",
    from: "model/cn@1",
    to: "model/cn@2",
    gate: gate.slice(1),
    probation,
  };

  test("shows how the new version did, and until when it is watched", async (t) => {
    const { url, received } = await startWireServer(t, { "POST /models/switch": done });
    const flags = ["--no-gate", "--probation-requests", "50", "--probation-seconds", "0", "--url", url];
    const { code, stdout } = await run(t, ["switch", "cn", "2", ...flags], { env: { TZ: "UTC" } });
    assert.equal(code, 0);
    assert.deepEqual(stdout.split("\n"), [
      "model/cn is now model/cn@2, on probation",
      "RECORDING  GATE    WORD ERRORS  ALLOWED  TIME FACTOR  ALLOWED",
      "b.wav      passed         0.0%    10.0%        0.051    0.300",
      "model/cn@1 is kept warm until the probation ends, after 50 requests or at 2026-11-24 06:00:00.",
      "",
    ]);
    const asked = { model_path: "cn", version: "2", gate: false, probation: { requests: 50, seconds: 0 } };
    assert.deepEqual(JSON.parse(String(received[0]?.body)), asked);
    await run(t, ["switch", "dictation", "--to", "cn@2", "--url", url]);
    assert.deepEqual(JSON.parse(String(received[1]?.body)), { model_path: "dictation", to: "cn@2" });
  });

  test("a version that did not pass is a failure that shows what was heard", async (t) => {
    const refusal = failure("gate_failed", "Version 2 did not pass.", { details: { gate } });
    const { url } = await startWireServer(t, {
      "POST /models/switch": (_, answer) => sendJson(answer, 409, refusal),
    });
    const { code, stdout, stderr } = await run(t, ["switch", "cn", "--url", url]);
    assert.deepEqual([code, stderr], [1, "voxpool: Version 2 did not pass.\n"]);
    assert.match(stdout, /a\.wav +FAILED +50\.0%/);
    assert.match(stdout, /\nrecording {2}a\.wav\nexpected {3}你好 世界\nheard {6}你好 时节\n$/);
    const json = await run(t, ["switch", "cn", "--json", "--url", url]);
    assert.equal((JSON.parse(json.stdout) as { reason: string }).reason, "gate_failed");
  });

  test("a version and --to together, and what is no number, are a misuse", async (t) => {
    assert.equal((await run(t, ["switch", "a", "2", "--to", "b"])).code, 2);
    const { code, stderr } = await run(t, ["switch", "a", "--probation-seconds", "1m"]);
    assert.deepEqual([code, stderr], [2, 'voxpool: --probation-seconds takes a whole number, not "1m"\n']);
  });
});

suite("batch", () => {
  const operations = [
    { operation: "load", model_path: "cn" },
    { operation: "alias", alias: "dictation", model_path: "gone" },
    { operation: "unload", model_path: "en" },
  ];
  const results = [
    { index: 0, operation: "load", status: "done", answer: { success: true, message: "Model model/cn is loaded" } },
    { index: 1, operation: "alias", status: "failed", failure: failure("model_not_found", "There is no gone.") },
    { index: 2, operation: "unload", status: "skipped" },
  ];
  const answer = { success: false, message: "1 of 3 done", results, done: 1, failed: 1, skipped: 1 };
  const routes = {
    "POST /models/batch": (_: unknown, response: Parameters<typeof sendEvents>[0]) =>
      sendEvents(response, [
        { type: "started", index: 0, operation: "load" },
        ...results.map((result) => ({ type: "result", result })),
        { type: "done", answer },
      ]),
  };

  test("shows the result of each operation, and fails if one did", async (t) => {
    const { url, received } = await startWireServer(t, routes);
    const file = join(scratchDirectory(t), "operations.json");
    writeFileSync(file, JSON.stringify(operations));
    const { code, stdout, stderr } = await run(t, ["batch", file, "-j", "2", "-k", "--url", url]);
    assert.deepEqual([code, stderr], [1, ""]);
    assert.deepEqual(stdout.split("\n"), [
      "1/3 load cn: Model model/cn is loaded",
      "2/3 alias dictation: FAILED: There is no gone.",
      "3/3 unload en: skipped",
      "1 of 3 done",
      "",
    ]);
    const sent = JSON.parse(String(received[0]?.body)) as object;
    const asked = { operations, order: "parallel", concurrency: 2, on_error: "continue", stream: true };
    assert.deepEqual(sent, { ...asked, client_id: commandLineId() });
    const json = await run(t, ["batch", file, "--json", "--url", url]);
    assert.deepEqual(JSON.parse(json.stdout), answer);
  });

  test("takes lines, one object and the body of a batch from standard input, also with a byte order mark", async (t) => {
    const { url, received } = await startWireServer(t, routes);
    const lines = operations.map((one) => JSON.stringify(one)).join("\r\n\n");
    const body = JSON.stringify({ operations, order: "parallel" });
    for (const text of [lines, `\uFEFF${body}`, JSON.stringify(operations[0])]) {
      await run(t, ["batch", "-", "--url", url], { input: Buffer.from(text) });
    }
    const sent = received.map(({ body: one }) => JSON.parse(String(one)) as { operations: unknown; order?: string });
    assert.deepEqual(
      sent.map(({ operations: all, order }) => [all, order]),
      [
        [operations, undefined],
        [operations, "parallel"],
        [operations.slice(0, 1), undefined],
      ],
    );
  });

  test("what is no list of operations is a misuse, and nothing is sent", async (t) => {
    const { url, received } = await startWireServer(t, routes);
    for (const [text, why] of [
      ["", /there is no operation in -/],
      ["[]", /there is no operation in -/],
      ["[1]", /there is no operation in -/],
      ["7", /there is no operation in -/],
      ['{"operation":"load"}\n{oops', /-:2 is not JSON/],
      ['{"operations":[{}],"order":"random"}', /order must be sequence or parallel/],
      [" ".repeat(9 * 1024 * 1024), /larger than 8 MiB/],
    ] as const) {
      const { code, stderr } = await run(t, ["batch", "-", "--url", url], { input: Buffer.from(text) });
      assert.equal(code, 2, stderr);
      assert.match(stderr, why);
    }
    assert.equal((await run(t, ["batch", "/gone/file.json", "--url", url])).code, 2);
    assert.equal((await run(t, ["batch", "-", "-j", "65", "--url", url])).code, 2);
    assert.equal(received.length, 0);
  });

  test("Ctrl-C ends it while the server works", async (t) => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const { url } = await startWireServer(t, {
      "POST /models/batch": (_, response) => {
        response.on("close", gone.resolve);
        asked.resolve();
      },
    });
    const running = start(t, ["batch", "-", "--url", url], { input: Buffer.from(JSON.stringify(operations)) });
    await asked.promise;
    running.child.kill("SIGINT");
    assert.deepEqual((await running.done).code, 130);
    await gone.promise;
  });
});

const nameless = () => {
  throw new Error("no such user");
};

test("a user without a name in the system is known by a number", () => {
  assert.match(commandLineId(nameless, "box"), /^cli:\w+@box$/);
  assert.equal(
    commandLineId(() => "ann", "box"),
    "cli:ann@box",
  );
  assert.equal(commandLineId(() => "ann", "x".repeat(300)).length, 200);
});
