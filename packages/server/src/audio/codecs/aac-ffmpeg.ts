import { type ChildProcessByStdio, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { Readable, Writable } from "node:stream";
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

/** Pipes only: it opens no file and no connection, whatever the packets say. */
const options = [
  ["-hide_banner", "-nostdin", "-loglevel", "error", "-timelimit", String(stepLimitSeconds), "-threads", "1"],
  ["-protocol_whitelist", "pipe", "-f", "aac", "-i", "pipe:0", "-map", "0:a:0"],
  ["-c:a", "pcm_f32le", "-f", "wav", "pipe:1"],
].flat();

export interface FfmpegOptions {
  /** It is killed after that. */
  readonly limitSeconds?: number;
  /** It is killed at once. */
  readonly signal?: AbortSignal | undefined;
}

/** One run for the packets of a step: nothing of it outlives the step. @throws VoxpoolError `audio_invalid` */
export async function decodeByFfmpeg(
  file: string,
  setup: CodecSetup,
  packets: readonly Uint8Array[],
  { limitSeconds = stepLimitSeconds, signal }: FfmpegOptions = {},
): Promise<Decoded> {
  const child = spawn(file, options, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  const kill = () => child.kill("SIGKILL");
  const timer = setTimeout(kill, limitSeconds * 1000);
  signal?.addEventListener("abort", kill);
  if (signal?.aborted === true) kill();
  // Eight channels at the doubled rate, as floats.
  const mostBytes = (packets.length + 4) * aacFrames * 2 * 8 * 4 + 65_536;
  try {
    const output = await run(child, Buffer.concat(toAdts(setup, packets)), mostBytes);
    return readWave(output, setup);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
    kill();
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

async function run(child: Child, input: Uint8Array, mostBytes: number): Promise<Buffer> {
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) =>
      resolve(code === 0 ? undefined : `it ended with ${signal ?? `code ${code}`}`),
    );
  });
  const errors = collect(child.stderr, mostErrorBytes);
  const output = collect(child.stdout, mostBytes, () => child.kill("SIGKILL"));
  child.stdin.on("error", () => undefined); // it may end before it has read everything; its exit tells why
  child.stdin.end(input);
  const failure = await ended;
  // Damaged packets are errors on stderr and a good exit; what it made of the others counts.
  if (failure === undefined || output.bytes() > 100) return output.all();
  const said = errors.all().toString("utf8").trim().split("\n")[0] ?? "";
  throw damaged(`ffmpeg could not decode its AAC: ${said === "" ? failure : said}`);
}

function collect(stream: Readable, mostBytes: number, full: () => void = () => undefined) {
  const parts: Buffer[] = [];
  let size = 0;
  stream.on("data", (part: Buffer) => {
    if (size + part.length > mostBytes) return full();
    size += part.length;
    parts.push(part);
  });
  return { bytes: () => size, all: () => Buffer.concat(parts) };
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
