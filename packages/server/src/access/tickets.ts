import { randomBytes } from "node:crypto";
import { VoxpoolError } from "../base/errors.ts";
import type { Principal } from "./principal.ts";

/** Long enough to open a connection with it, and useless in yesterday's log of a proxy. */
export const ticketSeconds = 30;
/** Those that nobody used lapse; more at once are a mistake, and the oldest go first. */
const mostTickets = 10_000;

interface Ticket {
  readonly principal: Principal | undefined;
  readonly until: number;
}

/** Tickets stand once for whoever asked for them: browsers cannot send headers when they open a WebSocket. */
export class Tickets {
  readonly #tickets = new Map<string, Ticket>();
  readonly #now: () => number;

  /** @param now seconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  issue(principal: Principal | undefined): string {
    const now = this.#now();
    for (const [old, { until }] of this.#tickets) {
      if (until > now && this.#tickets.size < mostTickets) break;
      this.#tickets.delete(old);
    }
    const text = `vxt_${randomBytes(32).toString("base64url")}`;
    this.#tickets.set(text, { principal, until: now + ticketSeconds });
    return text;
  }

  /** Whom it stands for; it is used up. @throws VoxpoolError `ticket_invalid` */
  redeem(text: string): Principal {
    const ticket = this.#tickets.get(text);
    this.#tickets.delete(text);
    const { principal, until = 0 } = ticket ?? {};
    if (principal === undefined || until <= this.#now() || !principal.isValid())
      throw new VoxpoolError("ticket_invalid");
    return principal;
  }
}
