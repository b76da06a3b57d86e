import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as secureConnect } from "node:tls";
import { silentLog } from "../../dist/base/log.js";
import { oipProtocol } from "../../dist/gateway/oip/protocol.js";
import { openAiProtocol } from "../../dist/gateway/openai/protocol.js";
import { serveCertificate } from "../../dist/gateway/served-certificate.js";
import { scratchDirectory } from "../base/scratch.ts";
import { createTestServer, parseAnswer, rawConnection } from "../gateway/harness.ts";
import { pairIn, writePair } from "../server/certificates.ts";

const rate = "limits.requests_per_minute_per_address";

const stats = () => ({ success: true }) as never;
const modelStats = async () => ({ success: true }) as never;

/** The answer to the second of two requests where one a minute is allowed. */
async function refusedIn(t: TestContext, path: string) {
  const protocols = [openAiProtocol({ messageBytes: 65_536 }), oipProtocol({ stats, modelStats, jsonBytes: 2048 })];
  const { fastify } = createTestServer(t, { protocols, config: { [rate]: 1 } });
  const headers = { "accept-language": "zh" };
  await fastify.inject({ url: path, headers });
  return fastify.inject({ url: path, headers });
}

test("each protocol says in its own form that too much came, and when to come again", async (t) => {
  const native = await refusedIn(t, "/api/models");
  assert.equal(native.statusCode, 429);
  assert.equal(native.headers["retry-after"], "60");
  assert.partialDeepStrictEqual(native.json(), { success: false, reason: "rate_limited", retryable: true });
  assert.match(String(native.json()["message"]), /每分钟.*limits\.requests_per_minute_per_address/);

  const openAi = await refusedIn(t, "/v1/models");
  assert.equal(openAi.statusCode, 429);
  assert.equal(openAi.headers["retry-after"], "60");
  assert.partialDeepStrictEqual(openAi.json(), { error: { type: "rate_limit_error", code: "rate_limited" } });

  const oip = await refusedIn(t, "/v2/health/live");
  assert.equal(oip.statusCode, 429);
  assert.equal(oip.headers["retry-after"], "60");
  assert.match(String(oip.json()["error"]), /limits\.requests_per_minute_per_address/);
});

test("a load that comes too often is a 429, unlike what is wrong with its model", async (t) => {
  const { fastify } = createTestServer(t, { config: { [rate]: 1 } });
  const load = () => fastify.inject({ method: "POST", url: "/api/models/load", payload: { model_path: "cn" } });
  await load();
  assert.equal((await load()).statusCode, 429);
});

test("what no route takes is counted, too: unknown paths, broken ones, wrong methods", async (t) => {
  for (const [method, url] of [
    ["GET", "/nothing"],
    ["GET", "/api/%zz"],
    ["PUT", "/api/models"],
  ] as const) {
    const { fastify } = createTestServer(t, { config: { [rate]: 1 } });
    assert.notEqual((await fastify.inject({ method, url })).statusCode, 429, url);
    assert.equal((await fastify.inject({ method, url })).statusCode, 429, url);
  }
});

test("a flood is one line in the log, and all of it in the metrics", async (t) => {
  const { fastify, log, requestLines } = createTestServer(t, { config: { [rate]: 1 } });
  for (let count = 0; count < 200; count++) await fastify.inject("/api/models");
  const lines = await requestLines(200);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["info", ...Array(199).fill("debug")],
  );
  const told = log.filter(({ level }) => level === "warn");
  assert.deepEqual(
    told.map(({ fields }) => fields),
    [{ setting: rate, who: "127.0.0.1" }],
  );
  // The metrics are behind the limit as well.
  const other = await fastify.inject({ url: "/metrics", remoteAddress: "192.0.2.1" });
  assert.match(other.body, /voxpool_limited_total\{setting="limits\.requests_per_minute_per_address"\} 199\n/);
});

test("requests that end give their places back, whatever their end", async (t) => {
  const server = createTestServer(t, { config: { "limits.concurrent_requests_per_address": 1 } });
  const { port, url } = await server.listen();
  const reading = await rawConnection(t, port);
  reading.socket.write("GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n");
  await reading.received("200 OK");
  const refused = await fetch(`${url}/api/models`);
  assert.partialDeepStrictEqual(await refused.json(), { reason: "too_many_requests" });
  reading.socket.destroy();
  await server.requestLines(2);
  for (let count = 0; count < 5; count++) assert.equal((await fetch(`${url}/api/models`)).status, 200);
});

