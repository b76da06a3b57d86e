import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchModel } from "./model.ts";

/** Writes a model of the fake engine; `script` is its `fake.json`, text: one that is no JSON. */
export function writeFakeModel(directory: string, script: object | string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "fake.json"), typeof script === "string" ? script : JSON.stringify(script));
  const manifest = { engine: "fake", family: "fake", languages: ["en"], segmenter: "energy" };
  writeFileSync(join(directory, "voxpool.json"), JSON.stringify(manifest));
}

/** What is done to a copy, and to the state of its server, is no business of other cases. */
export function copyModel(model: BenchModel, directory: string): void {
  cpSync(model.spec.directory, directory, { recursive: true });
}

/** A state directory with the native parts that the model needs. */
export function copyAssets({ stateDirectory }: BenchModel, to: string): void {
  const assets = join(stateDirectory, "assets");
  mkdirSync(to, { recursive: true });
  if (existsSync(assets)) cpSync(assets, join(to, "assets"), { recursive: true });
}
