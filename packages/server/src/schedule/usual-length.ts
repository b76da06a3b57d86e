const mostClients = 1000;
/** How much one recording moves the mean. */
const weight = 0.2;
/** Before anything was recognised: short, since nobody should be refused by a guess. */
const firstGuessSeconds = 10;

/** How long recordings are that do not say it: as the client's recent ones, else as everybody's. */
export class UsualLength {
  /** Those who came last at the end. */
  readonly #byClient = new Map<string, number>();
  #ofAll = firstGuessSeconds;

  secondsOf(client: string): number {
    return this.#byClient.get(client) ?? this.#ofAll;
  }

  learn(client: string, audioSeconds: number): void {
    this.#ofAll += weight * (audioSeconds - this.#ofAll);
    const known = this.#byClient.get(client);
    this.#byClient.delete(client);
    this.#byClient.set(client, known === undefined ? audioSeconds : known + weight * (audioSeconds - known));
    const [oldest] = this.#byClient.keys();
    if (this.#byClient.size > mostClients && oldest !== undefined) this.#byClient.delete(oldest);
  }
}
