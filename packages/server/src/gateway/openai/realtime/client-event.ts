import { VoxpoolError } from "../../../base/errors.ts";
import { invalid } from "../fields.ts";

/** What a client sends, before its fields are looked at. */
export interface ClientEvent {
  readonly type: string;
  /** The client's own name for it; errors give it back. */
  readonly eventId: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** No message of the protocol nests so much; millions of brackets would become gigabytes. */
const mostBrackets = 1000;
const longestEventId = 512;

/** @throws VoxpoolError `message_invalid` */
export function readClientEvent(text: string): ClientEvent {
  if (hasMoreBrackets(text, mostBrackets)) throw wrong("it holds too many arrays and objects");
  const value = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("it is no JSON object");
  const { type, event_id: eventId, ...fields } = value as Record<string, unknown>;
  if (typeof type !== "string") throw wrong("it has no type");
  return { type, eventId: typeof eventId === "string" ? eventId.slice(0, longestEventId) : undefined, fields };
}

/** The bytes of `audio`, which are base64. @throws VoxpoolError `option_invalid` */
export function audioOf({ fields: { audio } }: ClientEvent): Buffer {
  if (typeof audio !== "string") throw invalid("audio", "it is no text in base64");
  // Node decodes anything, and leaves out what it does not know.
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(audio)) throw invalid("audio", "it is no text in base64");
  return Buffer.from(audio, "base64");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw wrong("it is no JSON object");
  }
}

/** Counts what opens outside of texts; texts, of which one may hold megabytes, are jumped over. */
function hasMoreBrackets(text: string, most: number): boolean {
  const marks = /["[{]/g;
  for (let count = 0; ; ) {
    const mark = marks.exec(text)?.[0];
    if (mark === undefined) return false;
    if (mark === '"') marks.lastIndex = endOfText(text, marks.lastIndex);
    else if (++count > most) return true;
  }
}

/** @param at behind the quote that opens it */
function endOfText(text: string, at: number): number {
  for (let from = at; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

function wrong(detail: string): VoxpoolError {
  return new VoxpoolError("message_invalid", { detail });
}
