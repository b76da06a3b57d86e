import type { GateResult, SwitchRequest } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import { pathWithVersion } from "../base/versioned-path.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { Names } from "../pool/names.ts";
import type { Clock } from "../pool/system-clock.ts";
import { systemClock } from "../pool/system-clock.ts";
import type { Pool } from "../pool/types.ts";
import { failsGate, type GateParts, gateFailure, runGate } from "./gate.ts";
import { HoldNames } from "./hold-names.ts";
import { type Destination, type MovableName, readSwitch } from "./movable-name.ts";
import { watchRecognition } from "./outcomes.ts";
import type { ProbationLimits } from "./probation.ts";
import { Probations } from "./probations.ts";
import { leave, type MoveParts, ownHold, takeOver } from "./take-over.ts";
import type { SwitchEvent, Switched, Switches } from "./types.ts";

export interface SwitchParts extends GateParts {
  readonly catalog: Pick<Catalog, "resolve" | "versions">;
  readonly pool: Pool;
  readonly names: Names;
  /** Of a switch that says nothing of it; 0: their number, or time, does not end it. */
  readonly probation: { readonly requests: number; readonly seconds: number };
  readonly clock?: Clock;
}

export function createSwitches(parts: SwitchParts): Switches {
  return new NodeSwitches(parts);
}

class NodeSwitches implements Switches {
  readonly #parts: SwitchParts & MoveParts;
  readonly #probations: Probations;
  /** Where a name is being moved to. */
  readonly #underWay = new Map<string, string>();
  readonly #listeners = new Set<(event: SwitchEvent) => void>();
  readonly #stopFollowing: () => void;

  constructor(parts: SwitchParts) {
    const holdNames = new HoldNames(parts.names, parts.pool);
    this.#parts = { ...parts, holdNames };
    const { clock = systemClock } = parts;
    this.#probations = new Probations({ ...this.#parts, clock, tell: (event) => this.#tell(event) });
    this.#stopFollowing = parts.pool.subscribe((event) => holdNames.told(event));
  }

