import type { FastifyReply, FastifyRequest } from "fastify";
import { holderName, type Principal } from "../access/principal.ts";
import type { Caller, Viewer } from "../api/types.ts";
import { plainAddress } from "../base/addresses.ts";
import { VoxpoolError } from "../base/errors.ts";
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
  const { principal } = request;
  const span = spanOf(request.raw);
  return {
    client: holderName(principal, clientId ?? addressOf(request)),
    kind: clientId === undefined ? "address" : "client",
    ...viewerOf(request),
    signal,
    ...(principal && { keyName: principal.name }),
    requestId: request.id,
    ...(span !== undefined && { span }),
    onOutcome: (outcome) => traceOutcome(request.raw, outcome),
  };
}

/** Who asks over a connection without names; without an address it is this machine. */
export function callerAt(address: string | undefined, viewer: Viewer, signal: AbortSignal): Caller {
  const client = holderName(viewer.principal, plainAddress(address));
  return { client, kind: "address", ...viewer, signal };
}

/** Who looks. */
export function viewerOf({ principal, headers }: Pick<FastifyRequest, "principal" | "headers">): Viewer {
  return { language: messageLanguage(headers["accept-language"]), ...(principal !== undefined && { principal }) };
}

/** Where a request comes from. */
export const addressOf = ({ ip }: Pick<FastifyRequest, "ip">): string => plainAddress(ip);

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; undefined where nobody is asked, and for those who may come without a key. */
    principal?: Principal;
  }
}
