import type { FastifyInstance } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";

/** Room for the last answers to reach their callers before the connections are cut. */
const lastAnswersMs = 1000;

/**
 * A signal that aborts with `server_stopping` as soon as the server begins to close. Senders and readers who then
 * take their time do not hold the closing up: after a moment every connection is cut.
 */
export function stoppingSignal(fastify: FastifyInstance): AbortSignal {
  const stopping = new AbortController();
  fastify.addHook("preClose", (done) => {
    stopping.abort(new VoxpoolError("server_stopping"));
    const timer = setTimeout(() => fastify.server.closeAllConnections(), lastAnswersMs);
    // A server that never listened has no connections, and tells no end.
    timer.unref();
    fastify.server.once("close", () => clearTimeout(timer));
    done();
  });
  return stopping.signal;
}
