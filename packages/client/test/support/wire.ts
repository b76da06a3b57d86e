import * as web from "../../dist/index.js";
import type { Health, RunningEvent, Segment, Transcript, TranscriptionEvent } from "../../dist/node.js";
import * as node from "../../dist/node.js";

/** Both entries: what they have in common is tested with both. */
export const entries = [
  ["@voxpool/client", web.ModelAPIClient],
  ["@voxpool/client/node", node.ModelAPIClient],
] as const;

export const health: Health = { success: true, status: "running", loaded_models_count: 0, version: "0.1.0" };

export const segments: Segment[] = [
  { id: 0, start: 0.5, end: 1.5, text: "你好，世界" },
  { id: 1, start: 2, end: 3, text: "hello" },
];

export const transcript: Transcript = {
  success: true,
  text: "你好，世界hello",
  duration: 3.25,
  segments,
  processing_seconds: 0.1,
  real_time_factor: 0.03,
  model_path: "model/cn",
  model_version: "1",
  warnings: [],
};

export const busy = { success: false, message: "Busy.", reason: "too_many_sessions", retryable: true };

/** Retries that do not make a test wait. */
export const soon = { baseMs: 1, capMs: 1 };

/** A WAV file of silence: 16 kHz, mono, 16 bits. */
export function wav(samples: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.alloc(44 + samples * 2);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + samples * 2, 4);
  bytes.write("WAVEfmt ", 8);
  for (const [value, at] of [
    [16, 16],
    [16_000, 24],
    [32_000, 28],
    [samples * 2, 40],
  ] as const)
    bytes.writeUInt32LE(value, at);
  for (const [value, at] of [
    [1, 20],
    [1, 22],
    [2, 32],
    [16, 34],
  ] as const)
    bytes.writeUInt16LE(value, at);
  bytes.write("data", 36);
  return new Uint8Array(bytes);
}

export const running: RunningEvent[] = [
  { type: "progress", processed_seconds: 1, duration: 3.25 },
  ...segments.map((segment) => ({ type: "segment" as const, segment })),
];
export const done = { type: "done", transcript } as const;

export async function collect(events: AsyncIterable<TranscriptionEvent>): Promise<TranscriptionEvent[]> {
  const all: TranscriptionEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
