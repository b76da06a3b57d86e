import { Keyring } from "../access/keyring.ts";
import { Tickets } from "../access/tickets.ts";
import { createKeyCalls, type KeyCalls } from "../api/keys.ts";
import { isLoopback } from "../base/addresses.ts";
import { type Audit, auditTo } from "../base/audit.ts";
import type { Log, LogLine } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { Attempts } from "../gateway/auth/attempts.ts";
import type { Access } from "../gateway/auth/authenticate.ts";
import type { Origins } from "../gateway/origin/origins.ts";
import type { Durable } from "./durable.ts";

export interface ComposeAccess {
  /** Takes lines about administrative acts; left out: the log. */
  readonly audit?: LogLine | undefined;
  readonly config: Config;
  readonly log: Log;
  readonly durable: Durable;
  readonly origins: Origins;
  /** As they stand in front of model paths. */
  readonly modelDirs: readonly string[];
}

export interface ComposedAccess {
  readonly access: Access;
  /** Which pages of browsers may come in. */
  readonly origins: Origins;
  readonly keys: KeyCalls;
  readonly audit: Audit;
  /** From now on this connection is the owner's. */
  readonly admitOwner: (socket: object) => void;
  readonly close: () => Promise<void>;
}

/** Who may come in, and how keys are made. */
export function composeAccess({ config, log, durable, modelDirs, ...options }: ComposeAccess): ComposedAccess {
  const audit = auditTo(options.audit ?? log.info);
  const keyring = new Keyring({ records: durable.records.keys, initial: durable.initial.keys, modelDirs, log });
  const owners = new WeakSet<object>();
  return {
    access: {
      isRequired: config["auth.required"],
      authenticate: (secret) => keyring.authenticate(secret),
      tickets: new Tickets(),
      attempts: new Attempts({ perMinute: config["limits.failed_attempts"] }),
      isOwner: (socket) => owners.has(socket),
    },
    origins: options.origins,
    keys: createKeyCalls(keyring, audit),
    audit,
    admitOwner: (socket) => void owners.add(socket),
    close: () => keyring.close(),
  };
}

/** Says so where everybody on the network may do everything, or read the keys of those who may. */
export function warnIfOpen({ host, ...config }: Config, log: Log): void {
  if (isLoopback(host)) return;
  const warn = (text: string) => log.warn({ host: host === "" ? "::" : host }, text);
  if (!config["auth.required"]) warn(openText);
  else if (config["tls.cert"] === "" && config["proxy.trusted"].length === 0) warn(readableText);
}

const openText =
  "No key is asked of anybody on the network; auth.required asks for one, host 127.0.0.1 keeps it to this machine";
const readableText =
  "Keys can be read by whoever listens in on the network; tls.cert and tls.key give HTTPS, proxy.trusted names a proxy that has it";
