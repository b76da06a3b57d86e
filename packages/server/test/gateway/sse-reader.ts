import type { PoolEvent } from "@voxpool/client/contract";

/** What a reader of `GET /api/events` gets. */
export interface SseReader {
  /** The next event, or undefined when the stream has ended. */
  next(): Promise<PoolEvent | undefined>;
  /** Events until one is of this type, that one included. */
  until(type: string): Promise<readonly PoolEvent[]>;
  /** All that came over the wire so far. */
  readonly text: () => string;
  /** The last place that the server told. */
  readonly place: () => string;
  leave(): void;
}

/** Opens the stream over a real socket; resolves with its head. */
export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<SseReader> {
  const leaving = new AbortController();
  const answer = await fetch(url, { headers, signal: leaving.signal });
  if (answer.status !== 200 || answer.body === null) throw new Error(`${answer.status} ${await answer.text()}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let [text, rest, place] = ["", "", ""];
  const events: PoolEvent[] = [];

  function take(piece: string): void {
    text += piece;
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split("\n")
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      place = field("id") ?? place;
      const data = field("data");
      if (data !== undefined) events.push(JSON.parse(data) as PoolEvent);
    }
  }

  const next = async (): Promise<PoolEvent | undefined> => {
    while (events.length === 0) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      take(value);
    }
    return events.shift();
  };
  return {
    next,
    async until(type) {
      const seen: PoolEvent[] = [];
      while (seen.at(-1)?.type !== type) {
        const event = await next();
        if (event === undefined) throw new Error(`it ended before ${type}: ${JSON.stringify(seen)}`);
        seen.push(event);
      }
      return seen;
    },
    text: () => text,
    place: () => place,
    leave: () => leaving.abort(),
  };
}
