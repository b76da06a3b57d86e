import { join } from "node:path";
import { createAssetStore } from "../../packages/server/dist/catalog/assets.js";
import { createCatalog } from "../../packages/server/dist/catalog/catalog.js";
import { pull } from "../../packages/server/dist/catalog/pull.js";
import type { EngineAssets, ModelSpec } from "../../packages/server/dist/engine/engine.js";
import { writeToneModel } from "../../test/fixtures/tone-model.ts";

/** The model of all cases, as the server and as the bare engine want it. */
export interface BenchModel {
  readonly title: string;
  /** For `--model-dir`. */
  readonly modelDirectory: string;
  /** For `--state-dir`; holds the native parts. */
  readonly stateDirectory: string;
  /** How requests name it. */
  readonly modelPath: string;
  readonly spec: ModelSpec;
  readonly assets: EngineAssets;
}

/** Moonshine tiny, fetched once by the product's own downloads. @throws VoxpoolError `download_failed` and its like */
export async function defaultModel(cacheDirectory: string, say: (line: string) => void): Promise<BenchModel> {
  const modelDir = join(cacheDirectory, "model");
  const stateDir = join(cacheDirectory, "state");
  const { alreadyThere } = await pull("en/tiny", { modelDir, stateDir });
  if (!alreadyThere) say("fetched the model en/tiny");
  return modelIn(modelDir, stateDir, "en/tiny", "Moonshine tiny (English), Silero VAD");
}

/** The tone model: the real engine without speech, no download. */
export async function toneModel(directory: string): Promise<BenchModel> {
  const modelDir = join(directory, "model");
  writeToneModel(join(modelDir, "tone"));
  return modelIn(modelDir, join(directory, "state"), "tone", "the tone model, energy segmenter");
}

async function modelIn(
  modelDirectory: string,
  stateDirectory: string,
  modelId: string,
  title: string,
): Promise<BenchModel> {
  const catalog = createCatalog({ modelDirs: [modelDirectory] });
  const folder = await catalog.resolve(modelId);
  const spec = await catalog.describe(folder);
  const assets = await createAssetStore({ stateDir: stateDirectory }).ensure(spec);
  return { title, modelDirectory, stateDirectory, modelPath: folder.modelPath, spec, assets };
}
