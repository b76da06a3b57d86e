import type { Principal } from "../../access/principal.ts";
import { demandScope } from "../../access/scopes.ts";
import { addressList, plainAddress } from "../../base/addresses.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Limits } from "../limits/limits.ts";
import type { Access } from "./authenticate.ts";
import type { Credential } from "./credentials.ts";

/** Who may use a port whose protocol has no place for keys, or hardly one. */
export interface PortGuard {
  /**
   * Who has connected; undefined where nobody is asked.
   * @throws VoxpoolError `address_not_allowed`, `rate_limited`, `key_missing`, `key_invalid`, `key_expired`,
   * `scope_missing`, `too_many_failed_attempts`
   */
  admit(address: string | undefined, credential: Credential | undefined): Promise<Principal | undefined>;
}

export interface PortGuardOptions {
  readonly access: Pick<Access, "isRequired" | "authenticate" | "attempts">;
  /** Addresses and networks (`192.168.1.0/24`) that may connect; empty: all. */
  readonly allow: readonly string[];
  /** The setting that `allow` comes from. */
  readonly setting: string;
  /** Of these addresses no key is asked although the server asks for keys: `auth.keyless`. */
  readonly keyless: readonly string[];
  /** A connection counts as a request of its address, and of its key; nothing is counted if left out. */
  readonly limits?: Pick<Limits, "count">;
  readonly log: Log;
}

/** @throws VoxpoolError `config_invalid` for what is no address */
export function createPortGuard({ access, allow, setting, keyless, limits, log }: PortGuardOptions): PortGuard {
  const [allowed, trusted] = [addressList(allow, setting), addressList(keyless, "auth.keyless")];
  return {
    async admit(address, credential) {
      const ip = plainAddress(address);
      if (!allowed.isEmpty && !allowed.has(ip)) throw new VoxpoolError("address_not_allowed", { setting });
      if (address !== undefined) limits?.count({ kind: "address", name: ip });
      if (!access.isRequired || (credential === undefined && trusted.has(ip))) return undefined;
      if (credential?.type !== "key") throw new VoxpoolError("key_missing");
      try {
        const principal = access.authenticate(credential.secret);
        demandScope(principal, "recognize");
        limits?.count({ kind: "key", name: principal.name });
        return principal;
      } catch (error) {
        const { reason, details } = VoxpoolError.from(error);
        if (reason === "scope_missing" || reason === "rate_limited") throw error;
        if (await access.attempts.failed(ip)) log.warn({ address: ip, reason, ...details }, "A caller was refused");
        throw error;
      }
    },
  };
}
