import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import type { LiveOutput } from "../../dist/api/types.js";
import type { Parts } from "../../dist/compose/compose.js";
import { recording } from "../audio/recordings.ts";
import { caller, composed, listen, openWith, s16le, textsOf, typesOf } from "./live-api.ts";

const models = {
  tone: "tone",
  measured: { fake: { text: "{samples} {seconds}", languages: ["en"] } },
  frames: { fake: { input: "frames", text: "one two three four {samples}", spanSeconds: 1, words: true } },
} as const;

const stereo = (samples: Float32Array) =>
  Float32Array.from({ length: samples.length * 2 }, (_, at) => samples[at >> 1] ?? 0);
const held = (samples: Float32Array, times: number) =>
  Float32Array.from({ length: samples.length * times }, (_, at) => samples[Math.floor(at / times)] ?? 0);

describe("a live session", () => {
  let parts: Parts;
  const closing: (() => unknown)[] = [];
  before(async () => {
    parts = await composed({ after: (close: () => unknown) => closing.push(close) }, models);
  });
  after(async () => {
    for (const close of closing.toReversed()) await close();
  });

  /** Writes everything and ends; all events. */
  async function transcribed(id: string, bytes: Uint8Array, options = {}, pieceBytes = 3201) {
    const session = await openWith(parts, id, options);
    const { finished } = listen(session);
    for (let at = 0; at < bytes.length; at += pieceBytes) await session.write(bytes.slice(at, at + pieceBytes));
    session.end();
    return finished;
  }

  test("gives the finals of what is spoken and then its end, whatever pieces the bytes come in", async () => {
    const signal = joinedSignals(toneSignal("hello"), silentSignal(1), toneSignal("world"));
    for (const pieceBytes of [101, 3200, 1_000_000]) {
      const events = await transcribed("tone", s16le(signal), {}, pieceBytes);
      assert.deepEqual(textsOf(events), ["hello", "world"]);
    }
    assert.deepEqual(textsOf(await transcribed("tone", s16le(toneSignal("a", { silenceSeconds: 0.1 })), {}, 1)), ["a"]);
    const ended = (await transcribed("tone", s16le(signal))).at(-1);
    assert.deepEqual(ended, { type: "ended", duration: signal.length / 16_000, segments: 2 });
  });

  const spoken = toneSignal("word");
  const encodings = [
    { name: "f32le", options: { encoding: "f32le" }, bytes: new Uint8Array(spoken.slice().buffer) },
    { name: "two channels", options: { channels: 2 }, bytes: s16le(stereo(spoken)) },
    { name: "48 kHz", options: { sample_rate: 48_000 }, bytes: s16le(held(spoken, 3)) },
    { name: "mu-law", options: { encoding: "mulaw" }, bytes: mulaw(spoken) },
  ] as const;
  for (const { name, options, bytes } of encodings) {
    test(`takes ${name}`, async () => {
      assert.deepEqual(textsOf(await transcribed("tone", bytes, options, 1001)), ["word"]);
    });
  }

  for (const [encoding, file] of [
    ["ogg_opus", "opus.ogg"],
    ["webm_opus", "opus.webm"],
  ] as const) {
    test(`takes ${encoding} as it is recorded, and finalize waits for what came before it`, async () => {
      const bytes = recording(file);
      const session = await openWith(parts, "measured", { encoding, endpointing: { mode: "manual" } });
      const { until, finished, seen } = listen(session);
      for (let at = 0; at < bytes.length; at += 500) await session.write(bytes.slice(at, at + 500));
      session.finalize();
      await until(({ type }) => type === "finalized");
      const [text = ""] = textsOf(seen);
      assert.ok(Number.parseInt(text, 10) > 16_000, `of ${file} so many samples were there: ${text}`);
      session.end();
      assert.equal((await finished).at(-1)?.type, "ended");
    });
  }

  test("which is no Opus is told so", async () => {
    const session = await openWith(parts, "tone", { encoding: "webm_opus" });
    const { finished } = listen(session);
    await session.write(new TextEncoder().encode("{}".repeat(4000)));
    await assert.rejects(finished, { reason: "audio_unsupported" });
    await assert.rejects(session.write(new Uint8Array(1)), { reason: "audio_unsupported" });
  });

  for (const encoding of ["s16le", "ogg_opus"] as const) {
    test(`without any audio ends well, with an answer to finalize: ${encoding}`, async () => {
      const session = await openWith(parts, "tone", { encoding });
      session.finalize();
      session.end();
      assert.deepEqual(typesOf(await listen(session).finished), ["finalized", "ended"]);
    });
  }

  test("says which model serves, and gives word times where they are demanded", async () => {
    const session = await openWith(parts, "frames", { words: true });
    assert.equal(session.model.words, true);
    assert.equal(session.model.model_version, "1");
    const { finished } = listen(session);
    await session.write(s16le(new Float32Array(16_000)));
    session.end();
    const [final] = (await finished).filter((event) => event.type === "final");
    assert.deepEqual(
      final?.segment.words?.map(({ word }) => word),
      ["one", "two", "three", "four", "16000"],
    );
  });

  test("is refused where the model cannot give what is demanded, and keeps no place", async () => {
    await assert.rejects(openWith(parts, "measured", { words: true }), { reason: "capability_missing" });
    await assert.rejects(openWith(parts, "measured", { language: "zh" }), { reason: "language_unsupported" });
    await assert.rejects(openWith(parts, "none"), { reason: "model_not_found" });
  });

  test("warns of what the model makes no use of", async () => {
    const session = await openWith(parts, "tone", {
      hotwords: ["voxpool"],
      grammar: ["yes"],
      alternatives: 3,
      itn: true,
    });
    session.end();
    const warned = (await listen(session).finished).filter((event) => event.type === "warning");
    assert.deepEqual(
      warned.map(({ reason }) => reason),
      ["hints_unused", "itn_unavailable"],
    );
    assert.match(warned[0]?.message ?? "", /hotwords, grammar, alternatives/);
  });

  test("answers each finalize, also a thousand at one place", async () => {
    const session = await openWith(parts, "tone");
    const { finished } = listen(session);
    await session.write(s16le(toneSignal("abc")));
    for (let count = 0; count < 1000; count += 1) session.finalize();
    session.end();
    const events = await finished;
    assert.equal(events.filter(({ type }) => type === "finalized").length, 1000);
    assert.equal(
      events.findIndex(({ type }) => type === "final") < events.findIndex(({ type }) => type === "finalized"),
      true,
    );
  });

  test("counts as one use of its model, and is over when it is cancelled", async () => {
    const folder = await parts.names.resolve("tone");
    const uses = () => parts.pool.find(folder)?.usageCount ?? 0;
    const usesBefore = uses();
    await transcribed("tone", s16le(toneSignal("abc")));
    assert.equal(uses(), usesBefore + 1);
    const session = await openWith(parts, "tone");
    const { finished } = listen(session);
    session.cancel();
    session.cancel();
    await assert.rejects(finished, { reason: "request_cancelled" });
    await assert.rejects(session.write(new Uint8Array(2)), { reason: "request_cancelled" });
    assert.equal(parts.pool.find(folder)?.sessions, 0);
  });

  test("whose caller went away is over", async () => {
    const leaving = new AbortController();
    const session = await parts.api.openLive({ options: {} }, { ...caller, signal: leaving.signal });
    const { finished } = listen(session);
    leaving.abort();
    await assert.rejects(finished, { reason: "request_cancelled" });
  });

  test("does not hear what comes after its end", async () => {
    const session = await openWith(parts, "tone");
    const { finished } = listen(session);
    session.end();
    session.end();
    await assert.rejects(session.write(new Uint8Array(2)), { reason: "request_invalid" });
    await finished;
  });

  test("whose process is killed in mid-sentence loses nothing and repeats nothing", async () => {
    const session = await openWith(parts, "tone", { endpointing: { mode: "manual" } });
    const { until, finished, seen } = listen(session);
    const folder = await parts.names.resolve("tone");
    const kill = () => process.kill(parts.pool.find(folder)?.pid as number, "SIGKILL");
    await session.write(s16le(toneSignal("first")));
    session.finalize();
    await until(({ type }) => type === "finalized");
    const second = toneSignal("the second");
    await session.write(s16le(second.subarray(0, 26_000)));
    await until((event) => event.type === "partial" && event.segment_id === 1);
    kill();
    await session.write(s16le(second.subarray(26_000)));
    session.finalize();
    session.end();
    await finished;
    assert.deepEqual(textsOf(seen), ["first", "the second"]);
    const rest = seen.filter((event): event is LiveOutput => event.type !== "partial");
    const utterance = ["speech_started", "speech_ended", "final", "finalized"];
    assert.deepEqual(typesOf(rest), [...utterance, ...utterance, "ended"]);
  });
});

