import type { WireError } from "../base/errors.ts";

export type Value = string | number | null;

export interface Statement {
  readonly sql: string;
  readonly values?: readonly Value[];
}

/** A row that was read, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** What the thread is started with. */
export interface StoreThreadData {
  /** Undefined: in memory. */
  readonly file: string | undefined;
  readonly maxBytes: number;
}

/** Several writes go together and share a transaction, and so the wait for the disk. */
export type ToStore =
  | { readonly type: "write"; readonly writes: readonly (readonly Statement[])[] }
  | { readonly type: "read"; readonly number: number; readonly statement: Statement }
  | { readonly type: "backup"; readonly number: number; readonly file: string }
  | { readonly type: "close" };

export type FromStore =
  | { readonly type: "opened"; readonly notices: readonly Notice[] }
  | { readonly type: "refused"; readonly error: WireError }
  /** How each write of the message ended, in their order. */
  | { readonly type: "written"; readonly failures: readonly (WireError | undefined)[] }
  | { readonly type: "rows"; readonly number: number; readonly rows: readonly Row[] }
  | { readonly type: "unread"; readonly number: number; readonly error: WireError };

/** What operators should hear of the opening. */
export type Notice =
  | { readonly type: "moved_aside"; readonly to: string; readonly detail: string }
  | { readonly type: "not_kept"; readonly detail: string }
  /** A backup was put in the place of what was there, which is kept at `before`; undefined if nothing was there. */
  | { readonly type: "restored"; readonly before: string | undefined };
