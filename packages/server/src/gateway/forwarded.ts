import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { type AddressList, plainAddress } from "../base/addresses.ts";

/** What the proxies before a server say of a request. */
export interface Forwarded {
  /** Whose request it is. */
  readonly address: string;
  /** How and by which name the client reached the outermost trusted proxy; undefined where none says so. */
  readonly proto: "http" | "https" | undefined;
  readonly host: string | undefined;
}

type Headers = IncomingMessage["headers"];

/** Names of what proxies say. */
const spoken = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"] as const;

/**
 * Who sent a request: of the addresses in `X-Forwarded-For`, from the right, the first one that no trusted proxy has.
 * What stands further left was written by that sender, and proves nothing. Undefined if the connection is not a
 * trusted proxy's: then nothing that the request says of itself counts.
 * @param remote address of the connection; undefined for Unix sockets, which no proxy uses here
 */
export function forwarded(remote: string | undefined, headers: Headers, trusted: AddressList): Forwarded | undefined {
  if (remote === undefined || !trusted.has(plainAddress(remote))) return undefined;
  const [chain = "", proto, host] = spoken.map((name) => [headers[name] ?? ""].flat().join(","));
  let address = plainAddress(remote);
  for (const hop of chain.split(",").toReversed()) {
    const ip = addressIn(hop);
    if (ip === undefined) break;
    address = ip;
    if (!trusted.has(ip)) break;
  }
  return { address, proto: protoIn(proto), host: hostIn(host) };
}

/**
 * Puts in order what a request says of the proxies before it, so that everything behind can take its headers for
 * true: the headers of strangers are removed, those of trusted proxies say one thing each.
 */
export function settleForwarded({ socket, headers }: IncomingMessage, trusted: AddressList): void {
  const known = forwarded(socket.remoteAddress, headers, trusted);
  for (const name of spoken) Reflect.deleteProperty(headers, name);
  if (known === undefined) return;
  headers["x-forwarded-for"] = known.address;
  if (known.proto !== undefined) headers["x-forwarded-proto"] = known.proto;
  if (known.host !== undefined) headers["x-forwarded-host"] = known.host;
}

/** Some proxies write the port of the client too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(hop: string): string | undefined {
  const text = hop.trim();
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  const bare = bracketed ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/, "$1");
  const ip = plainAddress(bare);
  // A zone is a matter of the proxy's own machine.
  return isIP(ip) === 0 || ip.includes("%") ? undefined : ip;
}

/** The last proxy's word: it is the one that is trusted for sure. */
function lastOf(text: string | undefined): string {
  return text?.split(",").at(-1)?.trim() ?? "";
}

function protoIn(text: string | undefined): Forwarded["proto"] {
  const proto = lastOf(text).toLowerCase();
  return proto === "http" || proto === "https" ? proto : undefined;
}

function hostIn(text: string | undefined): string | undefined {
  const host = lastOf(text);
  return /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i.test(host) ? host : undefined;
}
