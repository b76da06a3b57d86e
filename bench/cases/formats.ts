import { spawn, spawnSync } from "node:child_process";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAudioDecoder } from "../../packages/server/dist/audio/decoder.js";
import { pcmBytes, wavHeader } from "../../test/fixtures/wav.ts";
import { type Bench, type BenchCase, type Measurement, Unavailable } from "../support/case.ts";
import { inTurn } from "../support/concurrent.ts";
import { median, spread } from "../support/statistics.ts";

const rateHz = 16_000;

/** What people have, by the name of the file that ffmpeg writes. */
const encodings: readonly (readonly [title: string, file: string, encoder: readonly string[]])[] = [
  ["WAV, 44.1 kHz stereo", "sound.wav", ["-ar", "44100", "-ac", "2"]],
  ["MP3, 128 kbit/s", "sound.mp3", ["-ar", "44100", "-ac", "2", "-b:a", "128k"]],
  ["FLAC, 44.1 kHz stereo", "sound.flac", ["-ar", "44100", "-ac", "2"]],
  ["Ogg Vorbis", "vorbis.ogg", ["-ar", "44100", "-ac", "2", "-c:a", "libvorbis"]],
  ["Ogg Opus", "opus.ogg", ["-c:a", "libopus", "-b:a", "32k"]],
  ["WebM Opus", "opus.webm", ["-c:a", "libopus", "-b:a", "32k"]],
  ["AIFF, 44.1 kHz stereo", "sound.aiff", ["-ar", "44100", "-ac", "2"]],
  ["M4A (AAC, by ffmpeg)", "sound.m4a", ["-ar", "44100", "-ac", "2", "-c:a", "aac", "-b:a", "128k"]],
];

/** How fast recordings become samples, against ffmpeg: recognition never waits for it. */
export const formats: BenchCase = {
  name: "formats",
  async run(bench) {
    if (spawnSync("ffmpeg", ["-version"]).error !== undefined) throw new Unavailable("ffmpeg is not on PATH");
    const seconds = bench.smoke ? 4 : 300;
    const source = join(bench.temporaryDirectory, "source.wav");
    writeFileSync(source, sound(bench, seconds));
    const rows: Measurement[] = [];
    for (const [title, name, encoder] of bench.smoke ? encodings.slice(0, 2) : encodings) {
      const file = join(bench.temporaryDirectory, name);
      await ffmpeg(["-y", "-i", source, ...encoder, file]);
      rows.push(await speedOf(bench, title, file, seconds));
    }
    return rows;
  },
};

async function speedOf(bench: Bench, title: string, file: string, seconds: number): Promise<Measurement> {
  const own: number[] = [];
  const others: number[] = [];
  for (let round = -1; round < bench.runs; round += 1) {
    const [ours, theirs] = await inTurn(
      Math.abs(round),
      () => ownSeconds(file, seconds),
      () => ffmpegSeconds(file),
    );
    if (round < 0) continue; // Code gets warm in the first one.
    own.push(seconds / ours);
    others.push(seconds / theirs);
  }
  return {
    what: `Decoding ${title}`,
    figure: `${spread(own, 0)} against ffmpeg's ${spread(others, 0)} times real time`,
    value: median(own),
    unit: "",
    goal: { kind: "at least", value: 100 },
    note: `${seconds} s to mono 16 kHz with one thread each; over ffmpeg ${(median(own) / median(others)).toFixed(2)}. The thread is warm, ffmpeg is a new process.`,
  };
}

const decoder = createAudioDecoder({ workers: 1 });

async function ownSeconds(file: string, expectedSeconds: number): Promise<number> {
  const begun = performance.now();
  let samples = 0;
  const decoded = decoder.decode(createReadStream(file), { maxSeconds: 10_000 });
  for await (const [mono] of decoded.samples) samples += mono.length;
  if (Math.abs(samples / rateHz - expectedSeconds) > 0.2) throw new Error(`${file}: ${samples} samples`);
  return (performance.now() - begun) / 1000;
}

async function ffmpegSeconds(file: string): Promise<number> {
  const begun = performance.now();
  await ffmpeg([
    "-threads",
    "1",
    "-i",
    file,
    "-ac",
    "1",
    "-ar",
    String(rateHz),
    "-f",
    "f32le",
    "-threads",
    "1",
    "pipe:1",
  ]);
  return (performance.now() - begun) / 1000;
}

async function ffmpeg(args: readonly string[]): Promise<void> {
  const child = spawn("ffmpeg", ["-nostdin", "-v", "error", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.resume();
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)}`);
}

function sound({ recordings }: Bench, seconds: number): Uint8Array {
  const wanted = seconds * rateHz * 2;
  const pieces = [wavHeader(wanted, rateHz)];
  for (let bytes = 0, index = 0; bytes < wanted; index += 1) {
    const recording = recordings[index % recordings.length];
    if (recording === undefined) throw new Error("no recordings");
    const piece = pcmBytes(recording.samples).subarray(0, wanted - bytes);
    pieces.push(piece);
    bytes += piece.length;
  }
  return Buffer.concat(pieces);
}
