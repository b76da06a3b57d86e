import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toneSignal } from "../../test/fixtures/tone-model.ts";
import { wavBytes, wavSamples } from "../../test/fixtures/wav.ts";

/** A WAV file, mono, 16 kHz, 16 bits. */
export interface Recording {
  readonly name: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly samples: Float32Array;
  readonly seconds: number;
}

const rateHz = 16_000;

/** Seconds of the bundled recording: where the pieces lie that stand in for more recordings. */
const pieces = [
  [0, 11],
  [0, 3],
  [3, 8],
  [8, 11],
  [0, 6],
  [4, 11],
] as const;

const repository = join(import.meta.dirname, "../..");

/** Speech: the recordings beside the repository when they are there, else pieces of the bundled one. */
export function speechRecordings(directory: string): readonly Recording[] {
  const shared = join(repository, "..", "shared", "audio");
  if (existsSync(shared)) {
    const names = readdirSync(shared).filter((name) => name.endsWith(".wav"));
    if (names.length > 0) return names.map((name) => read(name, join(shared, name)));
  }
  const whole = wavSamples(readFileSync(join(repository, "packages", "server", "assets", "jfk.wav")));
  return pieces.map(([from, to]) =>
    written(directory, `jfk-${from}-${to}.wav`, whole.subarray(from * rateHz, to * rateHz)),
  );
}

/** What the tone model understands. */
export function toneRecordings(directory: string): readonly Recording[] {
  const texts = ["hello there", "a longer text than that", "short"];
  return texts.map((text, index) => written(directory, `tone-${index}.wav`, toneSignal(text)));
}

/** The utterance whose latency counts: the one whose length is nearest to three seconds. */
export function threeSeconds(recordings: readonly Recording[]): Recording {
  const [nearest] = recordings.toSorted((a, b) => Math.abs(a.seconds - 3) - Math.abs(b.seconds - 3));
  if (nearest === undefined) throw new Error("no recordings");
  return nearest;
}

/** The recordings over and over. */
export function repeated(recordings: readonly Recording[], count: number): readonly Recording[] {
  return Array.from({ length: count }, (_, index) => recordings[index % recordings.length]).filter(
    (recording) => recording !== undefined,
  );
}

export function totalSeconds(recordings: readonly Recording[]): number {
  return recordings.reduce((sum, { seconds }) => sum + seconds, 0);
}

function written(directory: string, name: string, samples: Float32Array): Recording {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, name);
  writeFileSync(file, wavBytes(samples, rateHz));
  return read(name, file);
}

function read(name: string, file: string): Recording {
  const bytes = readFileSync(file);
  const samples = wavSamples(bytes);
  return { name, file, bytes, samples, seconds: samples.length / rateHz };
}
