import type { InstanceState } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import { unwatched } from "../base/race-abort.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { Breakers } from "./breakers.ts";
import type { Faults } from "./faults.ts";
import { Holds } from "./holds.ts";
import { Incarnation, type IncarnationEnd, type IncarnationParts } from "./incarnation.ts";
import { expiresAt, isRunaway, type Resident } from "./policy/due.ts";
import { pauseSeconds } from "./policy/pause.ts";
import { Processes } from "./processes.ts";
import type { Clock } from "./system-clock.ts";
import type { Blame, Claimant, InstanceLease, InstanceSnapshot, PoolEvent } from "./types.ts";

/** A first load that others end by signals is begun again so often. */
const mostInterruptedLoads = 5;

export interface InstanceParts extends IncarnationParts {
  readonly clock: Clock;
  readonly breakers: Breakers;
  /** Of an instance that nobody wished to keep longer or shorter. */
  readonly keepAliveSeconds: number;
  readonly holdIdleSeconds: number;
  /** The resident memory at which a process is replaced, for one that took so much when it was warm. Bytes. */
  readonly boundBytes: (warmBytes: number) => number;
  readonly tell: (event: PoolEvent) => void;
  /** Something changed that may make it due: it came to rest, or somebody let go of it. */
  readonly settled: (instance: Instance) => void;
}

/**
 * One loaded model version and its life: `loading -> warming -> ready -> draining -> stopped`; `restarting` when its
 * process ended by itself, `failed` when it cannot be loaded or keeps ending. Behind it stands one process after
 * another; while a fresh one takes over from an old one there are two.
 */
export class Instance {
  readonly folder: ModelFolder;
  readonly holds: Holds;
  pinned = false;
  /** It was let in. Before, it stands in nobody's way. */
  hasRoom = false;
  usageCount = 0;
  restarts = 0;
  /** Who waits until it is usable; undefined: a recognition. */
  readonly waiting = new Set<{ readonly claimant: Claimant | undefined }>();
  readonly #parts: InstanceParts;
  readonly #name: string;
  #state: InstanceState = "loading";
  readonly #processes: Processes;
  #incarnations = 0;
  /** Settles with the next process that is ready. */
  #coming = unwatched();
  #loadedAt: number | undefined;
  #failure: InstanceSnapshot["failure"];
  #wish: number | undefined;
  #lastUsed: number;
  readonly #faults: Faults;
  #cancelRestart: (() => void) | undefined;
  /** Replacements in a row that failed to load, and when the next may be tried. */
  #failedReplacements = 0;
  #replaceAt = 0;
  #unloading: Promise<void> | undefined;
  /** What its last process took: set aside while it restarts. */
  #lastBytes = 0;

