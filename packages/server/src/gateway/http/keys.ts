import {
  KeyCreateRequest,
  KeyList,
  KeyRevokeAnswer,
  KeyRevokeRequest,
  KeyRotateRequest,
  KeySecretAnswer,
  TicketAnswer,
} from "@voxpool/client/contract";
import type { FastifyInstance } from "fastify";
import { type Tickets, ticketSeconds } from "../../access/tickets.ts";
import type { KeyCalls } from "../../api/keys.ts";
import { callerOf, goneSignal } from "../caller.ts";
import type { UploadLimits } from "../upload.ts";
import { acceptJsonBodies } from "./json-body.ts";
import { failures, json, jsonBodyReasons, type Operation } from "./operation.ts";

export interface KeyRoutesOptions {
  readonly keys: KeyCalls;
  readonly limits: UploadLimits;
}

/** What all routes about keys ask, whether or not the server asks for keys otherwise: else anybody could make one beforehand. */
const config = { scope: "admin", isAlwaysAsked: true } as const;

/** `/api/keys…`. */
export async function keyRoutes(fastify: FastifyInstance, { keys, limits }: KeyRoutesOptions): Promise<void> {
  acceptJsonBodies(fastify, limits);
  // Secrets are for whoever asked, and for no cache.
  fastify.addHook("onRequest", async (_request, reply) => {
    reply.header("cache-control", "no-store");
  });
  fastify.get("/api/keys", { config: { ...config, operation: list } }, () => keys.listKeys());
  fastify.post<{ Body: KeyCreateRequest }>(
    "/api/keys",
    { schema: { body: KeyCreateRequest }, config: { ...config, operation: create } },
    (request, reply) => keys.createKey(request.body, callerOf(request, goneSignal(reply))),
  );
  fastify.post<{ Body: KeyRotateRequest }>(
    "/api/keys/rotate",
    { schema: { body: KeyRotateRequest }, config: { ...config, operation: rotate } },
    (request, reply) => keys.rotateKey(request.body, callerOf(request, goneSignal(reply))),
  );
  fastify.post<{ Body: KeyRevokeRequest }>(
    "/api/keys/revoke",
    { schema: { body: KeyRevokeRequest }, config: { ...config, operation: revoke } },
    (request, reply) => keys.revokeKey(request.body, callerOf(request, goneSignal(reply))),
  );
}

/** `POST /api/tickets`. */
export async function ticketRoutes(
  fastify: FastifyInstance,
  { tickets }: { readonly tickets: Tickets },
): Promise<void> {
  fastify.addContentTypeParser("*", (_request, _body, done) => done(null, undefined));
  fastify.post(
    "/api/tickets",
    { config: { scope: "any", operation: ticket } },
    ({ principal }, reply): TicketAnswer => {
      reply.header("cache-control", "no-store");
      return { success: true, ticket: tickets.issue(principal), expires_in_seconds: ticketSeconds };
    },
  );
}

const list: Operation = {
  summary: "The API keys",
  description: "Without their secrets, which nobody has but those who use them.",
  tag: "server",
  responses: { 200: { description: "The oldest first.", content: json(KeyList) }, ...failures(["internal"]) },
};

const create: Operation = {
  summary: "Make an API key",
  description: "Its secret is told this once. Without scopes it may recognise and read.",
  tag: "server",
  strict: true,
  body: json(KeyCreateRequest),
  responses: {
    200: { description: "The key and its secret.", content: json(KeySecretAnswer) },
    ...failures([...jsonBodyReasons, "option_unknown", "key_name_taken", "keys_full", "state_unwritable"]),
  },
};

const rotate: Operation = {
  summary: "Give an API key another secret",
  description: "The old one stops working at once, or after `overlap_seconds`.",
  tag: "server",
  strict: true,
  body: json(KeyRotateRequest),
  responses: {
    200: { description: "The key and its new secret.", content: json(KeySecretAnswer) },
    ...failures([...jsonBodyReasons, "option_unknown", "key_not_found", "state_unwritable"]),
  },
};

const revoke: Operation = {
  summary: "Revoke an API key",
  description: "From this moment on it is refused; streams that it has open end.",
  tag: "server",
  strict: true,
  body: json(KeyRevokeRequest),
  responses: {
    200: { description: "It is revoked.", content: json(KeyRevokeAnswer) },
    ...failures([...jsonBodyReasons, "option_unknown", "key_not_found", "state_unwritable"]),
  },
};

const ticket: Operation = {
  summary: "A ticket, for those who cannot send headers",
  description:
    "Browsers cannot set headers of a WebSocket: a ticket in its URL (`?ticket=`) stands for the key that asked for it, " +
    "once, and for a short while.",
  tag: "server",
  responses: { 200: { description: "The ticket.", content: json(TicketAnswer) }, ...failures(["internal"]) },
};
