import { VoxpoolError } from "./errors.ts";
import type { LogLine } from "./log.ts";

/** Who did it. */
export interface Actor {
  /** The `client_id`, else the remote address. */
  readonly client: string;
  /** The name of its key; never the key. */
  readonly keyName?: string | undefined;
  /** Of the request, as its own line in the log has it. */
  readonly requestId?: string | undefined;
}

/** An administrative act: something that others notice, or that stays. */
export interface Act {
  /** What is done, for example `model.unload`. */
  readonly act: string;
  readonly who: Actor;
  /** To what, and how; names and numbers, nothing secret. */
  readonly what: Readonly<Record<string, unknown>>;
}

/** Writes a line about an act once it is over, well or not; what it gives and throws is passed on. */
export type Audit = <T>(act: Act, doing: () => Promise<T>) => Promise<T>;

/** @param write takes the lines, for example `log.info` */
export function auditTo(write: LogLine): Audit {
  return async ({ act, who, what }, doing) => {
    const tell = (outcome: object): void => {
      const { client, keyName, requestId } = who;
      const actor = { client, ...(keyName !== undefined && { key: keyName }) };
      const id = requestId === undefined ? {} : { id: requestId };
      write({ audit: true, act, ...id, who: actor, what: withoutUndefined(what), ...outcome }, "An administrative act");
    };
    try {
      const done = await doing();
      tell({ outcome: "ok" });
      return done;
    } catch (error) {
      tell({ outcome: "failed", reason: VoxpoolError.from(error).reason });
      throw error;
    }
  };
}

function withoutUndefined(what: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(what).filter(([, value]) => value !== undefined));
}
