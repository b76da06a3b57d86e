import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelAPIClient } from "../dist/index.js";
import { bodyOf, sendJson, startServer } from "./support/server.ts";
import { entries, health, soon } from "./support/wire.ts";

const entry = { loaded_at: 1.5, load_time: 0.5, usage_count: 3, state: "ready", version: "1" };
const calls = [
  ["checkHealth", [], "GET /api/health", health],
  ["listModels", [], "GET /api/models", { success: true, models: { "model/cn": entry }, count: 1 }],
  ["listAvailableModels", [], "GET /api/models/available", { success: true, models: {}, count: 0 }],
  [
    "getModelStatus",
    ["model/cn"],
    "GET /api/models/status/model/cn",
    { success: true, status: { loaded: true, ...entry }, model_path: "model/cn" },
  ],
  ["loadModel", ["model/cn"], "POST /api/models/load", { success: true, message: "Loaded.", model_path: "model/cn" }],
  [
    "unloadModel",
    ["model/cn"],
    "POST /api/models/unload",
    { success: true, message: "Unloaded.", model_path: "model/cn" },
  ],
] as const;

for (const [name, Client] of entries) {
  for (const [method, args, request, body] of calls) {
    test(`${name}: ${method} sends ${request} and gives the body of the wire`, async (t) => {
      let sent = "";
      const server = await startServer(t, async (incoming, response) => {
        sent = (await bodyOf(incoming)).toString();
        sendJson(response, 200, { ...body, field_of_a_newer_server: 1 });
      });
      const client = new Client(server.url, { clientId: "tests" });
      const result = await (client[method] as (...given: readonly string[]) => Promise<object>)(...args);
      assert.deepEqual(result, { ...body, field_of_a_newer_server: 1 });
      assert.deepEqual(
        server.asked.map((asked) => `${asked.method} ${asked.url}`),
        [request],
      );
      const lease = method === "loadModel" ? { lease_ms: 90_000 } : {};
      const expected = { model_path: "model/cn", client_id: "tests", ...lease };
      assert.deepEqual(sent === "" ? undefined : JSON.parse(sent), request.startsWith("POST") ? expected : undefined);
      if (request.startsWith("POST")) assert.equal(server.asked[0]?.headers["content-type"], "application/json");
    });
  }
}

for (const [modelPath, path] of [
  ["/abs/model/cn", "//abs/model/cn"],
  ["model/中文 模型", "/model/%E4%B8%AD%E6%96%87%20%E6%A8%A1%E5%9E%8B"],
  ["model\\cn", "/model%5Ccn"],
  ["model/a?b#c%d", "/model/a%3Fb%23c%25d"],
  ["../load", "/..%2Fload%2F"],
  ["..", "/..%2F"],
  ["./model/cn", "/.%2Fmodel%2Fcn%2F"],
  ["a\0b", "/a%00b"],
  ["lone \ud800", "/lone%20%EF%BF%BD"],
] as const) {
  test(`the status of ${JSON.stringify(modelPath)} is asked at /models/status${path}`, async (t) => {
    const server = await startServer(t, (_, response) => sendJson(response, 404, { success: false, message: "no" }));
    await new ModelAPIClient(server.url).getModelStatus(modelPath);
    assert.equal(server.asked[0]?.url, `/api/models/status${path}`);
  });
}

test("a failure has the client's fields and those of the answer", async (t) => {
  const body = {
    success: false,
    message: "Not loaded.",
    reason: "model_not_loaded",
    retryable: false,
    model_path: "model/cn",
    state: "loading",
  };
  const server = await startServer(t, (_, response) => sendJson(response, 404, body));
  assert.deepEqual(await new ModelAPIClient(server.url).getModelStatus("model/cn"), {
    ...body,
    error_code: 404,
    error_message: "Not loaded.",
  });
});

test("an answer cannot pass a failure off as a success, or the other way round", async (t) => {
  const server = await startServer(t, (request, response) =>
    request.url === "/api/health"
      ? sendJson(response, 500, { success: true, error_code: "x", error_message: 1, message: 2, __proto__: null })
      : sendJson(response, 200, { success: false, message: "no" }),
  );
  const client = new ModelAPIClient(server.url);
  assert.deepEqual(await client.checkHealth(), {
    success: false,
    error_code: 500,
    error_message: "HTTP 500",
    message: "HTTP 500",
    reason: "internal",
    retryable: false,
  });
  const listed = await client.listModels();
  assert.ok(!listed.success);
  assert.equal(listed.error_code, 200);
});

