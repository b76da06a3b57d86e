import { VoxpoolError } from "../base/errors.ts";
import type { Pool } from "../pool/types.ts";
import type { Priority, Scheduler } from "../schedule/schedule.ts";
import type { OpenSession } from "./types.ts";

/** Punctuation for one recognition. */
export interface Punctuator {
  /** Undefined once the model has failed: a recognition is worth more than its punctuation. */
  punctuate(text: string, audioSeconds: number): Promise<string | undefined>;
  /** What went wrong, if it did. */
  readonly failure: VoxpoolError | undefined;
}

export interface PunctuatorParts {
  readonly pool: Pick<Pool, "lease">;
  readonly scheduler: Scheduler;
}

/**
 * The class in which a text waits: the one above its recognition's. What is recognised is held back until it is
 * punctuated, which takes milliseconds, and would stand behind all that the same recognition has yet to decode.
 */
const classAbove: Readonly<Record<Priority, Priority>> = {
  live_final: "live_final",
  interactive: "live_final",
  live_partial: "interactive",
  batch: "live_partial",
};

/** A process that dies under a text may do so for another one's sake; the same text is tried once more. */
const attempts = 2;

/**
 * Punctuates with a model in a host of its own; every text takes a permit, as decodes do. The model is loaded at
 * once, while speech is recognised.
 */
export function createPunctuator(
  { pool, scheduler }: PunctuatorParts,
  { folder, client, priority, signal }: Pick<OpenSession, "folder" | "client" | "priority" | "signal">,
): Punctuator {
  let failure: VoxpoolError | undefined;
  void loadAhead();

  async function loadAhead(): Promise<void> {
    try {
      (await pool.lease(folder, signal ? { signal } : {})).release();
    } catch {
      // The first text meets the same, and it is there that it matters.
    }
  }

  async function once(text: string, audioSeconds: number): Promise<string> {
    const lease = await pool.lease(folder, signal ? { signal } : {});
    const host = lease.instance.id;
    try {
      const permit = await scheduler.acquire({ priority: classAbove[priority], client, host, audioSeconds }, signal);
      let seconds: number | undefined;
      try {
        const factor = scheduler.realTimeFactor(host) ?? 0;
        const done = await lease.punctuate(text, factor * audioSeconds);
        seconds = done.seconds;
        lease.countUse();
        return done.text;
      } finally {
        permit.release(seconds);
      }
    } finally {
      lease.release();
    }
  }

  return {
    get failure() {
      return failure;
    },
    async punctuate(text, audioSeconds) {
      for (let attempt = 1; failure === undefined; attempt++) {
        try {
          return await once(text, audioSeconds);
        } catch (error) {
          signal?.throwIfAborted();
          if (attempt === attempts) failure = VoxpoolError.from(error);
        }
      }
      return undefined;
    },
  };
}
