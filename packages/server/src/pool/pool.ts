import { VoxpoolError } from "../base/errors.ts";
import { raceAbort } from "../base/race-abort.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { ModelSpec } from "../engine/engine.ts";
import { Breakers } from "./breakers.ts";
import { hasOthers, holderNames } from "./holds.ts";
import type { IncarnationParts } from "./incarnation.ts";
import { Instance, type InstanceParts } from "./instance.ts";
import { dueActions } from "./policy/due.ts";
import type { RoomBudget } from "./policy/room.ts";
import { Quarantines } from "./quarantine.ts";
import { Room } from "./room.ts";
import { type Clock, systemClock } from "./system-clock.ts";
import type { Claimant, Hold, LoadWish, Pool, PoolEvent, Quarantine, Unloaded } from "./types.ts";

export interface PoolOptions
  extends Omit<IncarnationParts, "makeRoom">,
    Pick<InstanceParts, "keepAliveSeconds" | "holdIdleSeconds" | "boundBytes"> {
  readonly budget: RoomBudget;
  /** What a model with such files will take once it is loaded, bytes. */
  readonly estimateBytes: (folder: ModelFolder, spec: ModelSpec) => number;
  /** By the real directories of models, like the next one. */
  readonly pinned?: Iterable<string>;
  readonly quarantines?: Iterable<readonly [string, Quarantine]>;
  readonly clock?: Clock;
  /** How often leases, idle times and memory are looked at, seconds. */
  readonly tickSeconds?: number;
}

/** The instances of the node: one for each model version, whoever asks. */
export function createPool(options: PoolOptions): Pool {
  return new NodePool(options);
}

class NodePool implements Pool {
  readonly #options: PoolOptions;
  readonly #clock: Clock;
  readonly #instances = new Map<string, Instance>();
  readonly #listeners = new Set<(event: PoolEvent) => void>();
  readonly #pinned: Set<string>;
  readonly #quarantines: Quarantines;
  readonly #breakers: Breakers;
  readonly #parts: InstanceParts & { keepAliveSeconds: number };
  #created = 0;
  #closed = false;
  #stopTicking: () => void;

