/** One server-sent event. */
export interface ServerSentEvent {
  /** `message` if the stream gives no name. */
  readonly name: string;
  readonly data: string;
}

/**
 * Takes server-sent events out of text that comes in pieces of any size. Lines may end in LF, CR or CRLF, also with a
 * piece ending between the two; comments and unknown fields are skipped; an event that is cut off is none.
 */
export class SseParser {
  readonly #limitChars: number;
  #line = "";
  #afterCarriageReturn = false;
  #name = "";
  #data: string[] = [];
  #dataChars = 0;
  #lastEventId: string | undefined;

  /** @param limitChars the largest event that is kept */
  constructor(limitChars: number) {
    this.#limitChars = limitChars;
  }

  /** The last id that the stream told, with an event or without one. */
  get lastEventId(): string | undefined {
    return this.#lastEventId;
  }

  /**
   * Takes the next piece in and gives the events that are complete with it.
   * @throws RangeError if an event is larger than the limit
   */
  push(piece: string): ServerSentEvent[] {
    const text = this.#afterCarriageReturn && piece.startsWith("\n") ? piece.slice(1) : piece;
    if (piece !== "") this.#afterCarriageReturn = piece.endsWith("\r");
    const events: ServerSentEvent[] = [];
    let from = 0;
    for (const end of text.matchAll(/\r\n|\r|\n/g)) {
      const event = this.#endLine(text.slice(from, end.index));
      if (event !== undefined) events.push(event);
      from = end.index + end[0].length;
    }
    this.#line += text.slice(from);
    this.#checkSize();
    return events;
  }

  #endLine(rest: string): ServerSentEvent | undefined {
    const line = this.#line + rest;
    this.#line = "";
    if (line === "") return this.#endEvent();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#name = value;
    if (field === "id" && !value.includes("\0")) this.#lastEventId = value;
    if (field === "data") {
      this.#data.push(value);
      this.#dataChars += value.length + 1;
      this.#checkSize();
    }
    return undefined;
  }

  #endEvent(): ServerSentEvent | undefined {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const isEmpty = this.#data.length === 0;
    this.#name = "";
    this.#data = [];
    this.#dataChars = 0;
    return isEmpty ? undefined : event;
  }

  #checkSize(): void {
    if (this.#line.length + this.#dataChars > this.#limitChars) {
      throw new RangeError(`an event of more than ${this.#limitChars} characters`);
    }
  }
}
