import { type AddressList, plainAddress } from "../../base/addresses.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { NamedPlaces } from "../../base/named-places.ts";
import type { Config } from "../../base/settings.ts";
import { networkOf } from "../network-of.ts";
import { RefusalNotes } from "./refusal-notes.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** Looked at each time: a reload of the configuration changes them. */
export type LimitConfig = Pick<
  Config,
  | "limits.requests_per_minute_per_key"
  | "limits.requests_per_minute_per_address"
  | "limits.concurrent_requests_per_key"
  | "limits.concurrent_requests_per_address"
  | "limits.connections"
  | "limits.connections_per_address"
>;

/** Whose requests are counted together: those of an API key, or of an address. */
export interface Visitor {
  readonly kind: "key" | "address";
  /** The name of the key, or the address. */
  readonly name: string;
}

/** How much one visitor may do. One for a server: what comes on any of its ports counts together. */
export interface Limits {
  /** A request comes, whatever becomes of it. @throws VoxpoolError `rate_limited` */
  count(visitor: Visitor): void;
  /** A request is under way, until what it returns is called. @throws VoxpoolError `too_many_requests` */
  begin(visitor: Visitor): () => void;
  /**
   * A connection opens, until what it returns is called. Sockets of this machine have no address, and no limit; nor
   * have proxies that are trusted, whose connections are those of many.
   * @throws VoxpoolError `too_many_connections`
   */
  connect(address: string | undefined): () => void;
  /** A connection was not taken, since there were too many of all addresses together. */
  dropped(address: string | undefined): void;
}

export interface LimitOptions {
  readonly config: LimitConfig;
  readonly log: Log;
  /** Trusted proxies; nobody, if left out. */
  readonly proxies?: AddressList;
  /** Told of each refusal, by the setting that it comes from. */
  readonly onRefused?: (setting: string) => void;
  /** Seconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** What is under way ends soon, mostly. */
const retryAfterSeconds = 1;

export function createLimits({ config, log, proxies, onRefused, now }: LimitOptions): Limits {
  const buckets = new TokenBuckets(now);
  const [requests, connections] = [new NamedPlaces(), new NamedPlaces()];
  const notes = new RefusalNotes(log, now);
  const refused = (setting: string, who: string): void => {
    onRefused?.(setting);
    notes.note(setting, who);
  };
  const refusal = (reason: "rate_limited" | "too_many_requests", details: RefusalDetails): VoxpoolError => {
    refused(details.setting, details.who);
    return new VoxpoolError(reason, { ...details });
  };
  return {
    count({ kind, name }) {
      const setting = `limits.requests_per_minute_per_${kind}` as const;
      const limit = config[setting];
      const seconds = limit === 0 ? 0 : buckets.take(identityOf(kind, name), limit);
      if (seconds === 0) return;
      throw refusal("rate_limited", { limit, who: name, setting, retry_after_seconds: Math.ceil(seconds) });
    },
    begin({ kind, name }) {
      const setting = `limits.concurrent_requests_per_${kind}` as const;
      const limit = config[setting] || shareOf(config["limits.connections"]);
      const place = requests.take(identityOf(kind, name), limit);
      if (place !== undefined) return place;
      throw refusal("too_many_requests", { limit, who: name, setting, retry_after_seconds: retryAfterSeconds });
    },
    connect(address) {
      if (address === undefined || proxies?.has(plainAddress(address)) === true) return () => undefined;
      const setting = "limits.connections_per_address";
      const limit = config[setting] || shareOf(config["limits.connections"]);
      const place = connections.take(identityOf("address", address), limit);
      if (place !== undefined) return place;
      refused(setting, address);
      throw new VoxpoolError("too_many_connections", { limit, setting, retry_after_seconds: retryAfterSeconds });
    },
    dropped: (address = "") => refused("limits.connections", address),
  };
}

interface RefusalDetails {
  readonly limit: number;
  readonly who: string;
  readonly setting: string;
  readonly retry_after_seconds: number;
}

/** What one address has of all, where the configuration leaves it open: no address keeps all others out. */
const shareOf = (all: number): number => Math.ceil((all * 3) / 4);

const identityOf = (kind: Visitor["kind"], name: string): string =>
  kind === "key" ? `key ${name}` : networkOf(plainAddress(name));
