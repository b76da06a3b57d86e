import type { FastifyReply } from "fastify";

/** Takes a reply out of Fastify's hands; returns the headers that were set on it, which are then ours to send. */
export function takeOver(reply: FastifyReply): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = String(value);
  }
  reply.hijack();
  return headers;
}
