import { spawn as nodeSpawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { VoxpoolError, type WireError } from "../../base/errors.ts";
import type { EngineInfo, SessionOptions } from "../../engine/engine.ts";
import type { FromHost } from "../wire.ts";
import { SamplePipe } from "./sample-pipe.ts";
import { ParentSession, type SessionHost } from "./session.ts";
import { type HostProcess, type ProcessEnd, type Spawn, spawnHost } from "./spawn.ts";
import { isStopped } from "./stopped.ts";
import { Texts } from "./texts.ts";
import type { Host, HostEnd, HostOptions, HostSession, TextDone } from "./types.ts";
import { HangWatch, LoadWatch, loadCapSeconds } from "./watch.ts";
import { windowSamples } from "./window.ts";

/** What tests replace. */
export interface HostSeams {
  /** Path of the child's entry. */
  readonly entry?: string;
  readonly spawn?: Spawn;
  /** How often the child shows that it lives; the parent looks four times as often. */
  readonly heartbeatMs?: number;
  /** The longest that a load may take, seconds, for files of so many bytes. */
  readonly loadCapSeconds?: (sizeBytes: number) => number;
}

const ticksPerHeartbeat = 4;

/** What others send; a process that fails by itself dies of other signals. SIGKILL is also the system's when memory is short. */
const sentByOthers: ReadonlySet<string> = new Set(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

const builtEntry = fileURLToPath(new URL("../child/main.js", import.meta.url));

/** Starts a process with one model in it, and loads the model. Never throws: `loaded` tells how it went. */
export function startHost(options: HostOptions, seams: HostSeams = {}): Host {
  return new ChildHost(options, seams);
}

/** Sessions count from 1; texts are watched as the works of this one. */
const textSession = 0;

const workKey = (session: number, work: number): string => `${session}:${work}`;

/** Why a host ends, as it is told to those who wait for its load, to its sessions and to operators. */
interface Death {
  readonly why: string;
  readonly loading: VoxpoolError;
  readonly running: VoxpoolError;
  readonly fromOutside: boolean;
}

class ChildHost implements Host, SessionHost {
  readonly loaded: Promise<EngineInfo>;
  readonly ended: Promise<HostEnd>;
  memoryBytes = 0;
  cpuSeconds = 0;
  readonly #options: HostOptions;
  readonly #process: HostProcess;
  readonly #pipe: SamplePipe;
  readonly #load = Promise.withResolvers<EngineInfo>();
  readonly #loadWatch: LoadWatch;
  readonly #hangWatch: HangWatch;
  readonly #sessions = new Map<number, ParentSession>();
  /** Granted works that the process has not reported as done, by `workKey`. */
  readonly #granted = new Map<string, PromiseWithResolvers<void>>();
  readonly #texts = new Texts();
  #sessionCount = 0;
  #info: EngineInfo | undefined;
  #death: Death | undefined;
  #wanted = false;

  constructor(options: HostOptions, seams: HostSeams) {
    const { spec, assets, threads, modelPath, log } = options;
    const heartbeatMs = seams.heartbeatMs ?? 1000;
    const tickMs = heartbeatMs / ticksPerHeartbeat;
    const limits = { tickSeconds: tickMs / 1000, heartbeatSeconds: heartbeatMs / 1000 };
    const capSeconds = (seams.loadCapSeconds ?? loadCapSeconds)(spec.sizeBytes);
    this.#options = options;
    this.#loadWatch = new LoadWatch({ ...limits, idleSeconds: options.loadIdleSeconds, capSeconds });
    this.#hangWatch = new HangWatch({ ...limits, hangSeconds: options.hangSeconds, threads });
    this.#process = spawnHost({
      entry: seams.entry ?? builtEntry,
      spawn: seams.spawn ?? nodeSpawn,
      onMessage: (message) => this.#receive(message),
      heartbeatMs,
      threads,
      modelPath,
      log,
    });
    this.#pipe = new SamplePipe(this.#process.samples);
    this.loaded = this.#load.promise;
    // Who only waits for `ended` must not be ended by a load that fails.
    this.loaded.catch(() => undefined);
    const ticking = setInterval(() => this.#tick(), tickMs);
    this.ended = this.#process.ended.then((end) => {
      clearInterval(ticking);
      return this.#onEnded(end);
    });
    this.#process.send({ type: "load", spec, assets, threads });
  }

  get isUsable(): boolean {
    return !this.#death && this.#process.isConnected();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  open(options: SessionOptions): HostSession {
    if (this.#death) throw this.#death.running;
    if (!this.#info) throw new TypeError("open() before the model is loaded");
    const id = ++this.#sessionCount;
    const session = new ParentSession(id, this, this.#options.modelPath);
    this.#sessions.set(id, session);
    this.#process.send({ type: "open", session: id, options });
    return session;
  }

  punctuate(text: string, expectedSeconds = 0): Promise<TextDone> {
    if (this.#death) return Promise.reject(this.#death.running);
    const { number, answer } = this.#texts.next();
    this.#hangWatch.granted(textSession, number, expectedSeconds);
    this.#process.send({ type: "text", number, text });
    return answer;
  }

  end(error?: VoxpoolError): Promise<HostEnd> {
    if (!this.#death) this.#wanted = true;
    const why = "the server ended it";
    this.#die({
      why,
      fromOutside: true,
      loading: this.#error("model_load_cancelled", {}),
      running: error ?? this.#error("host_crashed", { detail: why }),
    });
    return this.ended;
  }

  write(session: number, samples: Float32Array | "flush", taken: () => void): void {
    this.#pipe.write(session, samples, taken);
  }

  grant(session: number, work: number, expectedSeconds: number): void {
    this.#hangWatch.granted(session, work, expectedSeconds);
    this.#granted.set(workKey(session, work), Promise.withResolvers<void>());
    this.#process.send({ type: "grant", session, work });
  }

  async over(session: number, work: number): Promise<void> {
    await this.#granted.get(workKey(session, work))?.promise;
  }

  wantPartials(session: number, wanted: boolean): void {
    this.#process.send({ type: "partials", session, wanted });
  }

  cancel(session: number): void {
    this.#process.send({ type: "cancel", session });
  }

  forget(session: number): void {
    this.#sessions.delete(session);
  }

  windowSamples(): number {
    return this.#info ? windowSamples(this.#sessions.size, this.#info) : 0;
  }

  #receive(message: FromHost): void {
    if (this.#death) return;
    switch (message.type) {
      case "alive":
        this.#beat(message);
        break;
      case "loaded":
        this.#info = message.info;
        this.#load.resolve(message.info);
        break;
      case "load_failed":
        this.#onLoadFailed(message.error);
        break;
      case "done":
        this.#hangWatch.done(message.session, message.work);
        this.#sessions.get(message.session)?.receive(message);
        this.#over(workKey(message.session, message.work));
        break;
      case "text_done":
        this.#hangWatch.done(textSession, message.number);
        this.#texts.done(message.number, message);
        break;
      case "text_failed":
        this.#hangWatch.done(textSession, message.number);
        this.#texts.failed(message.number, this.#error(message.error.reason, message.error.details));
        break;
      case "work":
      case "speech":
      case "flushed":
      case "consumed":
      case "cut":
      case "session_failed":
        this.#sessions.get(message.session)?.receive(message);
        break;
    }
  }

  #onLoadFailed({ reason, details }: WireError): void {
    const error = VoxpoolError.fromWire({ reason, details: { ...details, model_path: this.#options.modelPath } });
    this.#die({ why: error.message, fromOutside: false, loading: error, running: error });
  }

  #beat(message: Extract<FromHost, { type: "alive" }>): void {
    this.memoryBytes = message.memoryBytes;
    this.cpuSeconds = message.cpuSeconds;
    if (this.#info) this.#hangWatch.beat(message.workerSilentSeconds);
    else this.#loadWatch.beat(message);
  }

  #tick(): void {
    if (this.#death) return;
    const seconds = this.#info ? this.#hangWatch.tick() : this.#loadWatch.tick();
    if (seconds === undefined) return;
    this.#die({
      fromOutside: isStopped(this.pid),
      why: `it did not answer for ${seconds} seconds`,
      loading: this.#error("model_load_timeout", { idle_seconds: seconds }),
      running: this.#error("host_hung", { idle_seconds: seconds }),
    });
  }

  /** Everything that waits fails at once, and the process ends; only the first reason counts. */
  #die(death: Death): void {
    this.#process.kill();
    if (this.#death) return;
    this.#death = death;
    this.#load.reject(death.loading);
    for (const session of this.#sessions.values()) session.fail(death.running);
    this.#texts.failAll(death.running);
    for (const key of this.#granted.keys()) this.#over(key);
  }

  #over(key: string): void {
    this.#granted.get(key)?.resolve();
    this.#granted.delete(key);
  }

  #onEnded({ explanation: how, signal }: ProcessEnd): HostEnd {
    this.#die({
      why: how,
      fromOutside: signal !== undefined && sentByOthers.has(signal),
      loading: this.#error("model_load_failed", { detail: how }),
      running: this.#error("host_crashed", { detail: how }),
    });
    const explanation = this.#death?.why ?? how;
    const { modelPath, log } = this.#options;
    log.debug({ model_path: modelPath, pid: this.pid, explanation }, "a host ended");
    return { wanted: this.#wanted, fromOutside: this.#death?.fromOutside ?? false, explanation };
  }

  #error(reason: VoxpoolError["reason"], details: VoxpoolError["details"]): VoxpoolError {
    return new VoxpoolError(reason, { model_path: this.#options.modelPath, ...details });
  }
}
