import { type Load, pick, type Waiting } from "./policy.ts";
import type { Permit, Scheduler, WorkRequest } from "./schedule.ts";

interface Queued extends Waiting {
  readonly since: number;
  readonly grant: (permit: Permit) => void;
}

export interface SchedulerOptions {
  /** Decodes that run at once on this node. */
  readonly cores: number;
  /** Seconds of a clock that never goes back. */
  readonly now?: () => number;
}

const mostClientsRemembered = 1000;

/** How much one new measurement moves the real-time factor, for each second of audio in it. */
const learningPerAudioSecond = 0.05;

/** The node's one scheduler. The choice itself is `pick`; here are the queue and the permits. */
export function createScheduler({ cores, now = () => performance.now() / 1000 }: SchedulerOptions): Scheduler {
  const queue = new Set<Queued>();
  const permits = new Map<string, number>();
  const served = new Map<string, number>();
  const factors = new Map<string, number>();
  let arrivals = 0;

  function grantWhatMayRun(): void {
    const load: Load = { cores, permits, served };
    for (let next = pick(queue, load) as Queued | undefined; next; next = pick(queue, load) as Queued | undefined) {
      queue.delete(next);
      permits.set(next.host, (permits.get(next.host) ?? 0) + 1);
      served.set(next.client, (served.get(next.client) ?? 0) + next.audioSeconds);
      next.grant(permitFor(next));
    }
    forgetOldService();
  }

  /** Service matters only between clients that wait; who comes back is made level with them by `catchUp`. */
  function forgetOldService(): void {
    if (queue.size === 0 && permits.size === 0) served.clear();
    if (served.size <= mostClientsRemembered) return;
    const present = new Set(Array.from(queue, (work) => work.client));
    for (const client of served.keys()) if (!present.has(client)) served.delete(client);
  }

  function permitFor(work: Queued): Permit {
    let held = true;
    return {
      waitedSeconds: now() - work.since,
      release(decodeSeconds) {
        if (!held) return;
        held = false;
        if (decodeSeconds !== undefined) learn(work, decodeSeconds);
        const left = (permits.get(work.host) ?? 1) - 1;
        if (left === 0) permits.delete(work.host);
        else permits.set(work.host, left);
        grantWhatMayRun();
      },
    };
  }

  function learn({ host, audioSeconds }: WorkRequest, decodeSeconds: number): void {
    if (audioSeconds <= 0) return;
    const measured = decodeSeconds / audioSeconds;
    const known = factors.get(host);
    const weight = Math.min(1, audioSeconds * learningPerAudioSecond);
    factors.set(host, known === undefined ? measured : known + weight * (measured - known));
  }

  /** A client that comes back starts level with those who wait: idle time is no credit. */
  function catchUp(client: string): void {
    let least: number | undefined;
    for (const other of queue) {
      if (other.client === client) return;
      const service = served.get(other.client) ?? 0;
      least = least === undefined ? service : Math.min(least, service);
    }
    if (least !== undefined) served.set(client, Math.max(served.get(client) ?? 0, least));
  }

  return {
    acquire(work, signal) {
      return new Promise<Permit>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const leave = () => {
          if (queue.delete(queued)) reject(signal?.reason as Error);
          grantWhatMayRun();
        };
        const grant = (permit: Permit) => {
          signal?.removeEventListener("abort", leave);
          resolve(permit);
        };
        const queued: Queued = { ...work, order: arrivals++, since: now(), grant };
        signal?.addEventListener("abort", leave, { once: true });
        catchUp(work.client);
        queue.add(queued);
        grantWhatMayRun();
      });
    },
    realTimeFactor: (host) => factors.get(host),
    forget: (host) => void factors.delete(host),
    snapshot() {
      let running = 0;
      for (const count of permits.values()) running += count;
      let waitingAudioSeconds = 0;
      for (const work of queue) waitingAudioSeconds += work.audioSeconds;
      return { running, waiting: queue.size, waitingAudioSeconds };
    },
  };
}
