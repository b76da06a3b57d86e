import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { MessageLanguage, VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { messageLanguage } from "./language.ts";
import { awaitsContinue, hasBody } from "./request-body.ts";
import { type FailureShape, type ShapedFailure, voxpoolError } from "./shaped-failure.ts";
import { takeOver } from "./take-over.ts";
import { traceAnswered, traceReason } from "./trace.ts";

/** How much of a refused upload is read so that its sender sees the answer, and for how long. */
const drainBytes = 256 * 1024 * 1024;
const drainMs = 10_000;
/** A rest that is this small is read by Node itself, and the connection lives on. */
const smallRestBytes = 64 * 1024;

/** Turns errors into answers: the one place that decides what is told and what is logged. */
export interface Failures {
  /** What to tell of whatever was thrown, and in which language; what nobody expected is logged. */
  explain(request: FastifyRequest, thrown: unknown): { error: VoxpoolError; language: MessageLanguage };
  /** Answers with a failure in the shape of a protocol. */
  sendShaped(request: FastifyRequest, reply: FastifyReply, thrown: unknown, shape: FailureShape): void;
}

export function createFailures(log: Log): Failures {
  const explain: Failures["explain"] = (request, thrown) => {
    const error = voxpoolError(thrown);
    traceReason(request.raw, error.reason);
    // The caller sees no detail of an unknown error, so the log has to: the request id joins the two.
    if (error.reason === "internal") log.error({ id: request.id, err: error.cause ?? error }, "request failed");
    return { error, language: messageLanguage(request.headers["accept-language"]) };
  };
  return {
    explain,
    sendShaped(request, reply, thrown, shape) {
      const { error, language } = explain(request, thrown);
      answer(request, reply, shape(error, language));
    },
  };
}

function answer(request: FastifyRequest, reply: FastifyReply, failure: ShapedFailure): void {
  if (reply.sent || reply.raw.headersSent) return;
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    ...failure.headers,
  };
  if (failure.retryAfterSeconds !== undefined) headers["retry-after"] = String(failure.retryAfterSeconds);
  if (!leavesRest(request.raw)) {
    reply.code(failure.status).headers(headers).send(JSON.stringify(failure.body));
    return;
  }
  const all = { ...headers, ...takeOver(reply) };
  refuseEarly(request.raw, reply.raw, failure.status, all, JSON.stringify(failure.body));
}

/** Whether a part of the body is still to come. */
function leavesRest(request: IncomingMessage): boolean {
  return hasBody(request) && !request.complete && !request.readableEnded;
}

/** Whether the rest is so large, or so uncertain, that the connection is not worth keeping. */
function forbidsKeeping(request: IncomingMessage): boolean {
  return (
    request.headers["transfer-encoding"] !== undefined ||
    Number(request.headers["content-length"]) > smallRestBytes ||
    awaitsContinue(request)
  );
}

/**
 * Answers while the body is still arriving. The whole answer goes out first; then a bounded part of the body is
 * thrown away before the connection closes: closing with unread bytes makes the kernel reset the connection, and
 * the sender would see that instead of the answer.
 */
function refuseEarly(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string,
): void {
  if (response.destroyed) return;
  const stalled = status === 408;
  response.on("error", () => undefined);
  response.writeHead(status, {
    ...headers,
    "content-length": Buffer.byteLength(body),
    ...((stalled || forbidsKeeping(request)) && { connection: "close" }),
  });
  response.write(body);
  traceAnswered(response);
  // Nothing is on its way when the sender stalled, or still waits to be told to go on.
  if (stalled || awaitsContinue(request)) response.end();
  else drain(request, (whole) => response.end(() => whole || request.destroy()));
}

/** Reads on until the body ends (`whole`) or patience does. */
function drain(request: IncomingMessage, done: (whole: boolean) => void): void {
  let left = drainBytes;
  const timer = setTimeout(() => finish(false), drainMs);
  const onData = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) finish(false);
  };
  const onEnd = (): void => finish(true);
  const onClose = (): void => finish(false);
  function finish(whole: boolean): void {
    clearTimeout(timer);
    request.off("data", onData).off("end", onEnd).off("close", onClose);
    done(whole);
  }
  request.on("data", onData).on("end", onEnd).on("close", onClose);
  request.on("error", () => undefined);
  request.resume();
}