  constructor(name: string, folder: ModelFolder, parts: InstanceParts) {
    this.#name = name;
    this.folder = folder;
    this.#parts = parts;
    this.#faults = parts.breakers.of(folder);
    if (this.#faults.openUntil !== undefined) this.#faults.beginTrial(); // the instance before this one left it open
    this.holds = new Holds(parts.clock, parts.holdIdleSeconds);
    this.#lastUsed = parts.clock.seconds();
    this.#processes = new Processes(this.#incarnate(), parts.boundBytes);
    this.#follow(this.#processes.current);
  }

  get #current(): Incarnation {
    return this.#processes.current;
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** It was told to go and takes no new users. */
  get leaving(): boolean {
    return this.#unloading !== undefined;
  }

  get sessions(): number {
    return this.#processes.sessions;
  }

  /** It failed to load; it gives way to a new one. What only keeps ending does not. */
  get isOver(): boolean {
    return this.#state === "stopped" || (this.#state === "failed" && !this.#isOpen);
  }

  /** It was let in, or processes that only finish what they began are still there. */
  get takesRoom(): boolean {
    return !this.isOver && (this.hasRoom || this.#processes.draining.size > 0);
  }

  /** It kept ending; it waits for who makes the trial. */
  get #isOpen(): boolean {
    return this.#state === "failed" && this.#faults.openUntil !== undefined;
  }

  snapshot(): InstanceSnapshot {
    const { clock } = this.#parts;
    const expires = expiresAt(this.resident());
    const { id, info, files, pid, loadSeconds } = this.#current;
    const isLoaded = this.#loadedAt !== undefined;
    return {
      id,
      folder: this.folder,
      state: this.#state,
      usageCount: this.usageCount,
      memoryBytes: this.#processes.memoryBytes,
      servingBytes: this.#current.memoryBytes,
      instanceId: this.#name,
      cpuSeconds: this.#processes.cpuSeconds,
      holds: this.holds.list(),
      sessions: this.sessions,
      pinned: this.pinned,
      restarts: this.restarts,
      ...(this.#loadedAt !== undefined && { loadedAt: this.#loadedAt }),
      ...(isLoaded && { loadSeconds }),
      ...(pid !== undefined && { pid }),
      ...(info && { info }),
      ...(files !== undefined && { files }),
      ...(this.#failure && { failure: this.#failure }),
      ...(Number.isFinite(expires) && { expiresAt: clock.unix() + Math.max(0, expires - clock.seconds()) }),
      ...(this.#isOpen && { retryAt: clock.unix() + this.#faults.pauseLeft }),
    };
  }

  /** What policies see of it. */
  resident(): Resident {
    const { keepAliveSeconds } = this.#parts;
    const isReady = this.#state === "ready";
    const isAtRest = isReady || this.#isOpen;
    const isFree = this.holds.size === 0 && this.sessions === 0 && this.waiting.size === 0 && !this.pinned;
    return {
      key: this.folder.directory,
      memoryBytes: this.#accountedBytes(),
      isIdle: isAtRest && isFree && !this.leaving && !this.#processes.fresh, // what is being replaced has just been used, or soon is
      isGoing: this.leaving && this.sessions === 0,
      lastUsed: this.#lastUsed,
      // While requests are refused nobody can use it: its idle time begins after the pause.
      idleSince: this.#isOpen ? Math.max(this.#lastUsed, this.#faults.openUntil ?? 0) : this.#lastUsed,
      keepAliveSeconds: this.#wish ?? keepAliveSeconds,
      isReplaced: this.#processes.fresh !== undefined || this.leaving || this.#replaceAt > this.#parts.clock.seconds(),
      serving: isReady ? this.#processes.grown(this.#current) : undefined,
      processes: this.#processes.users.map((one) => this.#processes.grown(one)),
    };
  }

  /** Keeps it so long when idle; of several wishes the longest holds. */
  wish(keepAliveSeconds: number | undefined): void {
    if (keepAliveSeconds !== undefined) this.#wish = Math.max(this.#wish ?? 0, keepAliveSeconds);
  }

  touch(): void {
    this.#lastUsed = this.#parts.clock.seconds();
  }

  /**
   * Resolves once it is usable, now or again; who asks when the breaker has been open for long enough makes the trial.
   * @throws VoxpoolError of the load; `model_unavailable`
   */
  async usable(): Promise<void> {
    if (this.#state === "ready") return;
    if (this.#isOpen) {
      const refusal = this.#parts.breakers.refusal(this.folder);
      if (refusal) throw refusal;
      this.#restart();
    }
    await this.#coming.promise;
  }

  /** A use of it; undefined unless it is ready. */
  lease(): InstanceLease | undefined {
    if (this.#state !== "ready") return undefined;
    const lease = this.#current.lease(
      () => this.snapshot(),
      () => this.#used(),
      () => {
        this.touch();
        this.#parts.settled(this);
      },
    );
    if (lease) this.touch();
    return lease;
  }

  /** Once there is one that serves, a fresh process takes over when it is warm; the old one drains. @throws VoxpoolError of its load */
  async replace(cause: "memory" | "reload"): Promise<void> {
    const processes = this.#processes;
    // One that was on its way before files changed may have read the old ones: whoever reloads waits for another.
    if (cause === "reload") await processes.fresh?.ready.catch(() => undefined);
    while (this.#state !== "ready" && !this.leaving) await this.usable();
    if (this.leaving) throw new VoxpoolError("model_not_loaded", { model_path: this.folder.modelPath });
    if (processes.fresh) return processes.fresh.ready;
    const fresh = this.#incarnate();
    processes.fresh = fresh;
    try {
      await fresh.ready;
    } catch (error) {
      if (processes.fresh === fresh) processes.fresh = undefined;
      this.#replaceAt = this.#parts.clock.seconds() + pauseSeconds(++this.#failedReplacements);
      throw error;
    }
    this.#failedReplacements = 0;
    if (processes.fresh !== fresh) return; // it took over already, from one that crashed, or all is over
    this.#takeOver(fresh);
    this.#parts.tell({ type: "replaced", instance: this.snapshot(), cause });
  }

  /** Ends the processes that are too large by far, as if they had crashed. */
  endOutgrown(): void {
    const { users } = this.#processes;
    for (const one of users.filter((user) => isRunaway(this.#processes.grown(user)))) {
      const detail = `it took ${Math.round(one.memoryBytes / 1e6)} MB and was ended`;
      one.endOutgrown(new VoxpoolError("host_crashed", { model_path: this.folder.modelPath, detail }));
    }
  }

  /** Resolves when the process that serves now is gone and what comes after it is decided. */
  async servingEnded(): Promise<void> {
    await this.#current.ended;
  }

  /** Resolves when it is gone. */
  async left(): Promise<void> {
    await this.#unloading;
  }

  /** Cancels a load, or waits for the last lease; then ends the process. Calls join the first one. */
  unload(): Promise<void> {
    this.#unloading ??= this.#unload();
    return this.#unloading;
  }

  /** Ends everything without waiting for anybody. */
  async kill(): Promise<void> {
    const stopping = new VoxpoolError("server_stopping");
    this.#cancelRestart?.();
    this.#coming.reject(stopping);
    this.#unloading ??= Promise.resolve();
    this.#processes.endReplacement();
    await Promise.all(this.#processes.all.map((one) => one.kill(stopping)));
    this.#become("stopped");
  }

  #incarnate(): Incarnation {
    const id = `${this.#name}.${++this.#incarnations}`;
    return new Incarnation(id, this.folder, this.#parts, () => this.#phaseChanged());
  }

  /** The life of a process that is to serve: its load, and its end. */
  #follow(incarnation: Incarnation): void {
    incarnation.ready.then(
      () => this.#becameReady(incarnation),
      () => undefined, // `#ended` sees to it
    );
    void incarnation.ended.then((end) => this.#ended(incarnation, end));
  }

  #becameReady(incarnation: Incarnation): void {
    if (incarnation !== this.#current || this.leaving) return;
    this.#loadedAt ??= this.#parts.clock.unix();
    this.#failure = undefined;
    this.touch();
    this.#become("ready");
    this.#coming.resolve();
    this.#parts.settled(this);
  }

  #ended(incarnation: Incarnation, { wanted, blame, error }: IncarnationEnd): void {
    if (wanted) return;
    const { clock, tell, breakers } = this.#parts;
    if (incarnation !== this.#current || this.leaving) {
      tell({ type: "crashed", instance: this.snapshot(), blame, error, draining: true });
      return;
    }
    if (!this.hasRoom && error.reason === "pool_full" && this.#loadedAt !== undefined) {
      this.#faults.postponeTrial(); // there is no room for it now
      this.#open(error);
      return;
    }
    this.#failure = { error, at: clock.unix() };
    breakers.note(this.folder, error);
    const isFirstLoad = this.#loadedAt === undefined;
    if (isFirstLoad && (blame === "model" || this.#faults.interruptions >= mostInterruptedLoads)) {
      this.#become("failed");
      this.#coming.reject(error);
      return;
    }
    this.#faults.add(blame);
    if (this.#state === "ready") this.#coming = unwatched();
    this.#become(isFirstLoad ? "loading" : "restarting");
    tell({ type: "crashed", instance: this.snapshot(), blame, error });
    const { fresh } = this.#processes;
    if (fresh) fresh.ready.then(() => this.#takeOver(fresh)).catch(() => this.#decide(blame));
    else this.#decide(blame);
  }

  #decide(blame: Blame): void {
    if (this.leaving || this.#state === "ready") return;
    const decision = this.#faults.decide(blame);
    if (decision.kind === "open") this.#open();
    else this.#cancelRestart = this.#parts.clock.after(decision.inSeconds, () => this.#restart());
  }

  /** From now on it takes no room. @param error why who waits is refused; else because the breaker is open */
  #open(error?: VoxpoolError): void {
    this.hasRoom = false;
    this.#lastBytes = 0;
    this.touch();
    this.#become("failed");
    this.#coming.reject(error ?? this.#parts.breakers.refusal(this.folder) ?? new VoxpoolError("internal"));
  }

  /** Starts the next process: after the pause, or as the trial of an open breaker. */
  #restart(): void {
    this.#cancelRestart = undefined;
    if (this.leaving) return;
    if (this.#isOpen) {
      this.#faults.beginTrial();
      this.#coming = unwatched();
      this.#become("restarting");
    }
    this.restarts += 1;
    this.#serveBy(this.#incarnate());
  }

  #serveBy(next: Incarnation): void {
    this.#processes.serveBy(next);
    this.#follow(next);
  }

  #used(): void {
    this.usageCount += 1;
    this.#faults.passed();
  }

  #takeOver(fresh: Incarnation): void {
    const { current: old, draining } = this.#processes;
    if (this.#processes.fresh !== fresh) return;
    this.#processes.fresh = undefined;
    if (this.leaving) return void fresh.kill(new VoxpoolError("server_stopping"));
    this.#cancelRestart?.();
    this.#serveBy(fresh);
    if (old.phase === "ended") return;
    draining.add(old);
    void old.drain(new VoxpoolError("server_stopping"), "replaced").finally(() => {
      draining.delete(old);
      this.#parts.settled(this);
    });
  }

  async #unload(): Promise<void> {
    const cancelled = new VoxpoolError("model_load_cancelled", { model_path: this.folder.modelPath });
    this.#cancelRestart?.();
    this.#coming.reject(cancelled);
    this.#processes.endReplacement();
    if (this.#state === "ready") this.#become("draining");
    await Promise.all(this.#processes.all.map((one) => one.drain(cancelled, "unloaded")));
    this.#become("stopped");
  }

  #phaseChanged(): void {
    if (this.#current.phase === "warming" && this.#state === "loading") this.#become("warming");
  }

  #accountedBytes(): number {
    const bytes = this.#processes.accountedBytes;
    if (this.#state === "ready") this.#lastBytes = this.#current.memoryBytes;
    return this.#state === "restarting" ? Math.max(bytes, this.#lastBytes) : bytes;
  }

  #become(state: InstanceState): void {
    if (state === this.#state) return;
    const previous = this.#state;
    this.#state = state;
    this.#parts.tell({ type: "state", instance: this.snapshot(), previous });
  }
}
