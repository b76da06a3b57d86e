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
import { type AudioSource, ModelAPIClient, type RunningEvent } from "../dist/node.js";
import { beginEvents, bodyOf, sendJson, signalled, startServer } from "./support/server.ts";
import { busy, collect, done, entries, running, soon, transcript, wav } from "./support/wire.ts";

const once = { retry: false } as const;
const audio = wav(5000);

async function* inPieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield new Uint8Array(0);
    yield bytes.subarray(at, at + size);
  }
}

const unknown = "application/octet-stream";
const sources: readonly (readonly [string, () => AudioSource, string])[] = [
  ["a Blob", () => new Blob([audio]), unknown],
  ["a File with a type", () => new File([audio], "a.mp3", { type: "audio/mpeg" }), "audio/mpeg"],
  ["a Blob of no audio type", () => new Blob([audio], { type: "text/plain" }), unknown],
  ["an ArrayBuffer", () => audio.buffer, unknown],
  ["a Uint8Array", () => audio, unknown],
  ["a part of a Buffer", () => Buffer.concat([Buffer.from("xx"), audio]).subarray(2), unknown],
  [
    "shared memory",
    () => {
      const shared = new Uint8Array(new SharedArrayBuffer(audio.length));
      shared.set(audio);
      return shared;
    },
    unknown,
  ],
  ["a ReadableStream", () => new Blob([audio]).stream(), unknown],
  ["an async generator with empty pieces", () => inPieces(audio), unknown],
  ["a stream of Node", () => Readable.from(inPieces(audio), { objectMode: false }), unknown],
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
      const result = await new Client(server.url, { clientId: "c" }).transcribe(source(), {
        onEvent: (event) => seen.push(event),
      });
      assert.deepEqual(result, transcript);
      assert.deepEqual(seen, running);
      assert.equal(Buffer.compare(body, audio), 0);
      assert.equal(server.asked[0]?.headers["content-type"], type);
      assert.equal(server.asked[0]?.url, "/api/transcribe?client_id=c&stream=true");
    });
  }
}

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

async function* failing(): AsyncGenerator<Uint8Array> {
  yield audio.subarray(0, 1000);
  throw new Error("the microphone was unplugged");
}

test("a source is read only as fast as the server takes it", async (t) => {
  const piece = new Uint8Array(1 << 20);
  const pieces = 64;
  let given = 0;
  let taken = 0;
  let mostAhead = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < pieces; n++) {
      given += piece.length;
      mostAhead = Math.max(mostAhead, given - taken);
      yield piece;
    }
  }
  const server = await startServer(t, async (request, response) => {
    for await (const part of request) {
      taken += (part as Buffer).length;
      await new Promise(setImmediate);
    }
    sendJson(response, 200, transcript);
  });
  assert.ok((await new ModelAPIClient(server.url).transcribe(source())).success);
  assert.equal(taken, pieces * piece.length);
  assert.ok(mostAhead < taken / 2, `${mostAhead} bytes ahead`);
});

test("a source that fails in the middle is a failure of the source, not of the connection", async (t) => {
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
    await assert.rejects(client.transcribe(source as AudioSource), TypeError);
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
