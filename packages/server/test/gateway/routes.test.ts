import assert from "node:assert/strict";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createTestServer, parseAnswer, rawConnection } from "./harness.ts";

test("an unknown route is a 404 with the HTTP number as code", async (t) => {
  const { fastify } = createTestServer(t);
  for (const [method, url] of [
    ["GET", "/nope"],
    ["POST", "/api/models/none"],
    ["GET", "/api/health/"],
    ["GET", "/docs/static/../../package.json"],
  ] as const) {
    const answer = await fastify.inject({ method, url, ...(method === "POST" && { payload: { a: 1 } }) });
    assert.equal(answer.statusCode, 404, url);
    const { message, ...body } = answer.json();
    assert.match(message, /docs/);
    assert.deepEqual(body, {
      success: false,
      error: "Not Found",
      code: 404,
      reason: "route_not_found",
      retryable: false,
    });
  }
});

test("a wrong method is a 405 that names the right ones", async (t) => {
  const { fastify } = createTestServer(t);
  for (const [method, url, allow] of [
    ["POST", "/api/health", "GET, HEAD, OPTIONS"],
    ["GET", "/api/models/load", "OPTIONS, POST"],
    ["DELETE", "/api/models/status/model/cn", "GET, HEAD, OPTIONS"],
    ["PUT", "/api/transcribe?x=1", "OPTIONS, POST"],
    ["PATCH", "/", "GET, HEAD, OPTIONS"],
  ] as const) {
    const answer = await fastify.inject({ method, url });
    assert.equal(answer.statusCode, 405, url);
    assert.equal(answer.headers.allow, allow);
    const body = answer.json();
    assert.equal(body.error, "Method Not Allowed");
    assert.equal(body.code, 405);
    assert.equal(body.reason, "method_not_allowed");
  }
});

