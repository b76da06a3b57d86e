import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../api/types.ts";
import { type MessageLanguage, VoxpoolError } from "../base/errors.ts";
import { messageLanguage } from "./language.ts";
import { spanOf, traceOutcome } from "./trace.ts";

/** A signal that aborts as soon as the caller has gone away before its answer was out. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const response = reply.raw;
  response.once("close", () => {
    if (!response.writableEnded) controller.abort(new VoxpoolError("request_cancelled"));
  });
  return controller.signal;
}

/** Who asks, and in which language: the name that it gave itself, else its address. */
export function callerOf(request: FastifyRequest, signal: AbortSignal, clientId?: string): Caller {
  const language = messageLanguage(request.headers["accept-language"]);
  const own = { client: clientId ?? "", kind: "client", language, signal } as const;
  const span = spanOf(request.raw);
  return {
    ...(clientId === undefined ? callerAt(request.ip, language, signal) : own),
    requestId: request.id,
    ...(span !== undefined && { span }),
    onOutcome: (outcome) => traceOutcome(request.raw, outcome),
  };
}

/** Who asks over a connection without names; without an address it is this machine. */
export function callerAt(address: string | undefined, language: MessageLanguage, signal: AbortSignal): Caller {
  return { client: plainAddress(address ?? thisMachine), kind: "address", language, signal };
}

/** Streams in memory and Unix sockets have no address. */
const thisMachine = "127.0.0.1";

/** An IPv4 address that arrived on a socket for both families is the same address. */
const plainAddress = (ip: string): string => (ip.startsWith("::ffff:") ? ip.slice("::ffff:".length) : ip);
