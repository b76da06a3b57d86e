/**
 * Lets calls that need the same setting run together, and those that need another wait until no call is running:
 * a recogniser reads its configuration in mid-decode. First come, first served, so that nobody waits for ever.
 */
export class SettingTurns<Setting> {
  #current: Setting;
  #running = 0;
  readonly #waiting: { readonly setting: Setting; readonly start: () => void }[] = [];
  readonly #change: (setting: Setting) => void;

  /** @param change puts a setting into effect; called only while nothing runs */
  constructor(initial: Setting, change: (setting: Setting) => void) {
    this.#current = initial;
    this.#change = change;
  }

  async run<T>(setting: Setting, call: () => Promise<T>): Promise<T> {
    await this.#enter(setting);
    try {
      return await call();
    } finally {
      this.#running -= 1;
      this.#startNext();
    }
  }

  async #enter(setting: Setting): Promise<void> {
    await new Promise<void>((start) => {
      this.#waiting.push({ setting, start });
      this.#startNext();
    });
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.setting !== this.#current) {
        if (this.#running > 0) return;
        this.#change(next.setting);
        this.#current = next.setting;
      }
      this.#waiting.shift();
      this.#running += 1;
      next.start();
    }
  }
}
