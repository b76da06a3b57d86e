import type { FastifyInstance } from "fastify";
import type { Api } from "../api/types.ts";
import type { Spool } from "../base/spool.ts";
import type { Failures } from "./answer.ts";
import type { FailureShape } from "./shaped-failure.ts";
import type { Upgrades } from "./upgrade.ts";
import type { UploadLimits } from "./upload.ts";

/** What the HTTP server lends a protocol that lives on its port. */
export interface ProtocolParts {
  readonly api: Api;
  readonly failures: Failures;
  readonly spool: Spool;
  /** For routes that take WebSockets. */
  readonly upgrades: Upgrades;
  /** Aborts with `server_stopping` as soon as the server begins to close. */
  readonly stopping: AbortSignal;
  /** Of bodies that hold audio. */
  readonly uploads: UploadLimits;
  /** Of bodies that are read whole. */
  readonly bodies: UploadLimits;
  readonly version: string;
  /** How often a silent stream shows that it lives. */
  readonly heartbeatMs: number;
  /** Whether `/readyz` says so. */
  readonly ready: () => boolean;
}

/** Another protocol on the port of the native API: all below its prefix is its own, failures and unknown routes too. */
export interface HttpProtocol {
  /** `/v2`. */
  readonly prefix: string;
  readonly failure: FailureShape;
  /** Registers its routes, without the prefix. The scope has no parsers of bodies. */
  readonly routes: (scope: FastifyInstance, parts: ProtocolParts) => void;
}
