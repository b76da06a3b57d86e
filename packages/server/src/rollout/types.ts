import type { GateResult, SwitchRequest } from "@voxpool/client/contract";
import type { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { Claimant } from "../pool/types.ts";
import type { Recognition } from "../recognition/types.ts";

/** A new version under observation, as anybody may see it. */
export interface ProbationSnapshot {
  /** The version that is kept warm beside it. */
  readonly from: ModelFolder;
  readonly to: ModelFolder;
  /** Unix seconds. */
  readonly since: number;
  /** Unix seconds; undefined: time does not end it. */
  readonly until?: number;
  /** Recognitions so far. */
  readonly requests: number;
  /** Undefined: their number does not end it. */
  readonly limitRequests?: number;
  readonly errors: number;
}

export interface Switched {
  /** `already`: the version served before; `rolled_back`: the old version, still warm, serves again. */
  readonly kind: "switched" | "already" | "rolled_back";
  /** The plain path of the model, or the alias. */
  readonly name: string;
  /** What the name meant before; undefined: nothing that is there. */
  readonly from?: ModelFolder;
  readonly to: ModelFolder;
  readonly gate: readonly GateResult[];
  readonly probation?: ProbationSnapshot;
}

/** `down`: its process keeps ending. */
export type RollBackCause = "errors" | "slow" | "down" | "by_hand";

export type SwitchEvent =
  | ({ readonly type: "switched" } & Omit<Switched, "kind">)
  /** The new version did not pass; the old one serves on. */
  | {
      readonly type: "gate_failed";
      readonly name: string;
      readonly to: ModelFolder;
      readonly error: VoxpoolError;
      readonly gate: readonly GateResult[];
    }
  | {
      readonly type: "rolled_back";
      readonly name: string;
      /** The version that did not prove itself. */
      readonly from: ModelFolder;
      readonly to: ModelFolder;
      readonly cause: RollBackCause;
      /** For people. */
      readonly detail: string;
    }
  /** The probation is over, and the new version stays. */
  | {
      readonly type: "confirmed";
      readonly name: string;
      readonly from: ModelFolder;
      readonly to: ModelFolder;
      readonly by: "requests" | "time" | "old_unloaded" | "unloaded";
    };

/** Which version serves, and moving that while traffic runs. */
export interface Switches {
  /**
   * Loads a version beside the one that serves, lets it recognise its golden recordings, and lets it take over at once;
   * what came before finishes with the old version. The old version stays warm while the new one is on probation.
   * @throws VoxpoolError `switch_in_progress`, `gate_failed`, `version_not_found`, `alias_not_found`, `option_invalid`,
   *   those of a path and of a load; then the old version serves on
   */
  switch(request: SwitchRequest): Promise<Switched>;
  /** The probation that a version is on. */
  probationOf(folder: ModelFolder): ProbationSnapshot | undefined;
  /** `claimant` has loaded what `given` names: its hold follows that name. */
  noteHold(folder: ModelFolder, claimant: Claimant, given: string): void;
  /** The model that `claimant` has loaded by this alias and still holds, wherever the alias points by now. */
  heldAs(alias: string, claimant: Claimant): ModelFolder | undefined;
  /** The same recognition, watched: versions on probation are judged by it. */
  watch(recognition: Recognition): Recognition;
  subscribe(listener: (event: SwitchEvent) => void): () => void;
  /** Ends all probations as they stand: new versions stay. */
  close(): void;
}
