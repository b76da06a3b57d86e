import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { TranscribeEvent } from "@voxpool/client/contract";
import { VoxpoolError } from "../../dist/base/errors.js";
import {
  createTestServer,
  emptied,
  field,
  file,
  formBody,
  formType,
  rawConnection,
  recognise,
  type Seen,
  transcribe,
  transcriptOf,
  uploadHead,
  wav,
} from "./harness.ts";

test("errors of the recognition keep their status, before and without a stream", async (t) => {
  const server = createTestServer(t);
  for (const query of ["?model_path=gone", "?model_path=gone&stream=1"]) {
    server.api.scripts.set("gone", () => failing(new VoxpoolError("model_not_found", { model_path: "gone" })));
    const missing = await transcribe(server, Buffer.from("RIFF"), wav, query);
    assert.equal(missing.statusCode, 404);
    assert.equal(missing.json().model_path, "gone");
    server.api.scripts.set("gone", () =>
      failing(new VoxpoolError("too_many_sessions", { limit: 1, setting: "s", retry_after_seconds: 4 })),
    );
    const busy = await transcribe(server, Buffer.from("RIFF"), wav, query);
    assert.equal(busy.statusCode, 429);
    assert.equal(busy.headers["retry-after"], "4");
  }
});

async function* failing(error: Error, ...events: TranscribeEvent[]): AsyncGenerator<TranscribeEvent> {
  yield* events;
  throw error;
}

function parseEvents(text: string): TranscribeEvent[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("event: "))
    .map((block) => {
      const [head = "", data = ""] = block.split("\n");
      const event = JSON.parse(data.replace("data: ", ""));
      assert.equal(head, `event: ${event.type}`);
      return event;
    });
}

test("a stream sends progress, segments and done", async (t) => {
  const server = createTestServer(t);
  const answer = await transcribe(server, formBody([file, field("stream", "true")]), formType);
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["content-type"], "text/event-stream; charset=utf-8");
  assert.equal(answer.headers["x-accel-buffering"], "no");
  assert.ok(answer.headers["x-request-id"]);
  const events = parseEvents(answer.body);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["progress", "segment", "segment", "done"],
  );
  const done = events.at(-1);
  assert.ok(done?.type === "done");
  assert.equal("timings" in done.transcript, false);
});

test("a failure after the first event is an event", async (t) => {
  const server = createTestServer(t);
  const progress: TranscribeEvent = { type: "progress", processed_seconds: 1 };
  server.api.scripts.set("dies", () => failing(new VoxpoolError("host_crashed", { detail: "signal 9" }), progress));
  const headers = { ...wav, "accept-language": "zh" };
  const answer = await transcribe(server, Buffer.from("RIFF"), headers, "?stream=1&model_path=dies");
  const last = parseEvents(answer.body).at(-1);
  assert.ok(last?.type === "error");
  assert.equal(last.reason, "host_crashed");
  assert.equal(last.retryable, true);
  assert.match(last.message, /进程/);

  server.api.scripts.set("dies", () => failing(new Error("swordfish"), progress));
  const unknown = await transcribe(server, Buffer.from("RIFF"), wav, "?stream=1&model_path=dies");
  assert.doesNotMatch(unknown.body, /swordfish/);
  assert.match(unknown.body, /"reason":"internal"/);
  assert.ok(server.log.some(({ level }) => level === "error"));
});

test("a silent stream shows that it lives", async (t) => {
  const server = createTestServer(t, { heartbeatMs: 5 });
  const { port } = await server.listen();
  const go = Promise.withResolvers<void>();
  server.api.scripts.set("slow", async function* (request, _caller, seen) {
    await go.promise;
    yield* recognise(request, seen);
  });
  const { received } = await sendRaw(t, port, "?stream=1&model_path=slow", Buffer.from("RIFF"));
  const head = await received(":\n\n");
  assert.match(head, /^HTTP\/1\.1 200/);
  go.resolve();
  await received("event: done");
});

async function sendRaw(t: TestContext, port: number, query: string, body: Buffer) {
  const connection = await rawConnection(t, port);
  connection.socket.write(uploadHead(query, body.length));
  connection.socket.write(body);
  return connection;
}

test("a caller that leaves ends the recognition at once", async (t) => {
  const server = createTestServer(t, { heartbeatMs: 5 });
  const { port } = await server.listen();
  for (const query of ["?model_path=hangs", "?model_path=hangs&stream=1"]) {
    const entered = Promise.withResolvers<void>();
    const returned = Promise.withResolvers<void>();
    server.api.transcribe = (_request, caller) => {
      entered.resolve();
      return {
        [Symbol.asyncIterator]: () => ({
          // Deaf to the signal: only return() can end it.
          next: () => new Promise<IteratorResult<TranscribeEvent>>(() => void caller),
          return: async () => {
            returned.resolve();
            return { done: true, value: undefined };
          },
        }),
      };
    };
    const { socket } = await sendRaw(t, port, query, Buffer.from("RIFF"));
    await entered.promise;
    socket.destroy();
    await returned.promise;
  }
  const lines = await server.requestLines(2);
  assert.equal(lines[0]?.fields.status, 499);
});

