import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { LiveOptions } from "@voxpool/client/contract";
import { textOf } from "../../api/dialogue.ts";
import type { Api, Caller, LiveSession } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { createTextDeltas } from "../text-deltas.ts";
import type { SampleFormat, Wish } from "./messages.ts";
import { createSampleConverter } from "./samples.ts";

/** Sends an event to the other side. Resolves when more may be sent. */
export type Tell = (type: string, data?: object) => Promise<void>;

/** Recognises what somebody says, while they say it. */
export interface Utterance {
  readonly format: SampleFormat;
  /** Resolves when its transcript was told. @throws what ended the recognition */
  readonly done: Promise<void>;
  /** Resolves when more may come. @throws what ended the recognition */
  write(samples: Uint8Array): Promise<void>;
  /** No more samples. */
  end(): void;
  /** Safe to call at any time; `done` then throws `request_cancelled`, unless it was done. */
  cancel(): void;
}

export interface UtteranceOptions {
  readonly api: Pick<Api, "openLive">;
  readonly wish: Wish;
  readonly format: SampleFormat;
  readonly caller: (signal: AbortSignal) => Caller;
  readonly tell: Tell;
  /** Told how it ended: with so many seconds of audio, or with an error. */
  readonly onEnd?: (outcome: number | VoxpoolError) => void;
}

/** So many bytes may come while the model is loaded: a few seconds. */
const waitingBytes = 262_144;

/** Begins to recognise: the model is loaded while somebody speaks. */
export function startUtterance(options: UtteranceOptions): Utterance {
  const cancelled = new AbortController();
  const over = new AbortController();
  const samples = new PassThrough({ highWaterMark: waitingBytes });
  samples.on("error", () => undefined); // who reads gets it
  const done = recognise(options, samples, cancelled.signal).then(
    (audioSeconds) => {
      options.onEnd?.(audioSeconds);
      over.abort(new VoxpoolError("request_invalid", { detail: "audio came after its end" }));
    },
    (thrown: unknown) => {
      const error = VoxpoolError.from(thrown);
      options.onEnd?.(error);
      over.abort(error);
      throw error;
    },
  );
  done.finally(() => samples.destroy()).catch(() => undefined);
  return {
    format: options.format,
    done,
    async write(bytes) {
      over.signal.throwIfAborted();
      if (samples.write(bytes)) return;
      // Its own rejection says only that the signal aborted.
      await once(samples, "drain", { signal: over.signal }).catch(() => over.signal.throwIfAborted());
    },
    end: () => void samples.end(),
    cancel: () => cancelled.abort(new VoxpoolError("request_cancelled")),
  };
}

async function recognise(
  { api, wish, format, caller, tell }: UtteranceOptions,
  samples: PassThrough,
  signal: AbortSignal,
): Promise<number> {
  const session = await api.openLive({ options: optionsOf(wish, format) }, caller(signal));
  const cancel = () => session.cancel(signal.reason as VoxpoolError);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  feed(session, samples, format.width).catch((error: unknown) => session.cancel(VoxpoolError.from(error)));
  try {
    return await tellTranscript(session, tell);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** An utterance is one piece, as long as the model takes so much: a pause in a command is no reason to cut it. */
function optionsOf({ name, language, words }: Wish, { rateHz, channels }: SampleFormat): LiveOptions {
  return {
    encoding: "s16le",
    sample_rate: rateHz,
    channels,
    partials: false,
    endpointing: { mode: "manual" },
    ...(name !== undefined && { model_path: name }),
    ...(language !== undefined && { language }),
    ...(words !== undefined && { hotwords: [...words] }),
  };
}

async function feed(session: LiveSession, samples: PassThrough, width: number): Promise<void> {
  const converter = createSampleConverter(width);
  for await (const bytes of samples as AsyncIterable<Buffer>) await session.write(converter.convert(bytes));
  session.end();
}

/** Tells pieces as they become final, and then the whole; clients read the one or the other. */
async function tellTranscript(session: LiveSession, tell: Tell): Promise<number> {
  const deltas = createTextDeltas();
  const segments: { readonly text: string }[] = [];
  const { language } = session.model;
  for await (const event of session.events()) {
    if (event.type === "final") {
      const text = deltas.next(event.segment);
      if (text === "") continue;
      if (segments.length === 0) await tell("transcript-start", { ...(language !== undefined && { language }) });
      segments.push(event.segment);
      await tell("transcript-chunk", { text });
    } else if (event.type === "ended") {
      await tell("transcript", { text: textOf(segments), ...(language !== undefined && { language }) });
      if (segments.length > 0) await tell("transcript-stop");
      return event.duration;
    }
  }
  throw new VoxpoolError("internal", {}, { cause: new Error("the recognition ended without a transcript") });
}
