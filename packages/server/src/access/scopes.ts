import { type KeyScope, KeyScope as KeyScopes } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import type { Principal } from "./principal.ts";

/** All scopes that a key can have. */
export const keyScopes: readonly KeyScope[] = KeyScopes.anyOf.map(({ const: scope }) => scope);

/** What a route asks of its caller: nothing, any key at all, or a key with a scope. */
export type RouteScope = "public" | "any" | KeyScope;

/** What a key has that is made without saying so: enough to dictate, and to see what there is. */
export const usualScopes: readonly KeyScope[] = ["recognize", "read"];

/** @throws VoxpoolError `scope_missing` */
export function demandScope({ scopes, name }: Principal, scope: RouteScope): void {
  if (scope === "public" || scope === "any" || scopes.has(scope) || scopes.has("admin")) return;
  throw new VoxpoolError("scope_missing", { name, scope });
}
