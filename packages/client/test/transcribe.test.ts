import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ModelAPIClient as WebClient } from "../dist/index.js";
import { type AudioSource, ModelAPIClient, type RunningEvent, type TranscriptionEvent } from "../dist/node.js";
import { beginEvents, bodyOf, sendJson, signalled, startRawServer, startServer } from "./support/server.ts";
import { busy, entries, segments, soon, transcript, wav } from "./support/wire.ts";

const once = { retry: false } as const;
const audio = wav(5000);
const running: RunningEvent[] = [
  { type: "progress", processed_seconds: 1, duration: 3.25 },
  ...segments.map((segment) => ({ type: "segment" as const, segment })),
];
const done = { type: "done", transcript } as const;
const sseHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
const asText = (event: object) => `data: ${JSON.stringify(event)}\n\n`;

async function* inPieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield new Uint8Array(0);
    yield bytes.subarray(at, at + size);
  }
}

async function collect(events: AsyncIterable<TranscriptionEvent>): Promise<TranscriptionEvent[]> {
  const all: TranscriptionEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const sources: readonly (readonly [string, () => AudioSource, string])[] = [
  ["a Blob", () => new Blob([audio]), "audio/wav"],
  ["a File with a type", () => new File([audio], "a.mp3", { type: "audio/mpeg" }), "audio/mpeg"],
  ["an ArrayBuffer", () => audio.buffer, "audio/wav"],
  ["a Uint8Array", () => audio, "audio/wav"],
  ["a part of a Buffer", () => Buffer.concat([Buffer.from("xx"), audio]).subarray(2), "audio/wav"],
  [
    "shared memory",
    () => {
      const shared = new Uint8Array(new SharedArrayBuffer(audio.length));
      shared.set(audio);
      return shared;
    },
    "audio/wav",
  ],
  ["a ReadableStream", () => new Blob([audio]).stream(), "audio/wav"],
  ["an async generator with empty pieces", () => inPieces(audio), "audio/wav"],
  ["a stream of Node", () => Readable.from(inPieces(audio), { objectMode: false }), "audio/wav"],
];
for (const [name, Client] of entries) {
  for (const [what, source, type] of sources) {
    test(`${name}: ${what} is sent as the body, and events come while it runs`, async (t) => {
      let body: Uint8Array = audio.subarray(0, 0);
      const server = await startServer(t, async (request, response) => {
        body = await bodyOf(request);
        const send = beginEvents(response);
        for (const event of [...running, done]) send(event);
        response.end();
      });
      const seen: RunningEvent[] = [];
      const result = await new Client(server.url).transcribe(source(), { onEvent: (event) => seen.push(event) });
      assert.deepEqual(result, transcript);
      assert.deepEqual(seen, running);
      assert.equal(Buffer.compare(body, audio), 0);
      assert.equal(server.asked[0]?.headers["content-type"], type);
      assert.equal(server.asked[0]?.url, "/api/transcribe?stream=true");
    });
  }
}

test("options go into the query under their wire names, and the content type is what is given", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, transcript));
  await new ModelAPIClient(server.url).transcribe(audio, {
    model_path: "model/中文 a&b",
    language: "zh-CN",
    response_format: "verbose_json",
    words: true,
    client_id: "desk",
    contentType: "audio/pcm;rate=16000;channels=1",
  });
  const url = new URL(server.asked[0]?.url ?? "", "http://x");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    model_path: "model/中文 a&b",
    language: "zh-CN",
    response_format: "verbose_json",
    words: "true",
    client_id: "desk",
    stream: "true",
  });
  assert.equal(server.asked[0]?.headers["content-type"], "audio/pcm;rate=16000;channels=1");
});

test("a path is read in Node, as a string or a file URL, and sent again when the server is busy", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "voxpool-client-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "录音 1.wav");
  await writeFile(path, audio);
  const bodies: Buffer[] = [];
  const server = await startServer(t, async (request, response) => {
    bodies.push(await bodyOf(request));
    if (bodies.length === 1) sendJson(response, 503, busy);
    else sendJson(response, 200, transcript);
  });
  const client = new ModelAPIClient(server.url, { retry: soon });
  assert.deepEqual(await client.transcribe(path), transcript);
  assert.deepEqual(await client.transcribe(pathToFileURL(path)), transcript);
  assert.deepEqual(
    bodies.map((body) => Buffer.compare(body, audio)),
    [0, 0, 0],
  );
});

