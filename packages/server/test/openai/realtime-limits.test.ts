import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { openAiProtocol } from "../../dist/gateway/openai/protocol.js";
import { createTestServer } from "../gateway/harness.ts";
import { ScriptedLive } from "../ws/scripted-live.ts";
import { connectRealtime, type RealtimeClient } from "./realtime-client.ts";

const transcription = "conversation.item.input_audio_transcription";
const manual = { session: { type: "transcription", audio: { input: { turn_detection: null } } } };

/** The real server, whose recognitions the test leads. */
async function start(t: TestContext, config: Record<string, number> = {}) {
  const server = createTestServer(t, { protocols: [openAiProtocol({ messageBytes: 22_020_096 })], config });
  let opened = Promise.withResolvers<ScriptedLive>();
  const openLive: typeof server.api.openLive = async (request, caller) => {
    const live = new ScriptedLive(request, caller);
    opened.resolve(live);
    opened = Promise.withResolvers();
    return live;
  };
  server.api.openLive = openLive;
  const { url } = await server.listen();
  return {
    server,
    openLive,
    connect: (options?: Parameters<typeof connectRealtime>[2]) => connectRealtime(t, url, options),
    async begin(client: RealtimeClient): Promise<ScriptedLive> {
      const coming = opened.promise;
      client.append(new Uint8Array(4800));
      return coming;
    },
  };
}

test("what is set becomes the options of the recognition", async (t) => {
  const one = await start(t);
  const client = await one.connect({ query: "?model=tone" });
  client.say("session.update", {
    session: {
      audio: {
        input: {
          format: { type: "audio/pcma" },
          transcription: { language: "zh", prompt: "names" },
          turn_detection: { type: "server_vad", threshold: 0.7, silence_duration_ms: 20 },
        },
      },
    },
  });
  const live = await one.begin(client);
  assert.deepEqual(live.options, {
    model_path: "tone",
    language: "zh",
    encoding: "alaw",
    sample_rate: 8000,
    endpointing: { mode: "auto", threshold: 0.7, silence_ms: 100 },
  });
  assert.deepEqual(live.hints, ["prompt"]);
});

test("the names of OpenAI's own models are the default model", async (t) => {
  const one = await start(t);
  for (const query of ["?model=gpt-realtime", "?model=gpt-4o-mini-realtime-preview", "?model=whisper-1", ""]) {
    const live = await one.begin(await one.connect({ query }));
    assert.equal(live.options.model_path, undefined, query);
  }
});

test("who says nothing for long is told nothing, and goes on", async (t) => {
  const one = await start(t);
  const client = await one.connect();
  const idle = await one.begin(client);
  idle.say({ type: "speech_started", at: 0 });
  await client.until("input_audio_buffer.speech_started");
  idle.fail(new VoxpoolError("live_idle", { idle_seconds: 60, setting: "limits.live_idle_seconds" }));
  const { item_id: id } = await client.until(`${transcription}.completed`);
  const live = await one.begin(client);
  live.say({ type: "speech_started", at: 0 });
  const next = await client.until("input_audio_buffer.speech_started");
  assert.notEqual(next.item_id, id);
  assert.equal(next["audio_start_ms"], 100);
  assert.ok(client.seen.every(({ type }) => type !== "error"));
});

test("what was not committed when a recognition went idle is a part of the next commit", async (t) => {
  const one = await start(t);
  const client = await one.connect();
  client.say("session.update", manual);
  const idle = await one.begin(client);
  idle.say({ type: "final", segment: { id: 0, start: 0, end: 1, text: "hello" } });
  await client.until(`${transcription}.delta`);
  idle.fail(new VoxpoolError("live_idle"));
  client.say("input_audio_buffer.commit");
  assert.equal((await client.until(`${transcription}.completed`))["transcript"], "hello");
});

