import { VoxpoolError } from "../base/errors.ts";
import type { Segment, Session, SessionEvent, SessionSummary } from "./types.ts";

/**
 * Feeds each channel of a recording to a session of its own and gives the events of all as one timeline: segments
 * carry their channel and come in the order of their starts. What ends one session ends all.
 *
 * Memory is bounded, however long a channel is silent: a segment waits only until the other channels are decoded up
 * to its start, a session is not read further while one of its segments waits, and all get their samples in step.
 * @throws VoxpoolError of the samples or of a session
 */
export async function* transcribeChannels(
  sessions: readonly Session[],
  chunks: AsyncIterable<readonly Float32Array[]>,
): AsyncGenerator<SessionEvent, void> {
  const fed = feed(sessions, chunks);
  try {
    yield* merged(sessions.map((session, channel) => new Lane(session, channel)));
  } catch (error) {
    cancelAll(sessions, VoxpoolError.from(error));
    throw error;
  } finally {
    cancelAll(sessions); // of a reader that stopped early; without effect after the end
  }
  await fed;
}

/** What all sessions of a recording cost together. */
export function summaryOf(sessions: readonly Session[]): SessionSummary {
  const all = sessions.map((session) => session.summary());
  const sum = (of: (summary: SessionSummary) => number) => all.reduce((total, summary) => total + of(summary), 0);
  return {
    durationSeconds: Math.max(...all.map(({ durationSeconds }) => durationSeconds)),
    loadSeconds: sum(({ loadSeconds }) => loadSeconds),
    queueSeconds: sum(({ queueSeconds }) => queueSeconds),
    decodeSeconds: sum(({ decodeSeconds }) => decodeSeconds),
    replays: sum(({ replays }) => replays),
    droppedPartials: sum(({ droppedPartials }) => droppedPartials),
  };
}

function cancelAll(sessions: readonly Session[], error?: VoxpoolError): void {
  for (const session of sessions) session.cancel(error);
}

async function feed(sessions: readonly Session[], chunks: AsyncIterable<readonly Float32Array[]>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      await Promise.all(sessions.map((session, channel) => session.write(chunk[channel] ?? new Float32Array(0))));
    }
    for (const session of sessions) session.end();
  } catch (error) {
    cancelAll(sessions, VoxpoolError.from(error));
  }
}

async function* merged(lanes: readonly Lane[]): AsyncGenerator<SessionEvent, void> {
  let number = 0;
  let segments = 0;
  let processedSeconds = 0;
  for (;;) {
    const next = nextOf(lanes);
    if (next !== undefined) {
      const segment = { ...next.take(), id: segments++, channel: next.channel };
      yield { type: "final", number: ++number, segment };
      continue;
    }
    const told = Math.min(...lanes.map((lane) => lane.processedSeconds));
    if (told > processedSeconds && Number.isFinite(told)) {
      processedSeconds = told;
      const settledSeconds = Math.min(...lanes.map((lane) => lane.settledSeconds));
      yield { type: "progress", number: ++number, processedSeconds, settledSeconds };
    }
    const reading = lanes.filter((lane) => lane.wantsMore).map((lane) => lane.read());
    if (reading.length === 0) return;
    await Promise.race(reading);
    for (const lane of lanes) lane.throwFailure();
  }
}

/** The lane with the earliest segment, if no other can have an earlier one any more. */
function nextOf(lanes: readonly Lane[]): Lane | undefined {
  let first: Lane | undefined;
  for (const lane of lanes) if (lane.start < (first?.start ?? Number.POSITIVE_INFINITY)) first = lane;
  const start = first?.start;
  if (start === undefined) return undefined;
  return lanes.every((lane) => lane.settledSeconds >= start) ? first : undefined;
}

/** The events of one channel, read one at a time. */
class Lane {
  readonly channel: number;
  readonly #events: AsyncIterator<SessionEvent>;
  /** The next segment. */
  #head: Segment | undefined;
  #settledSeconds = 0;
  #processedSeconds = 0;
  #reading: Promise<void> | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(session: Session, channel: number) {
    this.channel = channel;
    this.#events = session.events()[Symbol.asyncIterator]();
  }

  /** Of the segment that waits; infinite if none does. */
  get start(): number {
    return this.#head?.start ?? Number.POSITIVE_INFINITY;
  }

  get settledSeconds(): number {
    return this.#ended ? Number.POSITIVE_INFINITY : Math.max(this.#settledSeconds, this.#head?.start ?? 0);
  }

  get processedSeconds(): number {
    return this.#ended ? Number.POSITIVE_INFINITY : this.#processedSeconds;
  }

  get wantsMore(): boolean {
    return this.#head === undefined && !this.#ended;
  }

  take(): Segment {
    const head = this.#head;
    if (head === undefined) throw new Error("unreachable: only a lane with a segment is taken from");
    this.#head = undefined;
    return head;
  }

  /** Reads the next event; reading twice at once is one reading. Never rejects: see `throwFailure`. */
  read(): Promise<void> {
    this.#reading ??= this.#next().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #next(): Promise<void> {
    try {
      const { done, value } = await this.#events.next();
      if (done) this.#ended = true;
      else if (value.type === "final") this.#head = value.segment;
      else if (value.type === "progress") {
        this.#settledSeconds = value.settledSeconds;
        this.#processedSeconds = value.processedSeconds;
      }
    } catch (error) {
      this.#failure = { error };
    }
  }
}
