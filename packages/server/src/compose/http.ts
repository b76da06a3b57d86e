import type { FastifyInstance } from "fastify";
import { addressList } from "../base/addresses.ts";
import { version } from "../base/version.ts";
import { createHttpServer, type HttpServerOptions } from "../gateway/http/server.ts";
import { createLimits, type Limits } from "../gateway/limits/limits.ts";
import type { Tracing } from "../observe/tracing.ts";
import { composeProtocols } from "./protocols.ts";
import { type ComposeReadiness, composeReadiness } from "./readiness.ts";

export interface ComposeHttp
  extends Omit<ComposeReadiness, "config">,
    Pick<HttpServerOptions, "log" | "spoolDirectory" | "spool" | "maintenance" | "certificate"> {
  readonly api: HttpServerOptions["api"];
  readonly door: Pick<HttpServerOptions, "access" | "keys" | "origins">;
  readonly config: ComposeReadiness["config"];
  /** Undefined: nothing is traced. */
  readonly tracing: Pick<Tracing, "start"> | undefined;
  readonly watch: ComposeReadiness["watch"] & { readonly http: Pick<HttpServerOptions, "observed" | "metrics"> };
}

/** The HTTP server with all that is spoken on its port, and what its readiness hangs on. */
export function composeHttp({
  tracing,
  door,
  log,
  spoolDirectory,
  spool,
  maintenance,
  certificate,
  ...parts
}: ComposeHttp): {
  readonly http: FastifyInstance;
  readonly starting: Omit<ReturnType<typeof composeReadiness>, "readiness">;
  /** Counts for the other ports, too. */
  readonly limits: Limits;
} {
  const { api, config, watch } = parts;
  const { readiness, ...starting } = composeReadiness(parts);
  const protocols = composeProtocols(config, watch.http.observed);
  const { metrics } = watch.http;
  const proxies = addressList(config["proxy.trusted"], "proxy.trusted");
  const limits = createLimits({ config, log, proxies, ...(metrics && { onRefused: metrics.limited }) });
  const files = { spoolDirectory, ...(spool && { spool }) };
  const probes = { ready: starting.ready, readiness };
  const traced = { ...watch.http, ...(tracing && { startSpan: tracing.start }) };
  const http = createHttpServer({
    ...traced,
    ...files,
    ...probes,
    ...door,
    api,
    config,
    version,
    log,
    protocols,
    certificate,
    limits,
    ...(maintenance && { maintenance }),
  });
  return { http, starting, limits };
}