  async switch(request: SwitchRequest): Promise<Switched> {
    const { name, to } = await readSwitch(this.#parts, request);
    const busy = this.#underWay.get(name.key);
    if (busy !== undefined) throw new VoxpoolError("switch_in_progress", { model_path: name.shown, to: busy });
    this.#underWay.set(name.key, pathWithVersion(to.folder));
    try {
      return await this.#switch(name, to, request);
    } finally {
      this.#underWay.delete(name.key);
    }
  }

  probationOf(folder: ModelFolder) {
    return this.#probations.of(folder);
  }

  noteHold(...[folder, claimant, given]: Parameters<Switches["noteHold"]>): void {
    this.#parts.holdNames.note(folder, claimant, given);
  }

  heldAs(...[alias, claimant]: Parameters<Switches["heldAs"]>) {
    return this.#parts.holdNames.heldAs(alias, claimant);
  }

  watch(recognition: Parameters<Switches["watch"]>[0]) {
    return watchRecognition(recognition, (outcome) => this.#probations.add(outcome));
  }

  subscribe(listener: (event: SwitchEvent) => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#stopFollowing();
    this.#probations.close();
  }

  async #switch(name: MovableName, to: Destination, request: SwitchRequest): Promise<Switched> {
    const before = await name.means();
    if (before?.folder.directory === to.folder.directory) {
      const probation = this.#probations.of(to.folder);
      const common = { kind: "already", name: name.shown, from: before.folder, to: to.folder, gate: [] } as const;
      return { ...common, ...(probation && { probation }) };
    }
    if (this.#probations.goBack(name.key, to.folder, "by_hand", "")) {
      const common = { kind: "rolled_back", name: name.shown, to: to.folder, gate: [] } as const;
      return { ...common, ...(before && { from: before.folder }) };
    }
    if (before) name.settle(before);
    const hold = ownHold(name);
    const unloaded = this.#whenUnloaded(to.folder);
    try {
      await this.#parts.pool.load(to.folder, { claimant: hold });
      const gate = request.gate === false ? [] : await this.#pass(name, to.folder, before, unloaded.signal);
      return await this.#takeOver(name, to, { gate, limits: this.#limits(request), unloaded: unloaded.signal });
    } catch (error) {
      const isUsed = (this.#parts.pool.find(to.folder)?.sessions ?? 0) > 0;
      const left = this.#leave(to.folder, name);
      if (!isUsed) await left; // else it drains for as long as somebody speaks
      if (error instanceof VoxpoolError && error.reason === "gate_failed") {
        await this.#parts.pool.quarantine(to.folder, error);
      }
      throw error;
    } finally {
      unloaded.end();
    }
  }

  /** Lets the new version recognise its golden recordings. @throws VoxpoolError `gate_failed` */
  async #pass(name: MovableName, to: ModelFolder, before: Destination | undefined, signal: AbortSignal) {
    let gate: GateResult[] = [];
    let detail: string | undefined;
    try {
      gate = await runGate(this.#parts, to, signal);
      detail = gateFailure(gate);
    } catch (thrown) {
      const error = VoxpoolError.from(thrown);
      if (!failsGate(error.reason)) throw error;
      detail = String(error.details.detail ?? error.message);
    }
    if (detail === undefined) return gate;
    const from = before ? pathWithVersion(before.folder) : name.shown;
    const error = new VoxpoolError("gate_failed", { to: pathWithVersion(to), from, detail }, { forCaller: { gate } });
    this.#tell({ type: "gate_failed", name: name.shown, to, error, gate });
    throw error;
  }

  async #takeOver(
    name: MovableName,
    to: Destination,
    found: {
      readonly gate: GateResult[];
      readonly limits: ProbationLimits | undefined;
      readonly unloaded: AbortSignal;
    },
  ): Promise<Switched> {
    const { pool } = this.#parts;
    const { gate, limits } = found;
    const hold = ownHold(name);
    const from = await name.means(); // a probation may have been rolled back meanwhile
    const keepsOld = limits !== undefined && from !== undefined && pool.find(from.folder)?.state === "ready";
    if (keepsOld) await pool.load(from.folder, { claimant: hold });
    await pool.load(to.folder, { claimant: hold }); // also if its process has ended meanwhile
    found.unloaded.throwIfAborted();
    // From here to the end of the probation's beginning nothing waits.
    pool.release(to.folder); // it passed its gate, or whoever switches waives that
    const previous = this.#probations.take(name.key);
    takeOver(this.#parts, name, from?.folder, to);
    pool.letGo(to.folder, hold);
    const probation = keepsOld ? this.#probations.begin({ name, from, to: to.folder, limits }) : undefined;
    if (previous && previous.directory !== to.folder.directory) void this.#leave(previous, name);
    if (from && !keepsOld) void this.#leave(from.folder, name);
    const switched = {
      name: name.shown,
      to: to.folder,
      gate,
      ...(from && { from: from.folder }),
      ...(probation && { probation }),
    };
    this.#tell({ type: "switched", ...switched });
    return { kind: "switched", ...switched };
  }

  async #leave(folder: ModelFolder, name: MovableName): Promise<void> {
    await leave(this.#parts, folder, ownHold(name)).catch(() => undefined); // of a pool that closes
  }

  /** Undefined: no probation. */
  #limits({ probation = {} }: SwitchRequest): ProbationLimits | undefined {
    const wished = { ...this.#parts.probation, ...probation };
    if (wished.requests === 0 && wished.seconds === 0) return undefined;
    const { POSITIVE_INFINITY } = Number;
    return { requests: wished.requests || POSITIVE_INFINITY, seconds: wished.seconds || POSITIVE_INFINITY };
  }

  /** A signal that aborts when somebody unloads the version meanwhile. */
  #whenUnloaded(folder: ModelFolder) {
    const controller = new AbortController();
    const end = this.#parts.pool.subscribe((event) => {
      if (event.type !== "unloading" || event.instance.folder.directory !== folder.directory) return;
      controller.abort(new VoxpoolError("model_load_cancelled", { model_path: pathWithVersion(folder) }));
    });
    return { signal: controller.signal, end };
  }

  #tell(event: SwitchEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
