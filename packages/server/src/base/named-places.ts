/** What is under way, by name. Of a name that has nothing under way nothing is kept. */
export class NamedPlaces {
  readonly #taken = new Map<string, number>();

  /** @returns what gives the place back, safe to call twice; undefined if `most` are taken */
  take(name: string, most: number): (() => void) | undefined {
    const taken = this.#taken.get(name) ?? 0;
    if (taken >= most) return undefined;
    this.#taken.set(name, taken + 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(name);
      isHeld = false;
    };
  }

  get size(): number {
    return this.#taken.size;
  }

  #giveBack(name: string): void {
    const left = (this.#taken.get(name) ?? 1) - 1;
    if (left === 0) this.#taken.delete(name);
    else this.#taken.set(name, left);
  }
}
