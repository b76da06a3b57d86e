import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VoxpoolError } from "../../base/errors.ts";
import { type Behaviour, behaviours } from "./misbehave.ts";

/** `fake.json`, see `loadFake`. */
export interface FakeScript {
  readonly text: string;
  readonly input: "segments" | "frames";
  readonly words: boolean;
  readonly languages?: readonly string[];
  readonly maxSegmentSeconds: number;
  readonly spanSeconds: number;
  readonly loadMs: number;
  readonly decodeMs: number;
  readonly load: Behaviour;
  readonly decode: Behaviour;
  readonly decodeAt?: number;
  readonly decodeAbove?: number;
  readonly warmUp: Behaviour;
  readonly warmUpMs: number;
  readonly loadBytes: number;
  readonly growBytes: number;
}

const defaults: FakeScript = {
  text: "hello world",
  input: "segments",
  words: false,
  maxSegmentSeconds: 20,
  spanSeconds: 1,
  loadMs: 0,
  decodeMs: 0,
  load: "ok",
  decode: "ok",
  warmUp: "ok",
  warmUpMs: 0,
  loadBytes: 0,
  growBytes: 0,
};

interface Rule {
  readonly fits: (value: unknown) => boolean;
  readonly expected: string;
}

const oneOf = (values: readonly unknown[]): Rule => ({
  fits: (value) => values.includes(value),
  expected: `one of ${values.join(", ")}`,
});

const between = (least: number, most: number): Rule => ({
  fits: (value) => typeof value === "number" && value >= least && value <= most,
  expected: `a number from ${least} to ${most}`,
});

const hourMs = 3_600_000;
const gigabyte = 1_000_000_000;

const rules: Readonly<Record<keyof FakeScript, Rule>> = {
  text: { fits: (value) => typeof value === "string", expected: "a text" },
  input: oneOf(["segments", "frames"]),
  words: oneOf([true, false]),
  languages: {
    fits: (value) => Array.isArray(value) && value.every((language) => typeof language === "string"),
    expected: "a list of texts",
  },
  maxSegmentSeconds: between(2, 60),
  spanSeconds: between(0.001, 3600),
  loadMs: between(0, hourMs),
  decodeMs: between(0, hourMs),
  load: oneOf(behaviours),
  decode: oneOf(behaviours),
  decodeAt: { fits: (value) => Number.isInteger(value) && Number(value) >= 1, expected: "a whole number from 1" },
  decodeAbove: between(0, 1000),
  warmUp: oneOf(behaviours),
  warmUpMs: between(0, hourMs),
  loadBytes: between(0, gigabyte),
  growBytes: between(0, gigabyte),
};

/** Reads `fake.json` of a model folder. @throws VoxpoolError `model_files_invalid` */
export async function readScript(directory: string): Promise<FakeScript> {
  let script: unknown;
  try {
    script = JSON.parse(await readFile(join(directory, "fake.json"), "utf8"));
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  if (typeof script !== "object" || script === null || Array.isArray(script)) throw invalid("it is no JSON object");
  for (const [key, value] of Object.entries(script)) check(key, value);
  return { ...defaults, ...script };
}

function check(key: string, value: unknown): void {
  const rule = new Map(Object.entries(rules)).get(key);
  if (!rule) throw invalid(`${key} is no key; there are ${Object.keys(rules).join(", ")}`);
  if (!rule.fits(value)) throw invalid(`${key} has to be ${rule.expected}`);
}

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("model_files_invalid", { detail: `fake.json: ${detail}` });
}
