import { answerTo, readJson } from "./answer.ts";
import type { Failure } from "./contract/failure.ts";
import { explainError } from "./explain.ts";
import { type CallFailure, ownFailure } from "./failure.ts";
import { type Outcome, type RetryPolicy, type Safety, withRetries } from "./retry.ts";
import { type CallScope, openScope } from "./scope.ts";
import { type Transport, type TransportAnswer, TransportError, type TransportRequest } from "./transport.ts";

/** What every call may be given. */
export interface CallOptions {
  /** Milliseconds for the whole call, retries included; `Infinity`: no limit. */
  readonly timeoutMs?: number;
  /** Ends the call in whatever phase it is: the result is then a failure with the reason `request_cancelled`. */
  readonly signal?: AbortSignal;
}

/** What a call needs of its client. */
export interface CallContext {
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  /** Each ends every call. */
  readonly signals: readonly (AbortSignal | undefined)[];
  readonly timeoutMs: number | undefined;
  /** Sent with whatever a client can be known by. */
  readonly clientId: string;
}

export type RequestParts = Omit<TransportRequest, "signal">;

/** A request with a JSON body. */
export function postJson(path: string, body: object): RequestParts {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return { method: "POST", path, headers, body: JSON.stringify(body) };
}

/** The life of a call under the client's options and the call's own. @throws TypeError if an option is wrong */
export function scopeOf(context: CallContext, options: CallOptions, defaultTimeoutMs: number): CallScope {
  checkCallOptions(options);
  const timeoutMs = options.timeoutMs ?? context.timeoutMs ?? defaultTimeoutMs;
  return openScope([...context.signals, options.signal], timeoutMs);
}

/** Sends a request, again where that is safe, and reads its JSON answer. @throws TypeError if an option is wrong */
export async function callJson<T, Body extends object = Failure>(
  context: CallContext,
  request: RequestParts,
  options: CallOptions,
  defaults: { readonly timeoutMs: number; readonly safety: Safety },
): Promise<T | CallFailure<Body>> {
  const scope = scopeOf(context, options, defaults.timeoutMs);
  const { transport } = context;
  try {
    const attempt = () =>
      exchange<T>(transport, request, scope, (answer) => readJson<T>(answer, transport.target, scope.signal));
    const outcome = await withRetries(attempt, defaults.safety, context.retry, scope);
    return outcome.ok ? outcome.value : (outcome.failure as CallFailure<Body>);
  } finally {
    scope.close();
  }
}

/**
 * One request and what `read` makes of the answer. Trouble of every kind is an outcome, never an exception, unless
 * `explain`, which says what an error means, throws one.
 */
export async function exchange<T>(
  transport: Transport,
  request: RequestParts,
  scope: CallScope,
  read: (answer: TransportAnswer) => Promise<Outcome<T>>,
  explain: (error: unknown) => CallFailure = (error) => networkFailure(error, transport.target),
): Promise<Outcome<T>> {
  const ended = scopeFailure(scope);
  if (ended !== undefined) return { ok: false, failure: ended, mayHaveArrived: false };
  try {
    const answer = await answerTo(transport.send({ ...request, signal: scope.signal }), scope.signal);
    return await read(answer);
  } catch (error) {
    return {
      ok: false,
      failure: scopeFailure(scope) ?? explain(error),
      mayHaveArrived: !(error instanceof TransportError) || error.mayHaveArrived,
    };
  }
}

/** Why the call was ended before its answer, if it was. */
export function scopeFailure(scope: CallScope): CallFailure | undefined {
  const reason = scope.ended();
  return reason === undefined ? undefined : ownFailure(reason, { timeout_ms: scope.timeoutMs });
}

/** What an error of a transport, or of the body of its answer, is to the caller. */
export function networkFailure(error: unknown, url: string): CallFailure {
  if (error instanceof TransportError) return ownFailure(error.reason, { url, detail: error.message });
  return ownFailure("connection_lost", { url, detail: explainError(error) });
}

/** @throws TypeError if an option is of the wrong type or out of range */
export function checkCallOptions(options: CallOptions): void {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  const { timeoutMs, signal } = options;
  // Timers hold no more than 31 bits; a longer one would fire at once.
  const isTime = typeof timeoutMs === "number" && timeoutMs > 0 && (timeoutMs < 2 ** 31 || timeoutMs === Infinity);
  if (timeoutMs !== undefined && !isTime) {
    throw new TypeError("timeoutMs must be a number above 0 and below 2 ** 31, or Infinity");
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError("signal must be an AbortSignal");
}
