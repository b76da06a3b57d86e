import type { FolderFile } from "./folder.ts";
import type { Layout, MetadataRule } from "./layout.ts";
import { fitsRule, type Metadata } from "./metadata.ts";
import { bestVariant, variantBase, variantGroups } from "./variants.ts";

/** How well files fit a layout. */
export interface Fit {
  readonly layout: Layout;
  readonly found: Readonly<Record<string, FolderFile>>;
  /** Roles without a file, as the layout calls them. */
  readonly missing: readonly string[];
  /** Roles that several different files could fill: what a person has to say. */
  readonly unclear: readonly string[];
  /** All the files are there, but the metadata is that of another kind. */
  readonly otherKind?: boolean;
}

export interface Seen {
  readonly files: readonly FolderFile[];
  /** What the manifest names, by role. */
  readonly named: ReadonlyMap<string, FolderFile>;
  /** Undefined when the manifest says the family: then nobody asks the metadata. */
  readonly metadataOf: ((file: FolderFile) => Promise<Metadata>) | undefined;
}

/**
 * Fits files to a layout: by their names first, and where those are complete, by metadata. Of files that are one
 * model in several number formats the best is taken; files of other models make a role unclear.
 * @throws VoxpoolError `model_files_invalid` when a file that has to be looked into is damaged
 */
export async function fit(layout: Layout, seen: Seen): Promise<Fit> {
  const candidates = new Map(
    Object.entries(layout.roles).map(([role, { pattern }]) => [role, candidatesOf(pattern, role, seen)]),
  );
  const missing = Object.keys(layout.roles).filter((role) => candidates.get(role)?.length === 0);
  const byName = settle(layout, seen, candidates, missing);
  const { tellsBy } = layout;
  if (missing.length > 0 || tellsBy === undefined || seen.metadataOf === undefined) return byName;
  const fitting = await fittingGroups(tellsBy, candidates.get(tellsBy.role) ?? [], seen.metadataOf);
  if (fitting.length === 0) return { ...byName, unclear: [], otherKind: true };
  candidates.set(tellsBy.role, fitting.flat());
  const only = fitting.length === 1 ? bestVariant(fitting[0] ?? []) : undefined;
  return settle(layout, seen, only === undefined ? candidates : narrowed(candidates, tellsBy.role, only), missing);
}

/** Of models that lie side by side, those of this kind. A damaged one matters only when no other fits. */
async function fittingGroups(
  rule: MetadataRule,
  files: readonly FolderFile[],
  metadataOf: NonNullable<Seen["metadataOf"]>,
): Promise<readonly FolderFile[][]> {
  const fitting: FolderFile[][] = [];
  let damage: unknown;
  for (const group of variantGroups(files)) {
    const best = bestVariant(group);
    try {
      if (best !== undefined && fitsRule(rule, await metadataOf(best))) fitting.push(group);
    } catch (error) {
      damage ??= error;
    }
  }
  if (fitting.length === 0 && damage !== undefined) throw damage;
  return fitting;
}

function candidatesOf(pattern: RegExp, role: string, { files, named }: Seen): readonly FolderFile[] {
  const file = named.get(role);
  return file === undefined ? files.filter(({ name }) => pattern.test(name)) : [file];
}

function settle(
  layout: Layout,
  seen: Seen,
  candidates: ReadonlyMap<string, readonly FolderFile[]>,
  missing: readonly string[],
): Fit {
  const found: Record<string, FolderFile> = {};
  const unclear: string[] = [];
  for (const [role, files] of candidates) {
    const file = layout.wholeFolder ? files[0] : bestVariant(files);
    if (file !== undefined) found[role] = file;
    else if (files.length > 0) unclear.push(`${role} could be ${files.map(({ name }) => name).join(" or ")}`);
  }
  for (const [role, { pattern }] of Object.entries(layout.optional ?? {})) {
    const [file, other] = candidatesOf(pattern, role, seen);
    if (file !== undefined && other === undefined) found[role] = file;
  }
  return { layout, found, missing: missing.map((role) => layout.roles[role]?.label ?? role), unclear };
}

/** `encoder-epoch-9.onnx` goes with `decoder-epoch-9.onnx` and not with those of another export beside it. */
function narrowed(
  candidates: ReadonlyMap<string, readonly FolderFile[]>,
  chosenRole: string,
  chosen: FolderFile,
): ReadonlyMap<string, readonly FolderFile[]> {
  const stem = exportName(chosen);
  const entries = [...candidates].map(([role, files]): [string, readonly FolderFile[]] => {
    const together = files.filter((file) => exportName(file) === stem);
    return [role, role === chosenRole || together.length === 0 ? files : together];
  });
  return new Map(entries);
}

function exportName({ name }: FolderFile): string {
  return variantBase(name).replace(/encoder|decoder|joiner|tokens/i, "*");
}
