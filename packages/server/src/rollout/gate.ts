import { createReadStream } from "node:fs";
import type { GateResult, Reason } from "@voxpool/client/contract";
import type { AudioDecoder } from "../audio/audio.ts";
import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import { type GoldenRecording, readGolden } from "../engine/detect/golden.ts";
import { joinText } from "../engine/text/join.ts";
import { transcribe } from "../recognition/transcribe.ts";
import type { Recognition } from "../recognition/types.ts";
import { wordErrorRate } from "./words.ts";

export interface GateParts {
  readonly recognition: Pick<Recognition, "open">;
  readonly audio: AudioDecoder;
  /** Whether numbers are written in figures, as requests have it that say nothing of it. */
  readonly itn: boolean;
}

/** Longest golden recording, seconds. */
const longestSeconds = 600;

/** A process that was killed from outside says nothing about the model: the recording is tried once more. */
const attempts = 2;

/**
 * Recognises the golden recordings of a model version, one after the other, each as a request would be.
 * @param signal ends it; it throws the signal's reason
 * @returns a result for each; also for those that did not pass
 * @throws VoxpoolError `model_files_invalid` of a recording that is not there, and of the recognition
 */
export async function runGate(parts: GateParts, folder: ModelFolder, signal: AbortSignal): Promise<GateResult[]> {
  const results: GateResult[] = [];
  for (const golden of await readGolden(folder.directory)) {
    results.push(resultOf(golden, await hear(parts, folder, golden, signal)));
  }
  return results;
}

/** What did not pass and why, for people; undefined if all passed. */
export function gateFailure(results: readonly GateResult[]): string | undefined {
  const [first, ...others] = results.filter(({ passed }) => !passed);
  if (first === undefined) return undefined;
  if (others.length === 0) return whyNot(first);
  return `${others.length + 1} of ${results.length} golden recordings did not pass, the first: ${whyNot(first)}`;
}

/** Failures that a version is to blame for when its golden recordings bring them about. */
export const failsGate = (reason: Reason): boolean => blamed.has(reason);

const blamed: ReadonlySet<Reason> = new Set<Reason>([
  "audio_invalid",
  "audio_missing",
  "audio_too_long",
  "audio_unsupported",
  "capability_missing",
  "decode_failed",
  "host_crashed",
  "host_hung",
  "model_files_invalid",
  "model_unavailable",
  "request_poisonous",
]);

interface Heard {
  readonly text: string;
  readonly realTimeFactor: number;
}

async function hear(
  parts: GateParts,
  folder: ModelFolder,
  golden: GoldenRecording,
  signal: AbortSignal,
): Promise<Heard> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await hearOnce(parts, folder, golden, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = VoxpoolError.from(thrown);
      if (error.reason === "host_crashed" && attempt < attempts) continue;
      throw failsGate(error.reason) ? new VoxpoolError(error.reason, named(golden, error), { cause: error }) : error;
    }
  }
}

function named({ name }: GoldenRecording, { details, message }: VoxpoolError): VoxpoolError["details"] {
  const detail = details.detail ?? message;
  return { ...details, detail: `${name}: ${detail}` };
}

async function hearOnce(
  { recognition, audio, itn }: GateParts,
  folder: ModelFolder,
  { file }: GoldenRecording,
  signal: AbortSignal,
): Promise<Heard> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  try {
    const { samples } = audio.decode(bytesOf(file), { maxSeconds: longestSeconds, signal: both });
    const session = await recognition.open({
      folder,
      client: "gate",
      priority: "interactive",
      words: "no",
      itn,
      signal: both,
    });
    const texts: string[] = [];
    for await (const event of transcribe(session, onlyChannel(samples))) {
      if (event.type === "final") texts.push(event.segment.text);
    }
    const { decodeSeconds, durationSeconds } = session.summary();
    return { text: joinText(texts), realTimeFactor: durationSeconds > 0 ? decodeSeconds / durationSeconds : 0 };
  } finally {
    over.abort(new VoxpoolError("request_cancelled")); // whatever ended it, the file is not read on
  }
}

/** Opened when it is read, so that a file is not left open that nobody came to read. */
async function* bytesOf(file: string): AsyncGenerator<Uint8Array, void> {
  yield* createReadStream(file) as AsyncIterable<Uint8Array>;
}

async function* onlyChannel(
  chunks: AsyncIterable<readonly [Float32Array, ...Float32Array[]]>,
): AsyncGenerator<Float32Array, void> {
  for await (const [samples] of chunks) yield samples;
}

function resultOf(golden: GoldenRecording, { text: heard, realTimeFactor }: Heard): GateResult {
  const { name, text: expected, wordErrorRate: limit, realTimeFactor: slowest } = golden;
  const rate = wordErrorRate(expected, heard);
  return {
    recording: name,
    expected,
    heard,
    word_error_rate: rate,
    limit_word_error_rate: limit,
    real_time_factor: realTimeFactor,
    limit_real_time_factor: slowest ?? null,
    passed: rate <= limit && (slowest === undefined || realTimeFactor <= slowest),
  };
}

function whyNot(result: GateResult): string {
  const { recording, word_error_rate: rate, limit_word_error_rate: limit } = result;
  if (rate > limit) return `${recording}: word error rate ${rate.toFixed(3)}, at most ${limit} passes`;
  const { real_time_factor: factor, limit_real_time_factor: slowest } = result;
  return `${recording}: real-time factor ${factor.toFixed(3)}, at most ${slowest} passes`;
}
