import { VoxpoolError } from "../../base/errors.ts";
import type { ModelSpec } from "../engine.ts";
import { noKind, severalKinds, streamingModel } from "./explain.ts";
import { type Fit, fit } from "./fit.ts";
import { type FolderFile, inspect, listFolder, modelFolder } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import { languagesOf } from "./languages.ts";
import { type Layout, layoutFolders, tokenizerFolders } from "./layout.ts";
import { layouts } from "./layouts.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { type Metadata, metadataReader } from "./metadata.ts";
import { findRules } from "./rules.ts";

export interface DetectOptions {
  /** Whether models of the fake engine count. */
  readonly fakeEngine?: boolean;
}

type MetadataOf = (file: FolderFile) => Promise<Metadata>;

/**
 * Finds out what the files of a folder are: what the manifest says, and for the rest the table of layouts.
 * Reads names, the manifest and, where names do not decide, the metadata of ONNX files; never the weights.
 * @param directory of the model; a folder that holds nothing but one folder stands for that one
 * @throws VoxpoolError `model_unrecognised`, `model_files_invalid`; both without `model_path`, which the caller knows
 */
export async function detect(directory: string, options: DetectOptions = {}): Promise<ModelSpec> {
  const folder = await modelFolder(directory);
  const manifest = await readManifest(folder);
  const files = await listFolder(folder, layoutFolders, tokenizerFolders);
  const named = await namedFiles(folder, manifest);
  const metadataOf = metadataReader();
  const fits: Fit[] = [];
  let damaged: unknown;
  for (const layout of wantedLayouts(manifest, options)) {
    const seen = { files, named, metadataOf: isSaid(layout, manifest) ? undefined : metadataOf };
    try {
      fits.push(await fit(layout, seen));
    } catch (error) {
      // It matters only when the folder is nothing else: another kind's file may lie beside a good model.
      damaged ??= error;
    }
  }
  const chosen = await choose(manifest.family === undefined ? fits : streamingFirst(fits), damaged, files, metadataOf);
  const spec = await toSpec(folder, chosen, { manifest, files, metadataOf });
  const takesRules = spec.engine === "sherpa-offline" || spec.engine === "sherpa-online";
  const ruleFsts = takesRules ? await findRules(folder, manifest, files) : [];
  return ruleFsts.length === 0 ? spec : { ...spec, ruleFsts };
}

async function namedFiles(folder: string, manifest: Manifest): Promise<ReadonlyMap<string, FolderFile>> {
  const named = new Map<string, FolderFile>();
  for (const [role, name] of Object.entries(manifest.files ?? {})) named.set(role, await inspect(folder, name));
  return named;
}

function wantedLayouts({ engine, family }: Manifest, options: DetectOptions): readonly Layout[] {
  const allowed = layouts.filter((layout) => layout.engine !== "fake" || options.fakeEngine === true);
  const wanted = allowed.filter(
    (layout) => (engine ?? layout.engine) === layout.engine && (family ?? layout.family) === layout.family,
  );
  if (wanted.length > 0) return wanted;
  const usable = allowed.filter((layout) => layout.isRefused !== true);
  const known = [...new Set(usable.map((layout) => `${layout.engine} ${layout.family}`))].join(", ");
  const asked = [engine, family].filter((part) => part !== undefined).join(" ");
  throw new VoxpoolError("model_unrecognised", { detail: `voxpool.json says ${asked}; known are ${known}` });
}

/** Whether nobody has to ask the metadata: a family may exist for streams, too, and then it tells. */
function isSaid({ engine }: Layout, manifest: Manifest): boolean {
  return manifest.family !== undefined && (manifest.engine !== undefined || engine !== "sherpa-online");
}

/** Of a family that the manifest names the offline layout fits any export; that of streams fits its own alone. */
function streamingFirst(fits: readonly Fit[]): readonly Fit[] {
  const streaming = fits.filter((candidate) => candidate.layout.engine === "sherpa-online" && isWhole(candidate));
  return streaming.length > 0 ? streaming : fits;
}

function isWhole({ missing, otherKind }: Fit): boolean {
  return missing.length === 0 && otherKind !== true;
}

async function choose(
  fits: readonly Fit[],
  damaged: unknown,
  files: readonly FolderFile[],
  metadataOf: MetadataOf,
): Promise<Fit> {
  const best = preferred(fits.filter(isWhole));
  const [only, second] = best;
  if (only === undefined) {
    if (damaged !== undefined) throw damaged;
    throw new VoxpoolError("model_unrecognised", { detail: await noKind(fits, files, metadataOf) });
  }
  if (second !== undefined) throw new VoxpoolError("model_unrecognised", { detail: severalKinds(best) });
  if (only.unclear.length > 0) {
    const detail = `${only.unclear.join("; ")} (files in voxpool.json says)`;
    throw new VoxpoolError("model_unrecognised", { detail });
  }
  if (only.layout.isRefused === true) {
    throw new VoxpoolError("model_unrecognised", { detail: streamingModel(only) });
  }
  return only;
}

/** A layout whose files are a part of another's loses to it, and a streaming export to an offline one beside it. */
function preferred(fits: readonly Fit[]): readonly Fit[] {
  const most = Math.max(...fits.map(roleCount));
  const largest = fits.filter((candidate) => roleCount(candidate) === most);
  const offline = largest.filter(({ layout }) => layout.engine !== "sherpa-online");
  return offline.length > 0 ? offline : largest;
}

function roleCount({ layout }: Fit): number {
  return Object.keys(layout.roles).length;
}

interface Known {
  readonly manifest: Manifest;
  readonly files: readonly FolderFile[];
  readonly metadataOf: MetadataOf;
}

async function toSpec(
  folder: string,
  { layout, found }: Fit,
  { manifest, files, metadataOf }: Known,
): Promise<ModelSpec> {
  const used = layout.wholeFolder ? [...files] : Object.values(found);
  const unusable = used.find((file) => file.problem !== undefined);
  if (unusable !== undefined) throw invalidFile(unusable.name, unusable.problem ?? "");
  // Where the manifest says the family, the file may be damaged: preflight tells.
  const told = layout.tellsBy && found[layout.tellsBy.role];
  const languages =
    manifest.languages ?? languagesOf(layout.family, folder, told && (await metadataOf(told).catch(() => undefined)));
  return {
    engine: layout.engine,
    family: layout.family,
    directory: folder,
    files: Object.fromEntries(Object.entries(found).map(([role, file]) => [role, file.path])),
    languages,
    segmenter: manifest.segmenter ?? layout.segmenter,
    sizeBytes: used.reduce((sum, file) => sum + file.sizeBytes + weightsBeside(file, layout, files), 0),
  };
}

/** Large exports keep their weights in a file beside the ONNX file: `llm.fp32.data`, `encoder.int8.onnx.data`. */
function weightsBeside({ name }: FolderFile, { wholeFolder }: Layout, files: readonly FolderFile[]): number {
  if (wholeFolder === true || !name.endsWith(".onnx")) return 0;
  const beside = [".weights", ".data", ".onnx.data", ".onnx_data"].map((end) => name.replace(/\.onnx$/, end));
  return files.filter((file) => beside.includes(file.name)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
