import { answerLimitBytes } from "./answer.ts";
import type { BatchEvent } from "./contract/batch.ts";
import type { PullEvent } from "./contract/catalog.ts";
import type { TranscribeEvent, Transcript } from "./contract/transcribe.ts";
import { type CallFailure, ownFailure, type Served, wireFailure } from "./failure.ts";
import { untilAborted } from "./scope.ts";
import { type ServerSentEvent, SseParser } from "./sse.ts";

/** What is heard of a recognition while it runs. */
export type RunningEvent = Extract<TranscribeEvent, { type: "progress" | "segment" }>;
/** The last event of one that succeeded. */
export interface DoneEvent {
  readonly type: "done";
  readonly transcript: Served<Transcript>;
}
/** The last event of one that failed, in the form of every failure of this client. */
export interface ErrorEvent {
  readonly type: "error";
  readonly failure: CallFailure;
}
/** `progress` and `segment` while it runs, then exactly one `done` or `error`. */
export type TranscriptionEvent = RunningEvent | DoneEvent | ErrorEvent;

/** How far a pull is. */
export type PullProgress = Extract<PullEvent, { type: "progress" }>;
/** `progress` while it runs, then one `done` or `error`. */
type PullingEvent = PullProgress | Extract<PullEvent, { type: "done" }> | ErrorEvent;

/** What is heard of a batch while it runs. */
export type BatchProgress = Extract<BatchEvent, { type: "started" | "result" }>;

/** How long the end of a finished stream is waited for, so that its connection can be used again. */
const lastBytesMs = 250;

const known: ReadonlySet<string> = new Set<TranscribeEvent["type"]>(["progress", "segment", "done", "error"]);

/** A server-sent event that is not what the contract says. */
class InvalidEvent extends Error {}

/**
 * The events of a streamed answer, ending with `done` or `error`. Events of an unknown type are skipped. `explain` says
 * what an error of the stream means. Whoever stops iterating cancels the work.
 */
export async function* wireEvents<Event extends { readonly type: string } = TranscriptionEvent>(
  body: ReadableStream<Uint8Array>,
  target: string,
  signal: AbortSignal,
  explain: (error: unknown) => CallFailure,
  read: (raw: ServerSentEvent) => Event | undefined = readEvent as (raw: ServerSentEvent) => Event | undefined,
): AsyncGenerator<Event | ErrorEvent, void, undefined> {
  const reader = body.getReader();
  const parser = new SseParser(answerLimitBytes);
  const decoder = new TextDecoder();
  let isOver = false;
  try {
    while (!isOver) {
      const { done, value } = await untilAborted(reader.read(), signal);
      if (done) throw new Error("the stream ended before its last event");
      for (const raw of parser.push(decoder.decode(value, { stream: true }))) {
        const event = read(raw);
        if (event === undefined || isOver) continue;
        isOver = event.type === "done" || event.type === "error";
        yield event;
      }
    }
  } catch (error) {
    yield { type: "error", failure: failureOf(error, target, explain) };
  } finally {
    if (isOver) letGo(reader);
    else reader.cancel().catch(() => undefined);
  }
}

function failureOf(error: unknown, url: string, explain: (error: unknown) => CallFailure): CallFailure {
  if (error instanceof InvalidEvent || error instanceof RangeError) {
    return ownFailure("answer_invalid", { url, detail: error.message }, 200);
  }
  return explain(error);
}

function readEvent(raw: ServerSentEvent): TranscriptionEvent | undefined {
  if (raw.name !== "message" && !known.has(raw.name)) return undefined;
  const { type, fields } = fieldsOf(raw);
  switch (type) {
    case "progress":
      if (typeof fields.processed_seconds !== "number") throw new InvalidEvent("a progress event without its seconds");
      break;
    case "segment":
      if (!isObject(fields.segment)) throw new InvalidEvent("a segment event without a segment");
      break;
    case "done":
      if (!isObject(fields.transcript) || typeof fields.transcript.text !== "string") {
        throw new InvalidEvent("a done event without a transcript");
      }
      break;
    case "error":
      return errorOf(fields);
    default:
      return undefined;
  }
  return { ...fields, type } as RunningEvent | DoneEvent;
}

/** An event of a pull; those that are no news to this client are skipped. */
export function readPullEvent(raw: ServerSentEvent): PullingEvent | undefined {
  const { type, fields } = fieldsOf(raw);
  if (type === "error") return errorOf(fields);
  if (type === "done" && !isObject(fields.answer)) throw new InvalidEvent("a done event without an answer");
  return type === "done" || type === "progress" ? ({ ...fields, type } as PullingEvent) : undefined;
}

/** An event of a batch; those that are no news to this client are skipped. */
export function readBatchEvent(raw: ServerSentEvent): BatchEvent | ErrorEvent | undefined {
  const { type, fields } = fieldsOf(raw);
  if (type === "error") return errorOf(fields);
  if (type === "result" && !isObject(fields.result)) throw new InvalidEvent("a result event without a result");
  if (type === "done" && !isObject(fields.answer)) throw new InvalidEvent("a done event without an answer");
  const isKnown = type === "started" || type === "result" || type === "done";
  return isKnown ? ({ ...fields, type } as BatchEvent) : undefined;
}

function errorOf(fields: Record<string, unknown>): ErrorEvent {
  const status = typeof fields.status === "number" ? fields.status : 500;
  return { type: "error", failure: wireFailure(status, fields) };
}

function fieldsOf(raw: ServerSentEvent): { type: string; fields: Record<string, unknown> } {
  const fields = parseFields(raw.data);
  return { type: typeof fields.type === "string" ? fields.type : raw.name, fields };
}

function parseFields(data: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new InvalidEvent("an event that is not JSON");
  }
  if (!isObject(value)) throw new InvalidEvent("an event that is not a JSON object");
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Waits aside for the stream's end, which comes with or right after the last event; else the connection is closed. */
function letGo(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  const cancel = () => reader.cancel().catch(() => undefined);
  const timer = setTimeout(() => void cancel(), lastBytesMs);
  void reader
    .read()
    .then(({ done }) => (done ? undefined : cancel()))
    .catch(() => undefined)
    .finally(() => clearTimeout(timer));
}
