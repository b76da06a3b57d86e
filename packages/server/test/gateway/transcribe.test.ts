import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { TranscribeEvent } from "@voxpool/client/contract";
import { VoxpoolError } from "../../dist/base/errors.js";
import {
  createTestServer,
  type FormPart,
  formBody,
  formType,
  rawConnection,
  recognise,
  type TestServer,
  transcriptOf,
} from "./harness.ts";

const wav = { "content-type": "audio/wav" };
const file: FormPart = { name: "file", filename: "a.wav", type: "audio/wav", value: Buffer.from("RIFFsamples") };
const field = (name: string, value: string): FormPart => ({ name, value });

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Bytes that hold what a careless reader of forms would trip over. */
function trickyBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 7 + (at >> 8)) & 0xff;
  for (let at = 100; at + 40 < size; at += 9973) bytes.write("\r\n------test-boundar\r\n--\r\n\r\n", at, "latin1");
  return bytes;
}

const post = (server: TestServer, payload: Buffer, headers: Record<string, string>, query = "") =>
  server.fastify.inject({ method: "POST", url: `/api/transcribe${query}`, payload, headers });

test("a raw body and a form, options before or after the file, are the same request", async (t) => {
  const server = createTestServer(t);
  const audio = trickyBytes(300_000);
  const options = [field("model_path", "model/cn"), field("language", "zh"), field("words", "1"), field("x", "y")];
  const big = { ...file, value: audio };
  const answers = [
    await post(server, audio, wav, "?model_path=model%2Fcn&language=zh&words=true&x=y"),
    await post(server, formBody([...options, big]), formType),
    await post(server, formBody([big, ...options]), formType),
    await post(server, formBody([big, field("language", "zh")]), formType, "?model_path=model/cn&words=1&language=en"),
  ];
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(answer.json().text, transcriptOf().text);
    const seen = server.api.seen[index];
    assert.deepEqual({ ...seen?.options }, { model_path: "model/cn", language: "zh", words: true });
    assert.equal(seen?.bytes, audio.length);
    assert.equal(seen?.sha256, sha256(audio));
    assert.equal(seen?.raw, undefined);
  }
});

test("a file beyond what memory may hold goes over the disk, whole, and leaves nothing behind", async (t) => {
  const server = createTestServer(t);
  const audio = trickyBytes(3_500_000);
  let files = -1;
  server.api.scripts.set("look", (request, _caller, seen) => {
    files = readdirSync(server.spool).length;
    return recognise(request, seen);
  });
  const answer = await post(server, formBody([{ ...file, value: audio }, field("model_path", "look")]), formType);
  assert.equal(answer.statusCode, 200);
  assert.equal(files, 1);
  assert.equal(server.api.seen[0]?.sha256, sha256(audio));
  await emptied(server.spool);
});

test("each format has its type and its content", async (t) => {
  const server = createTestServer(t);
  const as = (query: string) => post(server, Buffer.from("RIFF"), wav, query);

  const plain = (await as("")).json();
  assert.equal("timings" in plain, false);
  assert.equal("words" in plain.segments[0], false);
  assert.equal(plain.segments[0].confidence, 0.9);
  assert.ok((await as("?words=true")).json().segments[0].words);
  const verbose = (await as("?response_format=verbose_json")).json();
  assert.deepEqual(verbose, JSON.parse(JSON.stringify({ ...transcriptOf(), model_path: verbose.model_path })));

  for (const [format, type, start] of [
    ["text", "text/plain; charset=utf-8", "hello <world> 你好\n"],
    ["srt", "application/x-subrip; charset=utf-8", "1\n00:00:00,000 --> 00:00:01,500\nhello <world>\n\n2\n"],
    ["vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nhello &lt;world&gt;\n\n"],
  ] as const) {
    const answer = await as(`?response_format=${format}`);
    assert.equal(answer.headers["content-type"], type);
    assert.ok(answer.body.startsWith(start), answer.body);
  }
});

test("a part may be typed as raw samples of its own", async (t) => {
  const server = createTestServer(t);
  const type = "audio/l16;rate=8000;channels=2";
  const answer = await post(server, formBody([{ ...file, type }]), formType);
  assert.equal(answer.statusCode, 200);
  const raw = await post(server, Buffer.from("RIFF"), { "content-type": type });
  assert.equal(raw.statusCode, 200);
  assert.deepEqual(server.api.seen[0]?.raw, { rateHz: 8000, channels: 2, littleEndian: false });
  assert.deepEqual(server.api.seen[1]?.raw, server.api.seen[0]?.raw);
});

