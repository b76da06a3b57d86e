import { isIP } from "node:net";
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { domainToASCII } from "node:url";
import { plainAddress } from "../../base/addresses.ts";

type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[] | undefined>
>;

/** The names and addresses by which this machine is reached: its own, and those of its networks. */
export function machineNames(host: string = hostname(), interfaces: Interfaces = networkInterfaces()): string[] {
  const short = host.toLowerCase();
  const own = certificateName(short) === undefined ? [] : [short, ...(short.includes(".") ? [] : [`${short}.local`])];
  const addresses = Object.values(interfaces)
    .flatMap((found) => found ?? [])
    .filter(({ address, internal }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
  return [...new Set(["localhost", "127.0.0.1", "::1", ...own, ...addresses])];
}

/** A name as a certificate holds it; undefined if it is neither one of a host nor an address. */
export function certificateName(text: string): string | undefined {
  const ip = plainAddress(text.replace(/^\[(.*)\]$/, "$1"));
  if (isIP(ip) !== 0 && !ip.includes("%")) return ip;
  // What follows the host in a URL would be left out in silence.
  if (/[/?#@:\\\s]/.test(text)) return undefined;
  const [, wildcard = "", rest = ""] = /^(\*\.)?(.*)$/s.exec(text) ?? [];
  const name = domainToASCII(rest);
  const isHost =
    name.length <= 253 && /^[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?(\.[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?)*$/.test(name);
  return isHost && isIP(name) === 0 ? wildcard + name : undefined;
}
