import { pathWithoutVersion } from "../base/versioned-path.ts";

/** As the catalog and the statistics name a model. */
export interface NamedModel {
  readonly modelPath: string;
  readonly version?: string | undefined;
}

/** The models that a key may see: patterns of their ids or paths, in which `*` stands for any text and `?` for a character. */
export class ModelPatterns {
  readonly #patterns: readonly string[];
  readonly #modelDirs: readonly string[];

  /** @param modelDirs what stands in front of an id in a path */
  constructor(patterns: readonly string[], modelDirs: readonly string[]) {
    this.#patterns = patterns;
    this.#modelDirs = modelDirs;
  }

  /** Whether it may see this model, or this version of it. */
  includes({ modelPath, version = "" }: NamedModel): boolean {
    const plain = pathWithoutVersion({ modelPath, version });
    const names = [plain, ...this.#idsOf(plain)];
    const all = version === "" ? names : [...names, ...names.map((name) => `${name}@${version}`)];
    return all.some((name) => this.#patterns.some((pattern) => matches(name, pattern)));
  }

  /** Directories may lie in each other, so there may be several. */
  #idsOf(path: string): readonly string[] {
    return this.#modelDirs.flatMap((dir) => {
      if (path === dir) return [path.slice(path.lastIndexOf("/") + 1)];
      return path.startsWith(`${dir}/`) ? [path.slice(dir.length + 1)] : [];
    });
  }
}

/** In time that grows with the product of the lengths at most, whatever the pattern. */
function matches(text: string, pattern: string): boolean {
  let at = 0;
  let inPattern = 0;
  /** Where to go on when the last `*` takes one character more. */
  let star = -1;
  let taken = 0;
  while (at < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern++;
      taken = at;
    } else if (wanted === text[at] || wanted === "?") {
      inPattern++;
      at++;
    } else if (star >= 0) {
      inPattern = star + 1;
      at = ++taken;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
