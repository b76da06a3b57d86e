import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { joinedSignals, silentSignal, toneSignal, writeToneModel } from "../../test/fixtures/tone-model.ts";
import { wavBytes } from "../../test/fixtures/wav.ts";
import type { BenchModel } from "../support/model.ts";
import { copyModel, writeFakeModel } from "../support/own-models.ts";
import type { Recording } from "../support/recordings.ts";

/** A recording and the words that every answer to it must have. */
export interface Utterance {
  readonly wav: Uint8Array<ArrayBuffer>;
  readonly seconds: number;
  /** Undefined until it was recognised once, undisturbed. */
  readonly text: string | undefined;
}

/** A model that answers rightly, whatever is done to its processes. */
export interface Target {
  readonly name: string;
  readonly modelPath: string;
  /** Its share of the requests. */
  readonly weight: number;
  readonly utterances: readonly Utterance[];
  /** Whether its processes are killed and stopped. */
  readonly isKilled: boolean;
}

/** What the soak's server has on its disk. */
export interface SoakModels {
  readonly directory: string;
  readonly targets: readonly Target[];
  /** It has two versions, both right. */
  readonly switched: string;
  /** It is loaded and unloaded all the time. */
  readonly churned: string;
  /** None of them can be loaded, or recognises anything. */
  readonly broken: readonly string[];
}

const rateHz = 16_000;
const texts = ["hello there", "short", "one two three"];
const steadyText = "steady as it goes";

/** So many decodes a process of it survives: it crashes by itself under traffic, and rarely enough for the breaker. */
const decodesUntilCrash = 150;

/** Writes the models; the real one is added where there is one. */
export function writeSoakModels(
  parent: string,
  real: BenchModel | undefined,
  speech: readonly Recording[],
): SoakModels {
  const directory = join(parent, "soak-models");
  // As the status shows it: with the model directory in front as it was configured.
  const path = (id: string): string => `${directory}/${id}`;
  writeToneModel(join(directory, "tone", "1"));
  writeToneModel(join(directory, "tone", "2"));
  writeToneModel(join(directory, "churned"));
  writeFakeModel(join(directory, "steady"), { text: steadyText, decodeMs: 100 });
  writeFakeModel(join(directory, "frail"), {
    text: steadyText,
    decodeMs: 5,
    decode: "abort",
    decodeAt: decodesUntilCrash,
  });
  const tones = texts.map((text) => utterance(toneSignal(text), text));
  const pieces = texts.flatMap((text) => [toneSignal(text), silentSignal(2)]);
  const long = utterance(joinedSignals(...pieces), texts.join(" "));
  const steady = texts.slice(0, 2).map((text) => utterance(toneSignal(text), steadyText));
  return {
    directory,
    switched: path("tone"),
    churned: path("churned"),
    broken: writeBroken(directory).map(path),
    targets: [
      {
        name: "tone",
        modelPath: path("tone"),
        weight: 55,
        utterances: [...tones, ...tones, ...tones, long],
        isKilled: true,
      },
      { name: "churned", modelPath: path("churned"), weight: 15, utterances: tones, isKilled: true },
      { name: "steady", modelPath: path("steady"), weight: 15, utterances: steady, isKilled: true },
      { name: "frail", modelPath: path("frail"), weight: 3, utterances: steady, isKilled: false },
      ...(real === undefined ? [] : [realTarget(directory, path("real"), real, speech)]),
    ],
  };
}

function realTarget(directory: string, modelPath: string, model: BenchModel, speech: readonly Recording[]): Target {
  copyModel(model, join(directory, "real"));
  const utterances = speech.map(({ bytes, seconds }) => ({ wav: new Uint8Array(bytes), seconds, text: undefined }));
  return { name: "real", modelPath, weight: 8, utterances, isKilled: true };
}

function writeBroken(directory: string): readonly string[] {
  writeFakeModel(join(directory, "aborts-in-load"), { load: "abort" });
  writeFakeModel(join(directory, "throws-in-load"), { load: "throw" });
  writeFakeModel(join(directory, "crashes-in-load"), { load: "segfault" });
  writeFakeModel(join(directory, "leaves-in-warm-up"), { warmUp: "exit" });
  writeFakeModel(join(directory, "floods-in-load"), { load: "flood", warmUp: "abort" });
  writeFakeModel(join(directory, "no-script"), "this is no JSON");
  writeToneModel(join(directory, "torn"));
  const network = join(directory, "torn", "model.onnx");
  writeFileSync(network, readFileSync(network).subarray(0, 500));
  mkdirSync(join(directory, "empty"), { recursive: true });
  return [
    "aborts-in-load",
    "throws-in-load",
    "crashes-in-load",
    "leaves-in-warm-up",
    "floods-in-load",
    "no-script",
    "torn",
    "empty",
    "not-there",
  ];
}

function utterance(samples: Float32Array, text: string): Utterance {
  return { wav: new Uint8Array(wavBytes(samples, rateHz)), seconds: samples.length / rateHz, text };
}
