import type { InstanceState } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AssetStore, Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { EngineInfo, SessionOptions } from "../engine/engine.ts";
import type { Host, HostEnd, HostSession, StartHost } from "../host/parent/types.ts";
import type { InstanceLease, InstanceSnapshot } from "./types.ts";

/** What an instance is made from. */
export interface InstanceParts {
  readonly describe: Catalog["describe"];
  readonly fingerprint: Catalog["fingerprint"];
  readonly ensureAssets: AssetStore["ensure"];
  readonly startHost: StartHost;
  /** Decodes that one host runs at once. */
  readonly threads: number;
  readonly loadIdleSeconds: number;
  readonly hangSeconds: number;
  readonly log: Log;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * One loaded model version and its life: `loading -> ready -> draining -> stopped`, or `failed` with the reason.
 * It never comes back: a new load is a new instance.
 */
export class Instance {
  readonly id: string;
  readonly folder: ModelFolder;
  /** Settles when the load is over. */
  readonly loaded: Promise<void>;
  #state: InstanceState = "loading";
  #host: Host | undefined;
  #info: EngineInfo | undefined;
  #files: string | undefined;
  #loadedAt: number | undefined;
  #loadSeconds: number | undefined;
  #usageCount = 0;
  #failure: InstanceSnapshot["failure"];
  #leases = 0;
  #unloading: Promise<void> | undefined;
  readonly #lastLeaseReturned = Promise.withResolvers<void>();
  readonly #stopLoading = new AbortController();
  readonly #parts: InstanceParts;
  readonly #changed: (instance: Instance, previous: InstanceState) => void;

  constructor(
    id: string,
    folder: ModelFolder,
    parts: InstanceParts,
    changed: (instance: Instance, previous: InstanceState) => void,
  ) {
    this.id = id;
    this.folder = folder;
    this.#parts = parts;
    this.#changed = changed;
    this.loaded = this.#load();
    this.loaded.catch(() => undefined); // a load that nobody waits for any more must not end the server
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** It was told to go and takes no new users. */
  get leaving(): boolean {
    return this.#unloading !== undefined;
  }

  snapshot(): InstanceSnapshot {
    const { id, folder } = this;
    return {
      id,
      folder,
      state: this.#state,
      usageCount: this.#usageCount,
      memoryBytes: this.#host?.memoryBytes ?? 0,
      ...(this.#loadedAt !== undefined && { loadedAt: this.#loadedAt }),
      ...(this.#loadSeconds !== undefined && { loadSeconds: this.#loadSeconds }),
      ...(this.#host?.pid !== undefined && { pid: this.#host.pid }),
      ...(this.#info && { info: this.#info }),
      ...(this.#files !== undefined && { files: this.#files }),
      ...(this.#failure && { failure: this.#failure }),
    };
  }

  /** A use of this instance; undefined unless it is ready. */
  lease(): InstanceLease | undefined {
    const host = this.#host;
    const info = this.#info;
    if (this.#state !== "ready" || !host?.isUsable || !info) return undefined;
    this.#leases++;
    let held = true;
    return {
      instance: this.snapshot(),
      info,
      open: (options: SessionOptions): HostSession => host.open(options),
      punctuate: (text, expectedSeconds) => host.punctuate(text, expectedSeconds),
      countUse: () => void this.#usageCount++,
      release: () => {
        if (!held) return;
        held = false;
        this.#leases--;
        if (this.#leases === 0 && this.#state === "draining") this.#lastLeaseReturned.resolve();
      },
    };
  }

  /** Resolves when it serves no more, whatever the reason. */
  async left(): Promise<void> {
    await (this.#unloading ?? this.#host?.ended);
  }

  /** Cancels a load, or waits for the last lease; then ends the process. Calls join the first one. */
  unload(): Promise<void> {
    this.#unloading ??= this.#unload();
    return this.#unloading;
  }

  /** Ends the process without waiting for anybody. */
  async kill(): Promise<void> {
    const stopping = new VoxpoolError("server_stopping");
    this.#stopLoading.abort(stopping);
    await this.#host?.end(stopping);
    await this.loaded.catch(() => undefined);
  }

  async #load(): Promise<void> {
    const { describe, fingerprint, ensureAssets, startHost, now, log, ...limits } = this.#parts;
    const { modelPath } = this.folder;
    const { signal } = this.#stopLoading;
    const begunAt = performance.now();
    try {
      this.#files = await fingerprint(this.folder);
      const spec = await describe(this.folder);
      const assets = await ensureAssets(spec, signal);
      signal.throwIfAborted();
      const host = startHost({ spec, assets, modelPath, log, ...limits });
      this.#host = host;
      const endHost = () => void host.end(VoxpoolError.from(signal.reason));
      signal.addEventListener("abort", endHost, { once: true });
      this.#info = await host.loaded;
      signal.throwIfAborted();
      void host.ended.then((end) => this.#hostEnded(end));
    } catch (thrown) {
      throw await this.#loadFailed(signal.aborted ? signal.reason : thrown);
    }
    this.#loadedAt = now();
    this.#loadSeconds = (performance.now() - begunAt) / 1000;
    this.#become("ready");
  }

  async #loadFailed(thrown: unknown): Promise<VoxpoolError> {
    const error = VoxpoolError.from(thrown);
    if (error.reason === "internal") this.#parts.log.error({ model_path: this.folder.modelPath, err: thrown }, "load");
    await this.#host?.end();
    if (!this.leaving) this.#fail(error);
    return error;
  }

  async #unload(): Promise<void> {
    if (this.#state === "loading") {
      this.#stopLoading.abort(new VoxpoolError("model_load_cancelled", { model_path: this.folder.modelPath }));
      await this.loaded.catch(() => undefined);
    }
    if (this.#state === "ready") {
      this.#become("draining");
      if (this.#leases > 0) await Promise.race([this.#lastLeaseReturned.promise, this.#host?.ended]);
      await this.#host?.end();
    }
    this.#become("stopped");
  }

  #hostEnded(end: HostEnd): void {
    if (end.wanted || this.#state === "stopped") return;
    const { modelPath } = this.folder;
    this.#parts.log.warn({ model_path: modelPath, detail: end.explanation }, "The process of a model ended");
    this.#fail(new VoxpoolError("host_crashed", { model_path: modelPath, detail: end.explanation }));
  }

  #fail(error: VoxpoolError): void {
    this.#failure = { error, at: this.#parts.now() };
    this.#become("failed");
  }

  #become(state: InstanceState): void {
    const previous = this.#state;
    this.#state = state;
    this.#changed(this, previous);
  }
}
