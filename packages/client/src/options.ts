import type { CallOptions } from "./call.ts";
import type { ProbationRequest } from "./contract/admin.ts";
import type { KeepAlive } from "./contract/holds.ts";
import type { FallbackOptions, OpenFallback } from "./fallback.ts";
import type { Page } from "./holds.ts";
import type { HttpOptions } from "./http.ts";
import { defaultRetryPolicy, type RetryPolicy } from "./retry.ts";
import type { Transport } from "./transport.ts";

/** Options of a client; `timeoutMs` and `signal` hold for all its calls. */
export interface ClientOptions extends CallOptions, Omit<HttpOptions, "streamUploads" | "socketHeaders"> {
  /** When calls are sent again; `false`: never. */
  readonly retry?: Partial<RetryPolicy> | false;
  /** Carries the requests instead of HTTP; the base URL and `key`, `headers` and `fetch` are of no use then. */
  readonly transport?: Transport;
  /** Serves while the service cannot be reached: what opens it, or that with options. Results then say who served. */
  readonly fallback?: OpenFallback | FallbackOptions;
  /** The name under which the server knows this client, its holds and its requests. Default: one of its own. */
  readonly clientId?: string;
  /**
   * How long a hold outlives the client, which renews it meanwhile. Default 90,000: browsers let the timers of a hidden
   * page run once a minute. null: it does not lapse by itself.
   */
  readonly leaseMs?: number | null;
}

/** Options of a load. */
export interface LoadOptions extends CallOptions {
  /** As the client's option of that name, for this hold. */
  readonly leaseMs?: number | null;
  /** How long the model stays when nobody holds or uses it: seconds, text like "10m", 0: not at all, -1: for ever. */
  readonly keepAlive?: KeepAlive;
  /** Pins the model once it is loaded: it is then never evicted. */
  readonly pin?: boolean;
}

/** Options of an unload. */
export interface UnloadOptions extends CallOptions {
  /** Takes the model from everybody; its work is still finished first. Clients that want it load it again. */
  readonly force?: boolean;
}

/** Options of a switch. */
export interface SwitchOptions extends CallOptions {
  /** Of a model; default: the newest. */
  readonly version?: string;
  /** Where an alias is moved to. */
  readonly to?: string;
  /** false leaves out the golden recordings. */
  readonly gate?: boolean;
  /** How long the new version is watched, with the old one warm beside it; 0 for both: not at all. */
  readonly probation?: ProbationRequest;
}

/** The transport that the options give, else the one that `http` makes. @throws TypeError if both are configured */
export function transportOf(options: ClientOptions, http: () => Transport): Transport {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  const { transport, key, headers, fetch, WebSocket } = options;
  if (transport === undefined) return http();
  if ([key, headers, fetch, WebSocket].some((option) => option !== undefined)) {
    throw new TypeError("key, headers, fetch and WebSocket belong to the HTTP transport; give them to httpTransport()");
  }
  return transport;
}

/** @throws TypeError if a number is wrong */
export function retryPolicy(given: ClientOptions["retry"]): RetryPolicy {
  if (given === false) return { ...defaultRetryPolicy, retries: 0 };
  const policy = { ...defaultRetryPolicy, ...given };
  for (const [name, value] of Object.entries(policy)) {
    if (typeof value !== "number" || !(value >= 0)) throw new TypeError(`retry.${name} must be a number of 0 or more`);
  }
  return policy;
}

/** A browser's window, which tells when its page goes away. */
export function pageOf(scope: object = globalThis): Page | undefined {
  return "onpagehide" in scope && "addEventListener" in scope ? (scope as unknown as Page) : undefined;
}

/** A name that no other client has. Not by `randomUUID`, which browsers have in secure contexts only. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
