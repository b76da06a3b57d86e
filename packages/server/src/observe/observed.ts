import type { VoxpoolError } from "../base/errors.ts";

/** A version of a model, as the pool names it. */
export interface ObservedModel {
  /** `model/cn`, or `model/cn@1` where a version was asked for. */
  readonly modelPath: string;
  readonly version: string;
}

/** What is to be known of an instance; the pool's snapshots fit. */
export interface ObservedInstance {
  /** Of its process. */
  readonly id: string;
  readonly folder: ObservedModel;
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
  | { readonly type: "hold"; readonly folder: ObservedModel; readonly change: string; readonly hold: ObservedHold }
  | { readonly type: "pin"; readonly folder: ObservedModel; readonly pinned: boolean }
  | {
      readonly type: "quarantined";
      readonly folder: ObservedModel;
      readonly quarantine: { readonly error: VoxpoolError; readonly failures: number; readonly until: number };
    }
  | { readonly type: "released"; readonly folder: ObservedModel };

/** The path of a model without a version. */
export function pathWithoutVersion({ modelPath, version }: ObservedModel): string {
  const end = `@${version}`;
  return modelPath.endsWith(end) ? modelPath.slice(0, -end.length) : modelPath;
}

/** The path of a model with its version, however it was asked for: one name for each version. */
export function pathWithVersion({ modelPath, version }: ObservedModel): string {
  const end = `@${version}`;
  return modelPath.endsWith(end) ? modelPath : modelPath + end;
}
