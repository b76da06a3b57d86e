import type { InstanceLease } from "../pool/types.ts";
import type { Permit, Scheduler, WorkRequest } from "../schedule/schedule.ts";

/** The right to decode: a permit of the node, and a turn in the process. */
export interface Turn {
  readonly permit: Permit;
  /** Seconds that were waited for both. */
  readonly waitedSeconds: number;
  /** Gives both back; `decodeSeconds` as for `Permit.release`. */
  release(decodeSeconds?: number): void;
}

export interface TurnParts {
  readonly scheduler: Scheduler;
  readonly lease: InstanceLease;
  readonly work: WorkRequest;
  /** Decodes alone. */
  readonly isSuspect: boolean;
  readonly signal: AbortSignal;
}

/**
 * Waits for both. A suspect that has a permit waits for decodes that have theirs, so it is soon alone. The others
 * give their permits back meanwhile: a suspect may hang, and other models have work for the cores.
 * @throws the signal's reason
 */
export async function takeTurn({ scheduler, lease, work, isSuspect, signal }: TurnParts): Promise<Turn> {
  let waitedSeconds = 0;
  for (;;) {
    const permit = await scheduler.acquire(work, signal);
    waitedSeconds += permit.waitedSeconds;
    const begunAt = performance.now();
    const taking = lease.turn(isSuspect, signal);
    try {
      const endTurn = await (isSuspect ? taking : Promise.race([taking, notNow]));
      if (endTurn) return { permit, waitedSeconds: waitedSeconds + since(begunAt), release: releaser(permit, endTurn) };
    } catch (error) {
      permit.release();
      throw error;
    }
    permit.release();
    (await taking)();
    waitedSeconds += since(begunAt);
  }
}

function releaser(permit: Permit, endTurn: () => void): Turn["release"] {
  return (decodeSeconds) => {
    endTurn();
    permit.release(decodeSeconds);
  };
}

/** Settled already: a turn that is free wins the race. */
const notNow = Promise.resolve(undefined);

const since = (begunAt: number): number => (performance.now() - begunAt) / 1000;
