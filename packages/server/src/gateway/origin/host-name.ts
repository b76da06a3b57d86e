import { isIP } from "node:net";

/**
 * The name in a `Host` header or the host of an origin, as URLs write it: lower case, IPv6 without brackets, without
 * port and final dot. Undefined for what is no host.
 */
export function hostNameOf(host: string): string | undefined {
  if (!/^[\w.:[\]-]{1,260}$/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, "$1").replace(/(?<=.)\.$/, "");
}

/** Endings under which nobody can register a name: RFC 6761, RFC 6762, RFC 8375, and what ICANN keeps for private use. */
const privateEndings = [".localhost", ".local", ".internal", ".home.arpa", ".lan", ".test"];

/**
 * Whether no stranger can have name servers say that this name is the address of somebody else's server (DNS
 * rebinding): addresses, names without a dot, which are those of this machine, of containers and of a network's own
 * name server, and names under endings of private networks.
 */
export function isPrivateName(name: string): boolean {
  return isIP(name) !== 0 || !name.includes(".") || privateEndings.some((ending) => name.endsWith(ending));
}
