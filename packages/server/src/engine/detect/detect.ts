import { basename, dirname } from "node:path";
import { VoxpoolError } from "../../base/errors.ts";
import type { ModelSpec } from "../engine.ts";
import { isSpokenLanguage, normaliseLanguage } from "../text/language.ts";
import { type FolderFile, inspect, listFolder, modelFolder } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import { type Layout, layoutFolders, layouts } from "./layouts.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { readOnnxMetadata } from "./onnx.ts";
import { findRules } from "./rules.ts";
import { bestVariant } from "./variants.ts";

export interface DetectOptions {
  /** Whether models of the fake engine count. */
  readonly fakeEngine?: boolean;
}

/**
 * Finds out what the files of a folder are: what the manifest says, and for the rest the table of layouts.
 * Reads names, the manifest and, where names do not decide, the metadata of an ONNX file; never the weights.
 * @param directory of the model; a folder that holds nothing but one folder stands for that one
 * @throws VoxpoolError `model_unrecognised`, `model_files_invalid`; both without `model_path`, which the caller knows
 */
export async function detect(directory: string, options: DetectOptions = {}): Promise<ModelSpec> {
  const folder = await modelFolder(directory);
  const manifest = await readManifest(folder);
  const files = await listFolder(folder, layoutFolders);
  const named = await namedFiles(folder, manifest);
  const fits = wantedLayouts(manifest, options).map((layout) => fit(layout, files, named));
  const chosen = await choose(fits, manifest, files);
  const spec = toSpec(folder, chosen, manifest, files);
  const ruleFsts = spec.engine === "sherpa-offline" ? await findRules(folder, manifest, files) : [];
  return ruleFsts.length === 0 ? spec : { ...spec, ruleFsts };
}

/** How well files fit a layout. */
interface Fit {
  readonly layout: Layout;
  readonly found: Readonly<Record<string, FolderFile>>;
  /** Roles without a file, as the layout calls them. */
  readonly missing: readonly string[];
  /** Roles that several different files could fill. */
  readonly unclear: readonly string[];
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
  const known = [...new Set(allowed.map((layout) => `${layout.engine} ${layout.family}`))].join(", ");
  const asked = [engine, family].filter((part) => part !== undefined).join(" ");
  throw new VoxpoolError("model_unrecognised", { detail: `voxpool.json says ${asked}; known are ${known}` });
}

function fit(layout: Layout, files: readonly FolderFile[], named: ReadonlyMap<string, FolderFile>): Fit {
  const found: Record<string, FolderFile> = {};
  const missing: string[] = [];
  const unclear: string[] = [];
  for (const [role, { pattern, label }] of Object.entries(layout.roles)) {
    const candidates = files.filter((file) => pattern.test(file.name));
    const file = named.get(role) ?? (layout.wholeFolder ? candidates[0] : bestVariant(candidates));
    if (file !== undefined) found[role] = file;
    else if (candidates.length === 0) missing.push(label);
    else unclear.push(`${role} could be ${candidates.map((candidate) => candidate.name).join(" or ")}`);
  }
  return { layout, found, missing, unclear };
}

async function choose(fits: readonly Fit[], manifest: Manifest, files: readonly FolderFile[]): Promise<Fit> {
  const complete = largest(fits.filter(({ missing }) => missing.length === 0));
  const unclear = complete.find((candidate) => candidate.unclear.length > 0);
  if (unclear !== undefined) {
    throw new VoxpoolError("model_unrecognised", {
      detail: `${unclear.unclear.join("; ")} (files in voxpool.json says)`,
    });
  }
  const told = manifest.family === undefined ? await byMetadata(complete) : complete;
  const [only, second] = told;
  if (only !== undefined && second === undefined) return only;
  const detail = told.length > 1 ? severalKinds(told) : noKind(fits, complete, files);
  throw new VoxpoolError("model_unrecognised", { detail });
}

/** A layout whose files are a part of another's loses to it. */
function largest(fits: readonly Fit[]): readonly Fit[] {
  const size = ({ layout }: Fit) => Object.keys(layout.roles).length;
  const most = Math.max(...fits.map(size));
  return fits.filter((candidate) => size(candidate) === most);
}

async function byMetadata(fits: readonly Fit[]): Promise<readonly Fit[]> {
  const told: Fit[] = [];
  for (const candidate of fits) {
    const { metadata } = candidate.layout;
    const file = metadata && candidate.found[metadata.role];
    if (file !== undefined) {
      if (file.problem !== undefined) throw invalidFile(file.name, file.problem);
      const has = await readOnnxMetadata(file.name, file.path);
      if (!metadata?.keys.every((key) => has.has(key))) continue;
    }
    told.push(candidate);
  }
  return told;
}

function severalKinds(fits: readonly Fit[]): string {
  return `they could be ${fits.map(({ layout }) => `${layout.engine} ${layout.family}`).join(" or ")}`;
}

function noKind(fits: readonly Fit[], complete: readonly Fit[], files: readonly FolderFile[]): string {
  const strange = complete[0];
  if (strange !== undefined) {
    const { engine, family, metadata } = strange.layout;
    const role = metadata?.role ?? "";
    const keys = metadata?.keys.join(", ") ?? "";
    return `${strange.found[role]?.name ?? role} has not the metadata of ${engine} ${family} (${keys})`;
  }
  const share = ({ found, missing }: Fit) => Object.keys(found).length / (Object.keys(found).length + missing.length);
  const nearest = fits.toSorted((a, b) => share(b) - share(a))[0];
  if (nearest === undefined || share(nearest) === 0) return files.length === 0 ? "the folder is empty" : listing(files);
  const has = Object.values(nearest.found).map((file) => file.name);
  const kind = `${nearest.layout.engine} ${nearest.layout.family}`;
  return `${has.join(", ")} would fit ${kind}, but ${nearest.missing.join(", ")} is missing`;
}

function listing(files: readonly FolderFile[]): string {
  const names = files.slice(0, 5).map((file) => file.name.slice(0, 80));
  return `there is ${names.join(", ")}${files.length > names.length ? " and more" : ""}`;
}

function toSpec(folder: string, { layout, found }: Fit, manifest: Manifest, files: readonly FolderFile[]): ModelSpec {
  const used = layout.wholeFolder ? [...files] : Object.values(found);
  const unusable = used.find((file) => file.problem !== undefined);
  if (unusable !== undefined) throw invalidFile(unusable.name, unusable.problem ?? "");
  return {
    engine: layout.engine,
    family: layout.family,
    directory: folder,
    files: Object.fromEntries(Object.entries(found).map(([role, file]) => [role, file.path])),
    languages: manifest.languages ?? languagesOf(folder),
    segmenter: manifest.segmenter ?? layout.segmenter,
    sizeBytes: used.reduce((sum, file) => sum + file.sizeBytes, 0),
  };
}

/** From names that say it: `vosk-model-small-cn-0.22`, or a folder that is called `cn` (`cn/1` with a version). */
function languagesOf(folder: string): readonly string[] {
  const names = [basename(folder), basename(dirname(folder))];
  const name = /^\d+$/.test(names[0] ?? "") ? names[1] : names[0];
  const voskName = /^vosk-model-(?:small-|big-)?([a-z]{2,3})(?:-|$)/.exec(name ?? "")?.[1];
  const tag = normaliseLanguage(voskName ?? name ?? "");
  return tag !== undefined && isSpokenLanguage(tag) ? [tag] : [];
}
