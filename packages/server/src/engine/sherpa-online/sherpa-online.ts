import { access, constants, readFile, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { VoxpoolError } from "../../base/errors.ts";
import type { EngineInfo, FrameEngine, LoadEngine, ModelSpec } from "../engine.ts";
import { knowsMarks } from "../sherpa/marks.ts";
import { Batches } from "./batches.ts";
import { type Chunks, type FileOf, type OnlineFamily, onlineFamilies } from "./families.ts";
import { type Units, unitsOf } from "./hotwords.ts";
import { type Handle, openOnlineLibrary } from "./library.ts";
import { OnlineStream } from "./stream.ts";

/** The largest tables have some ten thousand pieces. */
const mostPiecesBytes = 4 * 1024 * 1024;

/**
 * Loads a model of one of the families of sherpa's online recogniser. It stays in memory until the process ends.
 *
 * The files are taken as checked: the library ends the process when one is no model.
 *
 * @throws VoxpoolError `model_load_failed`
 */
export const loadSherpaOnline: LoadEngine = async (spec): Promise<FrameEngine> => {
  const family = onlineFamilies[spec.family];
  if (family === undefined) throw loadFailed(`sherpa-online has no model family ${spec.family}`);
  const file = filesOf(spec);
  for (const path of [...family.roles.map(file), ...(spec.ruleFsts ?? [])]) await mustBeReadable(path);
  const chunks = await chunksOf(family, file);
  const bpeVocabulary = spec.files.bpeVocabulary;
  if (bpeVocabulary !== undefined) await mustBePieces(bpeVocabulary);
  const units = family.hotwords === true ? await unitsOf(file("tokens"), bpeVocabulary) : undefined;
  const library = openOnlineLibrary();
  const recognizer = await library.newRecognizer({
    model: { ...(await family.model(file)), tokens: file("tokens") },
    ...(units && { modelingUnit: units.modelingUnit }),
    ...(units && units.modelingUnit !== "cjkchar" && bpeVocabulary !== undefined && { bpeVocabulary }),
    ...(spec.ruleFsts && { ruleFsts: spec.ruleFsts.join(",") }),
  });
  if (recognizer === null) throw loadFailed("sherpa-onnx refused the files; it wrote its reason to stderr");
  const decode = (streams: readonly Handle[]) => library.decode(recognizer, streams);
  const batches = new Batches(decode, availableParallelism());
  const parts = { library, recognizer, batches, family, chunks, hasRules: spec.ruleFsts !== undefined };
  return {
    input: "frames",
    info: infoOf(spec, family, units, await knowsMarks(file)),
    open: (options) => new OnlineStream(parts, options, units?.encode(options.hotwords ?? [])),
  };
};

function filesOf(spec: ModelSpec): FileOf {
  return (role) => {
    const path = spec.files[role];
    if (path === undefined) throw loadFailed(`the file for ${role} is not known; ${spec.family} needs it`);
    return path;
  };
}

async function mustBeReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    throw loadFailed(`${basename(path)} cannot be read`, error);
  }
}

const piece = /^[^\s\p{Cc}]+\s+-?[\d.]+(e[+-]?\d+)?\s*$/iu;

/** The library ends the process over other lines than a piece and its score. */
async function mustBePieces(path: string): Promise<void> {
  const name = basename(path);
  const { size } = await stat(path);
  if (size > mostPiecesBytes) throw loadFailed(`${name} is too large for a table of pieces`);
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0 || !lines.every((line) => piece.test(line)))
    throw loadFailed(`${name} is no table of pieces and their scores`);
}

/** A chunk without a length would be decoded for ever. */
async function chunksOf(family: OnlineFamily, file: FileOf): Promise<Chunks> {
  const chunks = await family.chunks(file);
  if (Object.values(chunks).every((value) => value > 0 && value <= 60)) return chunks;
  throw loadFailed("its metadata says no usable length of its chunks");
}

function infoOf(spec: ModelSpec, family: OnlineFamily, units: Units | undefined, punctuates: boolean): EngineInfo {
  return {
    engine: "sherpa-online",
    family: spec.family,
    languages: spec.languages,
    input: "frames",
    words: family.words,
    maxSegmentSeconds: 0,
    ...(spec.ruleFsts !== undefined && { itn: true }),
    ...(punctuates && { punctuates: true }),
    ...(units && { hotwords: true }),
    ...(family.together && { together: true }),
  };
}

function loadFailed(detail: string, cause?: unknown): VoxpoolError {
  return new VoxpoolError("model_load_failed", { detail }, { cause });
}
