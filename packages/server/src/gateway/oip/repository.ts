import type { AvailableModels, InstanceState, ModelList, ModelStatusFailure } from "@voxpool/client/contract";
import { namesByPath } from "../model-names.ts";

/** One version of a model, as `POST /v2/repository/index` tells it. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: RepositoryState;
  /** Why it is not ready. */
  readonly reason: string;
}

export type RepositoryState = "UNKNOWN" | "READY" | "UNAVAILABLE" | "LOADING" | "UNLOADING";

const states: Readonly<Record<InstanceState, RepositoryState>> = {
  loading: "LOADING",
  warming: "LOADING",
  ready: "READY",
  restarting: "READY",
  draining: "UNLOADING",
  stopped: "UNAVAILABLE",
  failed: "UNAVAILABLE",
};

/** A model version, and what is known of it. */
export interface RepositoryVersion {
  readonly name: string;
  /** Without its version. */
  readonly modelPath: string;
  readonly version: string;
  /** Of the instance that is loaded. */
  readonly state?: InstanceState;
  readonly problem?: string;
}

/** All model versions, on disk or loaded; those in memory whose files are gone come last. */
export function repositoryVersions(available: AvailableModels, loaded: ModelList): readonly RepositoryVersion[] {
  const names = namesByPath(available);
  const stateOf = new Map(
    Object.entries(loaded.models).map(([path, { version, state }]) => [
      keyOf(plainPath(path, version), version),
      state,
    ]),
  );
  const found = Object.entries(available.models).flatMap(([modelPath, { versions, problem }]) =>
    versions.map((version) => ({ modelPath, version, ...(problem !== undefined && { problem }) })),
  );
  const onDisk = new Set(found.map(({ modelPath, version }) => keyOf(modelPath, version)));
  const orphans = Object.entries(loaded.models)
    .map(([path, { version }]) => ({ modelPath: plainPath(path, version), version }))
    .filter(({ modelPath, version }) => !onDisk.has(keyOf(modelPath, version)));
  return [...found, ...orphans].map((one) => {
    const state = stateOf.get(keyOf(one.modelPath, one.version));
    return { ...one, name: names.get(one.modelPath) ?? one.modelPath, ...(state !== undefined && { state }) };
  });
}

/** @param status what `modelStatus` says of a version that is not loaded */
export function indexEntry(
  { name, version, state, problem }: RepositoryVersion,
  status: Partial<Pick<ModelStatusFailure, "state" | "message" | "last_error" | "quarantine">>,
): IndexEntry {
  const now = state ?? status.state;
  const known = now === undefined ? "UNAVAILABLE" : states[now];
  if (known === "READY") return { name, version, state: known, reason: "" };
  const why = [problem, status.quarantine?.message, status.last_error?.message, status.message];
  return { name, version, state: known, reason: why.find((one) => one !== undefined) ?? "" };
}

const keyOf = (modelPath: string, version: string): string => `${modelPath}@${version}`;

const plainPath = (path: string, version: string): string =>
  path.endsWith(`@${version}`) ? path.slice(0, -version.length - 1) : path;
