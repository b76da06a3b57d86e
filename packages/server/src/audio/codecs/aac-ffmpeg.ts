import { type ChildProcessByStdio, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { childEnvironment } from "../../base/child-environment.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { damaged } from "../format.ts";
import { aacFrames, toAdts } from "./aac-packets.ts";
import type { CodecSetup, Decoded } from "./codec.ts";

/** Less than a step may take, so that it is this process that is ended, and not the thread. */
const stepLimitSeconds = 8;
const mostErrorBytes = 2048;

/** Where ffmpeg is, by a PATH variable; undefined if it is not there. Folders that depend on the working directory are passed over. */
export async function findFfmpeg(pathVariable: string): Promise<string | undefined> {
  const name = process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg";
  for (const folder of pathVariable.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/**
 * Pipes only: it opens no file and no connection, whatever the packets say. However many packets are damaged, what it
 * makes of the others counts, and its exit is a good one.
 */
const options = [
  ["-hide_banner", "-nostdin", "-loglevel", "error", "-timelimit", String(stepLimitSeconds), "-threads", "1"],
  ["-max_error_rate", "1", "-protocol_whitelist", "pipe", "-f", "aac", "-i", "pipe:0", "-map", "0:a:0"],
  ["-c:a", "pcm_f32le", "-f", "wav", "pipe:1"],
].flat();

export interface FfmpegOptions {
  /** For all of it; a process that is still there then is killed. */
  readonly limitSeconds?: number;
  /** Kills it at once. */
  readonly signal?: AbortSignal | undefined;
}

/** It was ended from outside, or could not even be started: the packets have no part in it. */
class Interrupted extends Error {}

/**
 * One run for the packets of a step, and a second one if somebody else ended the first (the system, for want of
 * memory): nothing of it outlives the step.
 * @throws VoxpoolError `audio_invalid`, `request_cancelled`; another error if ffmpeg was interrupted twice
 */
export async function decodeByFfmpeg(
  file: string,
  setup: CodecSetup,
  packets: readonly Uint8Array[],
  { limitSeconds = stepLimitSeconds, signal }: FfmpegOptions = {},
): Promise<Decoded> {
  const work: Work = {
    file,
    input: Buffer.concat(toAdts(setup, packets)),
    // At the doubled rate, as floats; parametric stereo makes two channels of one.
    mostBytes: (packets.length + 4) * aacFrames * 2 * Math.max(2, setup.channels) * 4 + 65_536,
    deadline: AbortSignal.timeout(limitSeconds * 1000),
    limitSeconds,
    signal,
  };
  const output = await runOnce(work).catch((error: unknown) => {
    if (error instanceof Interrupted) return runOnce(work);
    throw error;
  });
  return readWave(output, setup);
}

interface Work {
  readonly file: string;
  readonly input: Uint8Array;
  /** Most that can come out. */
  readonly mostBytes: number;
  readonly deadline: AbortSignal;
  readonly limitSeconds: number;
  readonly signal: AbortSignal | undefined;
}

async function runOnce(work: Work): Promise<Buffer> {
  const { signal, deadline } = work;
  if (signal?.aborted === true) throw new VoxpoolError("request_cancelled");
  const child = spawn(work.file, options, {
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
    env: childEnvironment(), // it reads what strangers send
  });
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  deadline.addEventListener("abort", kill);
  if (deadline.aborted) kill();
  try {
    return await outputOf(child, work);
  } finally {
    signal?.removeEventListener("abort", kill);
    deadline.removeEventListener("abort", kill);
    kill();
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What it wrote, if its exit says that this is all of it. */
async function outputOf(child: Child, work: Work): Promise<Buffer> {
  const ended = endOf(child);
  const errors = collect(child.stderr, mostErrorBytes);
  const output = collect(child.stdout, work.mostBytes, () => child.kill("SIGKILL"));
  child.stdin.on("error", () => undefined); // it may end before it has read everything; its exit tells why
  child.stdin.end(work.input);
  const end = await ended;
  if (work.signal?.aborted === true) throw new VoxpoolError("request_cancelled");
  if (end.code === 0) return output.all();
  if (output.isFull()) throw damaged("ffmpeg made more of its AAC than its packets can hold");
  if (work.deadline.aborted || end.signal === "SIGXCPU")
    throw damaged(`ffmpeg did not decode its AAC within ${work.limitSeconds} seconds`);
  const said = firstLine(errors.all());
  const how = end.failure?.message ?? `it ended with ${end.signal ?? `code ${end.code}`}`;
  if (isInterrupted(end))
    throw new Interrupted(`ffmpeg was interrupted: ${how} ${said}`.trim(), { cause: end.failure });
  throw damaged(`ffmpeg could not decode its AAC: ${said === "" ? how : said}`);
}

/** Without the part of ffmpeg that says it, and where that is in memory. */
function firstLine(errors: Buffer): string {
  const [line = ""] = errors.toString("utf8").trim().split("\n");
  return line.replace(/^\[[^\]]* @ [^\]]*\] /, "");
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly failure?: Error;
}

function endOf(child: Child): Promise<End> {
  return new Promise((resolve) => {
    child.once("error", (failure) => resolve({ code: null, signal: null, failure }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

/** What a program that does something wrong is ended by: the packets may be the reason, so the same would come again. */
const crashes: ReadonlySet<string> = new Set(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"]);

/** What ffmpeg ends with when a signal asked it to. */
const askedToEnd = 255;

function isInterrupted({ code, signal, failure }: End): boolean {
  return failure !== undefined || code === askedToEnd || (signal !== null && !crashes.has(signal));
}

function collect(stream: Readable, mostBytes: number, full: () => void = () => undefined) {
  const parts: Buffer[] = [];
  let size = 0;
  let isFull = false;
  stream.on("data", (part: Buffer) => {
    if (isFull) return;
    isFull = size + part.length > mostBytes;
    if (isFull) return full();
    size += part.length;
    parts.push(part);
  });
  return { isFull: () => isFull, all: () => Buffer.concat(parts) };
}

/** WAV as ffmpeg writes it into a pipe: the header tells rate and channels, the sound goes on to the end. */
function readWave(bytes: Buffer, setup: CodecSetup): Decoded {
  const fmt = bytes.indexOf("fmt ");
  const data = bytes.indexOf("data", fmt);
  if (fmt < 0 || data < 0) return { planar: [new Float32Array(0)], rateHz: setup.rateHz };
  const channels = Math.max(1, bytes.readUInt16LE(fmt + 10));
  const rateHz = bytes.readUInt32LE(fmt + 12);
  const sound = new DataView(bytes.buffer, bytes.byteOffset + data + 8, bytes.length - data - 8);
  const frames = Math.floor(sound.byteLength / 4 / channels);
  const planar = Array.from({ length: channels }, () => new Float32Array(frames));
  for (const [channel, samples] of planar.entries()) {
    for (let frame = 0; frame < frames; frame++)
      samples[frame] = sound.getFloat32(4 * (frame * channels + channel), true);
  }
  return { planar, rateHz };
}
