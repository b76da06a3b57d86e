import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, type Reason } from "@voxpool/client/contract";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createTestServer, parseAnswer, rawConnection } from "./harness.ts";

const json = { "content-type": "application/json" };

test("the calls of the known client get what they always got", async (t) => {
  const { fastify } = createTestServer(t);
  const get = (url: string) => fastify.inject({ method: "GET", url, headers: json });
  const post = (url: string, payload: object) => fastify.inject({ method: "POST", url, payload });

  const health = await get("/api/health");
  assert.equal(health.statusCode, 200);
  assert.deepEqual(health.json(), { success: true, status: "running", loaded_models_count: 0, version: "1.2.3" });

  const loaded = await post("/api/models/load", { model_path: "model/cn" });
  assert.equal(loaded.statusCode, 200);
  const { success, message, model_path } = loaded.json();
  assert.deepEqual([success, message, model_path], [true, "loaded", "model/cn"]);

  const list = (await get("/api/models")).json();
  assert.equal(list.count, 1);
  assert.equal(list.models["model/cn"].usage_count, 3);

  const status = await get("/api/models/status/model/cn");
  assert.equal(status.statusCode, 200);
  assert.equal(status.json().status.loaded, true);
  assert.equal(status.json().model_path, "model/cn");

  assert.equal((await get("/api/models/available")).json().models["model/cn"].id, "cn");
  assert.equal((await post("/api/models/unload", { model_path: "model/cn" })).statusCode, 200);

  const gone = await get("/api/models/status/model/cn");
  assert.equal(gone.statusCode, 404);
  assert.equal(gone.json().success, false);
  assert.equal(gone.json().model_path, "model/cn");
  assert.equal(gone.json().state, "loading");
  assert.equal("code" in gone.json(), false);
});

const spellings: readonly (readonly [string, string])[] = [
  ["model/cn", "model/cn"],
  ["/abs/model/cn", "/abs/model/cn"],
  ["//abs/model/cn", "//abs/model/cn"],
  ["model%2Fcn", "model/cn"],
  ["model%2fcn", "model/cn"],
  ["model%5Ccn", "model\\cn"],
  ["model\\cn", "model\\cn"],
  ["model/cn/", "model/cn/"],
  ["./model/cn", "./model/cn"],
  ["../model/cn", "../model/cn"],
  ["model/my%20model", "model/my model"],
  ["model/%E4%B8%AD%E6%96%87", "model/中文"],
  ["model%252Fcn", "model%2Fcn"],
  ["model/a%00b", "model/a\0b"],
  ["model/a+b", "model/a+b"],
  ["model/a%23b%3Fc", "model/a#b?c"],
  ["model/cn?x=1", "model/cn"],
  [`model/${"%E4%B8%AD".repeat(1300)}`, `model/${"中".repeat(1300)}`],
];

