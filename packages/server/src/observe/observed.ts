import type { VoxpoolError } from "../base/errors.ts";
import type { VersionedModel } from "../base/versioned-path.ts";

/** What is to be known of an instance; the pool's snapshots fit. */
export interface ObservedInstance {
  /** Of its process. */
  readonly id: string;
  readonly folder: VersionedModel;
  readonly state: string;
  readonly memoryBytes: number;
  /** Of the instance; the same for all of its processes. */
  readonly instanceId: string;
  /** Of all its processes together. */
  readonly cpuSeconds?: number;
  readonly sessions?: number;
  readonly holds?: readonly { readonly count: number }[];
  readonly failure?: { readonly error: VoxpoolError };
}

/** A claim that keeps a model loaded. */
interface ObservedHold {
  readonly client: string;
  readonly kind: string;
  readonly count: number;
  /** Unix seconds. */
  readonly until?: number;
}

/** What happens in the pool, as far as it is told and counted; the pool's own events fit. */
export type ObservedEvent =
  | { readonly type: "state"; readonly instance: ObservedInstance; readonly previous?: string }
  | { readonly type: "unloading"; readonly instance: ObservedInstance; readonly cause: string }
  | {
      readonly type: "crashed";
      readonly instance: ObservedInstance;
      readonly blame: string;
      readonly error: VoxpoolError;
    }
  | { readonly type: "replaced"; readonly instance: ObservedInstance; readonly cause: string }
  | { readonly type: "hold"; readonly folder: VersionedModel; readonly change: string; readonly hold: ObservedHold }
  | { readonly type: "pin"; readonly folder: VersionedModel; readonly pinned: boolean }
  | {
      readonly type: "quarantined";
      readonly folder: VersionedModel;
      readonly quarantine: { readonly error: VoxpoolError; readonly failures: number; readonly until: number };
    }
  | { readonly type: "released"; readonly folder: VersionedModel };
