import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { RecognitionOutcome } from "../api/types.ts";
import type { Reason } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Span } from "../base/span.ts";
import { pathWithVersion } from "../base/versioned-path.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Tracing } from "../observe/tracing.ts";

/** What is known of a request while it runs; kept on its two ends, so that its end needs no closure. */
interface Trace {
  readonly id: string;
  readonly method: string;
  readonly route: string;
  readonly startedMs: number;
  readonly sinks: TraceSinks;
  readonly address: string | undefined;
  outcome: RecognitionOutcome | undefined;
  reason: Reason | undefined;
  audioSeconds: number | undefined;
  readonly span: Span | undefined;
  /** Whether the whole answer was sent although the response has not ended. */
  answered: boolean;
}

export interface TraceSinks {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Begins the trace of a request, where requests are traced. */
  readonly startSpan?: Tracing["start"] | undefined;
  /** The name of the key that a request came with, where there are keys; never the key. */
  readonly keyNameOf?: ((request: IncomingMessage) => string | undefined) | undefined;
}

const key = Symbol("trace");
type Traced<T> = T & { [key]?: Trace };

/** The route of requests that no route takes; one name, so that strangers cannot grow the metrics. */
export const noRoute = "(none)";

/** Begins the log line and the measurement of a request. */
export function beginTrace(request: FastifyRequest, reply: FastifyReply, route: string, sinks: TraceSinks): void {
  const trace: Trace = {
    id: request.id,
    method: request.method,
    route,
    startedMs: performance.now(),
    sinks,
    address: request.ip,
    outcome: undefined,
    reason: undefined,
    audioSeconds: undefined,
    span: isProbe(route) ? undefined : startSpan(request, route, sinks),
    answered: false,
  };
  const response: Traced<ServerResponse> = reply.raw;
  response[key] = trace;
  (request.raw as Traced<IncomingMessage>)[key] = trace;
  response.on("close", onClose);
}

function startSpan({ method, headers }: FastifyRequest, route: string, sinks: TraceSinks): Span | undefined {
  if (sinks.startSpan === undefined) return undefined;
  const { traceparent } = headers;
  const attributes = { "http.request.method": method, "http.route": route };
  return sinks.startSpan(`${method} ${route}`, attributes, typeof traceparent === "string" ? traceparent : undefined);
}

/** The span of a request, for what happens inside of it. */
export function spanOf(request: IncomingMessage): Span | undefined {
  return (request as Traced<IncomingMessage>)[key]?.span;
}

/** Notes how much audio a connection was about, seconds. */
export function traceAudio(response: ServerResponse, audioSeconds: number): void {
  const trace = (response as Traced<ServerResponse>)[key];
  if (trace !== undefined) trace.audioSeconds = audioSeconds;
}

/** Notes that the whole answer is out, so that a caller who hangs up now has not missed it. */
export function traceAnswered(response: ServerResponse): void {
  const trace = (response as Traced<ServerResponse>)[key];
  if (trace !== undefined) trace.answered = true;
}

/** Notes why a request failed. */
export function traceReason(request: IncomingMessage, reason: Reason): void {
  const trace = (request as Traced<IncomingMessage>)[key];
  if (trace !== undefined) trace.reason = reason;
}

/** Notes what the recognition of a request cost, and which model did it. */
export function traceOutcome(request: IncomingMessage, outcome: RecognitionOutcome): void {
  const trace = (request as Traced<IncomingMessage>)[key];
  if (trace !== undefined) trace.outcome = outcome;
}

/** One line a request, whatever its end; a caller that left before the answer was out counts as 499. */
function onClose(this: Traced<ServerResponse>): void {
  const trace = this[key];
  if (trace === undefined) return;
  const { log, metrics, keyNameOf } = trace.sinks;
  const ms = performance.now() - trace.startedMs;
  const status = this.writableEnded || trace.answered ? this.statusCode : 499;
  metrics.request(trace.route, status, ms / 1000);
  endSpan(trace, status);
  const isQuiet = (isProbe(trace.route) && status < 400) || isFlood(trace.reason);
  const write = isQuiet ? log.debug : log.info;
  write(lineOf(trace, status, ms, keyNameOf?.(this.req)), "request");
}

function endSpan({ span, outcome, reason }: Trace, status: number): void {
  if (span === undefined) return;
  span.set({
    "http.response.status_code": status,
    ...(outcome !== undefined && { "voxpool.model": pathWithVersion(outcome.folder) }),
    ...(outcome !== undefined && { "voxpool.audio_seconds": outcome.audioSeconds }),
  });
  span.end(reason ?? outcome?.reason ?? (status === 499 ? "request_cancelled" : undefined));
}

/** What asks every few seconds, and would fill the log. */
function isProbe(route: string): boolean {
  return route === "/livez" || route === "/readyz" || route === "/metrics";
}

/** Who sends too much is told of in a line of its own now and then. */
function isFlood(reason: Reason | undefined): boolean {
  return reason === "rate_limited" || reason === "too_many_requests";
}

function lineOf(trace: Trace, status: number, ms: number, keyName: string | undefined): Record<string, unknown> {
  const { id, method, route, address, span, outcome } = trace;
  const reason = trace.reason ?? outcome?.reason ?? (status === 499 ? "request_cancelled" : undefined);
  const audioSeconds = trace.audioSeconds ?? outcome?.audioSeconds;
  return {
    id,
    method,
    route,
    status,
    outcome: outcomeOf(status, reason),
    ...(reason !== undefined && { reason }),
    ms: rounded(ms),
    ...(address !== undefined && { address }),
    ...(span !== undefined && { trace: span.traceId }),
    ...(keyName !== undefined && { key: keyName }),
    ...(outcome !== undefined && {
      model: pathWithVersion(outcome.folder),
      queue_ms: rounded(outcome.queueSeconds * 1000),
      decode_ms: rounded(outcome.decodeSeconds * 1000),
    }),
    ...(audioSeconds !== undefined && { audio_seconds: rounded(audioSeconds) }),
  };
}

function outcomeOf(status: number, reason: Reason | undefined): "ok" | "failed" | "cancelled" {
  if (reason === "request_cancelled" || status === 499) return "cancelled";
  return status < 400 && reason === undefined ? "ok" : "failed";
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
