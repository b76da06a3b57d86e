import { VoxpoolError } from "../base/errors.ts";
import type { Pool } from "../pool/types.ts";
import type { Priority, Scheduler } from "../schedule/schedule.ts";
import { isDeath } from "./death.ts";
import { afterDeath, counted, type Death, noDeaths } from "./replay-policy.ts";
import { takeTurn } from "./turn.ts";
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

/**
 * Punctuates with a model in a host of its own; every text takes a permit, as decodes do, and is tried again as they are
 * when the process ends. The model is loaded at once, while speech is recognised.
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

  async function once(text: string, audioSeconds: number, isSuspect: boolean): Promise<Outcome> {
    const lease = await pool.lease(folder, signal ? { signal } : {});
    const host = lease.instance.id;
    const work = { priority: classAbove[priority], client, host, audioSeconds };
    try {
      const turn = await takeTurn({ scheduler, lease, work, isSuspect, signal: signal ?? never });
      let seconds: number | undefined;
      try {
        const factor = scheduler.realTimeFactor(host) ?? 0;
        const done = await lease.punctuate(text, factor * audioSeconds);
        seconds = done.seconds;
        lease.countUse();
        return { text: done.text };
      } catch (thrown) {
        const error = VoxpoolError.from(thrown);
        if (!isDeath(error)) throw error;
        return { error, death: { blame: await lease.ended, wasDecoding: true, wasAlone: isSuspect } };
      } finally {
        turn.release(seconds);
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
      if (failure !== undefined) return undefined;
      try {
        return await untilDone((isSuspect) => once(text, audioSeconds, isSuspect));
      } catch (error) {
        signal?.throwIfAborted();
        failure = VoxpoolError.from(error);
        return undefined;
      }
    },
  };
}

type Outcome = { readonly text: string } | { readonly error: VoxpoolError; readonly death: Death };

/** Tries again when the process ended, as long as the policy lets it. @throws VoxpoolError */
async function untilDone(once: (isSuspect: boolean) => Promise<Outcome>): Promise<string> {
  let deaths = noDeaths;
  let isSuspect = false;
  for (;;) {
    const outcome = await once(isSuspect);
    if ("text" in outcome) return outcome.text;
    const verdict = afterDeath(deaths, outcome.death);
    if (verdict.kind !== "replay") throw outcome.error;
    deaths = counted(deaths, outcome.death);
    isSuspect ||= verdict.suspects;
  }
}

/** For who cannot leave. */
const never = new AbortController().signal;
