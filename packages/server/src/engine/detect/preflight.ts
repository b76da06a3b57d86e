import type { ModelSpec } from "../engine.ts";
import { refuseDisguise } from "./disguise.ts";
import { invalidFile } from "./invalid.ts";
import { checkKaldiFolder } from "./kaldi.ts";
import { layouts } from "./layouts.ts";
import { checkOnnx } from "./onnx.ts";
import { withReader } from "./reader.ts";
import { checkRules } from "./rules.ts";
import { readTokens } from "./tokens.ts";

/**
 * Looks into the files before a native library does, which ends its process on many of those that are damaged:
 * missing, empty, cut off, of another kind. Reads outlines through a small window, never the weights. What is
 * wrong deeper inside only the engine finds.
 * @throws VoxpoolError `model_files_invalid` that names the file and what is wrong with it
 */
export async function preflight(spec: ModelSpec): Promise<void> {
  if (spec.engine === "vosk") return checkKaldiFolder(spec.directory);
  for (const [role, path] of Object.entries(spec.files)) await checkFile(spec, role, path);
  await checkRules(spec, (path) => nameIn(spec, path));
}

async function checkFile(spec: ModelSpec, role: string, path: string): Promise<void> {
  const name = nameIn(spec, path);
  const layout = layouts.find(({ engine, family }) => engine === spec.engine && family === spec.family);
  if (role === "tokens") {
    const tokens = await readTokens(name, path);
    const missing = layout?.tokens?.find((token) => !tokens.has(token));
    if (missing !== undefined) throw invalidFile(name, `has no ${missing}, which ${spec.family} needs`);
  } else if (path.endsWith(".onnx")) {
    const metadata = await checkOnnx(name, path);
    const keys = layout?.metadata?.role === role ? layout.metadata.keys : [];
    const missing = keys.find((key) => !metadata.has(key));
    if (missing !== undefined) throw invalidFile(name, `has no ${missing} in its metadata, which ${spec.family} needs`);
  } else {
    await withReader(name, path, (reader) => refuseDisguise(name, reader));
  }
}

/** As a person finds the file again: below the folder, with `/`. */
function nameIn(spec: ModelSpec, path: string): string {
  return path.startsWith(spec.directory) ? path.slice(spec.directory.length + 1).replaceAll("\\", "/") : path;
}
