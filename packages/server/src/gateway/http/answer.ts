import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { awaitsContinue } from "./continue.ts";
import { type FailureContext, type NativeFailure, nativeFailure, voxpoolError } from "./failure.ts";
import { messageLanguage } from "./language.ts";

/** How much of a refused upload is read so that its sender sees the answer, and for how long. */
const drainBytes = 64 * 1024 * 1024;
const drainMs = 10_000;
/** A rest that is this small is read by Node itself, and the connection lives on. */
const smallRestBytes = 64 * 1024;

/** Turns errors into answers: the one place that decides what is told and what is logged. */
export interface Failures {
  /** Answers with the native failure of whatever was thrown. */
  send(request: FastifyRequest, reply: FastifyReply, thrown: unknown, context?: Omit<FailureContext, "language">): void;
  /** Answers with a failure that has its own shape. */
  sendShaped(
    request: FastifyRequest,
    reply: FastifyReply,
    thrown: unknown,
    shape: (error: VoxpoolError, language: "en" | "zh") => NativeFailure,
  ): void;
}

export function createFailures(log: Log): Failures {
  const known = (request: FastifyRequest, thrown: unknown): VoxpoolError => {
    const error = voxpoolError(thrown);
    // The caller sees no detail of an unknown error, so the log has to: the request id joins the two.
    if (error.reason === "internal") log.error({ id: request.id, err: error.cause ?? error }, "request failed");
    return error;
  };
  return {
    send(request, reply, thrown, context = {}) {
      const language = messageLanguage(request.headers["accept-language"]);
      answer(request, reply, nativeFailure(known(request, thrown), { ...context, language }));
    },
    sendShaped(request, reply, thrown, shape) {
      answer(request, reply, shape(known(request, thrown), messageLanguage(request.headers["accept-language"])));
    },
  };
}

function answer(request: FastifyRequest, reply: FastifyReply, failure: NativeFailure): void {
  if (reply.sent || reply.raw.headersSent) return;
  const headers: Record<string, string> = { "content-type": "application/json; charset=utf-8" };
  if (failure.retryAfterSeconds !== undefined) headers["retry-after"] = String(failure.retryAfterSeconds);
  if (!leavesRest(request.raw)) {
    reply.code(failure.status).headers(headers).send(JSON.stringify(failure.body));
    return;
  }
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = String(value);
  }
  reply.hijack();
  refuseEarly(request.raw, reply.raw, failure.status, headers, JSON.stringify(failure.body));
}

/** Whether so much of the body is still to come that the connection cannot be kept. */
function leavesRest(request: IncomingMessage): boolean {
  if (request.complete || request.readableEnded) return false;
  if (request.headers["transfer-encoding"] !== undefined) return true;
  const length = Number(request.headers["content-length"] ?? 0);
  return length > smallRestBytes;
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
  response.on("error", () => undefined);
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body), connection: "close" });
  response.write(body);
  // Nothing is on its way when the sender stalled, or still waits to be told to go on.
  if (status === 408 || awaitsContinue(request)) {
    response.end();
    return;
  }
  drain(request, () => response.end());
}

function drain(request: IncomingMessage, done: () => void): void {
  let left = drainBytes;
  const timer = setTimeout(finish, drainMs);
  function onData(chunk: Buffer): void {
    left -= chunk.length;
    if (left < 0) finish();
  }
  function finish(): void {
    clearTimeout(timer);
    request.off("data", onData).off("end", finish).off("close", finish);
    done();
  }
  request.on("data", onData).on("end", finish).on("close", finish);
  request.on("error", () => undefined);
  request.resume();
}
