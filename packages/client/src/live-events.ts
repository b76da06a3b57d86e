import type { LiveEvent } from "./contract/live.ts";
import type { ErrorEvent } from "./events.ts";
import { type CallFailure, ownFailure, wireFailure } from "./failure.ts";

/** What a session tells: the events of the wire, but `error` in the form of every failure of this client. */
export type SessionEvent = Exclude<LiveEvent, { type: "error" }> | ErrorEvent;

/** The first event of a session. */
export type ReadyEvent = Extract<LiveEvent, { type: "ready" }>;

/** With so many events unread, only the words are kept. */
const unreadLimit = 10_000;

/** The fields without which an event of a type is of no use. */
const needed: { readonly [Type in LiveEvent["type"]]: Readonly<Record<string, string>> } = {
  ready: { session_id: "string", received_bytes: "number", resume_seconds: "number" },
  partial: { text: "string", stable: "string" },
  final: { segment: "object" },
  speech_started: { at: "number" },
  speech_ended: { at: "number" },
  finalized: {},
  warning: { reason: "string", message: "string" },
  error: { reason: "string", message: "string" },
  ended: { duration: "number", segments: "number" },
};

/** An event of the wire; undefined if its type is not known. @throws Error if it is not what the contract says */
export function readLiveEvent(text: string): LiveEvent | undefined {
  const value = parse(text);
  const { type, number } = value;
  if (typeof type !== "string") throw new Error("an event without a type");
  if (!Object.hasOwn(needed, type)) return undefined;
  for (const [name, kind] of Object.entries(needed[type as LiveEvent["type"]])) {
    if (typeof value[name] !== kind || value[name] === null) throw new Error(`an event ${type} without ${name}`);
  }
  if (!Number.isInteger(number)) throw new Error(`an event ${type} without its number`);
  if (type === "final" && typeof (value.segment as { text?: unknown }).text !== "string") {
    throw new Error("an event final without text");
  }
  return value as unknown as LiveEvent;
}

/** What an `error` of the wire, or a message that is none of voxpool's, is to the caller. */
export function sessionFailure(event: Extract<LiveEvent, { type: "error" }>): CallFailure {
  const { type: _, number: __, ...fields } = event;
  return wireFailure(0, fields);
}

/** What a message that cannot be understood is to the caller. */
export function misunderstood(error: unknown, url: string): CallFailure {
  return ownFailure("answer_invalid", { url, detail: error instanceof Error ? error.message : String(error) });
}

/** Events for one reader. One that is slow misses partials, never a final. */
export class EventQueue implements AsyncIterableIterator<SessionEvent, void, undefined> {
  readonly #onLeft: () => void;
  #unread: SessionEvent[] = [];
  #readers: ((result: IteratorResult<SessionEvent, void>) => void)[] = [];
  #isClosed = false;

  /** @param onLeft called when the reader leaves its loop */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  push(event: SessionEvent): void {
    if (this.#isClosed) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader({ done: false, value: event });
      return;
    }
    const isPassing = event.type === "partial" || event.type === "speech_started" || event.type === "speech_ended";
    if (isPassing && this.#unread.length >= unreadLimit) return;
    // A newer partial stands for the one before it.
    if (event.type === "partial" && this.#unread.at(-1)?.type === "partial") this.#unread.pop();
    this.#unread.push(event);
  }

  /** No more will come. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<SessionEvent, void>> {
    const value = this.#unread.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<SessionEvent, void>> {
    this.close();
    this.#unread = [];
    this.#onLeft();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("a message that is not JSON");
  }
  if (typeof value !== "object" || value === null) throw new Error("a message that is not a JSON object");
  return value as Record<string, unknown>;
}
