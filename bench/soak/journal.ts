import { closeSync, openSync, writeSync } from "node:fs";

/** What happened when, a line of JSON each: what was done to processes, and what the server told of it. */
export class Journal {
  readonly #file: number;
  readonly #begun = performance.now();

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  write(entry: object): void {
    const seconds = Number(((performance.now() - this.#begun) / 1000).toFixed(3));
    writeSync(this.#file, `${JSON.stringify({ seconds, ...entry })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