test("a named pipe is read once, and not sent again", { skip: process.platform === "win32" }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "voxpool-client-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "pipe");
  await promisify(execFile)("mkfifo", [path]);
  const server = await startServer(t, async (request, response) => {
    await bodyOf(request);
    sendJson(response, 503, busy);
  });
  const [result] = await Promise.all([
    new ModelAPIClient(server.url, { retry: soon }).transcribe(path),
    writeFile(path, audio),
  ]);
  assert.ok(!result.success);
  assert.deepEqual([result.error_code, server.asked.length], [503, 1]);
});

test("a file that cannot be read is a failure that says why, and nothing is sent", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, transcript));
  const client = new ModelAPIClient(server.url);
  for (const path of [join(tmpdir(), "no", "such.wav"), tmpdir()]) {
    const result = await client.transcribe(path);
    assert.ok(!result.success);
    assert.deepEqual([result.error_code, result.reason, result.retryable], [0, "audio_unreadable", false]);
    const [event] = await collect(client.transcribeEvents(path));
    assert.deepEqual(event, { type: "error", failure: result });
  }
  assert.equal(server.asked.length, 0);
});

for (const format of ["text", "srt", "vtt"] as const) {
  test(`response_format ${format} gives the server's text`, async (t) => {
    const server = await startServer(
      t,
      (_, response) => void response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("你好\n"),
    );
    const result = await new WebClient(server.url).transcribe(audio, { response_format: format });
    assert.deepEqual(result, { success: true, response_format: format, text: "你好\n" });
    assert.equal(server.asked[0]?.url, `/api/transcribe?response_format=${format}`);
  });
}

test("a failure or a web page instead of text is a failure", async (t) => {
  const answers = [
    [400, "application/json", JSON.stringify({ success: false, message: "No.", reason: "audio_invalid" })],
    [200, "text/html", "<p>Log in</p>"],
  ] as const;
  let at = 0;
  const server = await startServer(t, (_, response) => {
    const [status, type, body] = answers[at++] ?? [500, "", ""];
    response.writeHead(status, { "content-type": type }).end(body);
  });
  const client = new WebClient(server.url);
  const reasons = [];
  for (const _ of answers) {
    const result = await client.transcribe(audio, { response_format: "srt" });
    reasons.push(result.success || result.reason);
  }
  assert.deepEqual(reasons, ["audio_invalid", "answer_invalid"]);
});

test("events come one by one while the upload goes on", async (t) => {
  const heard = signalled();
  async function* source(): AsyncGenerator<Uint8Array> {
    yield audio.subarray(0, 1000);
    await heard.promise;
    yield audio.subarray(1000);
  }
  const server = await startServer(t, async (request, response) => {
    const send = beginEvents(response);
    for (const event of running) send(event);
    await bodyOf(request);
    send(done);
    response.end();
  });
  const types: string[] = [];
  for await (const event of new ModelAPIClient(server.url).transcribeEvents(source())) {
    types.push(event.type);
    heard.resolve();
  }
  assert.deepEqual(types, ["progress", "segment", "segment", "done"]);
});

test("a stream cut into single bytes, with CRLF, comments, unknown events and further fields, is read the same", async (t) => {
  const text = [
    ": welcome\r\n\r\n",
    "event: queue\r\ndata: not JSON\r\n\r\n",
    `data: ${JSON.stringify({ type: "newer", a: 1 })}\r\n\r\n`,
    ...running.map(
      (event) =>
        `id: 1\r\nevent: ${event.type}\r\n${JSON.stringify(event, null, 1)
          .split("\n")
          .map((line) => `data: ${line}\r\n`)
          .join("")}\r\n`,
    ),
    asText(done),
    asText({ type: "segment", segment: segments[0] }),
  ].join("");
  const url = await startRawServer(t, (socket) => {
    socket.setNoDelay(true).write(sseHead);
    for (const byte of Buffer.from(text)) socket.write(Buffer.of(byte));
    socket.end();
  });
  assert.deepEqual(await collect(new ModelAPIClient(url, once).transcribeEvents(audio)), [...running, done]);
});

