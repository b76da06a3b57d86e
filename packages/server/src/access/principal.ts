import type { KeyScope } from "@voxpool/client/contract";
import type { ModelPatterns } from "./model-patterns.ts";

/** Who calls, once it has shown who it is. */
export interface Principal {
  /** The id of its key; the owner of the server's files has none. */
  readonly keyId?: string;
  readonly name: string;
  readonly scopes: ReadonlySet<KeyScope>;
  /** The models that it may see; undefined: all. */
  readonly models?: ModelPatterns;
  /** False from the moment in which its key is revoked or expires: what goes on for long asks again. */
  isValid(): boolean;
}

/** Whoever can open the socket in the state directory owns the server's files, and is its administrator. */
export const owner: Principal = { name: "owner", scopes: new Set(["admin"]), isValid: () => true };

/**
 * Under which name a caller holds models and has its turn: clients of different keys are different, whatever they call
 * themselves. Without authentication, and for the owner, it is the name alone.
 */
export function holderName(principal: Principal | undefined, name: string): string {
  return principal?.keyId === undefined ? name : `${principal.name}/${name}`;
}