test("the caller is its client_id, else its address", async (t) => {
  const server = createTestServer(t);
  await post(server, Buffer.from("RIFF"), wav);
  await post(server, Buffer.from("RIFF"), wav, "?client_id=phone");
  assert.deepEqual(
    server.api.seen.map(({ client }) => client),
    ["127.0.0.1", "phone"],
  );
});

const noAudio = { name: "file", value: "just text" };
const refused: readonly (readonly [string, Buffer, Record<string, string>, string, number, string, RegExp])[] = [
  ["no body", Buffer.alloc(0), wav, "", 400, "audio_missing", /file/],
  ["no body, no type", Buffer.alloc(0), {}, "", 400, "audio_missing", /file/],
  ["JSON", Buffer.from("{}"), { "content-type": "application/json" }, "", 415, "content_type_unsupported", /audio/],
  [
    "curl's own type",
    Buffer.from("RIFF"),
    { "content-type": "application/x-www-form-urlencoded" },
    "",
    415,
    "content_type_unsupported",
    /multipart/,
  ],
  [
    "other multipart",
    Buffer.from("x"),
    { "content-type": "multipart/mixed; boundary=x" },
    "",
    415,
    "content_type_unsupported",
    /multipart\/form-data/,
  ],
  [
    "no boundary",
    formBody([file]),
    { "content-type": "multipart/form-data" },
    "",
    400,
    "multipart_invalid",
    /boundary/,
  ],
  [
    "an empty boundary",
    formBody([file]),
    { "content-type": "multipart/form-data; boundary=" },
    "",
    400,
    "multipart_invalid",
    /boundary/,
  ],
  [
    "another boundary",
    formBody([file]),
    { "content-type": "multipart/form-data; boundary=other" },
    "",
    400,
    "multipart_invalid",
    /boundary/,
  ],
  ["garbage as a form", Buffer.alloc(5000, 7), formType, "", 400, "multipart_invalid", /boundary/],
  ["a form cut short", formBody([file]).subarray(0, -30), formType, "", 400, "multipart_invalid", /ends/],
  ["a form without its end", formBody([file]).subarray(0, -4), formType, "", 400, "multipart_invalid", /clos/],
  ["no file", formBody([field("language", "en")]), formType, "", 400, "audio_missing", /file/],
  ["a form without parts", Buffer.from("------test-boundary--\r\n"), formType, "", 400, "audio_missing", /file/],
  ["a file of another name", formBody([{ ...file, name: "audio" }]), formType, "", 400, "audio_missing", /file/],
  ["an empty file", formBody([{ ...file, value: "" }]), formType, "", 400, "audio_missing", /file/],
  ["two files", formBody([file, file]), formType, "", 400, "multipart_invalid", /more than one/],
  ["text as the file", formBody([noAudio]), formType, "", 400, "multipart_invalid", /@/],
  [
    "a field twice",
    formBody([field("language", "en"), field("language", "de"), file]),
    formType,
    "",
    400,
    "option_invalid",
    /more than once/,
  ],
  ["a parameter twice", Buffer.from("RIFF"), wav, "?language=en&language=de", 400, "option_invalid", /more than once/],
  [
    "an unknown format",
    Buffer.from("RIFF"),
    wav,
    "?response_format=xml",
    400,
    "option_invalid",
    /json, verbose_json, text, srt, vtt/,
  ],
  ["no boolean", Buffer.from("RIFF"), wav, "?words=maybe", 400, "option_invalid", /true, false, 1, 0/],
  ["an empty option", Buffer.from("RIFF"), wav, "?model_path=", 400, "option_invalid", /empty/],
  ["an overlong option", Buffer.from("RIFF"), wav, `?language=${"x".repeat(65)}`, 400, "option_invalid", /64/],
  ["subtitles as a stream", Buffer.from("RIFF"), wav, "?response_format=srt&stream=1", 400, "option_invalid", /stream/],
  [
    "a huge field",
    formBody([field("language", "x".repeat(100_000)), file]),
    formType,
    "",
    400,
    "option_invalid",
    /larger/,
  ],
  [
    "too many fields",
    formBody([...Array.from({ length: 100 }, (_, n) => field(`f${n}`, "x")), file]),
    formType,
    "",
    400,
    "multipart_invalid",
    /64 parts/,
  ],
  [
    "a huge part head",
    formBody([{ ...file, filename: "x".repeat(100_000) }]),
    formType,
    "",
    400,
    "multipart_invalid",
    /head/,
  ],
  ["too large a body", Buffer.alloc(9 * 1024 * 1024), wav, "", 413, "body_too_large", /limits\.body_bytes/],
  [
    "too large a form",
    formBody([{ ...file, value: Buffer.alloc(9 * 1024 * 1024) }]),
    formType,
    "",
    413,
    "body_too_large",
    /limits\.body_bytes/,
  ],
];