for (const [what, text, reason] of [
  ["before its first event", "", "connection_lost"],
  ["in an event", `${running.map(asText).join("")}data: {"type":"do`, "connection_lost"],
  ["between events", running.map(asText).join(""), "connection_lost"],
  ["before the blank line of done", asText(done).slice(0, -1), "connection_lost"],
] as const) {
  test(`a stream that ends ${what} is a failure`, async (t) => {
    const url = await startRawServer(t, (socket) => socket.end(sseHead + text));
    const result = await new ModelAPIClient(url, once).transcribe(audio);
    assert.ok(!result.success);
    assert.deepEqual([result.error_code, result.reason, result.retryable], [0, reason, true]);
  });
}

for (const [what, text] of [
  ["not JSON", "data: {broken\n\n"],
  ["no object", "data: [1]\n\n"],
  ["done without a transcript", asText({ type: "done" })],
  ["a segment without a segment", asText({ type: "segment", segment: null })],
  ["progress without a number", asText({ type: "progress" })],
] as const) {
  test(`an event that is ${what} is a failure`, async (t) => {
    const url = await startRawServer(t, (socket) => void socket.write(sseHead + text));
    const result = await new ModelAPIClient(url, once).transcribe(audio);
    assert.ok(!result.success);
    assert.equal(result.reason, "answer_invalid");
  });
}

test("an event without end is given up, and the server is told", async (t) => {
  const gone = signalled();
  const piece = Buffer.alloc(1 << 20, "x");
  const server = await startServer(t, (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: ");
    const more = () => {
      while (response.write(piece));
    };
    response.on("drain", more).on("close", gone.resolve);
    more();
  });
  const result = await new ModelAPIClient(server.url, once).transcribe(audio);
  assert.ok(!result.success);
  assert.equal(result.reason, "answer_invalid");
  await gone.promise;
});

test("an error event is the result, with the status it names", async (t) => {
  const failure = { message: "The process ended.", reason: "host_crashed", retryable: true };
  const server = await startServer(t, (request, response) => {
    const send = beginEvents(response);
    send(running[0] as RunningEvent);
    send({ type: "error", ...failure, ...(request.url?.includes("language") && { status: 503 }) } as { type: string });
    response.end();
  });
  const client = new ModelAPIClient(server.url, { retry: soon });
  for (const [options, status] of [
    [{}, 500],
    [{ language: "en" }, 503],
  ] as const) {
    const result = await client.transcribe(audio, options);
    assert.ok(!result.success);
    assert.deepEqual(
      [result.error_code, result.error_message, result.reason, result.retryable],
      [status, "The process ended.", "host_crashed", true],
    );
  }
  assert.equal(server.asked.length, 2, "nothing is sent again once events were heard");
});

test("a passing error before the first event is tried again", async (t) => {
  const server = await startServer(t, async (request, response) => {
    await bodyOf(request);
    const send = beginEvents(response);
    send(server.asked.length === 1 ? ({ ...busy, type: "error", status: 503 } as { type: string }) : done);
    response.end();
  });
  assert.deepEqual(await new ModelAPIClient(server.url, { retry: soon }).transcribe(audio), transcript);
  assert.equal(server.asked.length, 2);
});

test("a source that fails in the middle is a failure of the source, not of the connection", async (t) => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield audio.subarray(0, 1000);
    throw new Error("the microphone was unplugged");
  }
  const server = await startServer(t, async (request) => {
    await bodyOf(request).catch(() => undefined);
  });
  for (const [, Client] of entries) {
    for (const response_format of ["json", "text"] as const) {
      const result = await new Client(server.url, { retry: soon }).transcribe(failing(), { response_format });
      assert.ok(!result.success);
      assert.deepEqual([result.error_code, result.reason], [0, "audio_unreadable"]);
      assert.match(result.error_message, /the microphone was unplugged/);
    }
  }
});

test("an early refusal is the result although the upload is still going on, and the source is let go", async (t) => {
  const released = signalled();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield audio;
    } finally {
      released.resolve();
    }
  }
  const server = await startServer(t, (_, response) =>
    sendJson(response, 413, { success: false, message: "Too large.", reason: "body_too_large", retryable: false }),
  );
  const result = await new ModelAPIClient(server.url, once).transcribe(endless());
  assert.ok(!result.success);
  assert.deepEqual([result.error_code, result.reason], [413, "body_too_large"]);
  await released.promise;
});

