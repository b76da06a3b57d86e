import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelAPIClient as WebClient } from "../dist/index.js";
import { ModelAPIClient } from "../dist/node.js";
import { beginEvents, bodyOf, sendJson, signalled, startRawServer, startServer } from "./support/server.ts";
import { busy, collect, done, running, segments, soon, transcript, wav } from "./support/wire.ts";

const once = { retry: false } as const;
const audio = wav(5000);
const first = { type: "progress", processed_seconds: 1 };
const sseHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
const asText = (event: object) => `data: ${JSON.stringify(event)}\n\n`;

test("options go into the query under their wire names, and the content type is what is given", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, transcript));
  await new ModelAPIClient(server.url).transcribe(audio, {
    model_path: "model/中文 a&b",
    language: "zh-CN",
    response_format: "verbose_json",
    words: true,
    channels: "split",
    vad: "trim",
    itn: false,
    punctuate: true,
    script: "hant",
    client_id: "desk",
    keep_alive: "10m",
    failover: false,
    contentType: "audio/pcm;rate=16000;channels=1",
  });
  const url = new URL(server.asked[0]?.url ?? "", "http://x");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    model_path: "model/中文 a&b",
    language: "zh-CN",
    response_format: "verbose_json",
    words: "true",
    channels: "split",
    vad: "trim",
    itn: "false",
    punctuate: "true",
    script: "hant",
    client_id: "desk",
    keep_alive: "10m",
    failover: "false",
    stream: "true",
  });
  assert.equal(server.asked[0]?.headers["content-type"], "audio/pcm;rate=16000;channels=1");
});

test("options that are of another kind are a misuse", async () => {
  const client = new ModelAPIClient("http://127.0.0.1:9");
  for (const options of [
    { itn: "no" },
    { punctuate: 1 },
    { script: "traditional" },
    { vad: true },
    { channels: 2 },
    { failover: "no" },
    { keep_alive: Number.NaN },
    { client_id: "" },
  ]) {
    await assert.rejects(client.transcribe(audio, options as object), TypeError, JSON.stringify(options));
  }
});

for (const format of ["text", "srt", "vtt", "tsv", "lrc"] as const) {
  test(`response_format ${format} gives the server's text`, async (t) => {
    const server = await startServer(
      t,
      (_, response) => void response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("你好\n"),
    );
    const result = await new WebClient(server.url, { clientId: "c" }).transcribe(audio, { response_format: format });
    assert.deepEqual(result, { success: true, response_format: format, text: "你好\n" });
    assert.equal(server.asked[0]?.url, `/api/transcribe?response_format=${format}&client_id=c`);
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
    send(first);
    send({ type: "error", ...failure, ...(request.url?.includes("language") && { status: 503 }) });
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
    send(server.asked.length === 1 ? { ...busy, type: "error", status: 503 } : done);
    response.end();
  });
  assert.deepEqual(await new ModelAPIClient(server.url, { retry: soon }).transcribe(audio), transcript);
  assert.equal(server.asked.length, 2);
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

const failToListen = () => Promise.reject(new RangeError("the application's own"));

test("what onEvent throws ends the recognition and comes out of transcribe", async (t) => {
  const gone = signalled();
  const server = await startServer(t, (_, response) => {
    response.on("close", gone.resolve);
    beginEvents(response)(first);
  });
  await assert.rejects(new ModelAPIClient(server.url).transcribe(audio, { onEvent: failToListen }), RangeError);
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
