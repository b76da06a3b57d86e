import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Log } from "../base/log.ts";
import type { Metrics } from "../observe/metrics.ts";

/** What is known of a request while it runs; kept on the response, so that its end needs no closure. */
interface Trace {
  readonly id: string;
  readonly method: string;
  readonly route: string;
  readonly startedMs: number;
  readonly sinks: TraceSinks;
  audioSeconds: number | undefined;
  /** Whether the whole answer was sent although the response has not ended. */
  answered: boolean;
}

export interface TraceSinks {
  readonly log: Log;
  readonly metrics: Metrics;
}

const key = Symbol("trace");
type Traced = ServerResponse & { [key]?: Trace };

/** The route of requests that no route takes; one name, so that strangers cannot grow the metrics. */
export const noRoute = "(none)";

/** Begins the log line and the measurement of a request. */
export function beginTrace(request: FastifyRequest, reply: FastifyReply, route: string, sinks: TraceSinks): void {
  const response: Traced = reply.raw;
  response[key] = {
    id: request.id,
    method: request.method,
    route,
    startedMs: performance.now(),
    sinks,
    audioSeconds: undefined,
    answered: false,
  };
  response.on("close", onClose);
}

/** Notes how much audio a request was about, seconds. */
export function traceAudio(response: ServerResponse, audioSeconds: number): void {
  const trace = (response as Traced)[key];
  if (trace !== undefined) trace.audioSeconds = audioSeconds;
}

/** Notes that the whole answer is out, so that a caller who hangs up now has not missed it. */
export function traceAnswered(response: ServerResponse): void {
  const trace = (response as Traced)[key];
  if (trace !== undefined) trace.answered = true;
}

/** One line a request, whatever its end; a caller that left before the answer was out counts as 499. */
function onClose(this: Traced): void {
  const trace = this[key];
  if (trace === undefined) return;
  const { id, method, route, audioSeconds, sinks } = trace;
  const ms = performance.now() - trace.startedMs;
  const status = this.writableEnded || trace.answered ? this.statusCode : 499;
  sinks.metrics.request(route, status, ms / 1000);
  const line = { id, method, route, status, ms: Math.round(ms * 100) / 100 };
  sinks.log.info(audioSeconds === undefined ? line : { ...line, audio_seconds: audioSeconds }, "request");
}