test("what is wrong with a request is said, and nothing is recognised or left on the disk", async (t) => {
  const server = createTestServer(t);
  for (const [name, payload, headers, query, status, reason, message] of refused) {
    const answer = await post(server, payload, headers, query);
    assert.equal(answer.statusCode, status, `${name}: ${answer.body}`);
    assert.equal(answer.json().reason, reason, name);
    assert.match(answer.json().message, message, name);
    assert.equal(answer.json().success, false);
  }
  assert.deepEqual(server.api.seen, []);
  assert.deepEqual(readdirSync(server.spool), []);
});

test("a field named like the prototype is a field like any other", async (t) => {
  const server = createTestServer(t);
  const parts = [field("__proto__", '{"words":true}'), field("constructor", "x"), file];
  assert.equal((await post(server, formBody(parts), formType, "?__proto__=1&toString=2")).statusCode, 200);
  assert.deepEqual({ ...server.api.seen[0]?.options }, {});
  assert.equal(({} as Record<string, unknown>).words, undefined);
});

test("errors of the recognition keep their status, before and without a stream", async (t) => {
  const server = createTestServer(t);
  for (const query of ["?model_path=gone", "?model_path=gone&stream=1"]) {
    server.api.scripts.set("gone", () => failing(new VoxpoolError("model_not_found", { model_path: "gone" })));
    const missing = await post(server, Buffer.from("RIFF"), wav, query);
    assert.equal(missing.statusCode, 404);
    assert.equal(missing.json().model_path, "gone");
    server.api.scripts.set("gone", () =>
      failing(new VoxpoolError("too_many_sessions", { limit: 1, setting: "s", retry_after_seconds: 4 })),
    );
    const busy = await post(server, Buffer.from("RIFF"), wav, query);
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
  const answer = await post(server, formBody([file, field("stream", "true")]), formType);
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
  const answer = await post(server, Buffer.from("RIFF"), headers, "?stream=1&model_path=dies");
  const last = parseEvents(answer.body).at(-1);
  assert.ok(last?.type === "error");
  assert.equal(last.reason, "host_crashed");
  assert.equal(last.retryable, true);
  assert.match(last.message, /进程/);

  server.api.scripts.set("dies", () => failing(new Error("swordfish"), progress));
  const unknown = await post(server, Buffer.from("RIFF"), wav, "?stream=1&model_path=dies");
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

async function sendRaw(t: TestContext, port: number, query: string, body: Buffer, extra = "") {
  const connection = await rawConnection(t, port);
  connection.socket.write(
    `POST /api/transcribe${query} HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\n${extra}` +
      `Content-Length: ${body.length}\r\n\r\n`,
  );
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
  assert.deepEqual(server.api.seen, []);
  await emptied(server.spool);

  // As a body: the recognition that reads it is told.
  const raw = await rawConnection(t, port);
  raw.socket.write(
    "POST /api/transcribe HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\nContent-Length: 900000\r\n\r\n",
  );
  await new Promise((resolve) => raw.socket.write(Buffer.alloc(500_000), resolve));
  raw.socket.destroy();
  await server.requestLines(2);
  const seen = server.api.seen[0];
  await seen?.ended;
  assert.equal(seen?.finished, false);
  assert.equal(seen?.signal.aborted, true);
});

/** Resolves when a directory holds nothing; the test's own time limit ends it otherwise. */
async function emptied(directory: string): Promise<void> {
  while (readdirSync(directory).length > 0) await new Promise((resolve) => setImmediate(resolve));
}

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
  connection.socket.write(
    `POST /api/transcribe?model_path=waits HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\nContent-Length: ${size}\r\n\r\n`,
  );
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
