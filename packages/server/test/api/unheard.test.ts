import assert from "node:assert/strict";
import { test } from "node:test";
import { silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { RunningLive } from "../../dist/api/live-session.js";
import type { LiveOutput } from "../../dist/api/types.js";
import { Unheard } from "../../dist/api/unheard.js";
import { openModel } from "../recognition/opened.ts";
import { composed, listen, openWith, s16le, typesOf } from "./live-api.ts";

const partial = (text: string): LiveOutput => ({ type: "partial", segment_id: 0, start: 0, text, stable: "" });
const started: LiveOutput = { type: "speech_started", at: 1 };
const ended: LiveOutput = { type: "speech_ended", at: 2 };

/** What is told at which second of the audio, and when it is looked whether something is to be said. */
const table: readonly {
  what: string;
  told: readonly (readonly [LiveOutput, number])[];
  at: number;
  clock?: number;
  due: boolean;
}[] = [
  { what: "ten seconds of nothing", told: [], at: 10, due: true },
  { what: "less", told: [], at: 9.9, due: false },
  { what: "a recording that comes at once", told: [], at: 100, clock: 1, due: false },
  { what: "words, and then nothing", told: [[partial("a"), 1]], at: 100, due: false },
  { what: "an utterance that goes on", told: [[started, 1]], at: 100, due: false },
  {
    what: "an utterance that ended just now",
    told: [
      [started, 1],
      [ended, 9],
    ],
    at: 18,
    due: false,
  },
  {
    what: "an utterance without words",
    told: [
      [started, 1],
      [ended, 2],
      [partial(""), 3],
    ],
    at: 12,
    due: true,
  },
];

for (const { what, told, at, clock = at, due } of table) {
  test(`of ${what} it is ${due ? "" : "not "}said that nothing is heard`, () => {
    let now = 0;
    const unheard = new Unheard(() => now);
    for (const [output, seconds] of told) {
      now = seconds * 1000;
      unheard.heard(output, seconds);
    }
    now = clock * 1000;
    assert.equal(unheard.isDue(at), due);
    assert.equal(unheard.isDue(at + 100), false, "once");
  });
}

const isWarning = (event: LiveOutput) => event.type === "warning";

test("who sends ten seconds without a word is told so meanwhile, once", async (t) => {
  const { open } = await openModel(t, "tone");
  const session = await open({ live: { partials: true, manual: false }, priority: "live_final" });
  let now = 0;
  const steps = { applyLive: (events: object) => events } as never;
  const running = new RunningLive({
    session,
    steps,
    model: { model_path: "model/tone", model_version: "1", words: false, partials: true },
    makeInput: (sink) => ({
      write: (bytes) => sink.write(new Float32Array(bytes.slice().buffer)),
      flush: () => sink.flush(),
      end: () => sink.end(),
      close: () => undefined,
    }),
    warnings: [],
    limits: { bufferSeconds: 100, idleSeconds: 100, maxSeconds: 100 },
    language: "en",
    onOver: () => undefined,
    now: () => now,
  });
  const { until, finished } = listen(running);
  const second = new Uint8Array(silentSignal(1).buffer);
  for (let at = 0; at < 25; at += 1) {
    now += 1000;
    await running.write(second);
    if (at === 12) await until(isWarning);
  }
  running.end();
  const [warned, ...others] = (await finished).filter((event) => event.type === "warning");
  assert.deepEqual(others, []);
  assert.equal(warned?.reason, "nothing_heard");
  assert.match(warned?.message ?? "", /No speech was recognised in 10 seconds.*sample rate/);
});

test("who has sent all is told so before the end; not who was heard, nor of a moment", async (t) => {
  const parts = await composed(t, { tone: "tone" });
  const [quiet, spoken] = [silentSignal(11), toneSignal("hello", { silenceSeconds: 11 })];
  for (const [samples, warned] of [
    [quiet, true],
    [spoken, false],
    [quiet.subarray(16_000 * 2), false],
  ] as const) {
    const session = await openWith(parts, "tone");
    const { finished } = listen(session);
    await session.write(s16le(samples));
    session.end();
    assert.equal(typesOf(await finished).includes("warning"), warned);
  }
});
