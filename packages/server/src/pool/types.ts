import type { InstanceState } from "@voxpool/client/contract";
import type { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { EngineInfo, SessionOptions } from "../engine/engine.ts";
import type { HostSession, TextDone } from "../host/parent/types.ts";

/** Who claims a model. */
export interface Claimant {
  /** The client id, or the address of who gave none. */
  readonly client: string;
  /** `address`: its holds are counted, since who is behind an address is not known. */
  readonly kind: "client" | "address";
}

/** A claim that keeps a model loaded. */
export interface Hold extends Claimant {
  /** Loads that were not given back; 1 for a client. */
  readonly count: number;
  /** Unix seconds. */
  readonly since: number;
  /** Unix seconds when it lapses; undefined: not by itself. */
  readonly until?: number;
}

/** What a caller wishes for when it loads or uses a model. */
export interface LoadWish {
  /** Left out: nobody holds what is loaded. */
  readonly claimant?: Claimant;
  /** Where so many hold it already, one more is refused; undefined: however many. */
  readonly mostHolds?: number;
  /** The hold lapses after so long unless it is renewed. */
  readonly leaseSeconds?: number;
  /** How long it stays when idle; infinite: for ever. */
  readonly keepAliveSeconds?: number;
  readonly pin?: boolean;
  /** Aborted: the caller went away, and adds no hold. The load goes on. */
  readonly signal?: AbortSignal;
}

/** What anybody may know of an instance. */
export interface InstanceSnapshot {
  /** Of the process that serves, for the scheduler and the log; another one after each restart. */
  readonly id: string;
  readonly folder: ModelFolder;
  readonly state: InstanceState;
  /** Unix seconds when it became usable; undefined before. */
  readonly loadedAt?: number;
  readonly loadSeconds?: number;
  readonly usageCount: number;
  readonly memoryBytes: number;
  /** Of the process that serves alone: an old one may still be finishing, a fresh one loading. */
  readonly servingBytes: number;
  /** Of the instance, whichever process serves. */
  readonly instanceId: string;
  /** Of all its processes, one after the other. */
  readonly cpuSeconds: number;
  readonly pid?: number;
  readonly info?: EngineInfo;
  /** What told its files apart when they were loaded: `Catalog.fingerprint`. */
  readonly files?: string;
  /** Why it failed or restarts, with the Unix seconds when. */
  readonly failure?: { readonly error: VoxpoolError; readonly at: number };
  /** Unix seconds before which a model that keeps ending is not started again. */
  readonly retryAt?: number;
  readonly holds: readonly Hold[];
  /** Leases that are out. */
  readonly sessions: number;
  readonly pinned: boolean;
  /** Unix seconds when it goes if nobody uses it before; undefined while something keeps it. */
  readonly expiresAt?: number;
  readonly restarts: number;
}

/** How a process that ended under a session came to its end. */
export type Blame =
  /** It crashed, hung or outgrew its memory: what it was doing may be the cause. */
  | "model"
  /** A signal from outside, or the pool itself. */
  | "outside";

/** Why a process goes. */
export type Leaving =
  /** Another one of the same instance serves. */
  | "replaced"
  /** Its instance goes as well. */
  | "unloaded";

/** One use of an instance by a session; while a lease is out the process does not end by the pool's will. */
export interface InstanceLease {
  readonly instance: InstanceSnapshot;
  readonly info: EngineInfo;
  /** Opens a session in the instance's host. */
  open(options: SessionOptions): HostSession;
  /** Punctuates text, where that is what the model does. @throws VoxpoolError as `Host.punctuate` does */
  punctuate(text: string, expectedSeconds?: number): Promise<TextDone>;
  /** Resolves when this process is gone, with whose fault it was. */
  readonly ended: Promise<Blame>;
  /**
   * Calls `listener` once, when this process takes no new sessions and goes once its last lease is given back, or soon if
   * that is so already. Returns the function that ends that; who has gone ends it, or is kept as long as the process.
   */
  onLeaving(listener: (why: Leaving) => void): () => void;
  /**
   * A turn to decode in this process: as many at once as like, but a `suspect`, whose decode was under way when a process
   * died, alone. So that a second death tells who it was. Returns the function that ends the turn.
   * @throws the signal's reason
   */
  turn(suspect: boolean, signal?: AbortSignal): Promise<() => void>;
  /** A decode begins in a turn, alone or beside others. Returns what says that it came to a good end. */
  decoding(isAlone: boolean): () => void;
  /**
   * Of a process that has ended: resolves when those have released their leases who come to the next process before this
   * one does: who decoded alone, then who decoded. So whoever has decoded releases it once it has another, or gives up.
   */
  succession(): Promise<void>;
  /** Counts one recognition served. */
  countUse(): void;
  /** Safe to call twice. */
  release(): void;
}

/** Why an instance was unloaded. */
export type UnloadCause = "asked" | "forced" | "idle" | "evicted" | "superseded";

export type PoolEvent =
  | { readonly type: "state"; readonly instance: InstanceSnapshot; readonly previous?: InstanceState }
  /** It is on its way out. */
  | { readonly type: "unloading"; readonly instance: InstanceSnapshot; readonly cause: UnloadCause }
  /** Its process ended by itself, and another is on its way; of one that `draining` meant to end anyway nothing else comes. */
  | {
      readonly type: "crashed";
      readonly instance: InstanceSnapshot;
      readonly blame: Blame;
      readonly error: VoxpoolError;
      readonly draining?: true;
    }
  /** A fresh process took over from one that had outgrown its bound or whose files are to be read anew. */
  | { readonly type: "replaced"; readonly instance: InstanceSnapshot; readonly cause: "memory" | "reload" }
  | {
      readonly type: "hold";
      readonly folder: ModelFolder;
      readonly change: "added" | "returned" | "lapsed" | "renewed" | "dropped";
      readonly hold: Hold;
    }
  | { readonly type: "pin"; readonly folder: ModelFolder; readonly pinned: boolean }
  | { readonly type: "quarantined"; readonly folder: ModelFolder; readonly quarantine: Quarantine }
  | { readonly type: "released"; readonly folder: ModelFolder };

/** A model that is held back because it failed. */
export interface Quarantine {
  readonly error: VoxpoolError;
  /** In a row. */
  readonly failures: number;
  /** Unix seconds. */
  readonly until: number;
  /** What tells whether the files are still those that failed: `Catalog.fingerprint`. */
  readonly files: string;
}

export interface Unloaded {
  /** False: the claim was given back, and others keep the model. */
  readonly unloaded: boolean;
  /** Who holds it still. */
  readonly holds: readonly Hold[];
}

/** The instances of the node: at most one for each model version, but while a fresh process takes over from an old one. */
export interface Pool {
  /**
   * Loads a model, or joins the load in progress, or finds it loaded; adds the claimant's hold once it is usable.
   * @throws VoxpoolError of the load; `holds_full`, `pool_full`, `model_quarantined`, `model_unavailable`
   */
  load(folder: ModelFolder, wish?: LoadWish): Promise<InstanceSnapshot>;
  /**
   * Gives back the claimant's hold; ends the instance, drained, if nobody else keeps it.
   * @throws VoxpoolError `model_not_loaded`, `model_in_use`, `model_pinned`
   */
  unload(folder: ModelFolder, claimant: Claimant, options?: { readonly force?: boolean }): Promise<Unloaded>;
  /** Gives back the claimant's hold without ending the instance: from now on it is kept as if it had never been held so. */
  letGo(folder: ModelFolder, claimant: Claimant): void;
  /** Drains and ends an instance whoever holds it; no error if it is not there. Used by whoever moved its clients. */
  retire(folder: ModelFolder): Promise<void>;
  /**
   * Renews what a client holds (of one model, or all); gives what it renewed.
   * @throws VoxpoolError `hold_unknown`
   */
  renew(
    client: string,
    folder?: ModelFolder,
    leaseSeconds?: number,
  ): readonly { readonly folder: ModelFolder; readonly hold: Hold }[];
  /** The claimant uses what it holds: counted holds of an address do not lapse for another while. */
  touch(folder: ModelFolder, claimant: Claimant): void;
  /** A fresh process reads the files anew and takes over; the old one drains. @throws VoxpoolError `model_not_loaded` and of the load */
  reload(folder: ModelFolder): Promise<InstanceSnapshot>;
  /** What is pinned is never evicted, and does not idle out. It need not be loaded. */
  pin(folder: ModelFolder, pinned: boolean): void;
  /** Also of a version that is not loaded. */
  isPinned(folder: ModelFolder): boolean;
  /** For one session: loads if needed, waits while it restarts. An aborted signal stops waiting; the load itself goes on. */
  /** From now on a model that nobody holds or uses stays so long, unless a caller wished for more. */
  setKeepAlive(seconds: number): void;
  lease(folder: ModelFolder, options?: Pick<LoadWish, "signal" | "keepAliveSeconds">): Promise<InstanceLease>;
  /** Moves holds from one version of a model to another: those for which `moves` is true; and how long it is kept when idle. */
  moveHolds(from: ModelFolder, to: ModelFolder, moves: (hold: Hold) => boolean): void;
  /** Holds a model back as if its load had failed. */
  quarantine(folder: ModelFolder, error: VoxpoolError): Promise<void>;
  /** It has proved itself: what was counted against it is forgotten. */
  release(folder: ModelFolder): void;
  /** Why a model is held back, if it is. */
  quarantineOf(folder: ModelFolder): Quarantine | undefined;
  /** The instance of a version in any state, the last failed one included. */
  find(folder: ModelFolder): InstanceSnapshot | undefined;
  /** All instances that are there (failed ones too). */
  list(): readonly InstanceSnapshot[];
  /** The same by folder and state alone, which costs next to nothing: for what each request asks. */
  states(): readonly Pick<InstanceSnapshot, "folder" | "state">[];
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: PoolEvent) => void): () => void;
  /** Ends every host. */
  close(): Promise<void>;
}
