import assert from "node:assert/strict";
import { test } from "node:test";
import { ownFailure, wireFailure } from "../dist/failure.js";
import { ModelAPIClient } from "../dist/node.js";
import { mayRepeat, pauseMs, retryAfterSeconds } from "../dist/retry.js";
import { bodyOf, deadUrl, sendJson, signalled, startServer } from "./support/server.ts";
import { busy, entries, health, soon, transcript, wav } from "./support/wire.ts";

const refused = { ok: false, failure: ownFailure("server_unreachable"), mayHaveArrived: false } as const;
const unclear = { ok: false, failure: ownFailure("server_unreachable"), mayHaveArrived: true } as const;
const lost = { ok: false, failure: ownFailure("connection_lost"), mayHaveArrived: true } as const;
const answered = (status: number, fields: object) =>
  ({ ok: false, failure: wireFailure(status, { ...fields }), mayHaveArrived: true }) as const;
const page = (status: number) =>
  ({ ok: false, failure: ownFailure("answer_invalid", {}, status), mayHaveArrived: true }) as const;

for (const [what, outcome, always, unsent] of [
  ["a refused connection", refused, true, true],
  ["an unclear failure of the network", unclear, true, false],
  ["a lost connection", lost, true, false],
  ["429", answered(429, busy), true, true],
  ["503 that passes", answered(503, { reason: "host_crashed", retryable: true }), true, false],
  ["503 that stays", answered(503, { reason: "asset_missing", retryable: false }), false, false],
  ["a proxy's 502", page(502), true, false],
  ["a proxy's 503", page(503), true, false],
  ["a proxy's 504", page(504), true, false],
  ["voxpool's own 502", answered(502, { reason: "download_failed", retryable: true }), false, false],
  ["voxpool's own 504", answered(504, { reason: "model_load_timeout", retryable: true }), false, false],
  ["400", answered(400, { reason: "model_load_failed", retryable: true }), false, false],
  ["409", answered(409, { reason: "model_load_cancelled", retryable: true }), false, false],
  ["500", answered(500, { reason: "internal", retryable: true }), false, false],
  ["a page that is not voxpool's", page(200), false, false],
  ["a timeout", { ok: false, failure: ownFailure("request_timeout"), mayHaveArrived: false }, false, false],
  ["an abort", { ok: false, failure: ownFailure("request_cancelled"), mayHaveArrived: false }, false, false],
  ["unreadable audio", { ok: false, failure: ownFailure("audio_unreadable"), mayHaveArrived: false }, false, false],
] as const) {
  test(`after ${what} a call that changes nothing is ${always ? "" : "not "}repeated, an unload is ${unsent ? "" : "not "}`, () => {
    assert.deepEqual(
      [mayRepeat("always", outcome), mayRepeat("unsent", outcome), mayRepeat("never", outcome)],
      [always, unsent, false],
    );
  });
}

test("pauses grow to a cap, are spread over their whole length, and stand on what the server asks", () => {
  const policy = { retries: 9, baseMs: 100, capMs: 500, totalMs: 1 };
  const longest = [0, 1, 2, 3, 30].map((retry) => pauseMs(policy, retry, undefined, () => 1));
  assert.deepEqual(longest, [100, 200, 400, 500, 500]);
  assert.equal(
    pauseMs(policy, 3, undefined, () => 0),
    0,
  );
  assert.equal(
    pauseMs(policy, 0, 2, () => 0.5),
    2050,
  );
});

test("Retry-After is read as seconds and as a date, and nothing else", () => {
  const now = Date.parse("2026-11-24T10:00:00Z");
  for (const [text, seconds] of [
    ["0", 0],
    [" 120 ", 120],
    ["1.5", 1.5],
    ["Tue, 24 Nov 2026 10:00:30 GMT", 30],
    ["Tue, 24 Nov 2026 09:00:00 GMT", 0],
    ["Tuesday, 24-Nov-26 10:00:30 GMT", 30],
    ["Tue Nov 24 10:00:30 2026 GMT", 30],
    ["-5", undefined],
    ["soon", undefined],
    ["Tue, maybe", undefined],
    ["99999999999999999999", undefined],
    ["", undefined],
    [null, undefined],
  ] as const) {
    assert.equal(retryAfterSeconds(text, now), seconds, String(text));
  }
});

