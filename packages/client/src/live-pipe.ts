import { explainError } from "./explain.ts";
import { type CallFailure, ownFailure } from "./failure.ts";
import type { AudioStream } from "./live.ts";
import type { LiveAudio } from "./live-samples.ts";
import { untilAborted } from "./scope.ts";

/**
 * Writes what the source gives until it ends, `write` says that no more is taken, or the signal is aborted. The source
 * is let go of in every case. @returns why it could not be read, if so
 * @throws TypeError if it is no source, is in use, or gives something but audio
 */
export async function pipeAudio(
  source: AudioStream,
  write: (audio: LiveAudio) => Promise<boolean>,
  signal: AbortSignal,
): Promise<CallFailure | undefined> {
  const { next, letGo } = open(source);
  try {
    for (;;) {
      const read = await nextOf(next, signal);
      if ("failure" in read) return read.failure;
      if (read.done === true || !(await write(read.value))) return undefined;
    }
  } finally {
    letGo();
  }
}

type Read = IteratorResult<LiveAudio> | { readonly failure: CallFailure | undefined };

async function nextOf(next: () => Promise<IteratorResult<LiveAudio>>, signal: AbortSignal): Promise<Read> {
  try {
    // A source that is silent for ever must not outlive the session.
    return await untilAborted(next(), signal);
  } catch (error) {
    if (signal.aborted) return { failure: undefined };
    return { failure: ownFailure("audio_unreadable", { detail: explainError(error) }) };
  }
}

interface Opened {
  readonly next: () => Promise<IteratorResult<LiveAudio>>;
  readonly letGo: () => void;
}

function open(source: AudioStream): Opened {
  if (source instanceof ReadableStream) {
    if (source.locked) throw new TypeError("the stream is in use already");
    const reader = source.getReader();
    return {
      next: async () => (await reader.read()) as IteratorResult<LiveAudio>,
      letGo: () => void reader.cancel().catch(() => undefined),
    };
  }
  if (typeof source !== "object" || source === null || !(Symbol.asyncIterator in source)) {
    throw new TypeError("the source must be a ReadableStream or an async iterable of audio");
  }
  const iterator = source[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    letGo: () => void iterator.return?.().catch(() => undefined),
  };
}
