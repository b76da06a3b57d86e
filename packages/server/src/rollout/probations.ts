import type { ModelFolder } from "../catalog/catalog.ts";
import type { NameChange } from "../pool/names.ts";
import type { Clock } from "../pool/system-clock.ts";
import type { PoolEvent } from "../pool/types.ts";
import type { MovableName } from "./movable-name.ts";
import type { Outcome } from "./outcomes.ts";
import type { Verdict } from "./probation.ts";
import { type ProbationParts, RunningProbation } from "./running-probation.ts";
import { Speeds } from "./speeds.ts";
import { leave, type MoveParts, ownHold, takeOver } from "./take-over.ts";
import type { ProbationSnapshot, RollBackCause, SwitchEvent } from "./types.ts";

export interface ProbationsParts extends MoveParts {
  readonly clock: Clock;
  readonly tell: (event: SwitchEvent) => void;
}

type Confirmed = Extract<SwitchEvent, { type: "confirmed" }>["by"];

/** The versions on probation, by the name that means them; the old version of each is kept warm. */
export class Probations {
  readonly #parts: ProbationsParts;
  readonly #running = new Map<string, RunningProbation>();
  readonly #speeds = new Speeds();
  readonly #unsubscribe: readonly (() => void)[];

  constructor(parts: ProbationsParts) {
    this.#parts = parts;
    this.#unsubscribe = [
      parts.pool.subscribe((event) => this.#poolTold(event)),
      parts.names.subscribe((change) => this.#nameMoved(change)),
    ];
  }

  /** From now on the new version is watched. Whoever begins it has a hold on the old version. */
  begin(begun: Pick<ProbationParts, "name" | "from" | "to" | "limits">): ProbationSnapshot {
    const { key } = begun.name;
    const { clock } = this.#parts;
    const before = this.#speeds.of(begun.from.folder.directory);
    const decide = (verdict: Verdict) => this.#decide(key, verdict);
    const probation = new RunningProbation({ ...begun, before, clock, decide });
    this.#running.set(key, probation);
    return probation.snapshot();
  }

  of({ directory }: ModelFolder): ProbationSnapshot | undefined {
    return this.#about(directory)[0]?.snapshot();
  }

  /** Ends the probation of a name without a verdict; gives the old version, on which its hold is still to be given back. */
  take(key: string): ModelFolder | undefined {
    return this.#end(key)?.parts.from.folder;
  }

  /** Lets the old version serve again, if it is that one and warm. Whether it did. */
  goBack(key: string, to: ModelFolder, cause: RollBackCause, detail: string): boolean {
    const running = this.#running.get(key);
    if (running?.parts.from.folder.directory !== to.directory) return false;
    const { pool, tell } = this.#parts;
    const state = pool.find(to)?.state;
    // One that was just killed from outside is back in a moment; requests wait for it.
    if (state !== "ready" && state !== "restarting") return false;
    this.#end(key);
    const { name, from: old, to: fresh } = running.parts;
    takeOver(this.#parts, name, fresh, old);
    pool.letGo(old.folder, ownHold(name));
    this.#leave(fresh, name);
    tell({ type: "rolled_back", name: name.shown, from: fresh, to: old.folder, cause, detail });
    return true;
  }

  /** A recognition came to its end. */
  add(outcome: Outcome): void {
    const { directory } = outcome.folder;
    if (!("error" in outcome)) this.#speeds.add(directory, outcome.audioSeconds, outcome.decodeSeconds);
    for (const running of this.#about(directory)) running.add(outcome);
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
    for (const key of this.#running.keys()) this.#end(key);
  }

  /** Those of a new version: more than one if an alias and its model were both switched to it. */
  #about(directory: string): RunningProbation[] {
    return [...this.#running.values()].filter(({ parts }) => parts.to.directory === directory);
  }

  #decide(key: string, verdict: Verdict): void {
    const running = this.#running.get(key);
    if (!running || verdict.kind === "goes_on") return;
    if (verdict.kind === "confirmed") this.#confirm(key, verdict.by);
    else this.goBack(key, running.parts.from.folder, verdict.why, verdict.detail);
  }

  #confirm(key: string, by: Confirmed): void {
    const running = this.#end(key);
    if (!running) return;
    const { name, from, to } = running.parts;
    this.#leave(from.folder, name);
    this.#parts.tell({ type: "confirmed", name: name.shown, from: from.folder, to, by });
  }

  #end(key: string): RunningProbation | undefined {
    const running = this.#running.get(key);
    this.#running.delete(key);
    running?.end();
    return running;
  }

  #leave(folder: ModelFolder, name: MovableName): void {
    leave(this.#parts, folder, ownHold(name)).catch(() => undefined); // of a pool that closes
  }

  #poolTold(event: PoolEvent): void {
    if (event.type !== "state" && event.type !== "crashed" && event.type !== "unloading") return;
    const { folder, state, failure } = event.instance;
    const { directory } = folder;
    if (event.type === "unloading") {
      for (const [key, { parts }] of this.#running) {
        if (parts.from.folder.directory === directory) this.#confirm(key, "old_unloaded");
        else if (parts.to.directory === directory) this.#confirm(key, "unloaded");
      }
    } else if (event.type === "crashed") {
      if (event.blame === "model") for (const running of this.#about(directory)) running.addCrash();
    } else if (state === "failed" && failure) {
      for (const running of this.#about(directory)) running.down(failure.error);
    } else if (state === "stopped") this.#speeds.forget(directory);
  }

  /** Somebody moved the name by other means: what was on probation is no longer what it means. */
  #nameMoved(change: NameChange): void {
    const key = change.kind === "alias" ? `alias:${change.alias}` : `model:${change.modelPath}`;
    const running = this.#running.get(key);
    if (!running) return;
    const { name, from } = running.parts;
    this.#end(key);
    this.#leave(from.folder, name);
  }
}
