import type { AudioChunk } from "../audio/audio.ts";
import { sampleRateHz } from "../engine/engine.ts";
import type { OpenSession, Recognition, Session } from "../recognition/types.ts";
import type { Ticket } from "../schedule/admission.ts";

/** A recording whose first samples are there. */
export interface BegunRecording {
  readonly chunks: AsyncIterableIterator<AudioChunk>;
  readonly channelCount: number;
}

/** One session a channel. */
export type Sessions = readonly [Session, ...Session[]];

/** Waits for the first samples, so that bad audio is refused before anything else is done. @throws what the samples throw */
export async function begin(samples: AsyncIterable<AudioChunk>): Promise<BegunRecording> {
  const iterator = samples[Symbol.asyncIterator]();
  const first = await iterator.next();
  const all = async function* () {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  return { chunks: all(), channelCount: first.done ? 1 : first.value.length };
}

/** The first channel. */
export async function* firstOf(chunks: AsyncIterable<AudioChunk>): AsyncGenerator<Float32Array, void> {
  for await (const [samples] of chunks) yield samples;
}

/** The same chunks; tells the ticket how much has come, in all channels together. */
export async function* countArrived(
  chunks: AsyncIterable<AudioChunk>,
  ticket: Ticket,
): AsyncGenerator<AudioChunk, void> {
  let samples = 0;
  for await (const chunk of chunks) {
    for (const channel of chunk) samples += channel.length;
    ticket.progress({ arrivedSeconds: samples / sampleRateHz });
    yield chunk;
  }
  ticket.progress({ isWhole: true });
}

/** What `open` gives; if it fails, nobody will read the recording, and it is closed. @throws what `open` throws */
export async function openOrClose<T>(chunks: AsyncIterableIterator<AudioChunk>, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    await chunks.next(); // a generator that never ran has no finally
    await chunks.return?.();
    throw error;
  }
}

/** A session for each channel, counted as one recognition; none stays open if one cannot be opened. @throws VoxpoolError */
export async function openSessions(
  recognition: Pick<Recognition, "open">,
  count: number,
  options: OpenSession,
): Promise<Sessions> {
  const sessions: [Session, ...Session[]] = [await recognition.open(options)];
  try {
    while (sessions.length < count) sessions.push(await recognition.open({ ...options, isPart: true }));
    return sessions;
  } catch (error) {
    for (const session of sessions) session.cancel();
    throw error;
  }
}
