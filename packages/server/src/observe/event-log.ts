import type { PoolEvent } from "@voxpool/client/contract";
import type { MessageLanguage } from "../base/errors.ts";

/** An event before the log has numbered it. */
export type NewEvent = Omit<PoolEvent, "id" | "at" | "message"> & {
  /** Unix seconds; left out: now. */
  readonly at?: number;
  /** For people, in each language. */
  readonly message?: Readonly<Record<MessageLanguage, string>>;
};

export interface EventLogOptions {
  /** Tells the life of this server from others, so that ids of an earlier one are known for what they are. */
  readonly epoch?: string;
  readonly mostEvents?: number;
  /** Of all that is kept, as JSON. */
  readonly mostBytes?: number;
  /** Unix seconds. */
  readonly wallNow?: () => number;
}

/**
 * The last events, numbered, in bounded room. Nobody's queue is kept: who reads has a place in the log, and who is so
 * slow that it is overtaken gets a `gap`.
 */
export interface EventLog {
  append(event: NewEvent): void;
  /** The id of the newest event; what follows it is what is new. */
  readonly lastId: string;
  /**
   * What followed the event with this id, oldest first; first a `gap` if some of it is not kept or the id is of another
   * server's life. A `gap` has an id that leads on to the events behind it.
   * @param most at most so many, the gap included
   */
  since(id: string, language?: MessageLanguage, most?: number): readonly PoolEvent[];
  /** Calls the listener after each event. Returns the function that ends it. */
  subscribe(listener: () => void): () => void;
}

interface Kept {
  readonly event: PoolEvent;
  readonly message: NewEvent["message"];
  readonly bytes: number;
}

/** A longer message is cut: an event is news and no report. */
const longestMessage = 2000;

export function createEventLog(options: EventLogOptions = {}): EventLog {
  const { epoch = Date.now().toString(36), mostEvents = 10_000, mostBytes = 4_194_304 } = options;
  const wallNow = options.wallNow ?? (() => Date.now() / 1000);
  const kept: Kept[] = [];
  const listeners = new Set<() => void>();
  let newest = 0;
  let bytes = 0;
  const idOf = (number: number): string => `${epoch}:${number}`;

  function trim(): void {
    // The newest one stays however large it is: who waits for it must get it.
    while (kept.length > 1 && (kept.length > mostEvents || bytes > mostBytes)) bytes -= kept.shift()?.bytes ?? 0;
  }

  return {
    append({ at = wallNow(), message, ...rest }) {
      newest += 1;
      const event = { id: idOf(newest), at, ...rest };
      const texts = message && { en: message.en.slice(0, longestMessage), zh: message.zh.slice(0, longestMessage) };
      const entry = { event, message: texts, bytes: JSON.stringify([event, texts]).length };
      kept.push(entry);
      bytes += entry.bytes;
      trim();
      for (const listener of listeners) listener();
    },
    get lastId() {
      return idOf(newest);
    },
    since(id, language = "en", most = Number.POSITIVE_INFINITY) {
      const seen = numberOf(id, epoch);
      const before = newest - kept.length;
      const isGap = seen === undefined || seen < before || seen > newest;
      const from = isGap ? 0 : seen - before;
      const events = kept.slice(from, from + most - (isGap ? 1 : 0)).map((entry) => inLanguage(entry, language));
      return isGap ? [{ id: idOf(before), type: "gap", at: wallNow() }, ...events] : events;
    },
    subscribe(listener) {
      // A listener of its own each time: one that subscribes twice is told twice, and ends one of them at a time.
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}

/** The number in an id of this epoch. */
function numberOf(id: string, epoch: string): number | undefined {
  const [of, number = "", ...rest] = id.slice(0, 100).split(":");
  return of === epoch && rest.length === 0 && /^\d{1,15}$/.test(number) ? Number(number) : undefined;
}

function inLanguage({ event, message }: Kept, language: MessageLanguage): PoolEvent {
  return message === undefined ? event : { ...event, message: message[language] };
}
