import { VoxpoolError } from "../base/errors.ts";
import type { Claimant, Hold } from "./types.ts";

/** Two clocks: one never goes back and measures, the other is shown to people. Seconds. */
export interface HoldClock {
  readonly seconds: () => number;
  readonly unix: () => number;
}

interface Held extends Claimant {
  count: number;
  readonly since: number;
  leaseSeconds: number | undefined;
  /** On the clock that never goes back; infinite: it does not lapse. */
  lapsesAt: number;
  touchedAt: number;
}

/** Whoever found no room may come again then: a hold lasts as long as its holder likes. */
const retryAfterSeconds = 60;

const keyOf = ({ client, kind }: Claimant): string => `${kind}:${client}`;

/** Who holds one model. A client's hold is one, however often it loads; those of an address are counted. */
export class Holds {
  readonly #held = new Map<string, Held>();
  readonly #clock: HoldClock;
  /** Counted holds lapse when nothing came from their address for so long, seconds. */
  readonly #idleSeconds: number;

  constructor(clock: HoldClock, idleSeconds: number) {
    this.#clock = clock;
    this.#idleSeconds = idleSeconds;
  }

  get size(): number {
    return this.#held.size;
  }

  add({ client, kind }: Claimant, leaseSeconds?: number): Hold {
    const now = this.#clock.seconds();
    const lapsesAt = leaseSeconds === undefined ? Number.POSITIVE_INFINITY : now + leaseSeconds;
    const known = this.#held.get(keyOf({ client, kind }));
    if (!known) {
      const held: Held = { client, kind, count: 1, since: this.#clock.unix(), leaseSeconds, lapsesAt, touchedAt: now };
      this.#held.set(keyOf(held), held);
      return this.#shown(held);
    }
    if (kind === "address") known.count += 1;
    // Of a client the latest wish holds; of many behind one address the longest.
    known.lapsesAt = kind === "client" ? lapsesAt : Math.max(known.lapsesAt, lapsesAt);
    known.leaseSeconds = leaseSeconds ?? known.leaseSeconds;
    known.touchedAt = now;
    return this.#shown(known);
  }

  /** One that has a hold already finds its place. @throws VoxpoolError `holds_full` */
  checkRoomFor(claimant: Claimant, limit: number, model_path: string): void {
    if (this.size < limit || this.has(claimant)) return;
    const setting = "limits.holds";
    throw new VoxpoolError("holds_full", { model_path, limit, setting, retry_after_seconds: retryAfterSeconds });
  }

  /** Gives one back; undefined if the claimant has none. */
  giveBack(claimant: Claimant): Hold | undefined {
    const held = this.#held.get(keyOf(claimant));
    if (!held) return undefined;
    held.count -= 1;
    if (held.count <= 0) this.#held.delete(keyOf(claimant));
    return this.#shown({ ...held, count: Math.max(1, held.count) });
  }

  has(claimant: Claimant): boolean {
    return this.#held.has(keyOf(claimant));
  }

  /** Renews a client's hold for its own lease, or another; undefined if it has none. */
  renew(client: string, leaseSeconds?: number): Hold | undefined {
    const held = this.#held.get(keyOf({ client, kind: "client" }));
    if (!held) return undefined;
    held.leaseSeconds = leaseSeconds ?? held.leaseSeconds;
    const now = this.#clock.seconds();
    held.lapsesAt = held.leaseSeconds === undefined ? Number.POSITIVE_INFINITY : now + held.leaseSeconds;
    held.touchedAt = now;
    return this.#shown(held);
  }

  /** Something came from an address: its counted holds do not lapse for another while. */
  touch(claimant: Claimant): void {
    const held = this.#held.get(keyOf(claimant));
    if (held) held.touchedAt = this.#clock.seconds();
  }

  /** Takes away and gives what has lapsed by now. */
  lapse(): readonly Hold[] {
    const now = this.#clock.seconds();
    const lapsed = [...this.#held.values()].filter((held) => this.#end(held) <= now);
    for (const held of lapsed) this.#held.delete(keyOf(held));
    return lapsed.map((held) => this.#shown(held));
  }

  /** Takes away and gives all. */
  drop(): readonly Hold[] {
    const all = this.list();
    this.#held.clear();
    return all;
  }

  /** Hands those that `moves` over to another model's; what both have becomes one. */
  moveTo(other: Holds, moves: (hold: Hold) => boolean): void {
    if (other === this) return; // what is taken out and put in again would be met again, for ever
    for (const [key, held] of this.#held) {
      if (!moves(this.#shown(held))) continue;
      this.#held.delete(key);
      const there = other.#held.get(key);
      if (!there) other.#held.set(key, held);
      else {
        there.count = held.kind === "client" ? 1 : there.count + held.count;
        there.lapsesAt = Math.max(there.lapsesAt, held.lapsesAt);
        there.leaseSeconds = held.leaseSeconds ?? there.leaseSeconds;
        there.touchedAt = Math.max(there.touchedAt, held.touchedAt);
      }
    }
  }

  /** All that there are, whoever came first in front. */
  list(): readonly Hold[] {
    return Array.from(this.#held.values(), (held) => this.#shown(held));
  }

  #end({ kind, lapsesAt, touchedAt }: Held): number {
    return kind === "client" ? lapsesAt : Math.min(lapsesAt, touchedAt + this.#idleSeconds);
  }

  #shown(held: Held): Hold {
    const { client, kind, count, since } = held;
    const end = this.#end(held);
    const left = end - this.#clock.seconds();
    return { client, kind, count, since, ...(Number.isFinite(end) && { until: this.#clock.unix() + left }) };
  }
}

/** Most holders that a message names. */
const mostNamed = 5;

/** Who holds a model, for messages: some by their names, the others by their number. */
export function holderNames(holds: readonly Hold[], separator = ", "): string {
  const names = holds.slice(0, mostNamed).map(({ client }) => client);
  const named = names.join(separator);
  const more = holds.length - names.length;
  return more > 0 ? `${named} (+${more})` : named;
}

/** Whether anybody else waits for it. Who is behind an address is not known: a second one there is somebody else. */
export function hasOthers(
  waiting: ReadonlySet<{ readonly claimant: Claimant | undefined }>,
  { client, kind }: Claimant,
): boolean {
  const isOwn = (one: Claimant | undefined): boolean => one?.client === client && one.kind === kind;
  const own = [...waiting].filter((one) => isOwn(one.claimant)).length;
  return own < waiting.size || (kind === "address" && own > 1);
}
