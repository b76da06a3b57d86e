import { hasType, readJson } from "./answer.ts";
import {
  type CallContext,
  type CallOptions,
  exchange,
  networkFailure,
  postJson,
  type RequestParts,
  scopeFailure,
  scopeOf,
} from "./call.ts";
import { checkBatch } from "./check.ts";
import type { BatchAnswer, BatchOperation, BatchRequest, BatchResult } from "./contract/batch.ts";
import { type BatchProgress, type ErrorEvent, readBatchEvent, wireEvents } from "./events.ts";
import { type CallFailure, type Served, servedBy } from "./failure.ts";
import type { HoldKeeper } from "./holds.ts";
import { type Outcome, withRetries } from "./retry.ts";
import type { TransportAnswer } from "./transport.ts";

export interface BatchOptions extends CallOptions {
  /** `sequence` (default): one after the other. `parallel`: several at once. */
  readonly order?: BatchRequest["order"];
  /** How many at once in parallel; the server's default is 4. */
  readonly concurrency?: number;
  /** `stop` (default) begins nothing more after the first error. */
  readonly onError?: BatchRequest["on_error"];
}

/** What all came to. With failures in it `success` is false, and `results` say which. */
export type BatchOutcome = Served<BatchAnswer>;

/** `started` and `result` while it runs, then exactly one `done` or `error`. */
export type BatchingEvent = BatchProgress | { readonly type: "done"; readonly answer: BatchOutcome } | ErrorEvent;

/** What of a batch concerns the client that sends it. */
export interface BatchClient {
  readonly holds: HoldKeeper;
  /** Of its loads that say none. */
  readonly leaseMs: number | null;
}

/** Has them done, and gives all results at the end. It listens to each meanwhile: what is loaded first is renewed. */
export async function runBatch(...sent: Parameters<typeof runBatchEvents>): Promise<BatchOutcome | CallFailure> {
  for await (const event of runBatchEvents(...sent)) {
    if (event.type === "done") return event.answer;
    if (event.type === "error") return event.failure;
  }
  throw new Error("A batch ends with one of these events");
}

/** Has them done, and gives each result as it comes. Leaving the loop stops listening; what has begun is finished. */
export async function* runBatchEvents(
  context: CallContext,
  operations: readonly BatchOperation[],
  options: BatchOptions,
  { holds, leaseMs }: BatchClient,
): AsyncGenerator<BatchingEvent, void, undefined> {
  const request = batchRequest(operations, options, context.clientId, leaseMs);
  const scope = scopeOf(context, options, Infinity);
  const { transport, retry } = context;
  const { target } = transport;
  const explain = (error: unknown) => scopeFailure(scope) ?? networkFailure(error, target);
  let by: ReturnType<typeof servedBy> = {};
  const noted = new NotedBatch(holds, request);
  try {
    const attempt = () =>
      exchange<AsyncIterable<BatchingEvent>>(transport, streaming(request), scope, async (answer) => {
        by = servedBy(answer);
        if (answer.body === null || answer.status >= 400 || !hasType(answer, "text/event-stream")) {
          const whole = await readAnswer(answer, target, scope.signal);
          return whole.ok ? { ok: true, value: asEvents(whole.value) } : whole;
        }
        const events = wireEvents<BatchingEvent>(answer.body, target, scope.signal, explain, readBatchEvent);
        return { ok: true, value: signed(events, by) };
      });
    const outcome = await withRetries(attempt, "unsent", retry, scope);
    if (!outcome.ok) return yield { type: "error", failure: outcome.failure };
    for await (const event of outcome.value) {
      if (event.type === "started") noted.started(event.index);
      if (event.type === "result") noted.result(event.result, by);
      yield event;
    }
  } finally {
    noted.end();
    scope.close();
  }
}

/**
 * The operations with what every call of the client says: who it is, and that its loads are leased.
 * @throws TypeError if they are no list of operations, or an option is wrong
 */
