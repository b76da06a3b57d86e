import assert from "node:assert/strict";
import { test } from "node:test";
import { type LiveEncoding, LiveEvent } from "@voxpool/client/contract";
import { Check } from "typebox/value";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../../../test/fixtures/wav.ts";
import { recording } from "../audio/recordings.ts";
import { finalsOf, finish, sendAudio, startReal, textsOf } from "./real-server.ts";
import { connect } from "./socket.ts";

const signal = joinedSignals(toneSignal("abc"), silentSignal(0.6), toneSignal("de"), silentSignal(0.2));

const float32Bytes = (samples: Float32Array): Uint8Array => new Uint8Array(samples.slice().buffer);

/** Two channels that say the same, three times as many samples a second: each is said again. */
const stereo48 = (samples: Float32Array): Uint8Array =>
  pcmBytes(Float32Array.from({ length: samples.length * 6 }, (_, index) => samples[Math.floor(index / 6)] ?? 0));

/** µ-law (G.711), by its formula. */
function mulawByte(sample: number): number {
  const magnitude = Math.min(32_635, Math.round(Math.abs(sample) * 32_768)) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 15;
  return ~((sample < 0 ? 128 : 0) | (exponent << 4) | mantissa) & 255;
}

/** A-law (G.711), by its formula. */
function alawByte(sample: number): number {
  const magnitude = Math.min(4095, Math.floor(Math.abs(sample) * 4096));
  const exponent = Math.max(0, Math.floor(Math.log2(Math.max(1, magnitude))) - 4);
  const mantissa = (magnitude >> Math.max(1, exponent)) & 15;
  return ((sample < 0 ? 0 : 128) | (exponent << 4) | mantissa) ^ 0x55;
}

const uncompressed: readonly (readonly [LiveEncoding, Uint8Array, object])[] = [
  ["s16le", pcmBytes(signal), {}],
  ["s16le", stereo48(signal), { sample_rate: 48_000, channels: 2 }],
  ["f32le", float32Bytes(signal), {}],
  ["mulaw", Uint8Array.from(signal, mulawByte), {}],
  ["alaw", Uint8Array.from(signal, alawByte), {}],
];

test("speech in every encoding becomes words while it is spoken", async (t) => {
  const heard = { fake: { text: "{seconds} s, peak {peak}" } };
  const server = await startReal(t, { tone: "tone", heard });
  const model_path = server.modelPath("tone");

  for (const [encoding, bytes, format] of uncompressed) {
    await t.test(`${encoding} ${JSON.stringify(format)}, in messages of odd length`, async () => {
      const { client, ready } = await server.begin({ model_path, encoding, ...format });
      assert.equal(ready.model_path, model_path);
      sendAudio(client, bytes, 3333);
      const events = await finish(client);
      assert.deepEqual(textsOf(events), ["abc", "de"]);
      for (const event of events) assert.ok(Check(LiveEvent, event), JSON.stringify(event));
      const seconds = signal.length / 16_000;
      const last = events.at(-1);
      assert.ok(last?.type === "ended" && last.segments === 2 && Math.abs(last.duration - seconds) < 0.01);
      assert.deepEqual(
        events.map(({ number }) => number).toSorted((a, b) => a - b),
        events.map(({ number }) => number),
      );
    });
  }

  for (const [encoding, name] of [
    ["ogg_opus", "opus.ogg"],
    ["webm_opus", "opus.webm"],
  ] as const) {
    await t.test(`${encoding}, in messages as a browser's recorder makes them`, async () => {
      const { client } = await server.begin({ model_path: server.modelPath("heard"), encoding });
      sendAudio(client, recording(name), 333);
      const events = await finish(client);
      const last = events.at(-1);
      assert.ok(last?.type === "ended" && Math.abs(last.duration - 1) < 0.6, JSON.stringify(last));
      assert.match(textsOf(events)[0] ?? "", /^\d\.\d s, peak \d{2,4}$/);
    });
  }

  await t.test("a session begun by its URL, whose audio is sent at once", async () => {
    const wishes = new URLSearchParams({ model_path, encoding: "mulaw", partials: "false" });
    const client = await connect(t, `${server.url}?${wishes}`);
    sendAudio(client, Uint8Array.from(signal, mulawByte));
    const events = await finish(client);
    assert.deepEqual(textsOf(events), ["abc", "de"]);
    assert.ok(!events.some(({ type }) => type === "partial"));
  });

  await t.test("finalize makes final what was said, and tells when; then it goes on", async () => {
    const { client } = await server.begin({ model_path, endpointing: { mode: "manual" } });
    sendAudio(client, pcmBytes(toneSignal("abc")));
    client.send({ type: "finalize" });
    await client.until("finalized");
    assert.deepEqual(textsOf(client.events), ["abc"]);
    sendAudio(client, pcmBytes(toneSignal("de")));
    client.send({ type: "finalize" });
    client.send({ type: "finalize" });
    const events = await finish(client);
    assert.deepEqual(textsOf(events), ["abc", "de"]);
    assert.equal(events.filter(({ type }) => type === "finalized").length, 3);
  });

  await t.test("partials come before their final, carry its id, and keep what they called stable", async () => {
    const { client } = await server.begin({ model_path });
    const bytes = pcmBytes(toneSignal("abcdefghijklmnop"));
    // As it is spoken: what is shown is what one decode says and the next one confirms.
    for (let at = 0; at < bytes.length; at += 3200) {
      client.socket.send(bytes.subarray(at, at + 3200));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const [final] = finalsOf(await finish(client));
    const partial = client.events.find(({ type }) => type === "partial");
    assert.ok(partial?.type === "partial" && partial.segment_id === final?.segment.id);
    let stable = "";
    for (const event of client.events.filter(({ type }) => type === "partial")) {
      assert.ok(event.type === "partial" && event.stable.startsWith(stable) && event.text.startsWith(event.stable));
      stable = event.stable;
    }
    assert.ok(final?.segment.text.startsWith(stable));
  });

  await t.test("sound that starts and ends is told with its times", async () => {
    const { client } = await server.begin({ model_path });
    sendAudio(client, pcmBytes(signal));
    const events = await finish(client);
    const told = events.filter(({ type }) => type.startsWith("speech_")).map(({ type }) => type);
    assert.deepEqual(told, ["speech_started", "speech_ended", "speech_started", "speech_ended"]);
  });
});

test("a flood of finalizes, a sample between them, is answered one by one and costs little", async (t) => {
  const { begin } = await startReal(t, { tone: "tone" });
  const { client } = await begin();
  const count = 5000;
  for (let sent = 0; sent < count; sent++) {
    client.socket.send(Buffer.alloc(2));
    client.send({ type: "finalize" });
  }
  const events = await finish(client);
  assert.equal(events.filter(({ type }) => type === "finalized").length, count);
});