for (const [name, Client] of entries) {
  test(`${name}: a call that is refused for now is sent again, as often as the policy says`, async (t) => {
    const server = await startServer(t, (_, response) => sendJson(response, 429, busy));
    const result = await new Client(server.url, { retry: { ...soon, retries: 3 } }).loadModel("model/cn");
    assert.ok(!result.success);
    assert.deepEqual([result.error_code, result.reason], [429, "too_many_sessions"]);
    assert.equal(server.asked.length, 4);
  });
}

test("a keep-alive connection that the server resets costs a GET and a load nothing; an unload fails and is sent once", async (t) => {
  const fresh = new WeakSet();
  const server = await startServer(t, (request, response) => {
    if (fresh.has(request.socket)) request.socket.resetAndDestroy();
    else sendJson(response, 200, health);
    fresh.add(request.socket);
  });
  const client = new ModelAPIClient(server.url, { retry: soon });
  assert.ok((await client.checkHealth()).success);
  assert.ok((await client.checkHealth()).success);
  assert.ok((await client.loadModel("model/cn")).success);
  const result = await client.unloadModel("model/cn");
  assert.ok(!result.success);
  assert.equal(result.reason, "connection_lost");
  assert.deepEqual(server.asked.map((asked) => asked.url).slice(-2), ["/api/models/load", "/api/models/unload"]);
});

test("an unload that never arrived is sent again", async () => {
  const url = await deadUrl();
  let tries = 0;
  const counting: typeof fetch = (input, init) => {
    tries += 1;
    return fetch(input, init);
  };
  const result = await new ModelAPIClient(url, { retry: soon, fetch: counting }).unloadModel("model/cn");
  assert.ok(!result.success);
  assert.equal(tries, 3);
});

test("a Retry-After that is longer than the policy allows is handed on at once", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 503, busy, { "retry-after": "3600" }));
  const result = await new ModelAPIClient(server.url).checkHealth();
  assert.ok(!result.success);
  assert.equal(result.retry_after_seconds, 3600);
  assert.equal(server.asked.length, 1);
});

test("a pause that would outlast the call's own time is not begun", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 503, busy, { "retry-after": "20" }));
  const result = await new ModelAPIClient(server.url).checkHealth({ timeoutMs: 10_000 });
  assert.ok(!result.success);
  assert.deepEqual([result.error_code, server.asked.length], [503, 1]);
});

test("an abort ends the pause before a retry", async (t) => {
  const controller = new AbortController();
  const answeredOnce = signalled();
  const server = await startServer(t, (_, response) => {
    response.on("finish", answeredOnce.resolve);
    sendJson(response, 503, busy, { "retry-after": "25" });
  });
  const call = new ModelAPIClient(server.url).checkHealth({ signal: controller.signal });
  await answeredOnce.promise;
  controller.abort();
  const result = await call;
  assert.ok(!result.success);
  assert.deepEqual([result.reason, server.asked.length], ["request_cancelled", 1]);
});

test("a recording that can be read again is sent again whole; a stream is sent once", async (t) => {
  const bodies: number[] = [];
  const server = await startServer(t, async (request, response) => {
    bodies.push((await bodyOf(request)).length);
    if (bodies.length % 2 === 1) sendJson(response, 503, busy);
    else sendJson(response, 200, transcript);
  });
  const client = new ModelAPIClient(server.url, { retry: soon });
  const audio = wav(1000);
  assert.ok((await client.transcribe(audio)).success);
  assert.ok((await client.transcribe(new Blob([audio]))).success);
  assert.deepEqual(bodies, [2044, 2044, 2044, 2044]);
  const result = await client.transcribe(new Blob([audio]).stream());
  assert.ok(!result.success);
  assert.deepEqual([result.error_code, bodies.length], [503, 5]);
});
