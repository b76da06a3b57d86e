/** What a user of a process was doing there, the first first: who decoded alone, who decoded, and all others. */
type Rank = 0 | 1 | 2;

interface User {
  alone: number;
  besideOthers: number;
}

/**
 * The order in which the users of a process that has ended come to the next one: who may have ended it before who has
 * not, since it soon proves that it did, or that it did not; and first who was alone, which has proven it.
 */
export class Succession {
  readonly #users = new Map<object, User>();
  #changed = Promise.withResolvers<void>();

  /** Somebody uses the process. */
  join(user: object): void {
    this.#users.set(user, { alone: 0, besideOthers: 0 });
  }

  /** A decode of it begins. Returns what says that it came to a good end; what a process ends in the middle of does not. */
  begin(user: object, isAlone: boolean): () => void {
    const found = this.#users.get(user);
    if (found === undefined) return () => undefined;
    const kind = isAlone ? "alone" : "besideOthers";
    found[kind] += 1;
    let isOpen = true;
    return () => {
      if (isOpen) found[kind] -= 1;
      isOpen = false;
      this.#tell();
    };
  }

  /** It has what comes next, or has given up. */
  leave(user: object): void {
    if (this.#users.delete(user)) this.#tell();
  }

  /** Resolves when all who come before it have left, or it has itself. */
  async turnOf(user: object): Promise<void> {
    while (this.#isBehind(user)) await this.#changed.promise;
  }

  #isBehind(user: object): boolean {
    const own = this.#users.get(user);
    return own !== undefined && [...this.#users.values()].some((other) => rankOf(other) < rankOf(own));
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function rankOf({ alone, besideOthers }: User): Rank {
  if (alone > 0) return 0;
  return besideOthers > 0 ? 1 : 2;
}