test("places are limited, of all and of one client, and the refusal names its limit", async (t) => {
  const parts = await composed(t, models, { "limits.live_sessions": 3, "limits.sessions_per_client": 2 });
  const sessions = [await openWith(parts, "tone"), await openWith(parts, "tone")];
  const full = { reason: "client_sessions_full", details: { setting: "limits.sessions_per_client" } };
  await assert.rejects(openWith(parts, "tone"), ({ reason, details }) => {
    assert.equal(reason, full.reason);
    assert.equal(details.setting, full.details.setting);
    return true;
  });
  const other = await parts.api.openLive({ options: {} }, { ...caller, client: "another" });
  await assert.rejects(parts.api.openLive({ options: {} }, { ...caller, client: "third" }), {
    reason: "too_many_sessions",
  });
  other.cancel();
  (await parts.api.openLive({ options: {} }, { ...caller, client: "third" })).cancel();
  for (const session of sessions) session.cancel();
});

test("who says nothing for long, and who speaks for too long, is ended with what was said and the limit's name", async (t) => {
  const parts = await composed(t, models, { "limits.live_idle_seconds": 1, "limits.live_seconds": 4 });
  const idle = await openWith(parts, "tone", { endpointing: { mode: "manual" } });
  const silent = listen(idle);
  await idle.write(s16le(toneSignal("abc")));
  await assert.rejects(silent.finished, { reason: "live_idle" });
  assert.deepEqual(textsOf(silent.seen), ["abc"]);
  const endless = await openWith(parts, "tone");
  const heard = listen(endless);
  await endless.write(s16le(joinedSignals(toneSignal("abc"), silentSignal(5), toneSignal("def"))));
  await assert.rejects(heard.finished, { reason: "live_too_long" });
  assert.deepEqual(textsOf(heard.seen), ["abc"]);
});

/** G.711 mu-law, by the formula. */
function mulaw(samples: Float32Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => {
    const magnitude = Math.min(32_635, Math.round(Math.abs(sample) * 32_767)) + 132;
    const exponent = Math.max(0, 24 - Math.clz32(magnitude));
    const mantissa = (magnitude >> (exponent + 3)) & 15;
    return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
  });
}
