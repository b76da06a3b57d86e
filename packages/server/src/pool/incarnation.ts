import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { raceAbort } from "../base/race-abort.ts";
import type { AssetStore, Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { EngineInfo, ModelSpec, SessionOptions } from "../engine/engine.ts";
import type { Host, HostEnd, HostSession, StartHost } from "../host/parent/types.ts";
import { Succession } from "./succession.ts";
import { Turns } from "./turns.ts";
import type { Blame, InstanceLease, InstanceSnapshot, Leaving } from "./types.ts";

/** Decodes something in a host that has just loaded, so that its first request meets a warm model. */
export type WarmUp = (host: Host, info: EngineInfo, id: string, signal: AbortSignal) => Promise<void>;

/** What an incarnation is made from. */
export interface IncarnationParts {
  readonly describe: Catalog["describe"];
  readonly fingerprint: Catalog["fingerprint"];
  readonly ensureAssets: AssetStore["ensure"];
  readonly startHost: StartHost;
  readonly warmUp: WarmUp;
  /** Waits until there is room for what the files will need. @throws VoxpoolError `pool_full` */
  readonly makeRoom: (folder: ModelFolder, spec: ModelSpec, incarnation: Incarnation) => Promise<void>;
  /** Decodes that one host runs at once. */
  readonly threads: number;
  readonly loadIdleSeconds: number;
  readonly hangSeconds: number;
  readonly log: Log;
}

/** How an incarnation came to its end. */
export interface IncarnationEnd {
  /** Whether the pool wanted it. */
  readonly wanted: boolean;
  readonly blame: Blame;
  readonly error: VoxpoolError;
}

type Phase = "loading" | "warming" | "ready" | "ended";

/** One process of a model version, from its start to its end. It never comes back. */
export class Incarnation {
  readonly id: string;
  readonly folder: ModelFolder;
  /** Settles when it is loaded and warm, or is not going to be. */
  readonly ready: Promise<void>;
  /** Its process is gone, or never came to be. Never rejects. */
  readonly ended: Promise<IncarnationEnd>;
  phase: Phase = "loading";
  info: EngineInfo | undefined;
  files: string | undefined;
  loadSeconds = 0;
  /** Memory right after the warm-up, bytes. */
  warmBytes = 0;
  /** Set aside for it while it loads, bytes. */
  reservedBytes = 0;
  readonly #turns = new Turns();
  readonly #succession = new Succession();
  readonly #stop = new AbortController();
  readonly #over = Promise.withResolvers<IncarnationEnd>();
  readonly #parts: IncarnationParts;
  readonly #onPhase: () => void;
  #host: Host | undefined;
  #leases = 0;
  #isDraining = false;
  /** Why it takes no new sessions any more, and who wants to know; no promise, which would keep all who ever asked. */
  #leaving: Leaving | undefined;
  readonly #leavingListeners = new Set<(why: Leaving) => void>();
  #blame: Promise<Blame> | undefined;
  #outgrown: VoxpoolError | undefined;
  #lastLeaseReturned = Promise.withResolvers<void>();

  constructor(id: string, folder: ModelFolder, parts: IncarnationParts, onPhase: () => void) {
    this.id = id;
    this.folder = folder;
    this.#parts = parts;
    this.#onPhase = onPhase;
    this.ended = this.#over.promise;
    this.ready = this.#start();
    this.ready.catch(() => undefined); // a load that nobody waits for any more must not end the server
  }

  get leases(): number {
    return this.#leases;
  }

  get memoryBytes(): number {
    return this.phase === "ended" ? 0 : (this.#host?.memoryBytes ?? 0);
  }

  get cpuSeconds(): number {
    return this.#host?.cpuSeconds ?? 0;
  }

  /** It was told to end, perhaps before it has begun. */
  get isCancelled(): boolean {
    return this.#stop.signal.aborted;
  }

  get pid(): number | undefined {
    return this.#host?.pid;
  }

  /** What it takes of the budget: what is measured, and while it loads at least what was set aside. */
  get accountedBytes(): number {
    if (this.phase === "ended") return 0;
    return this.phase === "ready" ? this.memoryBytes : Math.max(this.memoryBytes, this.reservedBytes);
  }

  /** A use of this process; undefined unless it is ready and stays. */
  lease(snapshot: () => InstanceSnapshot, used: () => void, released: () => void): InstanceLease | undefined {
    const host = this.#host;
    const { info } = this;
    if (this.phase !== "ready" || this.#isDraining || !host?.isUsable || !info) return undefined;
    this.#leases++;
    let held = true;
    const user = {};
    this.#succession.join(user);
    return {
      instance: snapshot(),
      info,
      open: (options: SessionOptions): HostSession => host.open(options),
      punctuate: (text, expectedSeconds) => host.punctuate(text, expectedSeconds),
      ended: this.#ending(),
      onLeaving: (listener) => this.#onLeaving(listener),
      turn: (suspect, signal) => this.#turns.take(suspect, signal),
      decoding: (isAlone) => this.#succession.begin(user, isAlone),
      succession: () => this.#succession.turnOf(user),
      countUse: used,
      release: () => {
        if (!held) return;
        held = false;
        this.#leases--;
        this.#succession.leave(user);
        if (this.#leases === 0) this.#lastLeaseReturned.resolve();
        released();
      },
    };
  }

  /** One promise for all leases: each `then` of its own would stay for as long as the process lives. */
  #ending(): Promise<Blame> {
    this.#blame ??= this.ended.then(({ blame }) => blame);
    return this.#blame;
  }

  #onLeaving(listener: (why: Leaving) => void): () => void {
    const why = this.#leaving;
    if (why === undefined) this.#leavingListeners.add(listener);
    else queueMicrotask(() => listener(why));
    return () => this.#leavingListeners.delete(listener);
  }

  /** Cancels a load; else waits for the last lease. Then ends the process. */
  async drain(cancelled: VoxpoolError, why: Leaving): Promise<void> {
    this.#isDraining = true;
    if (this.#leaving === undefined) {
      this.#leaving = why;
      for (const listener of this.#leavingListeners) listener(why);
      this.#leavingListeners.clear();
    }
    if (this.phase !== "ready") return this.kill(cancelled);
    if (this.#leases > 0) {
      this.#lastLeaseReturned = Promise.withResolvers();
      await Promise.race([this.#lastLeaseReturned.promise, this.ended]);
    }
    await this.kill(cancelled);
  }

  /** Ends the process without waiting for anybody; what is pending fails with `error`. */
  async kill(error: VoxpoolError): Promise<void> {
    this.#stop.abort(error);
    await this.#host?.end(error);
    await this.ended;
  }

  /** Ends the process as if it had crashed: it has outgrown what it may take. */
  endOutgrown(error: VoxpoolError): void {
    this.#outgrown = error;
    void this.#host?.end(error);
  }

  async #start(): Promise<void> {
    const { signal } = this.#stop;
    const begunAt = performance.now();
    try {
      const host = await this.#load(signal);
      this.info = await host.loaded;
      signal.throwIfAborted();
      this.#become("warming");
      await this.#warmUp(host, this.info, signal);
      signal.throwIfAborted();
    } catch (thrown) {
      throw await this.#failed(signal.aborted ? signal.reason : thrown);
    }
    this.loadSeconds = (performance.now() - begunAt) / 1000;
    this.warmBytes = this.memoryBytes;
    void this.#host?.ended.then((end) => this.#hostEnded(end));
    this.#become("ready");
  }

  async #load(signal: AbortSignal): Promise<Host> {
    const { describe, fingerprint, ensureAssets, startHost, makeRoom, log, threads, loadIdleSeconds, hangSeconds } =
      this.#parts;
    const { folder } = this;
    // Whoever cancels does not wait: not for a disk that does not answer, and not for room.
    this.files = await raceAbort(fingerprint(folder), signal);
    const spec = await raceAbort(describe(folder), signal);
    const assets = await ensureAssets(spec, signal);
    signal.throwIfAborted();
    await raceAbort(makeRoom(folder, spec, this), signal);
    signal.throwIfAborted();
    const { modelPath } = folder;
    const host = startHost({ spec, assets, modelPath, log, threads, loadIdleSeconds, hangSeconds });
    this.#host = host;
    signal.addEventListener("abort", () => void host.end(VoxpoolError.from(signal.reason)), { once: true });
    return host;
  }

  /** What a model cannot decode now it cannot decode later either: it does not become ready. */
  async #warmUp(host: Host, info: EngineInfo, signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.warmUp(host, info, this.id, signal);
    } catch (thrown) {
      const { reason, message } = VoxpoolError.from(thrown);
      if (reason === "host_hung" || signal.aborted) throw thrown;
      const detail = `it loaded, but its warm-up failed: ${message}`;
      throw new VoxpoolError("model_load_failed", { model_path: this.folder.modelPath, detail }, { cause: thrown });
    }
  }

  async #failed(thrown: unknown): Promise<VoxpoolError> {
    const error = VoxpoolError.from(thrown);
    if (error.reason === "internal") this.#parts.log.error({ model_path: this.folder.modelPath, err: thrown }, "load");
    const end = await this.#host?.end();
    const blame = end?.fromOutside === true && !end.wanted ? "outside" : "model";
    this.#end({ wanted: this.#stop.signal.aborted, blame, error });
    return error;
  }

  #hostEnded({ wanted, fromOutside, explanation }: HostEnd): void {
    const { modelPath } = this.folder;
    const error = this.#outgrown ?? new VoxpoolError("host_crashed", { model_path: modelPath, detail: explanation });
    const isWanted = wanted && this.#outgrown === undefined;
    this.#end({ wanted: isWanted, blame: fromOutside && this.#outgrown === undefined ? "outside" : "model", error });
  }

  #end(end: IncarnationEnd): void {
    this.#become("ended");
    this.#over.resolve(end);
  }

  #become(phase: Phase): void {
    this.phase = phase;
    this.#onPhase();
  }
}