test("an upload that is broken off by the server is a failure", async (t) => {
  const server = await startServer(t, (request) => void request.once("data", () => request.socket.destroy()));
  const result = await new ModelAPIClient(server.url, once).transcribe(inPieces(new Uint8Array(1 << 20)));
  assert.ok(!result.success);
  assert.equal(result.reason, "connection_lost");
});

test("leaving the loop cancels the recognition", async (t) => {
  const gone = signalled();
  const server = await startServer(t, (_, response) => {
    response.on("close", gone.resolve);
    for (const event of running) beginOnce(response)(event);
  });
  const begun = new WeakMap<object, ReturnType<typeof beginEvents>>();
  function beginOnce(response: Parameters<typeof beginEvents>[0]) {
    const send = begun.get(response) ?? beginEvents(response);
    begun.set(response, send);
    return send;
  }
  for await (const event of new ModelAPIClient(server.url).transcribeEvents(audio)) {
    assert.equal(event.type, "progress");
    break;
  }
  await gone.promise;
});

test("what onEvent throws ends the recognition and comes out of transcribe", async (t) => {
  const gone = signalled();
  const server = await startServer(t, (_, response) => {
    response.on("close", gone.resolve);
    beginEvents(response)(running[0] as RunningEvent);
  });
  const onEvent = async () => {
    throw new RangeError("the application's own");
  };
  await assert.rejects(new ModelAPIClient(server.url).transcribe(audio, { onEvent }), RangeError);
  await gone.promise;
});

test("the connection of a finished stream is used again", async (t) => {
  const sockets = new Set<unknown>();
  const server = await startServer(t, async (request, response) => {
    sockets.add(request.socket);
    await bodyOf(request);
    const send = beginEvents(response);
    for (const event of [...running, done]) send(event);
    response.end();
  });
  const client = new ModelAPIClient(server.url);
  for (let n = 0; n < 5; n++) assert.ok((await client.transcribe(audio)).success);
  assert.ok(sockets.size < 5, `${sockets.size} connections for 5 calls`);
});

test("a stream that stays open after done does not hold the result or the connection", async (t) => {
  const gone = signalled();
  const server = await startServer(t, (_, response) => {
    response.on("close", gone.resolve);
    beginEvents(response)(done);
  });
  assert.deepEqual(await new ModelAPIClient(server.url).transcribe(audio), transcript);
  await gone.promise;
});

test("misuse is a TypeError, and nothing is sent", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, transcript));
  const client = new ModelAPIClient(server.url);
  const locked = new Blob([audio]).stream();
  locked.getReader();
  for (const source of [
    undefined,
    null,
    5,
    {},
    [audio],
    new Float32Array(4),
    new Int16Array(4),
    locked,
    "",
    new URL("http://x/a.wav"),
    "a\0b",
  ]) {
    await assert.rejects(client.transcribe(source as AudioSource), TypeError, String(source));
  }
  await assert.rejects(
    new WebClient(server.url).transcribe("a.wav" as unknown as AudioSource),
    /@voxpool\/client\/node/,
  );
  for (const options of [
    null,
    { response_format: "xml" },
    { response_format: "srt", onEvent: () => undefined },
    { model_path: "" },
    { language: 5 },
    { words: "yes" },
    { onEvent: "log" },
    { contentType: "" },
    { timeoutMs: 0 },
    { signal: "now" },
  ]) {
    await assert.rejects(client.transcribe(audio, options as object), TypeError, JSON.stringify(options));
  }
  await assert.rejects(client.transcribeEvents(audio, { response_format: "srt" } as object).next(), TypeError);
  assert.equal(server.asked.length, 0);
});

test("a source of something but bytes is a TypeError", async (t) => {
  const server = await startServer(t, async (request) => {
    await bodyOf(request).catch(() => undefined);
  });
  const text = Readable.from(["text"]) as unknown as AudioSource;
  const samples = new ReadableStream({ start: (controller) => controller.enqueue(new Float32Array(4)) });
  for (const source of [text, samples]) {
    await assert.rejects(new ModelAPIClient(server.url).transcribe(source), /must be Uint8Array/);
  }
});
