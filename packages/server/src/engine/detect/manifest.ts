import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { normaliseLanguage } from "../text/language.ts";
import { inspect } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import { withReader } from "./reader.ts";

/** The file that says what cannot be seen from the others. */
const manifestName = "voxpool.json";

const maxManifestBytes = 65_536;

/** Golden recordings are recognised one after the other while a switch waits. */
const mostGolden = 100;

const Golden = Type.Object({
  file: Type.String({ minLength: 1, maxLength: 4096 }),
  text: Type.String({ maxLength: 10_000 }),
  word_error_rate: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  real_time_factor: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
});

/** What is used of a manifest; other fields are for other readers and are ignored. */
const Manifest = Type.Object({
  engine: Type.Optional(Type.String({ maxLength: 64 })),
  family: Type.Optional(Type.String({ maxLength: 64 })),
  languages: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 1000 })),
  segmenter: Type.Optional(Type.Union([Type.Literal("silero"), Type.Literal("energy")])),
  rule_fsts: Type.Optional(Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 32 })),
  files: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 4096 }))),
  golden: Type.Optional(Type.Array(Golden, { maxItems: mostGolden })),
});

/** A manifest; `languages` are primary tags, `files` and `rule_fsts` paths below the folder. */
export type Manifest = Static<typeof Manifest>;

/**
 * The manifest of a folder; empty when there is none.
 * @throws VoxpoolError `model_files_invalid` that names the field
 */
export async function readManifest(directory: string): Promise<Manifest> {
  const file = await inspect(directory, manifestName);
  if (file.missing === true) return {};
  if (file.problem !== undefined) throw invalidFile(manifestName, file.problem);
  if (file.sizeBytes > maxManifestBytes) throw invalidFile(manifestName, `is larger than ${maxManifestBytes} bytes`);
  const bytes = await withReader(manifestName, file.path, (reader) => reader.bytes(0, maxManifestBytes));
  return parse(bytes.toString("utf8"));
}

function parse(text: string): Manifest {
  const manifest = parseJson(text);
  if (!Value.Check(Manifest, manifest)) throw invalidFile(manifestName, wrongField(manifest));
  const { languages, ...rest } = manifest;
  return languages === undefined ? rest : { ...rest, languages: languages.map(primaryTag) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw invalidFile(manifestName, "is not JSON", error);
  }
}

function wrongField(manifest: unknown): string {
  const [error] = Value.Errors(Manifest, manifest);
  const field = error?.instancePath.slice(1).replaceAll("/", ".") ?? "";
  return field === "" ? "is no JSON object" : `has a wrong ${field}: it ${error?.message ?? "is not valid"}`;
}

function primaryTag(language: string, index: number): string {
  const tag = normaliseLanguage(language);
  if (tag === undefined) throw invalidFile(manifestName, `has a wrong languages.${index}: it is no language`);
  return tag;
}
