import type { FastifyInstance } from "fastify";
import { version } from "../base/version.ts";
import { createHttpServer, type HttpServerOptions } from "../gateway/http/server.ts";
import { composeProtocols } from "./protocols.ts";
import { type ComposeReadiness, composeReadiness } from "./readiness.ts";

export interface ComposeHttp
  extends Omit<ComposeReadiness, "config">,
    Pick<HttpServerOptions, "log" | "spoolDirectory" | "spool"> {
  readonly api: HttpServerOptions["api"] & Required<Pick<HttpServerOptions, "openLive">>;
  readonly config: ComposeReadiness["config"];
  readonly watched: Pick<HttpServerOptions, "observed" | "metrics">;
}

/** The HTTP server with all that is spoken on its port, and what its readiness hangs on. */
export function composeHttp({ watched, log, spoolDirectory, spool, ...parts }: ComposeHttp): {
  readonly http: FastifyInstance;
  readonly starting: Omit<ReturnType<typeof composeReadiness>, "readiness">;
} {
  const { api, config } = parts;
  const { readiness, ...starting } = composeReadiness(parts);
  const protocols = composeProtocols(config, watched.observed);
  const files = { spoolDirectory, ...(spool && { spool }) };
  const { ready } = starting;
  const { openLive } = api;
  const http = createHttpServer({
    ...watched,
    ...files,
    api,
    openLive,
    config,
    version,
    log,
    ready,
    readiness,
    protocols,
  });
  return { http, starting };
}
