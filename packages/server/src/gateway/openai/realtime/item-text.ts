import { textOf } from "../../../api/dialogue.ts";

/** The text of an item as it grows. What was sent of it is never taken back. */
export class ItemText {
  readonly #finals: string[] = [];
  #sent = "";

  get whole(): string {
    return textOf(this.#finals.map((text) => ({ text })));
  }

  /** What the stable part of a hypothesis adds to what was sent; empty if nothing. */
  hear(stable: string): string {
    return this.#send(textOf([...this.#finals, stable].map((text) => ({ text }))));
  }

  /** What a final adds. */
  add(text: string): string {
    this.#finals.push(text);
    return this.#send(this.whole);
  }

  /** Where a final is not what was sent of it, its text stands in `completed` alone. */
  #send(text: string): string {
    if (!text.startsWith(this.#sent)) return "";
    const delta = text.slice(this.#sent.length);
    this.#sent = text;
    return delta;
  }
}
