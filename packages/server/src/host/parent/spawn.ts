import type { ChildProcess, SpawnOptions } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";
import { childEnvironment } from "../../base/child-environment.ts";
import type { Log } from "../../base/log.ts";
import { type FromHost, sampleFd, type ToHost } from "../wire.ts";
import { explainExit, LastLines } from "./explain.ts";
import { killFirst } from "./kill-first.ts";

export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

/** A started process, or the attempt at one. */
export interface HostProcess {
  readonly pid: number | undefined;
  /** Where sample frames go. */
  readonly samples: Writable | undefined;
  /** Goes nowhere once the process is gone. */
  send(message: ToHost): void;
  /** The process is gone. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Whether the process still hears what it is sent. */
  isConnected(): boolean;
  /** SIGKILL. */
  kill(): void;
}

export interface ProcessEnd {
  /** For people. */
  readonly explanation: string;
  /** What ended it; undefined if it left by itself or never started. */
  readonly signal?: NodeJS.Signals;
}

export interface SpawnHost {
  /** Path of the child's entry. */
  readonly entry: string;
  readonly heartbeatMs: number;
  readonly threads: number;
  readonly modelPath: string;
  readonly log: Log;
  readonly spawn: Spawn;
  readonly onMessage: (message: FromHost) => void;
}

/** How long to wait for the rest of stderr once a process has ended, and for its end once it has hung up. */
const lastWordsMs = 300;

/** Output of a native library is logged up to so many characters a chunk. */
const loggedLength = 1000;

/** Starts a host's process. A failure to start is an early end. */
export function spawnHost(options: SpawnHost): HostProcess {
  let child: ChildProcess;
  try {
    child = options.spawn(process.execPath, [options.entry, String(options.heartbeatMs)], {
      // "overlapped" is "pipe", and on Windows the kind of pipe that the child can read without blocking.
      stdio: ["ignore", "pipe", "pipe", "overlapped", "ipc"],
      serialization: "advanced",
      windowsHide: true,
      env: environment(options.threads),
    });
  } catch (error) {
    return neverStarted(error);
  }
  yieldMemory(child, options);
  const lastLines = new LastLines();
  listen(child.stdout, "stdout", options);
  listen(child.stderr, "stderr", options, lastLines);
  const kill = (): void => void child.kill("SIGKILL");
  // A broken connection mostly means that the process is going; its own end explains more than this one.
  const killSoon = (): void => void setTimeout(kill, lastWordsMs).unref();
  const samples = samplePipe(child, killSoon);
  child.on("message", (message: FromHost) => options.onMessage(message));
  child.on("disconnect", killSoon);
  const isConnected = (): boolean => child.connected;
  return { pid: child.pid, samples, send: sender(child), ended: untilEnded(child, lastLines), isConnected, kill };
}

/** Where that is not permitted the server and its models are equal before the kernel. */
function yieldMemory({ pid }: ChildProcess, { log, modelPath }: SpawnHost): void {
  const trouble = pid === undefined ? undefined : killFirst(pid);
  if (trouble !== undefined) log.debug({ model_path: modelPath, pid, detail: trouble }, "oom_score_adj is as it was");
}

function environment(threads: number): NodeJS.ProcessEnv {
  // Native decodes run on libuv's threads: with as many as may run at once, a further decode waits in its queue.
  return { ...childEnvironment(), UV_THREADPOOL_SIZE: String(Math.max(1, threads)) };
}

function listen(stream: Readable | null, name: string, { log, modelPath }: SpawnHost, lastLines?: LastLines): void {
  stream?.on("error", () => undefined);
  stream?.on("data", (bytes: Buffer) => {
    lastLines?.push(bytes);
    const text = bytes.subarray(-loggedLength).toString("utf8").trimEnd();
    log.debug({ model_path: modelPath, stream: name, bytes: bytes.length }, text);
  });
}

function samplePipe(child: ChildProcess, onBroken: () => void): Writable | undefined {
  const pipe = child.stdio[sampleFd];
  if (!(pipe instanceof Duplex)) return undefined;
  pipe.on("error", onBroken);
  pipe.on("close", onBroken);
  pipe.resume();
  return pipe;
}

function sender(child: ChildProcess): (message: ToHost) => void {
  return (message) => {
    if (child.connected) child.send(message, undefined, undefined, () => undefined);
  };
}

function untilEnded(child: ChildProcess, lastLines: LastLines): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(notStarted(error));
    });
    child.on("exit", (code, signal) => {
      const explain = (): void => {
        const explanation = explainExit(code, signal, lastLines.toString());
        resolve({ explanation, ...(signal !== null && { signal }) });
      };
      // "close" comes when stderr was read to its end; a process that inherited the pipe could hold it open.
      child.once("close", explain);
      setTimeout(explain, lastWordsMs).unref();
    });
  });
}

function neverStarted(error: unknown): HostProcess {
  return {
    pid: undefined,
    samples: undefined,
    send: nothing,
    ended: new Promise((resolve) => resolve(notStarted(error))),
    isConnected: () => false,
    kill: nothing,
  };
}

const nothing = (): void => undefined;

function notStarted(error: unknown): ProcessEnd {
  const detail = error instanceof Error ? error.message : String(error);
  return { explanation: `the process could not be started: ${detail}` };
}
