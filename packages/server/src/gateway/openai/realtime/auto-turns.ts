import type { LiveOutput } from "../../../api/types.ts";
import type { OpenAiError } from "../failure.ts";
import type { Conversation, ServerEvent } from "./conversation.ts";
import { ItemText } from "./item-text.ts";
import type { Turns } from "./turns.ts";

/** Somebody speaks, or has spoken. Times are of the whole session. */
interface Turn {
  readonly id: string;
  readonly text: ItemText;
  readonly startMs: number;
  endMs: number | undefined;
  /** Where its last final ends. */
  heardToMs: number;
  /** Cleared: nothing is told of it. */
  isHidden: boolean;
}

/** What the client said of the audio so far, until `finalized` answers it. */
interface Mark {
  readonly kind: "commit" | "clear";
  /** The audio before it is meant. */
  readonly atMs: number;
  /** Whether something of it was committed since. */
  isCommitted: boolean;
}

/** A final may end a little before the speech that it is of. */
const toleranceMs = 250;

/**
 * Turns that the detector of speech finds. The end of speech is told at once, its text when it is recognised: a turn
 * is complete when a final reaches its end, or something behind it was recognised.
 */
export class AutoTurns implements Turns {
  readonly #conversation: Conversation;
  /** Somebody speaks. */
  #open: Turn | undefined;
  /** Over, and not complete. */
  #ended: Turn[] = [];
  readonly #marks: Mark[] = [];
  #heardMs: number;

  /** @param heardMs audio of the session that came before */
  constructor(conversation: Conversation, heardMs: number) {
    this.#conversation = conversation;
    this.#heardMs = heardMs;
  }

  get isInTurn(): boolean {
    return this.#open !== undefined;
  }

  get isIdle(): boolean {
    return !this.isInTurn && this.#ended.length === 0 && this.#marks.length === 0;
  }

  hear(ms: number): void {
    this.#heardMs += ms;
  }

  commit(): readonly ServerEvent[] {
    this.#mark("commit");
    return [];
  }

  clear(): void {
    this.#mark("clear");
    if (this.#open !== undefined) this.#open.isHidden = true;
  }

  take(output: LiveOutput, offsetMs: number): readonly ServerEvent[] {
    const ms = (seconds: number): number => seconds * 1000 + offsetMs;
    switch (output.type) {
      case "speech_started":
        return this.#start(ms(output.at));
      case "speech_ended":
        return this.#end(ms(output.at));
      case "partial":
        return this.#partial(output, ms(output.start));
      case "final":
        return this.#final(output.segment.text, ms(output.segment.start), ms(output.segment.end));
      case "finalized":
        return this.#answer();
      case "ended":
        return [...this.#end(ms(output.duration)), ...this.#complete(this.#ended)];
      case "ready":
      case "warning":
      case "error":
        return [];
    }
  }

  fail(error: OpenAiError): readonly ServerEvent[] {
    const failed = this.#ended.filter(({ isHidden }) => !isHidden);
    this.#ended = [];
    this.#open = undefined;
    this.#marks.length = 0;
    return failed.map(({ id }) => this.#conversation.failed(id, error));
  }

  #mark(kind: Mark["kind"]): void {
    this.#marks.push({ kind, atMs: this.#heardMs, isCommitted: false });
  }

  #isCleared(ms: number): boolean {
    return this.#marks.some(({ kind, atMs }) => kind === "clear" && ms < atMs);
  }

  #noteCommit(startMs: number): void {
    for (const mark of this.#marks) mark.isCommitted ||= startMs < mark.atMs;
  }

  #start(ms: number): readonly ServerEvent[] {
    const isHidden = this.#isCleared(ms);
    const id = this.#conversation.newItemId();
    this.#open = { id, text: new ItemText(), startMs: ms, endMs: undefined, heardToMs: ms, isHidden };
    return isHidden ? [] : [this.#conversation.speechStarted(id, ms)];
  }

  #end(ms: number): readonly ServerEvent[] {
    const turn = this.#open;
    if (turn === undefined) return [];
    this.#open = undefined;
    turn.endMs = ms;
    this.#ended.push(turn);
    const isHeard = turn.heardToMs > turn.startMs && turn.heardToMs >= ms - toleranceMs;
    const completed = isHeard ? this.#complete([turn]) : [];
    if (turn.isHidden) return completed;
    this.#noteCommit(turn.startMs);
    const { id } = turn;
    return [this.#conversation.speechStopped(id, ms), ...this.#conversation.committed(id), ...completed];
  }

  #partial({ text, stable }: { readonly text: string; readonly stable: string }, startMs: number) {
    const before = this.#settle(startMs);
    const turn = this.#turnAt(startMs);
    if (turn === undefined) return before;
    // An utterance in which nothing was said.
    if (text === "" && turn.endMs !== undefined) return [...before, ...this.#complete([turn])];
    return [...before, ...this.#tell(turn, turn.text.hear(stable))];
  }

  #final(text: string, startMs: number, endMs: number): readonly ServerEvent[] {
    const before = this.#settle(startMs);
    const turn = this.#turnAt(startMs);
    if (turn === undefined) return [...before, ...this.#untold(text, startMs, endMs)];
    turn.heardToMs = Math.max(turn.heardToMs, endMs);
    const told = this.#tell(turn, turn.text.add(text));
    const isWhole = turn.endMs !== undefined && endMs >= turn.endMs - toleranceMs;
    return [...before, ...told, ...(isWhole ? this.#complete([turn]) : [])];
  }

  /** Speech of which no beginning was told is an item too: no word is lost. */
  #untold(text: string, startMs: number, endMs: number): readonly ServerEvent[] {
    if (this.#isCleared(startMs)) return [];
    const id = this.#conversation.newItemId();
    this.#noteCommit(startMs);
    return [
      ...this.#conversation.committed(id),
      this.#conversation.delta(id, text),
      this.#conversation.completed(id, text, endMs - startMs),
    ];
  }

  /** What is recognised comes in order: turns that were over before it are complete. */
  #settle(startMs: number): readonly ServerEvent[] {
    return this.#complete(this.#ended.filter(({ endMs = 0 }) => endMs <= startMs));
  }

  #turnAt(startMs: number): Turn | undefined {
    return this.#ended.find(({ endMs = 0 }) => endMs > startMs) ?? this.#open;
  }

  #tell({ id, isHidden }: Turn, delta: string): readonly ServerEvent[] {
    return delta === "" || isHidden ? [] : [this.#conversation.delta(id, delta)];
  }

  #complete(turns: readonly Turn[]): readonly ServerEvent[] {
    this.#ended = this.#ended.filter((turn) => !turns.includes(turn));
    const told = turns.filter(({ isHidden }) => !isHidden);
    return told.map(({ id, text, startMs, endMs = startMs }) =>
      this.#conversation.completed(id, text.whole, endMs - startMs),
    );
  }

  /** All before the mark is final. A commit in which nothing was said is an item without text: its client waits for one. */
  #answer(): readonly ServerEvent[] {
    const mark = this.#marks.shift();
    if (mark === undefined) return [];
    const before = this.#ended.filter(({ endMs = 0 }) => endMs <= mark.atMs + toleranceMs);
    const completed = this.#complete(before);
    if (mark.kind === "clear" || mark.isCommitted) return completed;
    const id = this.#conversation.newItemId();
    return [...completed, ...this.#conversation.committed(id), this.#conversation.completed(id, "", 0)];
  }
}
