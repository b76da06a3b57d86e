import assert from "node:assert/strict";
import { Agent, request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { createTestServer, formType, parseAnswer, rawConnection, recognise, uploadHead } from "./harness.ts";

const megabyte = 1024 * 1024;

/** Sends bytes and gives back all that came until the server closed the connection. */
async function exchange(t: TestContext, port: number, bytes: string | Uint8Array): Promise<string> {
  const { socket, closed } = await rawConnection(t, port);
  socket.write(bytes);
  return closed;
}

const healthy = async (url: string): Promise<void> => {
  const answer = await fetch(`${url}/api/health`);
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).status, "running");
};

const ofHeads = /16384 bytes \(limits\.head_bytes\)/;

const noRequests: readonly (readonly [string, string | Uint8Array, number, RegExp])[] = [
  ["garbage", Buffer.from("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage", "latin1"), 400, /no HTTP/],
  ["text", "hello there\r\n\r\n", 400, /no HTTP/],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, /no HTTP/],
  ["a space in the path", "GET /api/models/status/a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, /no HTTP/],
  ["no Host", "GET /api/health HTTP/1.1\r\nConnection: close\r\n\r\n", 400, /Host/],
  ["a huge head", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 431, ofHeads],
  ["many headers", `GET / HTTP/1.1\r\nHost: x\r\n${"a: b\r\n".repeat(9000)}\r\n`, 431, ofHeads],
  ["a huge path", `GET /${"x".repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, ofHeads],
  [
    "two lengths",
    "POST /api/models/load HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    400,
    /no HTTP/,
  ],
  [
    "a length and chunks",
    "POST /api/models/load HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
    /no HTTP/,
  ],
  [
    "chunks not last",
    "POST /api/models/load HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    400,
    /no HTTP/,
  ],
  ["a bad length", "POST /api/models/load HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400, /no HTTP/],
  [
    "a bad chunk",
    "POST /api/models/load HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    400,
    /no HTTP/,
  ],
  ["a folded header", "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", 400, /no HTTP/],
  ["a null byte in a header", "GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 400, /no HTTP/],
];

test("what is no request is answered in our shape, and others are not disturbed", async (t) => {
  const server = createTestServer(t);
  const { port, url } = await server.listen();
  for (const [name, bytes, status, message] of noRequests) {
    const answer = parseAnswer(await exchange(t, port, bytes));
    assert.equal(answer.status, status, name);
    assert.equal(answer.body.success, false, name);
    assert.equal(answer.body.reason, status === 431 ? "head_too_large" : "request_invalid", name);
    assert.match(String(answer.body.message), message, name);
    assert.match(answer.head, /connection: close/);
    await healthy(url);
  }
  assert.equal(server.api.loads.length, 0);
});

test("a head that never ends is cut off", async (t) => {
  const server = createTestServer(t, { headTimeoutMs: 50 });
  const { port } = await server.listen();
  const { status, body } = parseAnswer(await exchange(t, port, "GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: "));
  assert.equal(status, 408);
  assert.match(String(body.message), /in time/);
});

test("50 MB of zeros are refused with an answer that arrives", async (t) => {
  const server = createTestServer(t);
  const { url } = await server.listen();
  const zeros = Buffer.alloc(50 * megabyte);
  const json = "application/json";
  for (const [path, type, limit, body] of [
    ["/api/models/load", json, "limits.json_bytes", zeros],
    ["/api/models/load", json, "limits.json_bytes", new Blob([zeros]).stream()],
    ["/api/transcribe", "audio/wav", "limits.body_bytes", zeros],
    ["/api/transcribe", formType["content-type"], "limits.body_bytes", zeros],
  ] as const) {
    const headers = { "content-type": type };
    const answer = await fetch(url + path, { method: "POST", headers, body, duplex: "half" } as RequestInit);
    assert.equal(answer.status, 413, path);
    const failure = await answer.json();
    assert.equal(failure.reason, "body_too_large");
    assert.ok(failure.message.includes(limit));
  }
  const nowhere = await fetch(`${url}/nope`, { method: "POST", body: zeros });
  assert.equal(nowhere.status, 404);
  await healthy(url);
});

test("50 MB of zeros within the limit are streamed without being held", async (t) => {
  const server = createTestServer(t, { config: { "limits.body_bytes": 100 * megabyte } });
  const { url } = await server.listen();
  const answer = await fetch(`${url}/api/transcribe`, {
    method: "POST",
    headers: { "content-type": "audio/wav" },
    body: Buffer.alloc(50 * megabyte),
  });
  assert.equal(answer.status, 200);
  assert.equal(server.api.seen[0]?.bytes, 50 * megabyte);
});

test("a client that writes everything before it reads still sees the refusal", async (t) => {
  const server = createTestServer(t);
  const { port } = await server.listen();
  const { socket, closed } = await rawConnection(t, port);
  socket.pause();
  socket.write(uploadHead("", 40 * megabyte));
  await new Promise((resolve) => socket.write(Buffer.alloc(40 * megabyte), resolve));
  socket.resume();
  const { status, body } = parseAnswer(await closed);
  assert.equal(status, 413);
  assert.equal(body.reason, "body_too_large");
});

/** The head of an upload whose sender waits to be told to go on. */
const ask = (length: number): string => uploadHead("", length).replace("Host:", "Expect: 100-continue\r\nHost:");

test("whoever asks before sending is refused before sending, and else told to go on", async (t) => {
  const server = createTestServer(t);
  const { port } = await server.listen();
  const refused = parseAnswer(await exchange(t, port, ask(100 * megabyte)));
  assert.equal(refused.status, 413);

  const { socket, received } = await rawConnection(t, port);
  socket.write(ask(4));
  await received("HTTP/1.1 100 Continue\r\n\r\n");
  socket.write("RIFF");
  assert.match(await received('"success":true'), /HTTP\/1\.1 200 OK/);
  assert.equal(server.api.seen[0]?.bytes, 4);
});

const head = (path: string, type: string, length = 1000): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;

test("an upload that stalls is ended, whatever kind it is", async (t) => {
  const server = createTestServer(t, { config: { "limits.upload_idle_seconds": 0.05 } });
  const { port, url } = await server.listen();
  for (const bytes of [
    `${head("/api/transcribe", "audio/wav")}RIFF`,
    `${head("/api/transcribe", formType["content-type"])}------test-boundary\r\n`,
    `${head("/api/models/load", "application/json")}{"model_path"`,
  ]) {
    const { status, head: answerHead, body } = parseAnswer(await exchange(t, port, bytes));
    assert.equal(status, 408);
    assert.match(answerHead, /connection: close/);
    assert.equal(body.reason, "upload_stalled");
    assert.equal(body.retryable, true);
  }
  await healthy(url);
});

test("an upload that drips, so that it is never silent, is ended as one that stalls", async (t) => {
  const server = createTestServer(t, {
    config: { "limits.upload_idle_seconds": 1, "limits.upload_bytes_per_second": 1_000_000_000 },
  });
  const { port, url } = await server.listen();
  const { socket, closed } = await rawConnection(t, port);
  socket.write(`${head("/api/transcribe", "audio/wav", 4 * megabyte)}RIFF`);
  trickle(socket);
  const { status, body } = parseAnswer(await closed);
  assert.equal(status, 408);
  assert.match(String(body.message), /limits\.upload_bytes_per_second/);
  await healthy(url);
});

test("a recognition that is slow to read is no stalled upload", async (t) => {
  const server = createTestServer(t, { config: { "limits.upload_idle_seconds": 0.02 } });
  const { port } = await server.listen();
  server.api.scripts.set("slow", async function* (request, _caller, seen) {
    const reader = request.bytes[Symbol.asyncIterator]();
    const first = await reader.next();
    // Until another sender, who began later, took too long: but here it is not the sender who takes it.
    assert.equal(parseAnswer(await exchange(t, port, `${uploadHead("", 8)}RIFF`)).status, 408);
    assert.equal(first.done, false);
    yield* recognise({ ...request, bytes: { [Symbol.asyncIterator]: () => reader } }, seen);
  });
  const { socket, received } = await rawConnection(t, port);
  socket.write(`${uploadHead("?model_path=slow", 8)}RIFFRIFF`);
  assert.match(await received('"success":true'), /HTTP\/1\.1 200/);
});

/** The head of an unfinished body whose sender waits to be told to go on: then the server is reading it. */
const askUnfinished = (path: string, type: string): string =>
  head(path, type, megabyte).replace("Host:", "Expect: 100-continue\r\nHost:");

/** Sends a byte whenever the last one went out. */
function trickle(socket: Socket): void {
  if (!socket.destroyed) socket.write("-", () => setImmediate(trickle, socket));
}

// Far less than the time that an upload may stall: with a server that waits for its uploads this fails.
test("a server that stops waits for no upload, whether it stalls or trickles", { timeout: 20_000 }, async (t) => {
  const server = createTestServer(t, { config: { "limits.upload_idle_seconds": 3600 } });
  const { port } = await server.listen();
  const answers: Promise<string>[] = [];
  for (const trickles of [false, true]) {
    for (const [path, type, begin] of [
      ["/api/transcribe", "audio/wav", "RIFF"],
      ["/api/transcribe", formType["content-type"], "------test-boundary\r\n"],
      ["/api/models/load", "application/json", '{"model_path"'],
    ] as const) {
      const { socket, closed, received } = await rawConnection(t, port);
      socket.write(askUnfinished(path, type));
      await received("100 Continue\r\n\r\n");
      socket.write(begin);
      if (trickles) trickle(socket);
      answers.push(closed);
    }
  }
  await server.fastify.close();
  for (const answer of await Promise.all(answers)) {
    const { status, body } = parseAnswer(answer.replace("HTTP/1.1 100 Continue\r\n\r\n", ""));
    assert.equal(status, 503);
    assert.equal(body.reason, "server_stopping");
    assert.equal(body.retryable, true);
  }
});

test("200 connections at once are all served, while as many half-sent ones hang", async (t) => {
  const server = createTestServer(t);
  const { port, url } = await server.listen();
  const hanging = await Promise.all(Array.from({ length: 100 }, () => rawConnection(t, port)));
  for (const { socket } of hanging) socket.write(`${uploadHead("", 1000)}RIFF`);
  const agent = new Agent({ keepAlive: false, maxSockets: 200 });
  const upload = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { port, host: "127.0.0.1", method: "POST", path: "/api/transcribe", agent };
      const request = httpRequest({ ...options, headers: { "content-type": "audio/wav" } }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      request.on("error", reject);
      request.end(Buffer.alloc(10_000));
    });
  const statuses = await Promise.all(Array.from({ length: 200 }, upload));
  assert.deepEqual(new Set(statuses), new Set([200]));
  for (const { socket } of hanging) socket.destroy();
  await healthy(url);
  const lines = await server.requestLines(301);
  assert.equal(lines.filter(({ fields }) => fields.status === 499).length, 100);
});

test("a broken chunk in the middle of an upload ends the recognition", async (t) => {
  const server = createTestServer(t);
  const { port } = await server.listen();
  const { socket, closed } = await rawConnection(t, port);
  socket.write(
    "POST /api/transcribe HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nRIFF\r\nnonsense\r\n",
  );
  const { status } = parseAnswer(await closed);
  assert.equal(status, 400);
  await server.requestLines(1);
  for (const seen of server.api.seen) {
    await seen.ended;
    assert.equal(seen.finished, false);
  }
});
