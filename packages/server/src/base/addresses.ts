import { BlockList, isIP, isIPv4 } from "node:net";
import { VoxpoolError } from "./errors.ts";

/** Addresses and networks that a setting lists. */
export interface AddressList {
  readonly isEmpty: boolean;
  /** Whether an address (`plainAddress`) is in it; false for what is none. */
  has(ip: string): boolean;
}

/**
 * Reads addresses and networks such as `192.168.1.10`, `192.168.1.0/24` and `fd00::/8`.
 * @param source the setting that they come from
 * @throws VoxpoolError `config_invalid` for what is no address and no network
 */
export function addressList(networks: readonly string[], source: string): AddressList {
  const list = new BlockList();
  for (const network of networks) {
    const [ip = "", bits, ...rest] = network.trim().split("/");
    const family = isIP(ip) === 6 ? "ipv6" : "ipv4";
    const most = family === "ipv6" ? 128 : 32;
    const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (isIP(ip) === 0 || !isNetwork || rest.length > 0) {
      const detail = `${network.slice(0, 100)} is no address and no network; write 192.168.1.10 or 192.168.1.0/24`;
      throw new VoxpoolError("config_invalid", { source, detail });
    }
    list.addSubnet(ip, bits === undefined ? most : Number(bits), family);
  }
  return {
    isEmpty: networks.length === 0,
    has(ip) {
      const family = isIP(ip);
      return family !== 0 && list.check(ip, family === 6 ? "ipv6" : "ipv4");
    },
  };
}

/** Streams in memory and Unix sockets have no address: they are on this machine. */
const thisMachine = "127.0.0.1";

/** Where a connection comes from. An IPv4 address that arrived on a socket for both families is the same address. */
export function plainAddress(ip: string | undefined): string {
  return (ip ?? thisMachine).replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Whether a host that is listened on is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
