import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import type { ModelFolder } from "../../dist/catalog/catalog.js";
import type { EngineInfo } from "../../dist/engine/engine.js";
import type { Host, HostEnd, HostOptions } from "../../dist/host/parent/types.js";
import type { PoolOptions } from "../../dist/pool/pool.js";
import type { FakeClock } from "./fake-clock.ts";

const info: EngineInfo = {
  engine: "fake",
  family: "fake",
  languages: ["en"],
  input: "segments",
  words: false,
  maxSegmentSeconds: 20,
};

/** A host without a process, whose load and end a test drives. */
export class FakeHost implements Host {
  readonly directory: string;
  readonly pid: number;
  readonly loaded: Promise<EngineInfo>;
  readonly ended: Promise<HostEnd>;
  readonly #load = Promise.withResolvers<EngineInfo>();
  readonly #end = Promise.withResolvers<HostEnd>();
  memoryBytes = 0;
  cpuSeconds = 0;
  isLoaded = false;
  /** Its process is gone. */
  isGone = false;
  #coming: HostEnd | undefined;
  /** Its process takes so long to go that a test lets it go: `leave()`. */
  lingers = false;

  constructor({ spec }: HostOptions, pid: number) {
    this.directory = spec.directory;
    this.pid = pid;
    this.loaded = this.#load.promise;
    this.loaded.catch(() => undefined);
    this.ended = this.#end.promise;
  }

  get isUsable(): boolean {
    return this.#coming === undefined;
  }

  open(): never {
    throw new TypeError("no samples here");
  }

  punctuate(): never {
    throw new TypeError("no text here");
  }

  /** Loads; takes so much memory from now on. */
  load(memoryBytes = 0): void {
    if (this.#coming) return;
    this.isLoaded = true;
    this.memoryBytes = memoryBytes;
    this.#load.resolve(info);
  }

  /** Its load comes to a bad end, by the model's own fault. */
  failLoad(reason: VoxpoolError["reason"] = "model_load_failed"): void {
    this.#load.reject(new VoxpoolError(reason, { model_path: this.directory, detail: "as the test says" }));
    this.#leaveWith({ wanted: false, fromOutside: false, explanation: "its load failed" });
  }

  /** Its process ends by itself. */
  crash(fromOutside: boolean): void {
    this.#load.reject(new VoxpoolError("model_load_failed", { model_path: this.directory, detail: "it crashed" }));
    this.#leaveWith({ wanted: false, fromOutside, explanation: fromOutside ? "a signal" : "it aborted" });
  }

  end(error?: VoxpoolError): Promise<HostEnd> {
    this.#load.reject(error ?? new VoxpoolError("model_load_cancelled", { model_path: this.directory }));
    this.#leaveWith({ wanted: true, fromOutside: true, explanation: "the server ended it" });
    return this.ended;
  }

  /** A process that lingered is gone. */
  leave(): void {
    this.lingers = false;
    if (!this.#coming || this.isGone) return;
    this.isGone = true;
    this.#end.resolve(this.#coming);
  }

  #leaveWith(end: HostEnd): void {
    this.#coming ??= end;
    if (!this.lingers) this.leave();
  }
}

/** Hosts that a test drives, and the options of a pool with them. */
export class FakeHosts {
  readonly all: FakeHost[] = [];
  /** By directory; files that were never written are "". */
  readonly files = new Map<string, string>();
  /** What a warm-up of a directory waits for, or fails with. */
  readonly warmUps = new Map<string, Promise<void>>();

  alive(folder?: ModelFolder): readonly FakeHost[] {
    return this.all.filter(({ isGone, directory }) => !isGone && (!folder || directory === folder.directory));
  }

  /** The newest host of a model. */
  of(folder: ModelFolder): FakeHost {
    const found = this.all.findLast(({ directory }) => directory === folder.directory);
    if (!found) throw new TypeError(`no host of ${folder.modelPath} was started`);
    return found;
  }

  options(clock: FakeClock): PoolOptions {
    return {
      describe: async ({ directory }) => ({
        engine: "fake",
        family: "fake",
        directory,
        files: {},
        languages: ["en"],
        segmenter: "energy",
        sizeBytes: 0,
      }),
      fingerprint: async ({ directory }) => this.files.get(directory) ?? "",
      ensureAssets: async () => ({ sileroFile: "", voskLibraryFile: "" }),
      startHost: (options) => {
        const host = new FakeHost(options, this.all.length + 1);
        this.all.push(host);
        return host;
      },
      warmUp: async (_host, _info, id) => await this.warmUps.get(id.slice(0, id.indexOf("@"))),
      threads: 1,
      loadIdleSeconds: 30,
      hangSeconds: 30,
      log: silentLog,
      clock,
      keepAliveSeconds: 600,
      holdIdleSeconds: 86_400,
      boundBytes: () => Number.POSITIVE_INFINITY,
      budget: { memoryBytes: Number.POSITIVE_INFINITY, instances: Number.POSITIVE_INFINITY },
      estimateBytes: () => 0,
    };
  }
}

/** A model that is nowhere on the disk. */
export const folderOf = (id: string, version = "1"): ModelFolder => ({
  id,
  modelPath: `model/${id}`,
  version,
  directory: `/models/${id}/${version}`,
});
