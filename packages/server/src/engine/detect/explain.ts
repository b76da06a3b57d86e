import type { Fit } from "./fit.ts";
import type { FolderFile } from "./folder.ts";
import { foreignKind } from "./foreign.ts";
import { fitsRule, type Metadata } from "./metadata.ts";

/** Why a folder is no model that can be loaded: sentences without their first words, which the error has. */

type MetadataOf = (file: FolderFile) => Promise<Metadata>;

export function severalKinds(fits: readonly Fit[]): string {
  const kinds = [...new Set(fits.map(kindOf))];
  return `they could be ${kinds.join(" or ")}`;
}

export function streamingModel({ layout, found }: Fit): string {
  const file = Object.values(found)[0]?.name ?? "";
  return `${file} belongs to a streaming model (${layout.family}), and no engine here runs that kind; take the offline export of the model, or a streaming Zipformer or Paraformer`;
}

/** @param fits of all layouts, none of them complete */
export async function noKind(
  fits: readonly Fit[],
  files: readonly FolderFile[],
  metadataOf: MetadataOf,
): Promise<string> {
  if (files.length === 0) return "the folder is empty";
  const begun = fits.filter(
    ({ found, missing }) => missing.length > 0 && Object.keys(found).some((role) => role !== "tokens"),
  );
  const told = await firstTold(
    begun.toSorted((a, b) => share(b) - share(a)),
    metadataOf,
  );
  if (told !== undefined) return incomplete(told, kindOf(told));
  const other = fits.find((candidate) => candidate.otherKind === true);
  const foreign = foreignKind(files.map(({ name }) => name));
  if (other !== undefined) return saysOther(other, metadataOf, foreign);
  const most = Math.max(...begun.map(share));
  const nearest = begun.filter((candidate) => share(candidate) === most);
  const named = nearest.find(({ layout }) => layout.tellsBy === undefined);
  if (foreign !== undefined && (named === undefined || most < 0.5)) return foreign;
  if (named !== undefined) return incomplete(named, kindOf(named));
  return nearest[0] === undefined ? listing(files) : incomplete(nearest[0], "a model of sherpa-onnx");
}

function share({ found, missing }: Fit): number {
  return Object.keys(found).length / (Object.keys(found).length + missing.length);
}

/** The first kind whose metadata is there and says so. */
async function firstTold(fits: readonly Fit[], metadataOf: MetadataOf): Promise<Fit | undefined> {
  for (const candidate of fits) {
    const { tellsBy } = candidate.layout;
    const file = tellsBy && candidate.found[tellsBy.role];
    if (tellsBy === undefined || file === undefined) continue;
    const metadata = await metadataOf(file).catch(() => undefined);
    if (metadata !== undefined && metadata.size > 0 && fitsRule(tellsBy, metadata)) return candidate;
  }
  return undefined;
}

async function saysOther({ layout, found }: Fit, metadataOf: MetadataOf, foreign: string | undefined): Promise<string> {
  const file = layout.tellsBy && found[layout.tellsBy.role];
  if (file === undefined) return "its ONNX files have not the metadata of a speech model";
  const type = ((await metadataOf(file)).get("model_type") ?? "").slice(0, 80);
  if (type === "") return foreign ?? `the metadata of ${file.name} does not say what it is (model_type)`;
  return `${file.name} says that it is ${type} (model_type), which no engine here runs`;
}

function incomplete({ found, missing, unclear }: Fit, kind: string): string {
  const has = [...Object.values(found).map((file) => file.name), ...unclear];
  return `${has.join(", ")} would fit ${kind}, but ${missing.join(", ")} is missing`;
}

function kindOf({ layout }: Pick<Fit, "layout">): string {
  return `${layout.engine} ${layout.family}`;
}

function listing(files: readonly FolderFile[]): string {
  const names = files.slice(0, 5).map((file) => file.name.slice(0, 80));
  return `there is ${names.join(", ")}${files.length > names.length ? " and more" : ""}`;
}