function batchRequest(
  operations: readonly BatchOperation[],
  options: BatchOptions,
  clientId: string,
  leaseMs: number | null,
): BatchRequest {
  checkBatch(operations, options);
  const { order, concurrency, onError } = options;
  const leased = operations.map((one) => {
    const isOwn = one.operation === "load" && one.client_id === undefined && one.lease_ms === undefined;
    return isOwn && leaseMs !== null ? { ...one, lease_ms: leaseMs } : one;
  });
  return {
    operations: leased,
    client_id: clientId,
    ...(order !== undefined && { order }),
    ...(concurrency !== undefined && { concurrency }),
    ...(onError !== undefined && { on_error: onError }),
  };
}

function streaming(request: BatchRequest): RequestParts {
  const parts = postJson("/models/batch", { ...request, stream: true });
  return { ...parts, headers: { ...parts.headers, accept: "text/event-stream, application/json" } };
}

/** That some operations failed is an answer, whatever its status; that nothing was begun is a failure. */
function readAnswer(answer: TransportAnswer, target: string, signal: AbortSignal): Promise<Outcome<BatchOutcome>> {
  return readJson(answer, target, signal, ({ results }) => Array.isArray(results));
}

/** A server without events answers at once with all results. */
async function* asEvents(answer: BatchOutcome): AsyncGenerator<BatchingEvent, void, undefined> {
  for (const result of answer.results) yield { type: "result", result };
  yield { type: "done", answer };
}

/** With these an unload is refused to who has nothing to give back. */
const nothingHeld: ReadonlySet<string> = new Set([
  "model_not_found",
  "model_not_loaded",
  "model_in_use",
  "model_pinned",
]);

/** What a batch loads and unloads changes what is held. */
class NotedBatch {
  readonly #holds: HoldKeeper;
  readonly #operations: readonly BatchOperation[];
  /** The unloads whose result has not come, and what ends their leaving. */
  readonly #unloads = new Map<number, { readonly modelPath: string; readonly end: () => void }>();
  readonly #begun = new Set<number>();

  constructor(holds: HoldKeeper, { operations }: BatchRequest) {
    this.#holds = holds;
    this.#operations = operations;
    for (const [index, one] of operations.entries()) {
      if (one.operation !== "unload" || one.client_id !== undefined) continue;
      this.#unloads.set(index, { modelPath: one.model_path, end: holds.leaving(one.model_path) });
    }
  }

  started(index: number): void {
    this.#begun.add(index);
  }

  result({ index, status, answer, failure }: BatchResult, { answered_by }: ReturnType<typeof servedBy>): void {
    const operation = this.#operations[index];
    const { model_path } = (answer ?? {}) as { readonly model_path?: string };
    if (operation?.operation === "load" && operation.client_id === undefined && status === "done") {
      const { model_path: modelPath, lease_ms: leaseMs = null, keep_alive: keepAlive } = operation;
      const by = { ...(model_path && { model_path }), ...(answered_by && { answered_by }) };
      this.#holds.keep({ modelPath, leaseMs, keepAlive }, by);
    }
    const unload = this.#unloads.get(index);
    this.#unloads.delete(index);
    unload?.end();
    if (unload === undefined || status === "skipped") return;
    const isOver = status === "done" || nothingHeld.has(failure?.reason ?? "");
    if (isOver) this.#holds.gaveBack(unload.modelPath, model_path ?? unload.modelPath);
    else this.#holds.giveUp(unload.modelPath);
  }

  /** No result comes any more. What was begun may have been done. */
  end(): void {
    for (const [index, { modelPath, end }] of this.#unloads) {
      if (this.#begun.has(index)) this.#holds.giveUp(modelPath);
      end();
    }
  }
}

/** The events, the last of which says who served where there is a choice. */
async function* signed(
  events: AsyncIterable<BatchingEvent>,
  by: ReturnType<typeof servedBy>,
): AsyncGenerator<BatchingEvent, void, undefined> {
  for await (const event of events) {
    if (event.type === "done") yield { ...event, answer: { ...event.answer, ...by } };
    else if (event.type === "error") yield { ...event, failure: { ...event.failure, ...by } };
    else yield event;
  }
}
