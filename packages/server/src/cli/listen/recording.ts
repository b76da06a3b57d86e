import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Environment } from "../context.ts";
import type { Recorder } from "./recorders.ts";

/** Sound as it is recorded. */
export interface Recording {
  /** The program that records. */
  readonly program: string;
  /** What it hears, until it is stopped or ends by itself. */
  readonly audio: AsyncIterable<Uint8Array>;
  /** Ends the recording in order: what was heard before still comes. Safe to call twice. */
  stop(): void;
}

/** No recorder heard anything; each says why. */
export interface Deaf {
  readonly complaints: readonly string[];
}

/** A recorder that does not end when it is asked to is ended after so long. */
const patienceMs = 2_000;
/** Of what a recorder says, the end is enough. */
const complaintChars = 300;

/** The recorders of these that are on this machine. */
export async function installedOf(
  recorders: readonly Recorder[],
  env: Environment,
  platform: NodeJS.Platform,
): Promise<readonly Recorder[]> {
  const folders = (env.PATH ?? env.Path ?? "").split(delimiter).filter((folder) => folder !== "");
  const ending = platform === "win32" ? ".exe" : "";
  const isThere = async ({ program }: Recorder) => {
    const tries = folders.map((folder) => access(join(folder, program + ending), constants.X_OK));
    return (await Promise.allSettled(tries)).some(({ status }) => status === "fulfilled");
  };
  const there = await Promise.all(recorders.map(isThere));
  return recorders.filter((_, n) => there[n] === true);
}

/** Starts recorders until one hears something. */
export async function startRecording(recorders: readonly Recorder[], signal: AbortSignal): Promise<Recording | Deaf> {
  const complaints: string[] = [];
  for (const recorder of recorders) {
    if (signal.aborted) break;
    const started = await startOne(recorder);
    if ("audio" in started) return started;
    complaints.push(...started.complaints);
  }
  return { complaints };
}

async function startOne({ program, args }: Recorder): Promise<Recording | Deaf> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-complaintChars);
  });
  // A program that cannot be run has no end of its output on its own.
  child.on("error", (error) => {
    said = error.message;
    child.stdout.destroy();
  });
  // Whoever runs this is gone: the recorder must not go on listening.
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  const closed = once(child, "close").catch(() => undefined);
  void closed.then(() => process.off("exit", killNow));
  const iterator = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await iterator.next().catch(() => ({ done: true as const, value: undefined }));
  if (first.done === true) {
    await closed;
    return { complaints: [`${program}: ${said.trim() || `ended with ${child.exitCode ?? child.signalCode}`}`] };
  }
  return { program, audio: withFirst(first.value, iterator), stop: () => stop(child) };
}

async function* withFirst(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Recorders write out what they have when they are interrupted. */
function stop(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  child.once("close", () => clearTimeout(timer));
}