  constructor(options: PoolOptions) {
    this.#options = options;
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.#pinned = new Set(options.pinned);
    this.#quarantines = new Quarantines(clock);
    this.#breakers = new Breakers(clock.seconds);
    for (const [directory, kept] of options.quarantines ?? []) this.#quarantines.restore(directory, kept);
    const evict = (instance: Instance) => this.#end(instance, "evicted");
    const room = new Room({ ...options, instances: this.#instances, evict });
    this.#parts = {
      ...options,
      clock,
      breakers: this.#breakers,
      makeRoom: (folder, spec, incarnation) => room.make(folder, spec, incarnation),
      tell: (event) => this.#told(event),
      settled: () => this.#lookAround(),
    };
    const tickSeconds = options.tickSeconds ?? 0.5;
    const tick = () => {
      this.#lookAround();
      this.#stopTicking = clock.after(tickSeconds, tick);
    };
    this.#stopTicking = clock.after(tickSeconds, tick);
  }

  async load(folder: ModelFolder, wish: LoadWish = {}) {
    const { claimant, leaseSeconds, keepAliveSeconds, pin, signal, mostHolds } = wish;
    return this.#withUsable(folder, wish, (instance) => {
      if (claimant && mostHolds !== undefined) instance.holds.checkRoomFor(claimant, mostHolds, folder.modelPath);
      instance.wish(keepAliveSeconds);
      instance.touch();
      if (pin === true) this.pin(folder, true);
      // A caller that vanished before its answer holds nothing: it could never give it back.
      if (claimant && signal?.aborted !== true) {
        const hold = instance.holds.add(claimant, leaseSeconds);
        this.#tell({ type: "hold", folder, change: "added", hold });
      }
      return instance.snapshot();
    });
  }

  async unload(folder: ModelFolder, claimant: Claimant, { force = false } = {}): Promise<Unloaded> {
    const instance = this.#instances.get(folder.directory);
    if (!instance || instance.isOver) throw new VoxpoolError("model_not_loaded", { model_path: folder.modelPath });
    if (force) {
      this.#breakers.forget(folder); // who insists may try anew at once
      this.#dropHolds(instance);
      this.pin(folder, false);
    }
    if (force || instance.leaving) {
      await this.#end(instance, force ? "forced" : "asked"); // or joins the end that is under way
      return { unloaded: true, holds: [] };
    }
    return this.#giveBack(instance, claimant);
  }

  async #giveBack(instance: Instance, claimant: Claimant): Promise<Unloaded> {
    const { folder } = instance;
    const given = this.#takeBack(instance, claimant);
    const holds = instance.holds.list();
    const waitsForOthers = hasOthers(instance.waiting, claimant);
    const { modelPath: model_path } = folder;
    if (holds.length === 0 && !instance.pinned && !waitsForOthers) {
      await this.#end(instance, "asked");
      return { unloaded: true, holds };
    }
    if (given) {
      instance.touch();
      return { unloaded: false, holds };
    }
    if (instance.pinned) throw new VoxpoolError("model_pinned", { model_path });
    throw new VoxpoolError("model_in_use", { model_path, holders: holderNames(holds) || "those who load it" });
  }

  letGo(folder: ModelFolder, claimant: Claimant): void {
    const instance = this.#instances.get(folder.directory);
    if (instance && this.#takeBack(instance, claimant)) instance.touch();
  }

  /** One hold of the claimant; undefined if it has none. */
  #takeBack(instance: Instance, claimant: Claimant): Hold | undefined {
    const hold = instance.holds.giveBack(claimant);
    if (hold) this.#tell({ type: "hold", folder: instance.folder, change: "returned", hold });
    return hold;
  }

  async retire(folder: ModelFolder): Promise<void> {
    const instance = this.#instances.get(folder.directory);
    if (!instance) return;
    this.#dropHolds(instance);
    await this.#end(instance, "superseded");
  }

  renew(client: string, folder?: ModelFolder, leaseSeconds?: number) {
    const renewed = [...this.#instances.values()].flatMap((instance) => {
      if (folder && instance.folder.directory !== folder.directory) return [];
      const hold = instance.holds.renew(client, leaseSeconds);
      if (!hold) return [];
      instance.touch();
      this.#tell({ type: "hold", folder: instance.folder, change: "renewed", hold });
      return [{ folder: instance.folder, hold }];
    });
    if (renewed.length === 0) {
      throw new VoxpoolError("hold_unknown", { client, what: folder ? ` (${folder.modelPath})` : "" });
    }
    return renewed;
  }

  touch(folder: ModelFolder, claimant: Claimant): void {
    this.#instances.get(folder.directory)?.holds.touch(claimant);
  }

  async reload(folder: ModelFolder) {
    const instance = this.#instances.get(folder.directory);
    if (!instance || instance.isOver || instance.leaving) {
      throw new VoxpoolError("model_not_loaded", { model_path: folder.modelPath });
    }
    await instance.replace("reload");
    return instance.snapshot();
  }

  pin(folder: ModelFolder, pinned: boolean): void {
    const { directory } = folder;
    const instance = this.#instances.get(directory);
    if (instance) {
      instance.pinned = pinned;
      instance.touch();
    }
    if (pinned === this.#pinned.has(directory)) return;
    if (pinned) this.#pinned.add(directory);
    else this.#pinned.delete(directory);
    this.#tell({ type: "pin", folder, pinned });
  }

  isPinned({ directory }: ModelFolder): boolean {
    return this.#pinned.has(directory);
  }

  setKeepAlive(keepAliveSeconds: number): void {
    this.#parts.keepAliveSeconds = keepAliveSeconds;
    this.#lookAround();
  }

  async lease(folder: ModelFolder, { signal, keepAliveSeconds }: Pick<LoadWish, "signal" | "keepAliveSeconds"> = {}) {
    return this.#withUsable(folder, { signal, insists: true }, (instance) => {
      instance.wish(keepAliveSeconds);
      return instance.lease();
    });
  }

  moveHolds(from: ModelFolder, to: ModelFolder, moves: Parameters<Pool["moveHolds"]>[2]): void {
    const old = this.#instances.get(from.directory);
    const next = this.#instances.get(to.directory);
    if (!old || !next) return;
    old.holds.moveTo(next.holds, moves);
    const { keepAliveSeconds } = old.resident();
    if (keepAliveSeconds !== this.#parts.keepAliveSeconds) next.wish(keepAliveSeconds);
  }

  async quarantine(folder: ModelFolder, error: VoxpoolError): Promise<void> {
    this.#holdBack(folder, error, await this.#options.fingerprint(folder));
  }

  release(folder: ModelFolder): void {
    if (this.#quarantines.lift(folder)) this.#tell({ type: "released", folder });
  }

  quarantineOf(folder: ModelFolder) {
    return this.#quarantines.find(folder);
  }

  find(folder: ModelFolder) {
    return this.#instances.get(folder.directory)?.snapshot();
  }

  list() {
    return Array.from(this.#instances.values(), (instance) => instance.snapshot());
  }

  states() {
    return [...this.#instances.values()];
  }

  subscribe(listener: (event: PoolEvent) => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTicking();
    await Promise.all(Array.from(this.#instances.values(), (instance) => instance.kill()));
  }

  /**
   * Calls `use` with the instance of a version once it is usable, the one that is there or a new one; what `use` adds to
   * it is there before anybody can end it. If `use` gives nothing, its process is about to end: it waits for the next. A load that others cancel fails for who wished just that; who `insists` needs the model, and
   * loads it anew: no unload costs a recognition.
   */
  async #withUsable<T>(
    folder: ModelFolder,
    { claimant, signal, insists = false }: Pick<LoadWish, "claimant" | "signal"> & { readonly insists?: boolean },
    use: (instance: Instance) => T | undefined,
  ): Promise<T> {
    for (;;) {
      signal?.throwIfAborted(); // nothing is loaded for a caller that has left
      if (this.#closed) throw new VoxpoolError("server_stopping");
      const instance = this.#present(folder);
      if (!instance) {
        await this.#clearTheWay(folder, signal);
        continue;
      }
      const waiting = { claimant }; // from the first moment on, or somebody could end it meanwhile
      instance.waiting.add(waiting);
      try {
        await raceAbort(instance.usable(), signal);
        // Between its being usable and this line somebody may have ended it.
        if (instance.state !== "ready" || instance.leaving) continue;
        const used = use(instance);
        if (used !== undefined) return used;
        await raceAbort(instance.servingEnded(), signal);
      } catch (error) {
        if (!insists || !instance.leaving || this.#closed || signal?.aborted === true) throw error;
      } finally {
        instance.waiting.delete(waiting);
      }
    }
  }

  /** The instance that serves or will serve; one that is over gives way to a new one. Undefined: something is in the way. */
  #present(folder: ModelFolder): Instance | undefined {
    const known = this.#instances.get(folder.directory);
    if (known?.leaving === true) return undefined;
    if (known && !known.isOver) return known;
    if (this.#quarantines.find(folder) || this.#breakers.refusal(folder)) return undefined;
    return this.#start(folder);
  }

  /**
   * Waits until the instance that leaves has left, or lifts the quarantine.
   * @throws VoxpoolError `model_quarantined`; `model_unavailable` while the breaker is open
   */
  async #clearTheWay(folder: ModelFolder, signal: AbortSignal | undefined): Promise<void> {
    const known = this.#instances.get(folder.directory);
    if (known?.leaving === true) return raceAbort(known.left(), signal);
    await this.#tryToLift(folder);
    const refusal = this.#breakers.refusal(folder);
    if (refusal) throw refusal;
  }

  #start(folder: ModelFolder): Instance {
    const instance = new Instance(`${folder.modelPath}@${folder.version}#${++this.#created}`, folder, this.#parts);
    instance.pinned = this.#pinned.has(folder.directory);
    this.#instances.set(folder.directory, instance);
    this.#tell({ type: "state", instance: instance.snapshot() });
    return instance;
  }

  /** Other files in the folder are another model: they get their chance. @throws VoxpoolError `model_quarantined` */
  async #tryToLift(folder: ModelFolder): Promise<void> {
    const kept = this.#quarantines.find(folder);
    if (kept && kept.files !== (await this.#options.fingerprint(folder))) return this.release(folder);
    const refusal = this.#quarantines.refusal(folder);
    if (refusal) throw refusal;
  }

  #holdBack(folder: ModelFolder, error: VoxpoolError, files: string): void {
    const quarantine = this.#quarantines.add(folder, error, files);
    if (quarantine) this.#tell({ type: "quarantined", folder, quarantine });
  }

  async #end(instance: Instance, cause: Extract<PoolEvent, { type: "unloading" }>["cause"]): Promise<void> {
    if (!instance.leaving || cause === "forced")
      this.#tell({ type: "unloading", instance: instance.snapshot(), cause });
    await instance.unload();
  }

  #dropHolds(instance: Instance): void {
    for (const hold of instance.holds.drop()) {
      this.#tell({ type: "hold", folder: instance.folder, change: "dropped", hold });
    }
  }

  /** Leases that are over, idle times, memory: what is due is done. */
  #lookAround(): void {
    if (this.#closed) return;
    for (const instance of this.#instances.values()) {
      const lapsed = instance.holds.lapse();
      if (lapsed.length > 0) instance.touch();
      for (const hold of lapsed) this.#tell({ type: "hold", folder: instance.folder, change: "lapsed", hold });
    }
    // What failed is only remembered: it takes no room.
    const residents = [...this.#instances.values()].filter(({ isOver }) => !isOver).map((one) => one.resident());
    for (const action of dueActions(residents, this.#options.budget, this.#clock.seconds())) {
      const instance = this.#instances.get(action.key);
      if (!instance) continue;
      if (action.kind === "unload") this.#end(instance, action.cause).catch(() => undefined);
      else if (action.kind === "end") instance.endOutgrown();
      else instance.replace("memory").catch((error: unknown) => this.#couldNotReplace(instance, error));
    }
  }

  #couldNotReplace({ folder }: Instance, error: unknown): void {
    this.#options.log.warn({ model_path: folder.modelPath, err: error }, "No fresh process could take over");
  }

  #told(event: PoolEvent): void {
    if (event.type === "state") {
      const { folder, state, failure, files } = event.instance;
      const isGone = state === "stopped";
      const known = this.#instances.get(folder.directory);
      if (isGone && known?.state === "stopped") this.#instances.delete(folder.directory);
      if (state === "ready" && this.#quarantines.loaded(folder)) this.#tell({ type: "released", folder });
      if (state === "failed" && event.instance.retryAt === undefined && failure) {
        this.#holdBack(folder, failure.error, files ?? "");
      }
    }
    this.#tell(event);
  }

  #tell(event: PoolEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
