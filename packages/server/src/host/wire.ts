import type { WireError } from "../base/errors.ts";
import type { EngineAssets, EngineInfo, ModelSpec, RecognizedSpan, SessionOptions } from "../engine/engine.ts";

/**
 * What a host and its parent say to each other.
 *
 * Control goes over the IPC channel as these messages. Samples go over an extra pipe (`sampleFd`) as frames,
 * because IPC has no usable back-pressure. The credit window bounds what a session may hold in the child.
 */
export type ToHost =
  | { readonly type: "load"; readonly spec: ModelSpec; readonly assets: EngineAssets; readonly threads: number }
  | { readonly type: "open"; readonly session: number; readonly options: SessionOptions }
  /** The permit for a piece of work. */
  | { readonly type: "grant"; readonly session: number; readonly work: number }
  /** Of a live session: whether what is heard is wanted before an utterance is over, from now on. */
  | { readonly type: "partials"; readonly session: number; readonly wanted: boolean }
  /** Forget the session; frames that are still on their way are dropped. */
  | { readonly type: "cancel"; readonly session: number }
  /** Text for an engine that punctuates; numbers are the parent's. */
  | { readonly type: "text"; readonly number: number; readonly text: string };

export type FromHost =
  /** Heartbeat, once a second; a load counts as progressing while these numbers grow. */
  | {
      readonly type: "alive";
      readonly cpuSeconds: number;
      readonly memoryBytes: number;
      /** Since the engine's thread last answered; large values are normal only while a model loads. */
      readonly workerSilentSeconds: number;
    }
  | { readonly type: "loaded"; readonly info: EngineInfo }
  | { readonly type: "load_failed"; readonly error: WireError }
  /** A piece of work wants a permit. Numbers count from 0 in each session; results are in that order to the user. */
  | {
      readonly type: "work";
      readonly session: number;
      readonly work: number;
      readonly audioSeconds: number;
      /** It has no sample from this one on, counted from the session's first. */
      readonly endSample: number;
      /**
       * It is what is said so far of the speech under way, as that is when the permit comes; of no use once that is
       * over. Its result is none of the results in order. There is one at a time.
       */
      readonly isPartial?: true;
    }
  | {
      readonly type: "done";
      readonly session: number;
      readonly work: number;
      /** Times are seconds from the session's first sample. */
      readonly results: readonly RecognizedSpan[];
      /** 0: it was decoded before, as a partial. */
      readonly decodeSeconds: number;
      /** What is heard of the utterance under way, where the engine follows the stream and that has changed. */
      readonly hypothesis?: RecognizedSpan;
    }
  /** Of a live session: speech began or ended at a sample of the session. */
  | { readonly type: "speech"; readonly session: number; readonly state: SpeechState; readonly sample: number }
  /** What came before a flush is cut, and announced before this. */
  | { readonly type: "flushed"; readonly session: number }
  /** The session holds nothing before this sample any more: the parent may send up to `creditSamples` past it. */
  | { readonly type: "consumed"; readonly session: number; readonly samples: number }
  /** All input was cut: there are `works` pieces in all, and no more will come. */
  | { readonly type: "cut"; readonly session: number; readonly works: number }
  | { readonly type: "session_failed"; readonly session: number; readonly error: WireError }
  | { readonly type: "text_done"; readonly number: number; readonly text: string; readonly seconds: number }
  | { readonly type: "text_failed"; readonly number: number; readonly error: WireError };

/** Somebody begins to speak, or has ended. */
export type SpeechState = "started" | "ended";

/** The child's file descriptor for sample frames. */
export const sampleFd = 3;

/** Samples a second in frames and in everything that counts samples. */
export const wireRateHz = 16_000;

/** How many samples past the last `consumed` a session may have in flight: two minutes. */
export const creditSamples = 120 * wireRateHz;

/** A frame: session and count as u32 LE, then `count` f32 LE samples. Count 0: the end of the input. */
export const frameHeaderBytes = 8;

/** Instead of a count: a flush. What was said so far ends here; no samples follow in the frame. */
export const flushCount = 0xffff_ffff;

/** The longest frame, samples; a longer one means that the stream is out of step. */
export const maxFrameSamples = 1 << 20;

/** The header of a frame with `count` samples. */
export function frameHeader(session: number, count: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(frameHeaderBytes));
  header.setUint32(0, session, true);
  header.setUint32(4, count, true);
  return new Uint8Array(header.buffer);
}
