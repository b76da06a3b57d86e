import { companions, type Load, pick, type Waiting } from "./policy.ts";
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

/** Far more than run at once: a process that another one replaced may still finish something after it is forgotten. */
const mostHostsRemembered = 1000;

/** How much one new measurement moves the real-time factor, for each second of audio in it. */
const learningPerAudioSecond = 0.05;

const monotonicSeconds = () => performance.now() / 1000;

/** The node's one scheduler. The choice itself is `pick`; here are the queue and the permits. */
export class NodeScheduler implements Scheduler {
  readonly #cores: number;
  readonly #now: () => number;
  readonly #queue = new Set<Queued>();
  readonly #permits = new Map<string, number>();
  readonly #served = new Map<string, number>();
  readonly #factors = new Map<string, number>();
  #arrivals = 0;
  /** What the client that was last given a permit had been served before. */
  #level = 0;

  constructor({ cores, now = monotonicSeconds }: SchedulerOptions) {
    this.#cores = cores;
    this.#now = now;
  }

  acquire(work: WorkRequest, signal?: AbortSignal): Promise<Permit> {
    return new Promise<Permit>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const leave = () => {
        if (this.#queue.delete(queued)) reject(signal?.reason as Error);
        this.#grantWhatMayRun();
      };
      const grant = (permit: Permit) => {
        signal?.removeEventListener("abort", leave);
        resolve(permit);
      };
      const queued: Queued = { ...work, order: this.#arrivals++, since: this.#now(), grant };
      signal?.addEventListener("abort", leave, { once: true });
      this.#catchUp(work.client);
      this.#queue.add(queued);
      this.#grantWhatMayRun();
    });
  }

  realTimeFactor(host: string): number | undefined {
    return this.#factors.get(host);
  }

  forget(host: string): void {
    this.#factors.delete(host);
  }

  snapshot(): ReturnType<Scheduler["snapshot"]> {
    let running = 0;
    for (const count of this.#permits.values()) running += count;
    let waitingAudioSeconds = 0;
    for (const work of this.#queue) waitingAudioSeconds += work.audioSeconds;
    return { running, waiting: this.#queue.size, waitingAudioSeconds };
  }

  #grantWhatMayRun(): void {
    const load: Load = { cores: this.#cores, permits: this.#permits, served: this.#served };
    for (let next = pick(this.#queue, load); next; next = pick(this.#queue, load)) {
      this.#permits.set(next.host, (this.#permits.get(next.host) ?? 0) + 1);
      const sharing = new Set([next, ...companions(this.#queue, next, load)]);
      for (const work of sharing) this.#grant(work, sharing);
    }
    this.#forgetOldService();
  }

  #grant(work: Queued, sharing: Set<Queued>): void {
    this.#queue.delete(work);
    const service = this.#served.get(work.client) ?? 0;
    this.#level = Math.max(this.#level, service);
    this.#served.set(work.client, service + work.audioSeconds);
    work.grant(this.#permitFor(work, sharing));
  }

  /** @param sharing who has not given it back yet; the last one does */
  #permitFor(work: Queued, sharing: Set<Queued>): Permit {
    return {
      waitedSeconds: this.#now() - work.since,
      release: (decodeSeconds) => {
        if (!sharing.delete(work)) return;
        if (decodeSeconds !== undefined) this.#learn(work, decodeSeconds);
        if (sharing.size > 0) return;
        const left = (this.#permits.get(work.host) ?? 1) - 1;
        if (left === 0) this.#permits.delete(work.host);
        else this.#permits.set(work.host, left);
        this.#grantWhatMayRun();
      },
    };
  }

  #learn({ host, audioSeconds }: WorkRequest, decodeSeconds: number): void {
    if (audioSeconds <= 0) return;
    const measured = decodeSeconds / audioSeconds;
    const known = this.#factors.get(host);
    const weight = Math.min(1, audioSeconds * learningPerAudioSecond);
    this.#factors.delete(host); // the one that was measured last is at the end
    this.#factors.set(host, known === undefined ? measured : known + weight * (measured - known));
    const [oldest] = this.#factors.keys();
    if (oldest !== undefined && this.#factors.size > mostHostsRemembered) this.#factors.delete(oldest);
  }

  /** A client that comes, or comes back, starts level with those who are served: idle time is no credit. */
  #catchUp(client: string): void {
    for (const other of this.#queue) if (other.client === client) return;
    this.#served.set(client, Math.max(this.#served.get(client) ?? 0, this.#level));
  }

  /** Service matters only between clients that wait; who comes back is made level with them by `#catchUp`. */
  #forgetOldService(): void {
    if (this.#queue.size === 0 && this.#permits.size === 0) {
      this.#served.clear();
      this.#level = 0;
    }
    if (this.#served.size <= mostClientsRemembered) return;
    const present = new Set(Array.from(this.#queue, (work) => work.client));
    for (const client of this.#served.keys()) if (!present.has(client)) this.#served.delete(client);
  }
}
