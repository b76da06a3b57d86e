import { answerLimitBytes, hasType, readJson } from "./answer.ts";
import {
  type CallContext,
  type CallOptions,
  exchange,
  networkFailure,
  type RequestParts,
  scopeFailure,
  scopeOf,
} from "./call.ts";
import type { PoolEvent } from "./contract/events.ts";
import type { ErrorEvent } from "./events.ts";
import { type CallFailure, ownFailure } from "./failure.ts";
import { mayRepeat, type Outcome, pause, pauseMs, withRetries } from "./retry.ts";
import { type CallScope, untilAborted } from "./scope.ts";
import { SseParser } from "./sse.ts";

export interface EventsOptions extends Pick<CallOptions, "signal"> {
  /** Begins behind this event, also one of an earlier run of the server. Left out: with what happens from now on. */
  readonly lastEventId?: string;
  /** Only these types; a `gap` always comes. */
  readonly types?: readonly string[];
  /** Only what concerns this model, or one version of it (`model/cn@1`). */
  readonly modelPath?: string;
  /** Told each time that the connection was lost; it is made anew meanwhile. */
  readonly onLost?: (failure: CallFailure) => void;
  /** A connection over which nothing came for so long counts as lost. Default 45,000: three times what servers send. */
  readonly idleMs?: number;
}

/** A connection that lasted so long was a good one: the next attempt is made at once. */
const goodConnectionMs = 5_000;

/** The events of the pool. @throws TypeError if an option is wrong */
export async function* poolEvents(
  context: CallContext,
  options: EventsOptions,
): AsyncGenerator<PoolEvent | ErrorEvent, void, undefined> {
  checkOptions(options);
  const scope = scopeOf(context, { timeoutMs: Infinity, ...(options.signal && { signal: options.signal }) }, Infinity);
  const place: Place = { id: options.lastEventId };
  try {
    let connection = await withRetries(() => connect(context, options, place, scope), "always", context.retry, scope);
    for (let failures = 0; ; ) {
      if (!connection.ok) return yield { type: "error", failure: connection.failure };
      const connectedMs = scope.elapsedMs();
      const failure = yield* readConnection(connection.value, context, place, scope, options.idleMs);
      const isOver = context.retry.retries === 0 || scope.ended() !== undefined || failure.reason === "answer_invalid";
      if (isOver) return yield { type: "error", failure };
      options.onLost?.(failure);
      if (scope.elapsedMs() - connectedMs > goodConnectionMs) failures = 0;
      connection = await connectAgain(context, options, place, scope, failures++);
    }
  } finally {
    scope.close();
  }
}

/** Where the reader is. */
interface Place {
  id: string | undefined;
}

type Connection = Outcome<ReadableStream<Uint8Array>>;

/** Tries until there is a connection, or there cannot be one. */
async function connectAgain(
  context: CallContext,
  options: EventsOptions,
  place: Place,
  scope: CallScope,
  failures: number,
): Promise<Connection> {
  let floorSeconds: number | undefined;
  for (let retry = failures; ; retry++) {
    await pause(pauseMs(context.retry, Math.min(retry, 16), floorSeconds), scope.signal);
    const connection = await connect(context, options, place, scope);
    if (connection.ok || scope.ended() !== undefined || !mayRepeat("always", connection)) return connection;
    floorSeconds = connection.failure.retry_after_seconds;
  }
}

function connect(
  { transport }: CallContext,
  { types, modelPath }: EventsOptions,
  place: Place,
  scope: CallScope,
): Promise<Connection> {
  const request: RequestParts = {
    method: "GET",
    path: "/events",
    query: {
      ...(types !== undefined && { types: types.join(",") }),
      ...(modelPath !== undefined && { model_path: modelPath }),
      // In the query, since browsers ask the server first whether a header of this name may be sent.
      ...(place.id !== undefined && { last_event_id: place.id }),
    },
    headers: { accept: "text/event-stream, application/json" },
  };
  return exchange<ReadableStream<Uint8Array>>(transport, request, scope, async (answer) => {
    if (answer.body === null || answer.status >= 400 || !hasType(answer, "text/event-stream")) {
      const failed = await readJson<never>(answer, transport.target, scope.signal);
      return failed.ok ? { ok: false, failure: invalid(transport.target, "no events"), mayHaveArrived: true } : failed;
    }
    return { ok: true, value: answer.body };
  });
}

/** The events of one connection; returns why it ended. */
async function* readConnection(
  body: ReadableStream<Uint8Array>,
  { transport }: CallContext,
  place: Place,
  scope: CallScope,
  idleMs = 45_000,
): AsyncGenerator<PoolEvent, CallFailure, undefined> {
  const reader = body.getReader();
  const parser = new SseParser(answerLimitBytes);
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await untilAborted(withinIdle(reader.read(), idleMs), scope.signal);
      if (done) throw new Error("the stream ended");
      for (const { data } of parser.push(decoder.decode(value, { stream: true }))) {
        const event = eventIn(data);
        if (event === undefined) return invalid(transport.target, "an event that is none of the pool's");
        place.id = event.id;
        yield event;
      }
      place.id = parser.lastEventId ?? place.id;
    }
  } catch (error) {
    if (error instanceof RangeError) return invalid(transport.target, error.message);
    return scopeFailure(scope) ?? networkFailure(error, transport.target);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** @throws Error after so long */
async function withinIdle<T>(work: Promise<T>, idleMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const idle = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${idleMs} ms`)), idleMs);
  });
  try {
    return await Promise.race([work, idle]);
  } finally {
    clearTimeout(timer);
  }
}

function eventIn(data: string): PoolEvent | undefined {
  try {
    const value = JSON.parse(data) as Partial<PoolEvent> | null;
    const isEvent = typeof value?.type === "string" && typeof value.id === "string";
    return isEvent ? (value as PoolEvent) : undefined;
  } catch {
    return undefined;
  }
}

function invalid(url: string, detail: string): CallFailure {
  return ownFailure("answer_invalid", { url, detail }, 200);
}

function checkOptions({ lastEventId, types, modelPath, onLost, idleMs }: EventsOptions): void {
  for (const [name, value] of Object.entries({ lastEventId, modelPath })) {
    if (value !== undefined && typeof value !== "string") throw new TypeError(`${name} must be a string`);
  }
  if (types !== undefined && !(Array.isArray(types) && types.every((type) => typeof type === "string"))) {
    throw new TypeError("types must be an array of strings");
  }
  if (onLost !== undefined && typeof onLost !== "function") throw new TypeError("onLost must be a function");
  const isTime = typeof idleMs === "number" && idleMs > 0 && idleMs < 2 ** 31;
  if (idleMs !== undefined && !isTime) throw new TypeError("idleMs must be a number above 0 and below 2 ** 31");
}
