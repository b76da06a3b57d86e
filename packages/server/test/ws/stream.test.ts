import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveEvent } from "@voxpool/client/contract";
import { Check } from "typebox/value";
import { VoxpoolError } from "../../dist/base/errors.js";
import { startLiveServer } from "./harness.ts";
import { final, partial } from "./scripted-live.ts";
import { connect } from "./socket.ts";

test("a session begins, takes audio, tells its events in order and by number, and ends", async (t) => {
  const { begin, server } = await startLiveServer(t);
  const { client, live, ready } = await begin({ model_path: "model/test", language: "zh", client_id: "me" });
  assert.deepEqual(live.options, { model_path: "model/test", language: "zh", client_id: "me" });
  assert.equal(live.caller.client, "me");
  assert.deepEqual(ready, {
    type: "ready",
    number: 1,
    session_id: ready.session_id,
    ...live.model,
    received_bytes: 0,
    received_finalizes: 0,
    resume_seconds: 30,
  });
  assert.match(ready.session_id, /^[\w-]{32}$/);
  client.socket.send(Buffer.from([1, 2, 3]));
  client.socket.send(Buffer.alloc(0));
  client.socket.send(Buffer.from([4]));
  client.send({ type: "finalize" });
  await client.until("finalized");
  assert.deepEqual([...live.written], [1, 2, 3, 4]);
  live.say({ type: "speech_started", at: 0 }, partial("he"), final(0, "hello 你好"));
  client.send({ type: "end" });
  assert.deepEqual(await client.closed, { code: 1000, reason: "ended" });
  assert.deepEqual(
    client.events.map(({ type, number }) => [number, type]),
    [
      [1, "ready"],
      [2, "finalized"],
      [3, "speech_started"],
      [4, "partial"],
      [5, "final"],
      [6, "ended"],
    ],
  );
  for (const event of client.events) assert.ok(Check(LiveEvent, event), JSON.stringify(event));
  const [line] = await server.requestLines(1);
  assert.equal(line?.fields.status, 101);
  assert.equal(line?.fields.route, "/api/stream");
});

test("the parameters of the URL can wish what start would, and audio may come at once", async (t) => {
  const { url, lives } = await startLiveServer(t);
  const wishes = "model_path=model/test&sample_rate=8000&words=true&partials=0&hotwords=a&hotwords=b&lang=zh";
  const client = await connect(t, `${url}?${wishes}`);
  client.socket.send(Buffer.from([1, 2]));
  client.send({ type: "end" });
  await client.closed;
  assert.deepEqual(lives[0]?.options, {
    model_path: "model/test",
    sample_rate: 8000,
    words: true,
    partials: false,
    hotwords: ["a", "b"],
  });
  assert.equal(lives[0]?.caller.language, "zh");
  assert.equal(lives[0]?.written.length, 2);
});

test("hints that nothing uses come along, and are no error", async (t) => {
  const { begin } = await startLiveServer(t);
  const { live } = await begin({ temperature: "0" } as object);
  assert.deepEqual(live.hints, ["temperature"]);
  assert.deepEqual(live.options, {});
});

/** What is sent first, and what the error says of it. */
const wrongFirst: readonly (readonly [string | Buffer, reason: string, message: RegExp])[] = [
  ["", "message_invalid", /no JSON object/],
  ["{", "message_invalid", /no JSON object/],
  ["[]", "message_invalid", /no JSON object/],
  ["null", "message_invalid", /no JSON object/],
  ["{}", "message_invalid", /none of start, resume, finalize, end/],
  ['{"type":"begin"}', "message_invalid", /none of start/],
  ['{"type":["start"]}', "message_invalid", /none of start/],
  ['{"type":"finalize"}', "message_invalid", /has to be start or resume/],
  [Buffer.from([1, 2]), "message_invalid", /has to be start or resume/],
  ['{"type":"start","encoding":"mp3"}', "option_invalid", /encoding: it is none of s16le, f32le, .*webm_opus/],
  ['{"type":"start","sample_rate":"16000"}', "option_invalid", /sample_rate: must be integer/],
  ['{"type":"start","sample_rate":1}', "option_invalid", /sample_rate: must be >= 4000/],
  ['{"type":"start","endpointing":{"mode":"x"}}', "option_invalid", /endpointing\.mode: it is none of auto, manual/],
  ['{"type":"start","hotwords":["a",1]}', "option_invalid", /hotwords\.1: must be string/],
  ['{"type":"start","sampleRate":8000}', "option_unknown", /Did you mean sample_rate/],
  ['{"type":"resume","session_id":"x"}', "option_invalid", /after: it is missing/],
  ['{"type":"resume","session_id":"x","after":-1}', "option_invalid", /after: must be >= 0/],
  ['{"type":"resume","session_id":"x","after":0}', "session_unknown", /live\.resume_seconds/],
];