test("a failure of the older server, without a reason, gets one by its status", async (t) => {
  const server = await startServer(t, (_, response) =>
    sendJson(response, 400, { success: false, message: "模型加载失败" }),
  );
  const result = await new ModelAPIClient(server.url).loadModel("model/cn");
  assert.ok(!result.success);
  assert.deepEqual([result.reason, result.error_message, result.retryable], ["request_invalid", "模型加载失败", false]);
});

for (const [base, at] of [
  ["", "/api"],
  ["/", "/api"],
  ["/api", "/api"],
  ["/api/", "/api"],
  ["/api//", "/api"],
  ["/speech/api", "/speech/api"],
  ["/v9", "/v9"],
] as const) {
  test(`a base URL ending in ${JSON.stringify(base)} leads to ${at}`, async (t) => {
    const server = await startServer(t, (_, response) => sendJson(response, 200, health));
    await new ModelAPIClient(new URL(server.url).origin + base).checkHealth();
    assert.equal(server.asked[0]?.url, `${at}/health`);
  });
}

test("user and password of the base URL go into a Basic header, and never into a message", async (t) => {
  const server = await startServer(t, (_, response) => void response.writeHead(502).end("<h1>Bad</h1>"));
  const url = server.url.replace("http://", "http://any:K%C3%A9y%2F1%25@");
  const result = await new ModelAPIClient(url, { retry: false }).checkHealth();
  assert.equal(server.asked[0]?.headers.authorization, `Basic ${Buffer.from("any:Kéy/1%").toString("base64")}`);
  assert.ok(!result.success);
  assert.doesNotMatch(result.error_message, /K%|Kéy|any/);
});

test("a key goes into a Bearer header, before the URL's password and behind a header that is given", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, health));
  const url = server.url.replace("http://", "http://any:other@");
  await new ModelAPIClient(url, { key: "k1", headers: { "X-Team": "a" } }).checkHealth();
  await new ModelAPIClient(url, { key: "k1", headers: { Authorization: "Own 2" } }).checkHealth();
  assert.deepEqual(
    server.asked.map((asked) => asked.headers.authorization),
    ["Bearer k1", "Own 2"],
  );
  assert.equal(server.asked[0]?.headers["x-team"], "a");
});

test("misuse of the constructor is a TypeError", () => {
  for (const url of [
    "",
    "localhost:5000/api",
    "ftp://h/api",
    "http://h/api?x=1",
    "http://h/api#x",
    "http://u:secret@",
    5,
  ]) {
    assert.throws(
      () => new ModelAPIClient(url as string),
      (error) => {
        assert.ok(error instanceof TypeError);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
  const transport = { target: "here", send: () => Promise.reject(new Error("no")) };
  for (const options of [
    null,
    { timeoutMs: 0 },
    { timeoutMs: -1 },
    { timeoutMs: Number.NaN },
    { timeoutMs: 2 ** 31 },
    { timeoutMs: "5" },
    { signal: {} },
    { retry: { retries: -1 } },
    { retry: { baseMs: "1" } },
    { key: "line\nbreak" },
    { headers: { "no spaces": "x" } },
    { transport, key: "k" },
  ]) {
    assert.throws(() => new ModelAPIClient(undefined, options as object), TypeError, JSON.stringify(options));
  }
});

test("misuse of a method is a rejection with a TypeError, and nothing is sent", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, health));
  const client = new ModelAPIClient(server.url);
  for (const wrong of [undefined, null, "", 5, {}]) {
    await assert.rejects(client.loadModel(wrong as string), TypeError);
    await assert.rejects(client.unloadModel(wrong as string), TypeError);
    await assert.rejects(client.getModelStatus(wrong as string), TypeError);
  }
  await assert.rejects(client.checkHealth({ timeoutMs: -5 }), TypeError);
  await assert.rejects(client.listModels(null as unknown as object), TypeError);
  assert.equal(server.asked.length, 0);
});

test("another transport carries the same calls", async () => {
  const sent: string[] = [];
  const transport = {
    target: "this process",
    async send(request: { method: string; path: string; body?: unknown }) {
      sent.push(`${request.method} ${request.path} ${String(request.body)}`);
      const body = new Response(JSON.stringify(sent.length === 1 ? { success: true } : {})).body;
      return { status: 200, headers: new Headers(), body };
    },
  };
  const client = new ModelAPIClient(undefined, { transport, retry: soon, clientId: "c", leaseMs: null });
  assert.deepEqual(await client.loadModel("a/b"), { success: true });
  const bad = await client.checkHealth();
  assert.ok(!bad.success);
  assert.match(bad.error_message, /^this process gave an answer that is not voxpool's/);
  assert.deepEqual(sent, ['POST /models/load {"model_path":"a/b","client_id":"c"}', "GET /health undefined"]);
});
