import { readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { VoxpoolError } from "../base/errors.ts";
import { type Known, vocabularyFile } from "./known-models.ts";
import { readLlamaVocabulary } from "./llama-vocabulary.ts";
import { isVersion, looksLikeModel, versionsIn } from "./model-folder.ts";
import { moonshineTokenTable } from "./moonshine-tokens.ts";

/** Makes the fetched files of a known model whole, and writes its manifest. @throws VoxpoolError `model_files_invalid` */
export async function finishKnown(staging: string, model: Known, sources: readonly string[]): Promise<void> {
  if (model.derive === "moonshine-tokens") {
    const vocabulary = readLlamaVocabulary(await readFile(join(staging, vocabularyFile), "utf8"));
    await writeFile(join(staging, "tokens.txt"), moonshineTokenTable(vocabulary), { flush: true });
    await rm(join(staging, vocabularyFile));
  }
  if (!(await looksLikeModel(staging))) {
    throw noModel(model.name);
  }
  const { name, title, licence, isDetected = false } = model;
  const { engine, family, languages } = model.model;
  await writeManifest(staging, {
    name,
    title: title.en,
    ...(!isDetected && { engine, family }),
    ...(languages.length > 0 && { languages }),
    licence,
    sources,
  });
}

/**
 * Makes what was found at an address, or was brought, a model's folder: a single folder in it is taken for it.
 * @throws VoxpoolError `model_files_invalid` if nothing in it looks like a model
 */
export async function finishFound(staging: string, name: string, sources: readonly string[]): Promise<void> {
  const versions = await versionsIn(staging, () => true);
  const [first, second] = versions;
  if (first === undefined) {
    throw noModel(name);
  }
  if (second === undefined && !relative(staging, first.directory).split(sep).some(isVersion)) {
    await liftUp(first.directory, staging);
  }
  const isThere = await stat(join(staging, "voxpool.json")).then(
    () => true,
    () => false,
  );
  if (!isThere && (await looksLikeModel(staging))) {
    await writeManifest(staging, { name, sources });
  }
}

/** All that is beside the folder is what archivers leave behind. */
async function liftUp(inner: string, staging: string): Promise<void> {
  if (inner === staging) return;
  const lifted = join(staging, ".lifted");
  await rename(inner, lifted);
  for (const entry of await readdir(staging)) {
    if (entry !== ".lifted") await rm(join(staging, entry), { recursive: true, force: true });
  }
  for (const entry of await readdir(lifted)) await rename(join(lifted, entry), join(staging, entry));
  await rmdir(lifted);
}

async function writeManifest(directory: string, manifest: object): Promise<void> {
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  await writeFile(join(directory, "voxpool.json"), text, { flush: true });
}

function noModel(name: string): VoxpoolError {
  return new VoxpoolError("model_files_invalid", { model_path: name, detail: "the download holds no model" });
}