test("every spelling of a path reaches the catalogue as it was meant, without a redirect", async (t) => {
  const { listen, api } = createTestServer(t);
  const { port } = await listen();
  for (const [sent, meant] of spellings) {
    // fetch would tidy the path, so the bytes go over a socket.
    const { socket, closed } = await rawConnection(t, port);
    socket.write(`GET /api/models/status/${sent} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const { status, body } = parseAnswer(await closed);
    assert.equal(status, 404, sent);
    assert.equal(body.model_path, meant);
    assert.equal(api.asked.at(-1), meant);
  }
});

test("malformed percent-encoding is a 400 in our shape", async (t) => {
  const { fastify, api } = createTestServer(t);
  for (const path of ["%", "%E4%B8", "%zz", "model/%E0%A4%A"]) {
    const answer = await fastify.inject({ method: "GET", url: `/api/models/status/${path}` });
    assert.equal(answer.statusCode, 400, path);
    assert.equal(answer.json().reason, "request_invalid");
    assert.equal(answer.json().retryable, false);
  }
  assert.deepEqual(api.asked, []);
});

test("a status without a path, and of a path that is none, say what is wrong", async (t) => {
  const { fastify, api } = createTestServer(t);
  const none = await fastify.inject({ method: "GET", url: "/api/models/status/" });
  assert.equal(none.statusCode, 400);
  assert.equal(none.json().reason, "model_path_missing");

  api.failNext.set("modelStatus", new VoxpoolError("model_path_invalid", { model_path: "../x", detail: "it leaves" }));
  const invalid = await fastify.inject({ method: "GET", url: "/api/models/status/..%2Fx" });
  assert.equal(invalid.statusCode, 400);
  assert.equal(invalid.json().model_path, "../x");
});

const badBodies: readonly (readonly [string, string | Buffer, Record<string, string>, number, string])[] = [
  ["empty", "", json, 400, "json_invalid"],
  ["no body at all", "", {}, 400, "json_invalid"],
  ["blanks", "  \n", json, 400, "json_invalid"],
  ["broken JSON", '{"model_path": ', json, 400, "json_invalid"],
  ["an array", '["model/cn"]', json, 400, "json_invalid"],
  ["a string", '"model/cn"', json, 400, "json_invalid"],
  ["null", "null", json, 400, "json_invalid"],
  ["deep arrays", "[".repeat(500_000), json, 400, "json_invalid"],
  ["no UTF-8", Buffer.from([0xff, 0xfe, 0x00]), json, 400, "json_invalid"],
  ["no model_path", "{}", json, 400, "model_path_missing"],
  ["an empty model_path", '{"model_path": ""}', json, 400, "model_path_missing"],
  ["a number", '{"model_path": 5}', json, 400, "model_path_missing"],
  ["null as model_path", '{"model_path": null}', json, 400, "model_path_missing"],
  ["an object", '{"model_path": {"a": 1}}', json, 400, "model_path_missing"],
  ["a model_path of the prototype", '{"__proto__": {"model_path": "model/cn"}}', json, 400, "model_path_missing"],
  ["an overlong model_path", `{"model_path": "${"a".repeat(5000)}"}`, json, 400, "option_invalid"],
  [
    "a form",
    "model_path=model/cn",
    { "content-type": "application/x-www-form-urlencoded" },
    415,
    "content_type_unsupported",
  ],
  ["XML", "<a/>", { "content-type": "application/xml" }, 415, "content_type_unsupported"],
  ["a malformed type", "{}", { "content-type": "///" }, 400, "request_invalid"],
  ["too much", "x".repeat(1_100_000), json, 413, "body_too_large"],
];

for (const call of ["load", "unload"]) {
  test(`${call} refuses bodies that name no model, each with its reason`, async (t) => {
    const { fastify, api } = createTestServer(t);
    for (const [name, payload, headers, status, reason] of badBodies) {
      const answer = await fastify.inject({ method: "POST", url: `/api/models/${call}`, payload, headers });
      assert.equal(answer.statusCode, status, name);
      const body = answer.json();
      assert.equal(body.success, false);
      assert.equal(body.reason, reason, name);
      assert.equal(typeof body.message, "string");
      assert.equal("code" in body, false);
    }
    assert.deepEqual(api.loads, []);
  });
}

test("JSON without a type, as text, with a charset or a byte order mark is taken", async (t) => {
  const { fastify } = createTestServer(t);
  const payload = JSON.stringify({ model_path: "model/cn", lease_ms: 60_000 });
  for (const headers of [{ "content-type": "text/plain" }, { "content-type": "Application/JSON; charset=UTF-8" }]) {
    const answer = await fastify.inject({ method: "POST", url: "/api/models/load", payload, headers });
    assert.equal(answer.statusCode, 200);
  }
  const bare = await fastify.inject({ method: "POST", url: "/api/models/load", payload, headers: {} });
  assert.equal(bare.statusCode, 200);
  const marked = await fastify.inject({ method: "POST", url: "/api/models/load", payload: `\uFEFF${payload}` });
  assert.equal(marked.statusCode, 200);
});

test("load and unload answer 400 for what is not there, and name the model", async (t) => {
  const { fastify, api } = createTestServer(t);
  const post = (call: string, path: string) =>
    fastify.inject({ method: "POST", url: `/api/models/${call}`, payload: { model_path: path } });

  for (const [call, path, reason] of [
    ["load", "model/none", "model_not_found"],
    ["unload", "model/cn", "model_not_loaded"],
  ] as const) {
    const answer = await post(call, path);
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json().reason, reason);
    assert.equal(answer.json().model_path, path);
  }
  api.failNext.set("loadModel", new VoxpoolError("server_stopping", { retry_after_seconds: 2.2 }));
  const stopping = await post("load", "model/cn");
  assert.equal(stopping.statusCode, 503);
  assert.equal(stopping.headers["retry-after"], "3");
  assert.equal(stopping.json().model_path, "model/cn");
});

test("a load that fails is a 400 that names the model; only failures of the server keep their status", async (t) => {
  const { fastify, api } = createTestServer(t);
  const failed = async (call: "load" | "unload", reason: Reason) => {
    api.failNext.set(`${call}Model`, new VoxpoolError(reason));
    const payload = { model_path: "model/cn" };
    const answer = await fastify.inject({ method: "POST", url: `/api/models/${call}`, payload });
    assert.equal(answer.json().reason, reason);
    assert.equal(answer.json().retryable, catalogue[reason].retryable, reason);
    assert.equal(answer.json().model_path, "model/cn", reason);
    return answer.statusCode;
  };
  for (const call of ["load", "unload"] as const) {
    for (const reason of [
      "model_load_failed",
      "model_load_timeout",
      "model_load_cancelled",
      "model_files_invalid",
      "model_unrecognised",
      "asset_missing",
      "download_failed",
      "download_corrupt",
      "platform_unsupported",
      "host_crashed",
      "host_hung",
    ] as const) {
      assert.equal(await failed(call, reason), 400, reason);
    }
    for (const reason of ["server_stopping", "internal", "disk_full"] as const) {
      assert.equal(await failed(call, reason), catalogue[reason].status, reason);
    }
  }
});

test("an unknown error is internal on the wire and explained in the log under the request's id", async (t) => {
  const { fastify, api, log } = createTestServer(t);
  const secret = new Error("the database password is swordfish");
  api.failNext.set("loadModel", secret);
  const answer = await fastify.inject({
    method: "POST",
    url: "/api/models/load",
    payload: { model_path: "model/cn" },
    headers: { "x-request-id": "abc-1" },
  });
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.json().reason, "internal");
  assert.doesNotMatch(answer.body, /swordfish/);
  assert.equal(answer.headers["x-request-id"], "abc-1");
  const line = log.find(({ level }) => level === "error");
  assert.equal(line?.fields.id, "abc-1");
  assert.equal(line?.fields.err, secret);
});

test("messages speak the language that the caller weighs highest", async (t) => {
  const { fastify } = createTestServer(t);
  const message = async (language?: string): Promise<string> => {
    const headers = language === undefined ? {} : { "accept-language": language };
    const answer = await fastify.inject({ method: "GET", url: "/api/models/status/", headers });
    return answer.json().message;
  };
  const english = await message();
  const chinese = await message("zh-CN,zh;q=0.9,en;q=0.8");
  assert.match(english, /model_path is missing/);
  assert.match(chinese, /缺少/);
  for (const language of ["en", "fr", "en-US,zh;q=0.9", "zh;q=0", "*", ";;;,=,q", "zh;q=abc"]) {
    assert.equal(await message(language), english, language);
  }
  for (const language of ["zh", "zh-TW", "fr, zh;q=0.2", "en;q=0.5, ZH"])
    assert.equal(await message(language), chinese);
});

test("a caller that leaves aborts the load's signal", async (t) => {
  const { api, listen } = createTestServer(t);
  const { port } = await listen();
  const arrived = Promise.withResolvers<AbortSignal>();
  api.loadModel = (_request, caller) => {
    arrived.resolve(caller.signal);
    return new Promise(() => undefined);
  };
  const { socket } = await rawConnection(t, port);
  const body = '{"model_path":"model/cn"}';
  socket.write(`POST /api/models/load HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const signal = await arrived.promise;
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  assert.equal(signal.aborted, false);
  socket.destroy();
  await aborted;
  assert.equal((signal.reason as VoxpoolError).reason, "request_cancelled");
});
