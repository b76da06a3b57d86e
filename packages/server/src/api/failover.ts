import { VoxpoolError } from "../base/errors.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { Names } from "../pool/names.ts";
import type { InstanceSnapshot, Pool } from "../pool/types.ts";
import { mayFailOver, type Substitute, substitutesFor } from "./failover-policy.ts";
import { isLoaded } from "./models.ts";

export interface FailoverSettings {
  /** By the model path or id in front. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** When others than those of a chain may serve: never, for requests that name no model, for all. */
  readonly automatic: "off" | "unnamed" | "all";
  /** Who waits longer for a model is served by another one that is ready. Seconds. */
  readonly waitSeconds: number;
}

export interface FailoverParts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly names: Names;
  readonly failover: FailoverSettings;
  /** Told when another model serves. */
  readonly onFailover?: (from: ModelFolder, to: ModelFolder, why: VoxpoolError) => void;
}

export interface Wished {
  readonly folder: ModelFolder;
  readonly language?: string;
  /** Whether the request named the model. */
  readonly isNamed: boolean;
  readonly wordsDemanded: boolean;
  /** What the request says of it; undefined: nothing. */
  readonly allowed?: boolean;
  readonly signal: AbortSignal;
}

export interface Serving<T> {
  readonly opened: T;
  readonly folder: ModelFolder;
  /** Why the wished model did not serve. */
  readonly instead?: VoxpoolError;
}

/**
 * Opens what is wished, or the same with another model that can do it while the wished one cannot. Only before anything
 * is recognised: what began is finished by its own model.
 * @throws VoxpoolError of the wished model when no other fits
 */
export async function openServing<T>(
  parts: FailoverParts,
  wished: Wished,
  open: (folder: ModelFolder, signal: AbortSignal) => Promise<T>,
): Promise<Serving<T>> {
  const { folder, signal } = wished;
  const rules = rulesFor(parts, wished);
  if (rules.chain.length === 0 && !rules.isAutomatic) return { opened: await open(folder, signal), folder };
  let failure: VoxpoolError;
  try {
    return { opened: await openInTime(parts, wished, rules, open), folder };
  } catch (error) {
    failure = VoxpoolError.from(error);
    if (!mayFailOver(failure.reason) || signal.aborted) throw error;
  }
  for (const substitute of await find(parts, wished, rules)) {
    try {
      const opened = await open(substitute.folder, signal);
      parts.onFailover?.(folder, substitute.folder, failure);
      return { opened, folder: substitute.folder, instead: failure };
    } catch (error) {
      if (signal.aborted) throw error; // else the next one may do
    }
  }
  throw failure;
}

interface Rules {
  /** Names as the operator wrote them: what they mean may change. */
  readonly chain: readonly string[];
  readonly isAutomatic: boolean;
}

function rulesFor({ failover }: FailoverParts, { folder, isNamed, allowed }: Wished): Rules {
  if (allowed === false) return { chain: [], isAutomatic: false };
  const chain = failover.chains.get(folder.modelPath) ?? failover.chains.get(folder.id) ?? [];
  const isAutomatic =
    allowed === true || failover.automatic === "all" || (failover.automatic === "unnamed" && !isNamed);
  return { chain, isAutomatic };
}

/** Opens the wished model; if that takes long and another one is ready, gives up on it. */
async function openInTime<T>(
  parts: FailoverParts,
  wished: Wished,
  rules: Rules,
  open: (folder: ModelFolder, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { folder, signal } = wished;
  const instance = parts.pool.find(folder);
  if (instance?.state === "ready") return open(folder, signal);
  const giveUp = new AbortController();
  let isSettled = false;
  const opening = open(folder, AbortSignal.any([signal, giveUp.signal]));
  const timer = setTimeout(() => void giveUpIfOtherIsReady(), parts.failover.waitSeconds * 1000);
  const giveUpIfOtherIsReady = async () => {
    const found = await find(parts, wished, rules).catch(() => []);
    // What opened while others were looked for has this very signal: it must not end what is being recognised.
    if (isSettled || !found.some(({ isReady }) => isReady)) return;
    const retry_after_seconds = Math.ceil(parts.failover.waitSeconds);
    const details = {
      model_path: folder.modelPath,
      failures: 0,
      detail: "it is still being loaded",
      retry_after_seconds,
    };
    giveUp.abort(new VoxpoolError("model_unavailable", details));
  };
  try {
    const opened = await opening;
    giveUp.signal.throwIfAborted(); // it opened in the very moment in which it was given up: its signal has ended it
    return opened;
  } finally {
    isSettled = true;
    clearTimeout(timer);
  }
}

async function find(parts: FailoverParts, wished: Wished, rules: Rules): Promise<readonly Substitute[]> {
  const { folder, language, wordsDemanded } = wished;
  const { names, pool } = parts;
  const chain = await meantBy(names, rules.chain);
  // Beside what serves its plain path there may be other versions in memory: they are on trial, or about to go.
  const loaded = pool.list().filter((one) => isLoaded(one) && names.isServing(one.folder));
  const onDisk = await names.serving(await parts.catalog.list());
  const known = new Map<string, ModelFolder>();
  for (const one of [...onDisk, ...loaded.map((instance) => instance.folder), ...chain]) {
    if (!known.has(one.directory)) known.set(one.directory, one); // by its plain path before any other
  }
  const substitutes = await Promise.all(Array.from(known.values(), (one) => toSubstitute(parts, one)));
  const languages = (await toSubstitute(parts, folder))?.languages ?? [];
  const need = { folder, languages, wordsDemanded, ...(language !== undefined && { language }) };
  return substitutesFor(
    need,
    substitutes.filter((one) => one !== undefined),
    { isAutomatic: rules.isAutomatic, chain: chain.map(({ directory }) => directory) },
  );
}

/** The versions that the names of a chain mean now; a name that means nothing is left out. */
async function meantBy(names: Names, chain: readonly string[]): Promise<readonly ModelFolder[]> {
  const found = await Promise.all(chain.map((name) => names.resolve(name).catch(() => undefined)));
  return found.filter((one) => one !== undefined);
}

/** Undefined: it recognises no speech, or nobody knows what it is. */
async function toSubstitute({ catalog, pool }: FailoverParts, folder: ModelFolder): Promise<Substitute | undefined> {
  const instance = pool.find(folder);
  const common = {
    folder,
    isReady: instance?.state === "ready",
    isDown: isDown(instance) || Boolean(pool.quarantineOf(folder)),
  };
  if (instance?.info) {
    const { input, languages, words } = instance.info;
    return input === "text" ? undefined : { ...common, languages, words };
  }
  try {
    const { engine, languages } = await catalog.describe(folder);
    return engine === "sherpa-punctuation" ? undefined : { ...common, languages };
  } catch {
    return undefined;
  }
}

const isDown = (instance: InstanceSnapshot | undefined): boolean => instance?.state === "failed";
