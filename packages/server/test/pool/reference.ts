import type { Claimant } from "../../dist/pool/types.js";

interface ReferenceHold extends Claimant {
  count: number;
  leaseSeconds: number | undefined;
  lapsesAt: number;
  touchedAt: number;
}

export const keyOf = ({ kind, client }: Claimant): string => `${kind}:${client}`;

/** What the pool should know of one model: who holds it and what else keeps it, kept as simply as can be. */
export class Reference {
  readonly holds = new Map<string, ReferenceHold>();
  pinned = false;
  /** It was told to go, and is not gone yet. */
  leaving = false;
  /** A load or a process of it failed by its own fault. */
  failed = false;
  strikes = 0;
  /** The longest that somebody wished it to stay. */
  wish: number | undefined;
  /** The same of those whose answer is not there: whether it counts, only the pool knows. */
  maybeWish = 0;
  /** When anything happened to it. */
  touchedAt = 0;

  add({ kind, client }: Claimant, leaseSeconds: number | undefined, now: number): void {
    const lapsesAt = leaseSeconds === undefined ? Number.POSITIVE_INFINITY : now + leaseSeconds;
    const known = this.holds.get(keyOf({ kind, client }));
    const isCounted = known !== undefined && kind === "address";
    this.holds.set(keyOf({ kind, client }), {
      kind,
      client,
      count: isCounted ? known.count + 1 : 1,
      leaseSeconds: leaseSeconds ?? known?.leaseSeconds,
      lapsesAt: isCounted ? Math.max(known.lapsesAt, lapsesAt) : lapsesAt,
      touchedAt: now,
    });
  }

  giveBack(claimant: Claimant): void {
    const known = this.holds.get(keyOf(claimant));
    if (known && known.count > 1) known.count -= 1;
    else this.holds.delete(keyOf(claimant));
  }

  renew(client: string, leaseSeconds: number | undefined, now: number): void {
    const known = this.holds.get(keyOf({ kind: "client", client }));
    if (!known) return;
    known.leaseSeconds = leaseSeconds ?? known.leaseSeconds;
    known.lapsesAt = known.leaseSeconds === undefined ? Number.POSITIVE_INFINITY : now + known.leaseSeconds;
  }

  /** Takes away what has lapsed. */
  pass(now: number, holdIdleSeconds: number): void {
    for (const [key, { kind, lapsesAt, touchedAt }] of this.holds) {
      const end = kind === "client" ? lapsesAt : Math.min(lapsesAt, touchedAt + holdIdleSeconds);
      if (end <= now) this.holds.delete(key);
    }
  }

  shown(): readonly string[] {
    return Array.from(this.holds, ([key, { count }]) => `${key} ${count}`).toSorted();
  }
}
