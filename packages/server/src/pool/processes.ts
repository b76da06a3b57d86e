import type { Incarnation } from "./incarnation.ts";
import type { Grown } from "./policy/due.ts";

/** The processes behind one instance: the one that serves, one that is to take over, and those that finish what they began. */
export class Processes {
  /** It serves, or is the next to serve. */
  current: Incarnation;
  /** It takes over once it is warm. */
  fresh: Incarnation | undefined;
  readonly draining = new Set<Incarnation>();
  readonly #boundBytes: (warmBytes: number) => number;
  #cpuSecondsBefore = 0;

  /** @param boundBytes the resident memory at which a process is replaced, for one that took so much when it was warm */
  constructor(first: Incarnation, boundBytes: (warmBytes: number) => number) {
    this.current = first;
    this.#boundBytes = boundBytes;
  }

  /** Leases that are out. */
  get sessions(): number {
    return this.#sum(({ leases }) => leases);
  }

  get memoryBytes(): number {
    return this.#sum(({ memoryBytes }) => memoryBytes);
  }

  /** What they take of the budget together. */
  get accountedBytes(): number {
    return this.#sum(({ accountedBytes }) => accountedBytes);
  }

  /** Of all that have served, one after the other. */
  get cpuSeconds(): number {
    return this.#cpuSecondsBefore + this.current.cpuSeconds;
  }

  /** Those that somebody may be using. */
  get users(): readonly Incarnation[] {
    return [this.current, ...this.draining].filter(({ phase }) => phase === "ready");
  }

  serveBy(next: Incarnation): void {
    this.#cpuSecondsBefore += this.current.cpuSeconds;
    this.current = next;
  }

  /** No other takes over any more; the one that was to takes its room until it is gone. */
  endReplacement(): void {
    if (this.fresh) this.draining.add(this.fresh);
    this.fresh = undefined;
  }

  /** Those that are or were to be in use. */
  get all(): readonly Incarnation[] {
    return [this.current, ...this.draining];
  }

  /** By what itself took when it was warm: the next one may not have loaded yet. */
  grown({ memoryBytes, warmBytes }: Incarnation): Grown {
    return { memoryBytes, boundBytes: this.#boundBytes(warmBytes) };
  }

  /** Over all of them, also the one that comes and those that go. */
  #sum(of: (incarnation: Incarnation) => number): number {
    const all = [...this.all, ...(this.fresh ? [this.fresh] : [])];
    return all.reduce((sum, one) => sum + of(one), 0);
  }
}
