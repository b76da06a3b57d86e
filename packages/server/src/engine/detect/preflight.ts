import type { ModelSpec } from "../engine.ts";
import { refuseDisguise } from "./disguise.ts";
import { invalidFile } from "./invalid.ts";
import { checkKaldiFolder } from "./kaldi.ts";
import type { Layout } from "./layout.ts";
import { layouts } from "./layouts.ts";
import { type Metadata, problemOfMetadata } from "./metadata.ts";
import { checkOnnx } from "./onnx.ts";
import { checkOrt } from "./ort.ts";
import { withReader } from "./reader.ts";
import { checkRules } from "./rules.ts";
import { readTokens, type Tokens } from "./tokens.ts";

/**
 * Looks into the files before a native library does, which ends its process on many of those that are damaged:
 * missing, empty, cut off, of another kind. Reads outlines through a small window, never the weights. What is
 * wrong deeper inside only the engine finds.
 * @throws VoxpoolError `model_files_invalid` that names the file and what is wrong with it
 */
export async function preflight(spec: ModelSpec): Promise<void> {
  if (spec.engine === "vosk") return checkKaldiFolder(spec.directory);
  const layout = layouts.find(({ engine, family }) => engine === spec.engine && family === spec.family);
  const metadata = new Map<string, Metadata>();
  let tokens: Tokens | undefined;
  for (const [role, path] of Object.entries(spec.files)) {
    const name = nameIn(spec, path);
    if (role === "tokens") tokens = await readTokens(name, path);
    else metadata.set(role, await checkFile(spec, name, path));
    const needed = layout?.needs?.[role];
    const problem = needed && problemOfMetadata(needed, metadata.get(role) ?? new Map(), spec.family);
    if (problem !== undefined) throw invalidFile(name, problem);
  }
  if (layout !== undefined) checkFamily(spec, layout, metadata, tokens);
  await checkRules(spec, (path) => nameIn(spec, path));
}

async function checkFile(spec: ModelSpec, name: string, path: string): Promise<Metadata> {
  if (path.endsWith(".onnx")) return checkOnnx(name, path, spec.directory);
  if (path.endsWith(".ort")) await checkOrt(name, path);
  else await withReader(name, path, (reader) => refuseDisguise(name, reader));
  return new Map();
}

/** What concerns several files, or one family. */
function checkFamily(
  spec: ModelSpec,
  layout: Layout,
  metadata: ReadonlyMap<string, Metadata>,
  tokens: Tokens | undefined,
): void {
  if (tokens !== undefined) {
    const problem = problemOfTokens(layout, metadata, tokens);
    if (problem !== undefined) throw invalidFile(nameIn(spec, spec.files.tokens ?? ""), problem);
  }
  const encoder = metadata.get("encoder");
  if (spec.family === "whisper" && encoder !== undefined && !namesItsLanguages(encoder)) {
    const problem = "has not as many all_language_codes as all_language_tokens in its metadata";
    throw invalidFile(nameIn(spec, spec.files.encoder ?? ""), problem);
  }
}

function problemOfTokens(
  { family, tokens: needed = [], vocabulary }: Layout,
  metadata: ReadonlyMap<string, Metadata>,
  { numbers, count }: Tokens,
): string | undefined {
  const missing = needed.find((group) => !group.some((token) => numbers.has(token)));
  if (missing !== undefined) return `has no ${missing.join(" or ")}, which ${family} needs`;
  if (vocabulary === undefined) return undefined;
  const size = Number(metadata.get(vocabulary.role)?.get("vocab_size"));
  const wanted = size + vocabulary.more;
  if (count !== wanted) return `has ${count} tokens, and the model was made for ${wanted}`;
  const { last } = vocabulary;
  return last === undefined || numbers.get(last) === wanted - 1
    ? undefined
    : `has a ${last} that is not the last token`;
}

function namesItsLanguages(encoder: Metadata): boolean {
  if (Number(encoder.get("is_multilingual")) === 0) return true;
  const count = (key: string): number =>
    (encoder.get(key) ?? "").split(",").filter((part) => part.trim() !== "").length;
  return count("all_language_codes") > 0 && count("all_language_codes") === count("all_language_tokens");
}

/** As a person finds the file again: below the folder, with `/`. */
function nameIn(spec: ModelSpec, path: string): string {
  return path.startsWith(spec.directory) ? path.slice(spec.directory.length + 1).replaceAll("\\", "/") : path;
}