test("a recognition that has reached its limit is told, and the connection ends quietly", async (t) => {
  const one = await start(t);
  const client = await one.connect();
  const live = await one.begin(client);
  live.fail(new VoxpoolError("live_too_long", { limit_seconds: 9, setting: "limits.live_seconds" }));
  const { error } = await client.until("error");
  assert.match((error as { message: string }).message, /limits\.live_seconds/);
  assert.equal((await client.closed()).code, 1000);
});

test("a server that is full is an error, audio is dropped for a while, and a commit tries again", async (t) => {
  const one = await start(t);
  let tries = 0;
  one.server.api.openLive = async () => {
    tries += 1;
    throw new VoxpoolError("too_many_sessions", { limit: 1, setting: "limits.live_sessions" });
  };
  const client = await one.connect();
  client.append(new Uint8Array(48_000), 480);
  const { error } = await client.until("error");
  assert.deepEqual((error as { type: string }).type, "rate_limit_error");
  client.say("input_audio_buffer.clear");
  await client.until("input_audio_buffer.cleared");
  assert.equal(tries, 1);
  one.server.api.openLive = one.openLive;
  await one.begin(client);
});

test("audio that waits holds the client back, and what is said meanwhile waits behind it", async (t) => {
  const one = await start(t);
  const client = await one.connect();
  const live = await one.begin(client);
  await live.until(({ written }) => written.length === 4800);
  live.isFull = true;
  client.append(new Uint8Array(100), 100);
  await live.until(({ written }) => written.length === 4900);
  client.append(new Uint8Array(8 * 1024 * 1024), 1024 * 1024);
  client.say("input_audio_buffer.clear");
  // Another connection has its answer, so this one could have had it.
  await (await one.connect()).until("session.created");
  assert.ok(client.seen.every(({ type }) => type !== "input_audio_buffer.cleared"));
  assert.equal(live.written.length, 4900);
  live.drain();
  await client.until("input_audio_buffer.cleared");
  assert.equal(live.written.length, 4900 + 8 * 1024 * 1024);
});

test("a reader that takes nothing is cut off, and its recognition ends", async (t) => {
  const one = await start(t, { "limits.upload_idle_seconds": 1 });
  const client = await one.connect();
  const live = await one.begin(client);
  client.socket.pause();
  const text = "x".repeat(1_000_000);
  for (let id = 0; id < 40; id += 1) live.say({ type: "final", segment: { id, start: id, end: id + 1, text } });
  await live.until(({ hasEnded }) => hasEnded);
});

test("who leaves while its model loads, or at any time, is gone for the recognition too", async (t) => {
  const one = await start(t);
  const loading = Promise.withResolvers<AbortSignal>();
  one.server.api.openLive = (_request, { signal }) =>
    new Promise((_, reject) => {
      loading.resolve(signal);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const early = await one.connect();
  early.append(new Uint8Array(480));
  const signal = await loading.promise;
  early.socket.terminate();
  if (!signal.aborted) await once(signal, "abort");
  one.server.api.openLive = one.openLive;
  const client = await one.connect();
  const live = await one.begin(client);
  live.say({ type: "speech_started", at: 0 });
  await client.until("input_audio_buffer.speech_started");
  client.socket.close(1000);
  await live.until(({ cancelled }) => cancelled !== undefined);
  assert.equal(live.cancelled?.reason, "request_cancelled");
});

test("who leaves when all is told leaves a recognition that comes to its end", async (t) => {
  const one = await start(t);
  const client = await one.connect();
  const live = await one.begin(client);
  live.say({ type: "speech_started", at: 0 }, { type: "speech_ended", at: 0.05 });
  live.say({ type: "final", segment: { id: 0, start: 0, end: 0.05, text: "hi" } });
  await client.until(`${transcription}.completed`);
  client.socket.close(1000);
  await live.until(({ hasEnded, untaken }) => hasEnded && untaken === 0);
  assert.equal(live.cancelled, undefined);
});

test("a server that stops ends connections with 1001", async (t) => {
  const one = await start(t);
  const client = await one.connect();
  const live = await one.begin(client);
  void one.server.fastify.close();
  assert.equal((await client.closed()).code, 1001);
  assert.equal(live.cancelled?.reason, "server_stopping");
});
