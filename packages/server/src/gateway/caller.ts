import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../api/types.ts";
import { VoxpoolError } from "../base/errors.ts";
import { messageLanguage } from "./language.ts";

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
  return {
    client: clientId ?? plainAddress(request.ip ?? thisMachine),
    kind: clientId === undefined ? "address" : "client",
    language: messageLanguage(request.headers["accept-language"]),
    signal,
  };
}

/** A pool inside an application is reached over streams in memory, which have no address. */
const thisMachine = "127.0.0.1";

/** An IPv4 address that arrived on a socket for both families is the same address. */
const plainAddress = (ip: string): string => (ip.startsWith("::ffff:") ? ip.slice("::ffff:".length) : ip);