test("behind a trusted proxy each client has its own count; what strangers say of themselves does not count", async (t) => {
  const { fastify } = createTestServer(t, { config: { [rate]: 1, "proxy.trusted": ["192.0.2.1"] } });
  const ask = async (remoteAddress: string, client: string) => {
    const headers = { "x-forwarded-for": client };
    return (await fastify.inject({ url: "/api/models", remoteAddress, headers })).statusCode;
  };
  assert.deepEqual([await ask("192.0.2.1", "10.0.0.1"), await ask("192.0.2.1", "10.0.0.2")], [200, 200]);
  assert.deepEqual([await ask("192.0.2.1", "10.0.0.1"), await ask("192.0.2.1", "10.0.0.2")], [429, 429]);
  assert.deepEqual([await ask("192.0.2.9", "10.0.0.3"), await ask("192.0.2.9", "10.0.0.4")], [200, 429]);
});

test("with TLS a connection that is one too many is cut before its handshake", async (t) => {
  const files = pairIn(scratchDirectory(t));
  writePair(files);
  const certificate = await serveCertificate({ files, log: silentLog });
  t.after(() => certificate.close());
  const server = createTestServer(t, { certificate, config: { "limits.connections_per_address": 1 } });
  const { port } = await server.listen();
  const first = secureConnect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  t.after(() => first.destroy());
  await once(first, "secureConnect");
  const second = secureConnect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(second, "error");
  first.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(String(await once(first, "data")), /^HTTP\/1\.1 200 /);
  const { body } = await server.fastify.inject("/metrics");
  assert.match(body, /voxpool_limited_total\{setting="limits\.connections_per_address"\} 1\n/);
});

const isOneAddress = process.platform !== "linux" && "another address of this machine is taken, which only Linux has";

test("while one address floods with requests and connections, others are served", { skip: isOneAddress }, async (t) => {
  const config = { "limits.connections": 64, "limits.connections_per_address": 8, [rate]: 100 };
  const server = createTestServer(t, { config });
  const { port } = await server.listen();
  let ended = 0;
  const flood = (text: string) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    t.after(() => socket.destroy());
    socket.on("error", () => undefined).resume();
    socket.once("close", () => void ended++);
    socket.write(text);
  };
  for (let round = 0; round < 30; round++) {
    for (let count = 0; count < 20; count++) {
      flood("GET /api/models HTTP/1.1\r\nHost: x\r\nX-Half: ");
      flood("GET /api/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    const other = await rawConnection(t, port);
    other.socket.write("GET /api/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert.equal(parseAnswer(await other.closed).status, 200);
  }
  assert.ok(ended > 0);
});

test("connections of one address are told so, those of all are cut; both are counted", async (t) => {
  const config = { "limits.connections": 3, "limits.connections_per_address": 2 };
  const server = createTestServer(t, { config });
  const { port } = await server.listen();
  const first = await rawConnection(t, port);
  await rawConnection(t, port);
  const third = await rawConnection(t, port);
  third.socket.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  const { status, head, body } = parseAnswer(await third.closed);
  assert.equal(status, 429);
  assert.match(head, /retry-after: 1\r\n/);
  assert.deepEqual([body["reason"], body["retryable"]], ["too_many_connections", true]);
  first.socket.destroy();
  await first.closed;

  const many = Array.from({ length: 40 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  t.after(() => many.map((socket) => socket.destroy()));
  // One of them finds a place, and keeps it.
  let ended = 0;
  await new Promise<void>((resolve) => {
    for (const socket of many) socket.resume().once("close", () => ++ended === 39 && resolve());
  });
  const { body: metrics } = await server.fastify.inject("/metrics");
  assert.match(metrics, /voxpool_limited_total\{setting="limits\.connections_per_address"\} [1-9]/);
  assert.match(metrics, /voxpool_limited_total\{setting="limits\.connections"\} [1-9]/);
});