test("methods that no route takes are refused, whatever they need besides", async (t) => {
  const server = createTestServer(t);
  const { port } = await server.listen();
  for (const [head, reason] of [
    ["QUERY /api/models HTTP/1.1\r\n", "request_invalid"],
    ["QUERY /nowhere HTTP/1.1\r\n", "request_invalid"],
    ["QUERY /api/models HTTP/1.1\r\nContent-Type: text/plain\r\n", "method_not_allowed"],
    ["PROPFIND /api/models HTTP/1.1\r\n", "method_not_allowed"],
    ["TRACE /api/models HTTP/1.1\r\n", "method_not_allowed"],
  ] as const) {
    const { socket, closed } = await rawConnection(t, port);
    socket.write(`${head}Host: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    assert.equal(parseAnswer(await closed).body.reason, reason, head);
  }
});

test("a file that there is not is a 404, also where its path leads out", async (t) => {
  const { fastify } = createTestServer(t);
  for (const url of [
    "/docs/static/none.js",
    "/docs/static/..%2f..%2fpackage.json",
    "/docs/static/%2e%2e/package.json",
  ]) {
    const answer = await fastify.inject({ url });
    assert.deepEqual([answer.statusCode, answer.json().reason], [404, "route_not_found"], url);
  }
});

test("HEAD answers like GET without a body, OPTIONS says what a path allows", async (t) => {
  const { fastify } = createTestServer(t);
  const head = await fastify.inject({ method: "HEAD", url: "/api/health" });
  assert.equal(head.statusCode, 200);
  assert.equal(head.body, "");
  const options = await fastify.inject({ method: "OPTIONS", url: "/api/models/load" });
  assert.equal(options.statusCode, 204);
  assert.equal(options.headers.allow, "OPTIONS, POST");
  assert.equal((await fastify.inject({ method: "OPTIONS", url: "/nope" })).statusCode, 404);
});

test("a request id is echoed when it is harmless and made otherwise", async (t) => {
  const { fastify } = createTestServer(t);
  const idFor = async (own: string): Promise<unknown> =>
    (await fastify.inject({ url: "/api/health", headers: { "x-request-id": own } })).headers["x-request-id"];
  assert.equal(await idFor("req_1-2.3:4"), "req_1-2.3:4");
  for (const own of ["", "a b", "x".repeat(200), "é"]) assert.notEqual(await idFor(own), own);
  const made = [await idFor(""), await idFor("")];
  assert.notEqual(made[0], made[1]);
});

test("health says error when the server stops, and hides what it does not know", async (t) => {
  const { fastify, api } = createTestServer(t);
  api.failNext.set("health", new VoxpoolError("server_stopping"));
  const stopping = await fastify.inject({ url: "/api/health" });
  assert.equal(stopping.statusCode, 503);
  assert.deepEqual(stopping.json(), {
    success: false,
    status: "error",
    message: "The server is stopping.",
    reason: "server_stopping",
    retryable: true,
  });
  api.failNext.set("health", new Error("boom"));
  const broken = await fastify.inject({ url: "/api/health" });
  assert.equal(broken.statusCode, 500);
  assert.equal(broken.json().status, "error");
});

test("from close on, a connection that lives is told that the server stops", async (t) => {
  const { fastify, listen } = createTestServer(t);
  const { port } = await listen();
  const { socket, closed, received } = await rawConnection(t, port);
  // One request and the beginning of the next: when the first is answered, the server has seen that beginning.
  socket.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /api/health HTTP/1.1\r\nHost: x\r\n");
  await received('"alive"');
  const closing = fastify.close();
  socket.write("\r\n");
  const [, answer = ""] = (await closed).split('"alive"}');
  await closing;
  const { status, head, body } = parseAnswer(answer);
  assert.equal(status, 503);
  assert.match(head, /connection: close/);
  assert.equal(body.status, "error");
  assert.equal(body.reason, "server_stopping");
});

test("probes, metrics, documents and the root answer", async (t) => {
  let ready = false;
  const { fastify } = createTestServer(t, { ready: () => ready });
  assert.equal((await fastify.inject({ url: "/livez" })).statusCode, 200);
  const notReady = await fastify.inject({ url: "/readyz" });
  assert.equal(notReady.statusCode, 503);
  assert.equal(notReady.json().reason, "not_ready");
  ready = true;
  assert.equal((await fastify.inject({ url: "/readyz" })).statusCode, 200);
  assert.equal((await fastify.inject({ url: "/" })).json().docs, "/docs");

  await fastify.inject({ method: "POST", url: "/api/models/load", payload: { model_path: "model/cn" } });
  await fastify.inject({ url: "/nope/1" });
  await fastify.inject({
    method: "POST",
    url: "/api/transcribe",
    payload: Buffer.alloc(10),
    headers: { "content-type": "audio/wav" },
  });
  const metrics = await fastify.inject({ url: "/metrics" });
  assert.match(String(metrics.headers["content-type"]), /^text\/plain/);
  assert.match(metrics.body, /^voxpool_loaded_instances 1$/m);
  assert.match(metrics.body, /^voxpool_build_info\{version="1\.2\.3",node_version="\d[^"]*"\} 1$/m);
  assert.match(metrics.body, /voxpool_http_request_seconds_count\{route="\/api\/models\/load",status="200"\} 1/);
  assert.match(metrics.body, /voxpool_http_request_seconds_count\{route="\(none\)",status="404"\} 1/);
});

test("the documentation page needs nothing from elsewhere", async (t) => {
  const { fastify } = createTestServer(t);
  const page = await fastify.inject({ url: "/docs" });
  assert.equal(page.statusCode, 200);
  assert.match(String(page.headers["content-type"]), /^text\/html/);
  assert.doesNotMatch(page.body, /(src|href)="(https?:)?\/\//);
  const assets = [...page.body.matchAll(/(?:src|href)="(?:\.\/|\/)?([^"]+)"/g)].map(([, path]) => path ?? "");
  assert.ok(assets.length > 3);
  for (const asset of assets) {
    const url = asset.startsWith("docs/") ? `/${asset}` : `/docs/${asset}`;
    assert.equal((await fastify.inject({ url })).statusCode, 200, url);
  }
  const served = await fastify.inject({ url: "/docs/json" });
  assert.deepEqual(served.json(), (await fastify.inject({ url: "/openapi.json" })).json());
});

test("a request leaves one line, with what its recognition cost", async (t) => {
  const { fastify, requestLines } = createTestServer(t);
  await fastify.inject({ url: "/api/models/status/model/cn", headers: { "x-request-id": "one" } });
  await fastify.inject({ url: "/%zz" });
  await fastify.inject({
    method: "POST",
    url: "/api/transcribe",
    payload: Buffer.alloc(10),
    headers: { "content-type": "audio/wav" },
  });
  const lines = (await requestLines(3)).map(({ fields }) => fields);
  assert.equal(lines.length, 3);
  const { ms, ...first } = lines[0] ?? {};
  assert.equal(typeof ms, "number");
  const request = { id: "one", method: "GET", route: "/api/models/status/*", address: "127.0.0.1" };
  assert.deepEqual(first, { ...request, status: 404, outcome: "failed" });
  assert.equal(lines[1]?.route, "(none)");
  assert.deepEqual([lines[1]?.status, lines[1]?.outcome, lines[1]?.reason], [400, "failed", "request_invalid"]);
  const recognised = { outcome: "ok", model: "model/cn@1", audio_seconds: 3.5, queue_ms: 250, decode_ms: 1000 };
  assert.partialDeepStrictEqual(lines[2], recognised);
});