test("a first message that is wrong is refused with what is wrong and where, and the connection closes", async (t) => {
  const { url, lives } = await startLiveServer(t);
  for (const [first, reason, message] of wrongFirst) {
    const client = await connect(t, url);
    client.socket.send(first, { binary: typeof first !== "string" });
    const closed = await client.closed;
    assert.deepEqual(closed, { code: 1008, reason }, String(first));
    assert.equal(client.events.length, 1);
    const [error] = client.events;
    assert.ok(error?.type === "error" && error.number === 1 && error.reason === reason);
    assert.match(error.message, message);
    assert.equal(error.retryable, false);
  }
  assert.equal(lives.length, 0);
});

test("errors are in the language of the header, and of the URL before it", async (t) => {
  const { url } = await startLiveServer(t);
  for (const [address, header, message] of [
    [url, "zh-CN,zh;q=0.9", /^encoding：不是以下值之一：s16le、?/],
    [`${url}?lang=zh`, "en", /不是以下值之一/],
    [`${url}?lang=en`, "zh", /is none of/],
  ] as const) {
    const client = await connect(t, address, { headers: { "accept-language": header } });
    client.send({ type: "start", encoding: "mp3" });
    assert.match((await client.until("error")).message, message);
  }
});

test("a wrong message or audio after the end closes the session, with its own number", async (t) => {
  const { begin } = await startLiveServer(t);
  for (const [messages, message] of [
    [['{"type":"start"}'], /begun already/],
    [["hello"], /no JSON object/],
    [['{"type":"end"}', Buffer.from([1, 2])], /after end/],
  ] as const) {
    const { client, live } = await begin();
    // Before it ends by itself.
    live.end = () => undefined;
    for (const one of messages) client.socket.send(one, { binary: typeof one !== "string" });
    const error = await client.until("error");
    assert.match(error.message, message);
    assert.equal(error.number, 2);
    assert.deepEqual(await client.closed, { code: 1008, reason: "message_invalid" });
    await live.until(({ cancelled }) => cancelled !== undefined);
  }
});

test("what ends a session is its last event, and the close code says whose fault it was", async (t) => {
  const { begin } = await startLiveServer(t);
  for (const [error, code] of [
    [new VoxpoolError("audio_invalid", { detail: "it is empty" }), 1008],
    [new VoxpoolError("host_crashed", { model_path: "model/test", detail: "SIGKILL" }), 1013],
    [new VoxpoolError("too_many_sessions", { limit: 1, setting: "limits.live_sessions" }), 1013],
    [new VoxpoolError("internal"), 1011],
  ] as const) {
    const { client, live } = await begin();
    live.say(final(0, "one"));
    live.fail(error);
    assert.deepEqual(await client.closed, { code, reason: error.reason });
    assert.deepEqual(
      client.events.map(({ type, number }) => [number, type]),
      [
        [1, "ready"],
        [2, "final"],
        [3, "error"],
      ],
    );
    const last = client.events.at(-1);
    assert.ok(last?.type === "error" && last.message === error.message && last.retryable === error.entry.retryable);
  }
});

test("a session that cannot be opened is an error, and a client that leaves before it is open cancels it", async (t) => {
  const opening = Promise.withResolvers<AbortSignal>();
  const { url } = await startLiveServer(t, {
    async openLive({ options }, { signal }) {
      if (options.model_path === "model/none") throw new VoxpoolError("model_not_found", { model_path: "model/none" });
      opening.resolve(signal);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
  });
  const refused = await connect(t, url);
  refused.send({ type: "start", model_path: "model/none" });
  assert.deepEqual(await refused.closed, { code: 1008, reason: "model_not_found" });
  const leaving = await connect(t, url);
  leaving.send({ type: "start" });
  const signal = await opening.promise;
  leaving.socket.terminate();
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  assert.equal((signal.reason as VoxpoolError).reason, "request_cancelled");
});

test("a server that stops tells each session, and closes with 1001", async (t) => {
  const { begin, server, url } = await startLiveServer(t);
  const { client, live } = await begin();
  const silent = await connect(t, url);
  await server.fastify.close();
  for (const { closed, events } of [client, silent]) {
    assert.deepEqual(await closed, { code: 1001, reason: "server_stopping" });
    assert.ok(events.at(-1)?.type === "error");
  }
  assert.equal(live.cancelled?.reason, "server_stopping");
});
