import type { Reason } from "@voxpool/client/contract";
import type { ModelFolder } from "../catalog/catalog.ts";

/** Which model serves when the wished one cannot. Pure. */

/** A model that might serve instead. */
export interface Substitute {
  readonly folder: ModelFolder;
  /** BCP 47 primary tags; empty: nobody knows. */
  readonly languages: readonly string[];
  /** Whether it gives word times; undefined: not known before it is loaded. */
  readonly words?: boolean;
  readonly isReady: boolean;
  /** It is held back, or its process keeps ending. */
  readonly isDown: boolean;
}

export interface Need {
  /** The model that was wished. */
  readonly folder: ModelFolder;
  /** What the request is in; undefined: it did not say. */
  readonly language?: string;
  /** Of the wished model. */
  readonly languages: readonly string[];
  readonly wordsDemanded: boolean;
}

export interface FailoverRules {
  /** Directories of what serves for the wished one, in the order in which the operator named them. */
  readonly chain: readonly string[];
  /** Whether others may be found that no chain names. */
  readonly isAutomatic: boolean;
}

/**
 * Who may serve, the best first: the chain in its order, then what is ready, then what is on disk. Never another
 * language: what serves by itself knows every language that the wished model knows, or the one that was asked for; of
 * a chain it is enough that they have one in common, since somebody chose it.
 */
export function substitutesFor(need: Need, substitutes: readonly Substitute[], rules: FailoverRules): Substitute[] {
  const usable = substitutes.filter(
    ({ folder, words, isDown }) =>
      folder.directory !== need.folder.directory && !isDown && !(need.wordsDemanded && words === false),
  );
  const chained = rules.chain
    .map((directory) => usable.find(({ folder }) => folder.directory === directory))
    .filter((one) => one !== undefined)
    .filter(({ languages }) => sharesLanguage(need, languages));
  if (!rules.isAutomatic) return chained;
  const others = usable.filter((one) => !chained.includes(one) && knowsAll(need, one.languages));
  return [...chained, ...others.filter(({ isReady }) => isReady), ...others.filter(({ isReady }) => !isReady)];
}

function knowsAll({ language, languages }: Need, known: readonly string[]): boolean {
  if (language !== undefined) return known.includes(language);
  return languages.length > 0 && languages.every((one) => known.includes(one));
}

function sharesLanguage({ language, languages }: Need, known: readonly string[]): boolean {
  if (language !== undefined) return known.includes(language);
  if (languages.length === 0 || known.length === 0) return true;
  return languages.some((one) => known.includes(one));
}

/** Failures of a model that another one may not have. Admission is not among them: it counts for the whole node. */
const passes: ReadonlySet<Reason> = new Set<Reason>([
  "host_crashed",
  "host_hung",
  "model_files_invalid",
  "model_load_failed",
  "model_load_timeout",
  "model_quarantined",
  "model_unavailable",
  "model_unrecognised",
  "pool_full",
]);

/** Whether another model may serve what failed so. */
export const mayFailOver = (reason: Reason): boolean => passes.has(reason);