test("a caller that leaves half-way through its upload leaves nothing behind", async (t) => {
  const server = createTestServer(t);
  const { port } = await server.listen();
  // As a form: nothing is recognised, and the file goes.
  const form = await rawConnection(t, port);
  const bytes = formBody([{ ...file, value: Buffer.alloc(4_000_000, 1) }]);
  form.socket.write(
    `POST /api/transcribe HTTP/1.1\r\nHost: x\r\nContent-Type: ${formType["content-type"]}\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  );
  await new Promise((resolve) => form.socket.write(bytes.subarray(0, 2_500_000), resolve));
  form.socket.destroy();
  await server.requestLines(1);
  assert.equal(server.api.seen.length, 0);
  await emptied(server.spool);

  // As a body: the recognition that reads it is told.
  const raw = await rawConnection(t, port);
  raw.socket.write(uploadHead("", 900_000));
  await new Promise((resolve) => raw.socket.write(Buffer.alloc(500_000), resolve));
  raw.socket.destroy();
  await server.requestLines(2);
  const seen: Seen | undefined = server.api.seen.at(0);
  assert.ok(seen);
  await seen.ended;
  assert.equal(seen.finished, false);
  assert.equal(seen.signal.aborted, true);
});

test("an upload in chunks without a length is streamed, and held to the limit", async (t) => {
  const server = createTestServer(t, { config: { "limits.body_bytes": 100_000 } });
  const { url } = await server.listen();
  const chunked = async (chunks: number) =>
    fetch(`${url}/api/transcribe`, {
      method: "POST",
      headers: wav,
      duplex: "half",
      body: new ReadableStream({
        start(controller) {
          for (let n = 0; n < chunks; n += 1) controller.enqueue(Buffer.alloc(10_000, n));
          controller.close();
        },
      }),
    } as RequestInit);
  assert.equal((await chunked(10)).status, 200);
  assert.equal(server.api.seen[0]?.bytes, 100_000);
  const tooMuch = await chunked(11);
  assert.equal(tooMuch.status, 413);
  assert.equal((await tooMuch.json()).reason, "body_too_large");
});

test("a recognition that does not read holds the sender back", async (t) => {
  const server = createTestServer(t, { config: { "limits.body_bytes": 1024 * 1024 * 1024 } });
  const { port } = await server.listen();
  const entered = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  server.api.scripts.set("waits", async function* (request, _caller, seen) {
    entered.resolve();
    await go.promise;
    yield* recognise(request, seen);
  });
  const size = 64 * 1024 * 1024;
  const connection = await rawConnection(t, port);
  connection.socket.write(uploadHead("?model_path=waits", size));
  await entered.promise;
  for (let sent = 0; sent < size; sent += 65_536) connection.socket.write(Buffer.alloc(65_536));
  const left = await standsStill(() => connection.socket.writableLength);
  assert.ok(left > 0, "the server took everything although nobody read it");
  go.resolve();
  await connection.received('"success":true');
  assert.equal(server.api.seen[0]?.bytes, size);
});

/** Resolves once a value stays as it is for many turns of the loop, which both ends of the test share. */
async function standsStill(read: () => number): Promise<number> {
  for (let before = -1, now = read(); ; before = now, now = read()) {
    if (before === now) return now;
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a slow reader of a stream holds the recognition back", async (t) => {
  const server = createTestServer(t);
  const { port } = await server.listen();
  const most = 6000;
  let made = 0;
  server.api.scripts.set("chatty", async function* () {
    for (; made < most; made += 1) {
      yield { type: "segment", segment: { id: made, start: 0, end: 1, text: "x".repeat(10_000) } };
    }
    yield { type: "done", transcript: transcriptOf() };
  });
  const { socket, closed } = await rawConnection(t, port);
  socket.pause();
  socket.write(
    "POST /api/transcribe?model_path=chatty&stream=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
      "Content-Type: audio/wav\r\nContent-Length: 4\r\n\r\nRIFF",
  );
  await standsStill(() => made);
  assert.ok(made > 0 && made < most, `${made} events were made for a reader that reads nothing`);
  socket.resume();
  assert.match((await closed).slice(-2000), /event: done/);
  assert.equal(made, most);
});

test("a reader of a stream that takes nothing at all is cut off", async (t) => {
  const server = createTestServer(t, { config: { "limits.upload_idle_seconds": 0.05 } });
  const { port } = await server.listen();
  server.api.scripts.set("endless", async function* () {
    for (let id = 0; ; id += 1) yield { type: "segment", segment: { id, start: 0, end: 1, text: "x".repeat(10_000) } };
  });
  const { socket } = await rawConnection(t, port);
  socket.pause();
  socket.write(uploadHead("?model_path=endless&stream=1", 4));
  socket.write("RIFF");
  const [line] = await server.requestLines(1);
  assert.equal(line?.fields.status, 499);
  await server.api.seen[0]?.ended;
  assert.equal(server.api.seen[0]?.signal.aborted, true);
});

test("uploads that wait together share the room on the disk", async (t) => {
  const server = createTestServer(t, { config: { "limits.spool_bytes": 2_000_000 } });
  const big = formBody([{ ...file, value: Buffer.alloc(3_000_000) }]);
  const answer = await transcribe(server, big, formType);
  assert.equal(answer.statusCode, 507);
  assert.equal(answer.json().reason, "spool_full");
  assert.match(answer.json().message, /2000000 bytes .*limits\.spool_bytes/);
  await emptied(server.spool);
});
