import { type LookupAddress, type LookupAllOptions, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import type { VoxpoolError } from "../base/errors.ts";

/**
 * How near an address is to this machine: 0 is the open network, 1 a private one, 2 this machine, 3 the link alone,
 * where machines of clouds keep their credentials. What is far may not lead to what is nearer.
 */
export type Nearness = 0 | 1 | 2 | 3;

/** The addresses of each (RFC 6890). 198.18.0.0/15 is left out: proxies give such addresses to names of the open network. */
const near: readonly (readonly [Nearness, readonly string[]])[] = [
  [3, ["169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "fe80::/10", "ff00::/8"]],
  [2, ["127.0.0.0/8", "0.0.0.0/8", "::/96"]],
  [1, ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"]],
];

const lists = near.map(([nearness, networks]) => ({ nearness, list: listOf(networks) }));

/** Of an address, as `net.isIP` knows them; an IPv4 address inside one of IPv6 is that address. */
export function nearnessOf(address: string): Nearness {
  const [plain = ""] = (ofNat64(address) ?? address).split("%", 1);
  const family = isIP(plain) === 6 ? "ipv6" : "ipv4";
  return lists.find(({ list }) => list.check(plain, family))?.nearness ?? 0;
}

/** What a translator of addresses would go on to: the IPv4 address in one of 64:ff9b::/96 (RFC 6052). */
function ofNat64(address: string): string | undefined {
  const [, high, low] = /^64:ff9b::([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(address) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join(".");
}

/** The address in a URL, where it has no name: undefined for names. */
export function addressIn({ hostname }: URL): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? undefined : host;
}

/** A name was found at an address that is nearer than it may be. */
export const tooNear = (address: string): string => `it leads to ${address}, an address inside your network or machine`;

/**
 * Finds the addresses of names as the system does, right before a connection is made, and leaves out those that are too
 * near: a name cannot mean one thing when it is checked and another when it is used. It fails where none is left.
 * @param onFound told of the nearest address of each name
 * @param find the system's own
 */
export function lookupWithin(
  limit: Nearness,
  refuse: (hostname: string, address: string) => VoxpoolError,
  onFound: (hostname: string, nearness: Nearness) => void,
  find: FindAll = lookup,
): LookupFunction {
  return (hostname, options, callback) => {
    find(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      const usable = addresses.filter(({ address }) => nearnessOf(address) <= limit);
      const [first] = usable;
      if (first === undefined) return callback(refuse(hostname, addresses[0]?.address ?? ""), "", 0);
      onFound(hostname, usable.map(({ address }) => nearnessOf(address)).reduce(nearest));
      if (options.all === true) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}

type FindAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const nearest = (a: Nearness, b: Nearness): Nearness => (a > b ? a : b);

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}
