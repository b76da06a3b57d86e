import { readFileSync } from "node:fs";
import { sampleRateHz } from "../engine/engine.ts";
import type { HostWork } from "../host/parent/types.ts";
import type { WarmUp } from "../pool/incarnation.ts";
import type { Scheduler } from "../schedule/schedule.ts";

/** So many seconds of speech are enough, and more would make each load longer. */
const warmUpSeconds = 3;

/**
 * The beginning of a recording.
 * @param file a WAV file of 16-bit mono PCM at 16 kHz
 */
export function readWarmUpSamples(file: string): Float32Array {
  const bytes = readFileSync(file);
  const begin = bytes.indexOf("data") + 8; // the chunk's name and its length
  const wanted = bytes.subarray(begin, begin + warmUpSeconds * sampleRateHz * 2);
  return Float32Array.from({ length: wanted.length >> 1 }, (_, at) => wanted.readInt16LE(at * 2) / 32_768);
}

/** Of both languages that punctuation models know. */
const punctuatedText = "你好 this is a test 今天天气很好";

/**
 * Decodes a few seconds of speech in a fresh host. What it says does not matter: after it native memory is allocated and
 * code paths are warm. It waits for its permits like everybody else.
 * @param samples mono, 16 kHz
 */
export function createWarmUp(samples: Float32Array, scheduler: Scheduler): WarmUp {
  return async (host, info, id, signal) => {
    if (info.input === "text") return void (await host.punctuate(punctuatedText));
    const session = host.open({ words: info.words, warmUp: true });
    const abort = () => session.cancel();
    signal.addEventListener("abort", abort, { once: true });
    try {
      const fed = session.write(samples).then(() => session.end());
      fed.catch(() => undefined); // of what ended the session `works` tells
      for await (const work of session.works()) await decode(work, { scheduler, id, signal });
      await fed;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  };
}

async function decode(
  work: HostWork,
  { scheduler, id, signal }: { readonly scheduler: Scheduler; readonly id: string; readonly signal: AbortSignal },
): Promise<void> {
  const { audioSeconds } = work;
  const permit = await scheduler.acquire(
    { priority: "interactive", client: "warm-up", host: id, audioSeconds },
    signal,
  );
  let decodeSeconds: number | undefined;
  try {
    ({ decodeSeconds } = await work.run());
  } finally {
    permit.release(decodeSeconds); // so that the first request finds a measured speed
  }
}
