import type { LiveOutput } from "../../../api/types.ts";
import type { OpenAiError } from "../failure.ts";
import type { Conversation, ServerEvent } from "./conversation.ts";
import { ItemText } from "./item-text.ts";
import type { Turns } from "./turns.ts";

interface Item {
  readonly id: string;
  readonly text: ItemText;
  ms: number;
}

/** Turns whose ends the client says. What comes between two `finalized` is of one item. */
export class ManualTurns implements Turns {
  readonly #conversation: Conversation;
  #current: Item;
  /** Committed or cleared, and not yet recognised to its end; undefined: cleared. */
  readonly #waiting: (Item | undefined)[] = [];

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    this.#current = this.#newItem();
  }

  get isInTurn(): boolean {
    return this.#current.ms > 0;
  }

  get isIdle(): boolean {
    return !this.isInTurn && this.#waiting.length === 0;
  }

  hear(ms: number): void {
    this.#current.ms += ms;
  }

  commit(): readonly ServerEvent[] {
    const { id } = this.#current;
    this.#waiting.push(this.#current);
    this.#current = this.#newItem();
    return this.#conversation.committed(id);
  }

  clear(): void {
    this.#waiting.push(undefined);
    this.#current = this.#newItem();
  }

  take(output: LiveOutput): readonly ServerEvent[] {
    if (output.type === "partial") return this.#tell((text) => text.hear(output.stable));
    if (output.type === "final") return this.#tell((text) => text.add(output.segment.text));
    return output.type === "finalized" ? completed(this.#conversation, this.#waiting.shift()) : [];
  }

  fail(error: OpenAiError): readonly ServerEvent[] {
    const failed = this.#waiting.splice(0).flatMap((item) => item ?? []);
    this.#current = this.#newItem();
    return failed.map(({ id }) => this.#conversation.failed(id, error));
  }

  #tell(change: (text: ItemText) => string): readonly ServerEvent[] {
    const item = this.#waiting.length > 0 ? this.#waiting[0] : this.#current;
    if (item === undefined) return [];
    const delta = change(item.text);
    return delta === "" ? [] : [this.#conversation.delta(item.id, delta)];
  }

  #newItem(): Item {
    return { id: this.#conversation.newItemId(), text: new ItemText(), ms: 0 };
  }
}

function completed(conversation: Conversation, item: Item | undefined): readonly ServerEvent[] {
  return item === undefined ? [] : [conversation.completed(item.id, item.text.whole, item.ms)];
}
