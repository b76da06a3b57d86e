import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { VoxpoolError } from "../base/errors.ts";
import { addressIn, lookupWithin, type Nearness, nearnessOf } from "./nearness.ts";
import { readNpmConfig } from "./npm-config.ts";

export interface DispatcherOptions {
  readonly timeouts: { readonly headersTimeout: number; readonly bodyTimeout: number };
  readonly connectMs: number;
  /** Addresses that the operator or the user named: their names may mean any address. */
  readonly named: readonly string[];
  /** @returns the error for an address that leads to another one, which is too near */
  readonly refuse: (address: string, found: string) => VoxpoolError;
}

/** What sends requests, and how near the address of each may be. */
export interface Dispatchers {
  /** How near a place is that nobody else has led to. */
  startOf(url: URL): Nearness;
  /** How near it is, as far as it is known: what it leads to may be as near. */
  reachOf(url: URL): Nearness;
  /** @throws VoxpoolError for an address that is too near; names are looked at when they are connected to */
  within(url: URL, limit: Nearness): Dispatcher;
  close(): Promise<void>;
}

/** Connections are kept by how near they may be: one that was made for the operator's own place serves no other. */
export function createDispatchers({ timeouts, connectMs, named, refuse }: DispatcherOptions): Dispatchers {
  const dispatchers = new Map<Nearness, EnvHttpProxyAgent>();
  const found = new Map<string, Nearness>();
  const ownHosts = new Set(named.map((address) => URL.parse(address)?.hostname));
  const onFound = (hostname: string, nearness: Nearness): void => void found.set(hostname, nearness);
  const create = (limit: Nearness): EnvHttpProxyAgent => {
    // Proxies are the operator's own; through one it is the proxy who finds the addresses of names.
    const agent = new EnvHttpProxyAgent({
      ...timeouts,
      ...proxies(process.env),
      connect: { timeout: connectMs, lookup: lookupWithin(limit, refuse, onFound) },
    });
    dispatchers.set(limit, agent);
    return agent;
  };
  return {
    startOf(url) {
      const address = addressIn(url);
      if (address !== undefined) return nearnessOf(address);
      return ownHosts.has(url.hostname) ? 3 : 0;
    },
    reachOf(url) {
      const address = addressIn(url);
      return address === undefined ? (found.get(url.hostname) ?? 0) : nearnessOf(address);
    },
    within(url, limit) {
      const address = addressIn(url);
      if (address !== undefined && nearnessOf(address) > limit) throw refuse(url.href, address);
      return dispatchers.get(limit) ?? create(limit);
    },
    async close() {
      await Promise.all(Array.from(dispatchers.values(), (one) => one.destroy()));
    },
  };
}

/** The environment's proxies go before npm's; `undefined` leaves them to the agent, which reads the environment. */
function proxies(env: NodeJS.ProcessEnv): { httpProxy?: string; httpsProxy?: string; noProxy?: string } {
  const npm = readNpmConfig(env);
  const isSet = (...names: readonly string[]) => names.some((name) => env[name] || env[name.toLowerCase()]);
  return {
    ...(npm.proxy !== undefined && !isSet("HTTP_PROXY") && { httpProxy: npm.proxy }),
    ...(npm.httpsProxy !== undefined && !isSet("HTTPS_PROXY") && { httpsProxy: npm.httpsProxy }),
    ...(npm.noProxy !== undefined && !isSet("NO_PROXY") && { noProxy: npm.noProxy }),
  };
}
