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

/** Has them done, and gives all results at the end. */
export async function runBatch(
  context: CallContext,
  operations: readonly BatchOperation[],
  options: BatchOptions,
  { holds, leaseMs }: BatchClient,
): Promise<BatchOutcome | CallFailure> {
  const request = batchRequest(operations, options, context.clientId, leaseMs);
  const scope = scopeOf(context, options, Infinity);
  const { transport, retry } = context;
  try {
    const attempt = () =>
      exchange(transport, postJson("/models/batch", request), scope, (answer) =>
        readAnswer(answer, transport.target, scope.signal),
      );
    const outcome = await withRetries(attempt, "unsent", retry, scope);
    if (!outcome.ok) return outcome.failure;
    for (const result of outcome.value.results) noteResult(holds, request, result, outcome.value);
    return outcome.value;
  } finally {
    scope.close();
  }
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
      if (event.type === "result") noteResult(holds, request, event.result, by);
      yield event;
    }
  } finally {
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

/** What a batch loads and unloads changes what is held. */
function noteResult(
  holds: HoldKeeper,
  { operations }: BatchRequest,
  { index, status, answer }: BatchResult,
  { answered_by }: ReturnType<typeof servedBy>,
): void {
  const operation = operations[index];
  if (operation === undefined || status !== "done") return;
  const { model_path } = (answer ?? {}) as { readonly model_path?: string };
  if (operation.operation === "load" && operation.client_id === undefined) {
    const { model_path: modelPath, lease_ms: leaseMs = null, keep_alive: keepAlive } = operation;
    holds.keep(
      { modelPath, leaseMs, keepAlive },
      { ...(model_path && { model_path }), ...(answered_by && { answered_by }) },
    );
  }
  if (operation.operation === "unload" && operation.client_id === undefined) {
    holds.gaveBack(operation.model_path, model_path ?? operation.model_path);
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
