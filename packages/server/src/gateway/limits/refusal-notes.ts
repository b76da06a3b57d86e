import type { Log } from "../../base/log.ts";

const minuteSeconds = 60;
/** Lines a minute, of all that are refused together: those who flood do not flood the log as well. */
const mostLines = 20;
const mostNames = 1000;

/** A line for who is refused, once a minute, with how often it was refused since the last one; counting is cheap. */
export class RefusalNotes {
  readonly #log: Log;
  readonly #now: () => number;
  #minute = Number.NEGATIVE_INFINITY;
  #lines = 0;
  /** Refusals of this minute, by setting and name. */
  #refused = new Map<string, { readonly setting: string; readonly who: string; count: number }>();

  /** @param now seconds of a clock that never goes back */
  constructor(log: Log, now: () => number = () => performance.now() / 1000) {
    this.#log = log;
    this.#now = now;
  }

  note(setting: string, who: string): void {
    if (this.#now() - this.#minute >= minuteSeconds) this.#begin();
    const key = `${setting} ${who}`;
    const known = this.#refused.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    if (this.#refused.size >= mostNames) return;
    this.#refused.set(key, { setting, who, count: 1 });
    this.#line({ setting, who });
  }

  /** Tells how often those of the last minute were refused, if that was more than once. */
  #begin(): void {
    const before = this.#refused;
    this.#refused = new Map();
    this.#minute = this.#now();
    this.#lines = 0;
    const often = [...before.values()].filter(({ count }) => count > 1);
    for (const { setting, who, count } of often.slice(0, mostLines / 2)) this.#line({ setting, who, refused: count });
  }

  #line(fields: Readonly<Record<string, unknown>>): void {
    if (this.#lines >= mostLines) return;
    this.#lines += 1;
    this.#log.warn(fields, "Requests are refused by a limit");
  }
}
