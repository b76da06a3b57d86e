import type { InstanceState } from "@voxpool/client/contract";
import type { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { EngineInfo, SessionOptions } from "../engine/engine.ts";
import type { HostSession, TextDone } from "../host/parent/types.ts";

/** What anybody may know of an instance. */
export interface InstanceSnapshot {
  readonly id: string;
  readonly folder: ModelFolder;
  readonly state: InstanceState;
  /** Unix seconds when it became usable; undefined before. */
  readonly loadedAt?: number;
  readonly loadSeconds?: number;
  readonly usageCount: number;
  readonly memoryBytes: number;
  readonly pid?: number;
  readonly info?: EngineInfo;
  /** What told its files apart when they were loaded: `Catalog.fingerprint`. */
  readonly files?: string;
  /** Why it failed, with the Unix seconds when. */
  readonly failure?: { readonly error: VoxpoolError; readonly at: number };
}

/** One use of an instance by a session; while a lease is out the instance does not end. */
export interface InstanceLease {
  readonly instance: InstanceSnapshot;
  readonly info: EngineInfo;
  /** Opens a session in the instance's host. */
  open(options: SessionOptions): HostSession;
  /** Punctuates text, where that is what the model does. @throws VoxpoolError as `Host.punctuate` does */
  punctuate(text: string, expectedSeconds?: number): Promise<TextDone>;
  /** Counts one recognition served. */
  countUse(): void;
  /** Safe to call twice. */
  release(): void;
}

export type PoolEvent = {
  readonly type: "state";
  readonly instance: InstanceSnapshot;
  readonly previous?: InstanceState;
};

/** The instances of the node. */
export interface Pool {
  /** Loads a model, or joins the load in progress, or finds it loaded. Resolves once it is usable. */
  load(folder: ModelFolder): Promise<InstanceSnapshot>;
  /** Drains and ends the instance. @throws VoxpoolError `model_not_loaded` */
  unload(folder: ModelFolder): Promise<void>;
  /** For one session: loads if needed. An aborted signal stops waiting; the load itself goes on. */
  lease(folder: ModelFolder, signal?: AbortSignal): Promise<InstanceLease>;
  /** The instance of a version in any state, the last failed one included. */
  find(folder: ModelFolder): InstanceSnapshot | undefined;
  /** All instances that are there (failed ones too). */
  list(): readonly InstanceSnapshot[];
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: PoolEvent) => void): () => void;
  /** Ends every host. */
  close(): Promise<void>;
}
