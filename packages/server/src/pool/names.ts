import { VoxpoolError } from "../base/errors.ts";
import { pathWithoutVersion } from "../base/versioned-path.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { InstanceSnapshot } from "./types.ts";

export interface NamesOptions {
  readonly catalog: Pick<Catalog, "resolve">;
  /** model_path by alias. */
  readonly aliases?: Iterable<readonly [string, string]>;
  /** Version by the model path without one, where a switch chose another than the newest. */
  readonly versions?: Iterable<readonly [string, string]>;
  /** What is loaded: where no version was chosen, a plain path goes on meaning the version that serves it. */
  readonly loaded?: () => readonly Pick<InstanceSnapshot, "folder" | "state">[];
}

export type NameChange =
  | { readonly kind: "alias"; readonly alias: string; readonly target: string | undefined }
  | { readonly kind: "version"; readonly modelPath: string; readonly version: string | undefined };

/** What names mean now: aliases, and the version that a model's plain path stands for. */
export class Names {
  readonly #catalog: NamesOptions["catalog"];
  readonly #aliases: Map<string, string>;
  readonly #versions: Map<string, string>;
  readonly #loaded: NonNullable<NamesOptions["loaded"]>;
  #revision = 0;
  readonly #listeners = new Set<(change: NameChange) => void>();

  constructor({ catalog, aliases, versions, loaded = () => [] }: NamesOptions) {
    this.#catalog = catalog;
    this.#loaded = loaded;
    this.#aliases = new Map(aliases);
    this.#versions = new Map(versions);
  }

  /**
   * The version that a path or alias means. Its `modelPath` is the plain path if that version serves it, else it ends in
   * `@version`: sent back it names the same files. Where nothing was chosen, the plain path means the version that is
   * loaded for it, else the newest: what is copied into a model takes over by a switch, not while it is being copied.
   * @throws VoxpoolError as `Catalog.resolve` does
   */
  async resolve(name: string): Promise<ModelFolder> {
    for (;;) {
      const revision = this.#revision;
      const folder = await this.#lookUp(name);
      if (revision === this.#revision) return folder; // else what it meant was moved meanwhile
    }
  }

  async #lookUp(name: string): Promise<ModelFolder> {
    const path = this.#aliases.get(name) ?? name;
    const folder = await this.#catalog.resolve(path);
    const base = pathWithoutVersion(folder);
    const serving = this.#serving(folder);
    if (serving === undefined) return folder;
    if (serving === folder.version) return { ...folder, modelPath: base };
    if (meansVersion(path, folder)) return { ...folder, modelPath: `${base}@${folder.version}` };
    const other = await this.#catalog.resolve(`${base}@${serving}`).catch((error: unknown) => {
      // That version is gone from the disk: the newest serves.
      if (error instanceof VoxpoolError && error.reason === "model_not_found") return undefined;
      throw error;
    });
    return other ? { ...other, modelPath: base } : folder;
  }

  /** Changes with each decision: what was resolved before one may mean something else by now. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether the plain path of its model means this version. */
  isServing(folder: ModelFolder): boolean {
    const serving = this.#serving(folder);
    return serving === undefined ? folder.modelPath === pathWithoutVersion(folder) : serving === folder.version;
  }

  /** Of each folder the version that its plain path means: those of `Catalog.list` are the newest ones. */
  async serving(folders: readonly ModelFolder[]): Promise<ModelFolder[]> {
    const meant = async (folder: ModelFolder) =>
      this.isServing(folder) ? folder : this.resolve(pathWithoutVersion(folder));
    return Promise.all(folders.map(meant));
  }

  /** The version that was chosen for a plain path, else the one that is loaded for it; undefined: the newest. */
  #serving(folder: ModelFolder): string | undefined {
    const base = pathWithoutVersion(folder);
    const chosen = this.#versions.get(base);
    const isOnly = Number(folder.version) <= 1 && folder.modelPath === base; // the newest, and none is older
    return chosen ?? (isOnly ? undefined : this.#loadedFor(base));
  }

  #loadedFor(base: string, loaded = this.#loaded()): string | undefined {
    return loaded.find((one) => one.folder.modelPath === base && !isGone.has(one.state))?.folder.version;
  }

  /** The alias's target as it is kept, if there is such an alias. */
  target(alias: string): string | undefined {
    return this.#aliases.get(alias);
  }

  /** model_path by alias, sorted. */
  aliases(): readonly (readonly [string, string])[] {
    return [...this.#aliases].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Points an alias somewhere else, or removes it. */
  setAlias(alias: string, target: string | undefined): void {
    if (target === undefined) this.#aliases.delete(alias);
    else this.#aliases.set(alias, target);
    this.#tell({ kind: "alias", alias, target });
  }

  /** The version that was chosen for a model's plain path, if one was. */
  chosenVersion(folder: ModelFolder): string | undefined {
    return this.#versions.get(pathWithoutVersion(folder));
  }

  /** From now on the plain path of a model means this version; undefined: the newest. */
  choose(folder: ModelFolder, version: string | undefined): void {
    const modelPath = pathWithoutVersion(folder);
    if (version === undefined) this.#versions.delete(modelPath);
    else this.#versions.set(modelPath, version);
    this.#tell({ kind: "version", modelPath, version });
  }

  /**
   * How folders are named to callers, by directory: two versions of one model never by the same path.
   */
  shown(folders: readonly ModelFolder[]): ReadonlyMap<string, string> {
    const loaded = this.#loaded();
    const newest = new Map<string, number>();
    for (const folder of folders) {
      const base = pathWithoutVersion(folder);
      if (folder.modelPath !== base) continue;
      newest.set(base, Math.max(newest.get(base) ?? 0, Number(folder.version)));
    }
    return new Map(
      folders.map((folder) => {
        const base = pathWithoutVersion(folder);
        const serving = this.#versions.get(base) ?? this.#loadedFor(base, loaded) ?? newest.get(base);
        const isServing = String(serving) === folder.version;
        return [folder.directory, isServing ? base : `${base}@${folder.version}`] as const;
      }),
    );
  }

  /** The aliases that mean this very version now. */
  aliasesOf(shownPath: string): readonly string[] {
    return this.aliases().flatMap(([alias, target]) => (target === shownPath ? [alias] : []));
  }

  subscribe(listener: (change: NameChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(change: NameChange): void {
    this.#revision++;
    for (const listener of this.#listeners) listener(change);
  }
}

/** States in which an instance serves nobody, and will not. */
const isGone: ReadonlySet<string> = new Set(["draining", "stopped", "failed"]);

/** How an alias keeps what it was pointed to: a version that was named stays named, also where it is the newest now. */
export function aliasTarget(given: string, { modelPath }: ModelFolder): string {
  const version = /@\d+$/.exec(given)?.[0] ?? "";
  return modelPath.endsWith(version) ? modelPath : modelPath + version;
}

export const hasVersion = (path: string): boolean => /@\d+\/?$/.test(path);

/** Whether a path that led to a folder says itself which version it means: `cn@2` or `cn/2`, in any spelling. */
function meansVersion(path: string, { version }: ModelFolder): boolean {
  const names = path.split(/[/\\]|%2f|%5c/i).filter((name) => name !== "" && name !== ".");
  const last = names.at(-1)?.replace(/%40/g, "@") ?? "";
  return last === version || last.endsWith(`@${version}`);
}
