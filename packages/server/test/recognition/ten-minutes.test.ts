import assert from "node:assert/strict";
import { test } from "node:test";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { nativeParts, type Recording, recordings, wordErrorRate } from "../../../../test/fixtures/speech.ts";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import { joinText } from "../../dist/engine/text/join.js";
import { loudness } from "../../dist/engine/vad/detector.js";
import { transcribe } from "../../dist/recognition/transcribe.js";
import type { Session } from "../../dist/recognition/types.js";
import { openFolder } from "./opened.ts";

const rateHz = 16_000;
/** How far the noise lies below the speech. It costs the model words of its own, whoever cuts. */
const signalToNoiseDb = 20;
/** Of the signal around a clip, what belongs to it; as much as a cutter keeps, and less than the shortest pause. */
const aroundSamples = 0.19 * rateHz;
/** A point of the word error rate. */
const onePoint = 0.01;

const clips = recordings();
const model = await testModel("en/tiny");
const assets = await nativeParts();

function missing(): string | false {
  if (clips === undefined) return "the recordings are not there";
  if ("skip" in model) return model.skip;
  return assets.sileroFile === "" ? "Silero could not be fetched" : false;
}

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type NoiseIn = "nothing" | "pauses" | "all";

/** Noise of a loudness, as long as the samples. */
type Noise = (samples: Float32Array, level: number, random: () => number) => Float32Array;

interface Plan {
  readonly minutes: number;
  /** Nothing, every second pause, or all of the recording. */
  readonly noiseIn: NoiseIn;
  readonly noise: Noise;
  readonly seed: number;
}

interface LongRecording {
  readonly samples: Float32Array;
  /** Everything that is said, in order. */
  readonly text: string;
  /** The clips as they lie in it, with what is around them. */
  readonly clips: readonly Float32Array[];
}

/** Minutes of clips in any order, pauses of 0.2 to 8 s between them. */
function longRecording(parts: readonly Recording[], { minutes, noiseIn, noise, seed }: Plan): LongRecording {
  const random = randomNumbers(seed);
  const level = loudnessOf(parts) * 10 ** (-signalToNoiseDb / 20);
  const signals: Float32Array[] = [];
  const places: { readonly text: string; readonly from: number; readonly to: number }[] = [];
  let length = 0;
  for (;;) {
    const clip = parts[Math.floor(random() * parts.length)];
    assert.ok(clip);
    const pause = silentSignal(0.2 + 7.8 * random() ** 2);
    if (length + pause.length + clip.samples.length > minutes * 60 * rateHz) break;
    signals.push(noiseIn === "pauses" && random() < 0.5 ? noise(pause, level, random) : pause, clip.samples);
    const from = length + pause.length;
    length = from + clip.samples.length;
    places.push({ text: clip.text, from, to: length });
  }
  const rest = silentSignal(minutes * 60 - length / rateHz);
  const quiet = joinedSignals(...signals, rest);
  const samples = noiseIn === "all" ? sum(quiet, noise(quiet, level, random)) : quiet;
  return {
    samples,
    text: places.map(({ text }) => text).join(" "),
    clips: places.map(({ from, to }) => samples.subarray(from - aroundSamples, to + aroundSamples)),
  };
}

const hiss: Noise = (samples, level, random) => {
  const peak = level * Math.sqrt(3); // evenly spread numbers in [-1, 1] have a loudness of 1/√3
  return samples.map(() => peak * (2 * random() - 1));
};

/** A mains hum: 50 Hz and its harmonics, each weaker than the one before. */
const hum: Noise = (samples, level, random) => {
  const phases = Array.from({ length: 12 }, () => 2 * Math.PI * random());
  const turn = (2 * Math.PI * 50) / rateHz;
  const waves = samples.map((_, index) =>
    phases.reduce((value, phase, at) => value + Math.sin((at + 1) * turn * index + phase) / (at + 1), 0),
  );
  return scaled(waves, level);
};

/** Eight people who talk at once somewhere else, half of them backwards, so that no word is to be heard. */
const voices: Noise = (samples, level, random) => {
  const mixed = new Float32Array(samples.length);
  for (let voice = 0; voice < 8; voice += 1) {
    for (let at = Math.floor(-3 * rateHz * random()); at < mixed.length; ) {
      const clip = clips?.[Math.floor(random() * clips.length)]?.samples;
      assert.ok(clip);
      const spoken = random() < 0.5 ? clip.toReversed() : clip;
      for (let index = Math.max(0, -at); index < spoken.length && at + index < mixed.length; index += 1) {
        mixed[at + index] = (mixed[at + index] ?? 0) + (spoken[index] ?? 0);
      }
      at += spoken.length;
    }
  }
  return scaled(mixed, level);
};

function sum(one: Float32Array, other: Float32Array): Float32Array {
  return one.map((sample, index) => sample + (other[index] ?? 0));
}

function scaled(samples: Float32Array, level: number): Float32Array {
  const factor = level / loudness(samples);
  return samples.map((sample) => sample * factor);
}

function loudnessOf(parts: readonly Recording[]): number {
  return loudness(joinedSignals(...parts.map(({ samples }) => samples)));
}

async function heard(session: Session, samples: Float32Array): Promise<string> {
  const chunks = async function* () {
    for (let at = 0; at < samples.length; at += rateHz) yield samples.slice(at, at + rateHz);
  };
  const texts: string[] = [];
  for await (const event of transcribe(session, chunks())) if (event.type === "final") texts.push(event.segment.text);
  return joinText(texts);
}

/** What noise costs by itself is not the matter here: the clips alone have the noise that they have in the recording. */
const cases: readonly (readonly [name: string, plan: Omit<Plan, "seed">])[] = [
  ["ten minutes of clips are read nearly as well as the clips themselves", plan(10, "nothing", hiss)],
  ["ten minutes with noise in pauses are read nearly as well as the same clips one by one", plan(10, "pauses", hiss)],
  ["ten minutes with noise over all are read nearly as well as the same clips one by one", plan(10, "all", hiss)],
  ["three minutes with a hum in pauses are read nearly as well as the same clips one by one", plan(3, "pauses", hum)],
  [
    "three minutes with voices in pauses are read nearly as well as the same clips one by one",
    plan(3, "pauses", voices),
  ],
];

function plan(minutes: number, noiseIn: NoiseIn, noise: Noise): Omit<Plan, "seed"> {
  return { minutes, noiseIn, noise };
}

for (const [name, { noiseIn, ...rest }] of cases) {
  test(name, { skip: missing() }, async (t) => {
    assert.ok(clips !== undefined && !("skip" in model));
    const { open } = await openFolder(t, model.modelDir, "en/tiny", assets);
    const long = longRecording(clips, { ...rest, noiseIn, seed: 7 });
    const alone = noiseIn === "nothing" ? clips.map(({ samples }) => samples) : long.clips;
    const said = noiseIn === "nothing" ? clips.map(({ text }) => text).join(" ") : long.text;
    const aloneTexts: string[] = [];
    for (const samples of alone) aloneTexts.push(await heard(await open(), samples));
    const aloneRate = wordErrorRate(said, aloneTexts.join(" "));
    const rate = wordErrorRate(long.text, await heard(await open(), long.samples));
    t.diagnostic(`word error rate: clips ${(100 * aloneRate).toFixed(2)} %, together ${(100 * rate).toFixed(2)} %`);
    assert.ok(rate <= aloneRate + onePoint, `${rate} against ${aloneRate} of the clips alone`);
  });
}
