import type { Principal } from "../access/principal.ts";
import { VoxpoolError } from "../base/errors.ts";
import { NamedPlaces } from "../base/named-places.ts";

/** When a key that has no place left may come again: nobody knows how long its others will take. */
const retryAfterSeconds = 5;

/**
 * Recognitions and live sessions by API key, whatever its clients call themselves: a limit that they cannot go round
 * by other names. The shares of clients, and Retry-After that knows of the queue, are those of the admission.
 */
export class KeyPlaces {
  readonly #mostPerKey: () => number;
  readonly #places = new NamedPlaces();

  /** @param mostPerKey as it is in force; 0: any number */
  constructor(mostPerKey: () => number) {
    this.#mostPerKey = mostPerKey;
  }

  /** @returns what gives the place back; safe to call twice @throws VoxpoolError `client_sessions_full` */
  take(principal: Principal | undefined): () => void {
    if (principal?.keyId === undefined) return () => undefined;
    const { keyId, name } = principal;
    const limit = this.#mostPerKey();
    const place = this.#places.take(keyId, limit || Number.POSITIVE_INFINITY);
    if (place !== undefined) return place;
    const setting = "limits.sessions_per_key";
    const details = { client: name, limit, setting, retry_after_seconds: retryAfterSeconds };
    throw new VoxpoolError("client_sessions_full", details);
  }
}
