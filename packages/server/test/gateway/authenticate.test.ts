import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import { Tickets } from "../../dist/access/tickets.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { type Log, silentLog } from "../../dist/base/log.js";
import { Attempts } from "../../dist/gateway/auth/attempts.js";
import { type Access, authenticateRequests } from "../../dist/gateway/auth/authenticate.js";
import { credentialIn } from "../../dist/gateway/auth/credentials.js";

const access = (attempts: Attempts): Access => ({
  isRequired: true,
  authenticate() {
    throw new VoxpoolError("key_invalid");
  },
  tickets: new Tickets(),
  attempts,
  isOwner: () => false,
});

test("a route that does not say what it asks keeps the server from starting", async () => {
  const fastify = Fastify();
  authenticateRequests(fastify, access(new Attempts({ perMinute: 0 })), { log: silentLog });
  fastify.get("/said", { config: { scope: "read" } }, () => "");
  fastify.post("/forgotten", () => "");
  await assert.rejects(async () => fastify.ready(), /routes without a scope: POST \/forgotten/);
});

test("wrong keys are logged without the key, and slowed beyond some a minute; those without one are not", async () => {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields) => void lines.push(fields) };
  const fastify = Fastify();
  authenticateRequests(fastify, access(new Attempts({ perMinute: 2, pauseMs: 20 })), { log });
  fastify.get("/", { config: { scope: "read" } }, () => "");
  const ask = async (headers: Record<string, string>) => (await fastify.inject({ url: "/", headers })).json();
  for (let count = 0; count < 5; count++) await ask({});
  assert.deepEqual(lines, []);
  const secret = "vxp_this-is-a-secret";
  const started = Array.from({ length: 30 }, () => ask({ "x-api-key": secret }));
  const answers = await Promise.all(started);
  assert.equal(lines.length, 2);
  assert.equal(JSON.stringify(lines).includes(secret), false);
  const told = answers.map(({ message }) => String(message));
  assert.equal(told.filter((message) => message.startsWith("Too many wrong API keys")).length, 8);
  await fastify.close();
});

test("failures are forgotten after a minute, and counted for a whole network of IPv6", async () => {
  let now = 0;
  const attempts = new Attempts({ perMinute: 1, pauseMs: 1 }, () => now);
  assert.equal(await attempts.failed("2001:db8::1"), true);
  assert.equal(await attempts.failed("2001:db8:0:0:ffff::2"), false);
  assert.equal(await attempts.failed("2001:db8:0:1::1"), true);
  assert.equal(await attempts.failed("192.0.2.1"), true);
  now = 60;
  assert.equal(await attempts.failed("2001:db8::1"), true);
});

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const key = (secret: string) => ({ type: "key", secret });

test("what a request shows is found where clients can put it, and nowhere else", () => {
  for (const [headers, query, expected] of [
    [{ authorization: "Bearer k" }, {}, key("k")],
    [{ authorization: "BEARER k" }, { ticket: "t" }, key("k")],
    [{ authorization: basic("user:pa:ss") }, {}, key("pa:ss")],
    [{ authorization: basic("k:") }, {}, key("k")],
    [{ authorization: basic("k") }, {}, undefined],
    [{ authorization: "Bearer a b" }, {}, undefined],
    [{ authorization: "Digest x", "x-api-key": "k" }, {}, key("k")],
    [{ "x-api-key": ["a", "b"] }, {}, undefined],
    [{ "sec-websocket-protocol": "realtime, openai-insecure-api-key.k, x" }, {}, key("k")],
    [{ "sec-websocket-protocol": "voxpool-key.k" }, {}, key("k")],
    [{ "sec-websocket-protocol": "openai-insecure-api-key." }, {}, undefined],
    [{}, { ticket: "t" }, { type: "ticket", text: "t" }],
    [{}, { ticket: ["t", "u"] }, undefined],
    [{}, { key: "k", authorization: "Bearer k" }, undefined],
    [{}, undefined, undefined],
  ] as const) {
    assert.deepEqual(credentialIn(headers as never, query), expected, JSON.stringify([headers, query]));
  }
});
