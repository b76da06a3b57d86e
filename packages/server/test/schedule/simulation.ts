import { setImmediate as turn } from "node:timers/promises";
import { VoxpoolError } from "../../dist/base/errors.js";
import { type Admission, createAdmission, type Ticket } from "../../dist/schedule/admission.js";
import { NodeScheduler } from "../../dist/schedule/scheduler.js";

/** A recognition that somebody wants. */
export interface Wish {
  readonly client: string;
  readonly host: string;
  readonly audioSeconds: number;
  /** When it first asks. */
  readonly at: number;
  /** Whether it says its length. Default true. */
  readonly saysLength?: boolean;
  /** Seconds until it asks again, whatever it is told. Default: it does as it is told. */
  readonly polls?: number;
}

export interface Outcome {
  readonly wish: Wish;
  /** How often it was refused when it came as told. */
  readonly broken: number;
  /** How often it came as told. */
  readonly retries: number;
  readonly refusals: readonly VoxpoolError[];
  readonly admittedAt: number;
  readonly firstDecodeAt: number;
  readonly doneAt: number;
}

export interface Node {
  readonly cores: number;
  readonly maxWaitSeconds: number;
  readonly maxSessions: number;
  readonly maxSessionsPerClient: number;
  /** True real-time factors by host. */
  readonly factors: Readonly<Record<string, number>>;
}

const segmentSeconds = 8;
const inFlightSegments = 15;

/**
 * A node in virtual time: the real scheduler and the real admission, with decodes that take as long as their model
 * says, give or take a third. Who is refused comes again when it was told to, up to a second late.
 */
export class Simulation {
  readonly #node: Node;
  readonly #scheduler: NodeScheduler;
  readonly #admission: Admission;
  readonly #agenda = new Agenda();
  readonly #random: () => number;
  readonly outcomes: Outcome[] = [];
  mostRunning = 0;
  #running = 0;

  constructor(node: Node, seed = 1) {
    this.#node = node;
    this.#random = randomFrom(seed);
    const now = () => this.#agenda.now;
    this.#scheduler = new NodeScheduler({ cores: node.cores, now });
    this.#admission = createAdmission({ ...node, scheduler: this.#scheduler, now });
  }

  async run(wishes: readonly Wish[]): Promise<readonly Outcome[]> {
    for (const wish of wishes) this.#agenda.add(wish.at, () => this.#ask(wish, { refusals: [], broken: 0 }));
    while (this.#agenda.next()) await turn(); // what waits for a permit runs on before time does
    return this.outcomes;
  }

  #ask(wish: Wish, before: { readonly refusals: readonly VoxpoolError[]; readonly broken: number }): void {
    const { client, host, audioSeconds, saysLength = true, polls } = wish;
    try {
      const ticket = this.#admission.admit({ client, host, audioSeconds: saysLength ? audioSeconds : undefined });
      this.mostRunning = Math.max(this.mostRunning, ++this.#running);
      void this.#recognise(wish, ticket, before);
    } catch (error) {
      if (!(error instanceof VoxpoolError)) throw error;
      const wait = polls ?? Number(error.details.retry_after_seconds) + this.#random();
      const broken = before.broken + (before.refusals.length > 0 ? 1 : 0);
      const known = { refusals: [...before.refusals, error], broken };
      this.#agenda.add(this.#agenda.now + wait, () => this.#ask(wish, known));
    }
  }

  async #recognise(
    wish: Wish,
    ticket: Ticket,
    { refusals, broken }: { readonly refusals: readonly VoxpoolError[]; readonly broken: number },
  ): Promise<void> {
    const admittedAt = this.#agenda.now;
    let firstDecodeAt = Number.NaN;
    let done = 0;
    let sent = 0;
    const over = Promise.withResolvers<void>();
    const send = async (): Promise<void> => {
      const audioSeconds = Math.min(segmentSeconds, wish.audioSeconds - sent);
      if (audioSeconds <= 0) return;
      sent += audioSeconds;
      ticket.progress({ arrivedSeconds: sent, isWhole: sent >= wish.audioSeconds });
      await this.#decode(wish, audioSeconds, () => {
        if (Number.isNaN(firstDecodeAt)) firstDecodeAt = this.#agenda.now;
      });
      done += audioSeconds;
      ticket.progress({ doneSeconds: done });
      if (done >= wish.audioSeconds) over.resolve();
      else void send();
    };
    for (let count = 0; count < inFlightSegments; count++) void send();
    await over.promise;
    ticket.release();
    this.#running--;
    const retries = refusals.length;
    this.outcomes.push({ wish, broken, retries, refusals, admittedAt, firstDecodeAt, doneAt: this.#agenda.now });
  }

  async #decode({ client, host }: Wish, audioSeconds: number, begun: () => void): Promise<void> {
    const permit = await this.#scheduler.acquire({ priority: "interactive", client, host, audioSeconds });
    begun();
    const factor = (this.#node.factors[host] ?? 1) * (2 / 3 + (this.#random() * 2) / 3);
    const over = Promise.withResolvers<void>();
    this.#agenda.add(this.#agenda.now + factor * audioSeconds, () => over.resolve());
    await over.promise;
    permit.release(factor * audioSeconds);
  }
}

/** What happens when; of one time in the order in which it was added. */
class Agenda {
  now = 0;
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #added = 0;

  add(at: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#added++, run });
    for (let place = heap.length - 1; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (this.#isFirst(parent, place)) break;
      this.#swap(parent, place);
      place = parent;
    }
  }

  /** Runs what comes next; false if nothing is left. */
  next(): boolean {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    const first = heap.pop();
    if (first === undefined) return false;
    for (let place = 0; ; ) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2])
        if (child < heap.length && this.#isFirst(child, least)) least = child;
      if (least === place) break;
      this.#swap(place, least);
      place = least;
    }
    this.now = first.at;
    first.run();
    return true;
  }

  #isFirst(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return true;
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
