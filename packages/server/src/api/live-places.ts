import { VoxpoolError } from "../base/errors.ts";

export interface LivePlaceLimits {
  /** Open at once: all, and of one client. */
  readonly sessions: number;
  readonly sessionsPerClient: number;
}

/** When somebody who found no place may come again: nobody knows how long others will speak. */
const retryAfterSeconds = 5;

/** The places for live sessions. */
export class LivePlaces {
  readonly #limits: LivePlaceLimits;
  readonly #byClient = new Map<string, number>();
  #open = 0;

  constructor(limits: LivePlaceLimits) {
    this.#limits = limits;
  }

  /** @returns what gives the place back; safe to call twice @throws VoxpoolError `too_many_sessions`, `client_sessions_full` */
  take(client: string): () => void {
    const { sessions, sessionsPerClient } = this.#limits;
    const retry = { retry_after_seconds: retryAfterSeconds };
    if (this.#open >= sessions) {
      throw new VoxpoolError("too_many_sessions", { limit: sessions, setting: "limits.live_sessions", ...retry });
    }
    const own = this.#byClient.get(client) ?? 0;
    if (own >= sessionsPerClient) {
      const setting = "limits.sessions_per_client";
      throw new VoxpoolError("client_sessions_full", { client, limit: sessionsPerClient, setting, ...retry });
    }
    this.#open += 1;
    this.#byClient.set(client, own + 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(client);
      isHeld = false;
    };
  }

  #giveBack(client: string): void {
    this.#open -= 1;
    const left = (this.#byClient.get(client) ?? 1) - 1;
    if (left === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, left);
  }
}
