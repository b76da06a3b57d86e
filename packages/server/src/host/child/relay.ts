import type { FromHost, ToHost } from "../wire.ts";

/** What the host's main thread says to its engine thread: the parent's messages, and whether it still answers. */
export type ToWorker = ToHost | { readonly type: "ping" };

export type FromWorker = FromHost | { readonly type: "pong" };
