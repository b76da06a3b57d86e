import { type Static, Type } from "typebox";
import { KeepAlive } from "./holds.ts";

export const ResponseFormat = Type.Union(
  [
    Type.Literal("json"),
    Type.Literal("verbose_json"),
    Type.Literal("text"),
    Type.Literal("srt"),
    Type.Literal("vtt"),
    Type.Literal("tsv"),
    Type.Literal("lrc"),
  ],
  { $id: "ResponseFormat", description: "`srt`, `vtt`, `tsv` and `lrc` are subtitles; `tsv` is the table of Whisper." },
);
export type ResponseFormat = Static<typeof ResponseFormat>;

/** What becomes of several channels. */
export const Channels = Type.Union([Type.Literal("mix"), Type.Literal("split"), Type.Literal("first")], {
  $id: "Channels",
  description:
    "Of several channels: `mix` (default) recognises their mean, `first` the first of them, `split` each by itself, " +
    "with `channel` in the segments and one timeline; for recordings of calls.",
});
export type Channels = Static<typeof Channels>;

/** What becomes of silence. */
export const Vad = Type.Union([Type.Literal("on"), Type.Literal("off"), Type.Literal("trim")], {
  $id: "Vad",
  description:
    "`on` (default) recognises speech and leaves out pauses. `trim` takes the silence off both ends only. `off` " +
    "recognises everything as it is, cut only where the model takes no more. Vosk follows pauses itself: `off` is as `on`.",
});
export type Vad = Static<typeof Vad>;

/** The options of `POST /api/transcribe`: query parameters, or multipart fields before or after `file`. */
export const TranscribeOptions = Type.Object(
  {
    model_path: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    language: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: "For example `en`, `zh-CN`, `Chinese`." }),
    ),
    response_format: Type.Optional(ResponseFormat),
    stream: Type.Optional(Type.Boolean({ description: "Answer with server-sent events." })),
    words: Type.Optional(Type.Boolean({ description: "Demand word times." })),
    itn: Type.Optional(
      Type.Boolean({ description: "Whether numbers are written in figures, where the model can do both." }),
    ),
    punctuate: Type.Optional(
      Type.Boolean({
        description: "true demands punctuation, false leaves it out; else it is added where that can be.",
      }),
    ),
    script: Type.Optional(
      Type.Union([Type.Literal("hans"), Type.Literal("hant")], {
        description: "Write Chinese in simplified or traditional characters.",
      }),
    ),
    channels: Type.Optional(Channels),
    vad: Type.Optional(Vad),
    client_id: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    keep_alive: Type.Optional(KeepAlive),
    failover: Type.Optional(
      Type.Boolean({
        description: "Whether another model may serve; as configured if left out. Never another language.",
      }),
    ),
  },
  { $id: "TranscribeOptions" },
);
export type TranscribeOptions = Static<typeof TranscribeOptions>;

/**
 * What many clients send along with every request. No engine here can use them: they change nothing, and `warnings`
 * name them.
 */
export const TranscribeHints = Type.Object(
  {
    temperature: Type.Optional(Type.String({ description: "Of no effect; named in `warnings`." })),
    prompt: Type.Optional(Type.String({ description: "Of no effect; named in `warnings`." })),
    hotwords: Type.Optional(Type.String({ description: "Of no effect; named in `warnings`." })),
  },
  { $id: "TranscribeHints" },
);

export const Word = Type.Object(
  {
    word: Type.String(),
    start: Type.Number({ description: "Seconds from the start of the recording." }),
    end: Type.Number(),
    confidence: Type.Optional(Type.Number({ description: "0 to 1." })),
  },
  { $id: "Word" },
);
export type Word = Static<typeof Word>;

export const Segment = Type.Object(
  {
    id: Type.Integer({ description: "Counts from 0." }),
    start: Type.Number({ description: "Seconds from the start of the recording." }),
    end: Type.Number(),
    text: Type.String(),
    confidence: Type.Optional(Type.Number()),
    channel: Type.Optional(Type.Integer({ description: "Counts from 0; only with `channels=split`." })),
    words: Type.Optional(Type.Array(Word)),
  },
  { $id: "Segment" },
);
export type Segment = Static<typeof Segment>;

export const Warning = Type.Object({ reason: Type.String(), message: Type.String() }, { $id: "Warning" });
export type Warning = Static<typeof Warning>;

/** The answer in `json` and `verbose_json`; the latter has `words` where the engine knows them, and `timings`. */
export const Transcript = Type.Object(
  {
    success: Type.Literal(true),
    text: Type.String({
      description: "All segments, joined. With `channels=split` a line for each turn, `[1] ` or another channel first.",
    }),
    language: Type.Optional(Type.String({ description: "BCP 47, where it is known." })),
    duration: Type.Number({ description: "Length of the recording, seconds." }),
    segments: Type.Array(Segment),
    processing_seconds: Type.Number({ description: "From the first byte to the last word." }),
    real_time_factor: Type.Number({ description: "processing_seconds / duration." }),
    model_path: Type.String(),
    model_version: Type.String(),
    served_by: Type.Optional(
      Type.String({ description: "The model that served instead of the one that was wished; `warnings` say why." }),
    ),
    warnings: Type.Array(Warning),
    timings: Type.Optional(
      Type.Object({
        load_seconds: Type.Number({ description: "Waiting for the model." }),
        queue_seconds: Type.Number({ description: "Waiting for decode permits, all segments." }),
        decode_seconds: Type.Number({ description: "Decoding, all segments." }),
      }),
    ),
  },
  { $id: "Transcript" },
);
export type Transcript = Static<typeof Transcript>;

/** One event of a streamed answer: the SSE event name is `type`. Clients ignore types that they do not know. */
export const TranscribeEvent = Type.Union(
  [
    Type.Object({
      type: Type.Literal("progress"),
      processed_seconds: Type.Number(),
      duration: Type.Optional(Type.Number({ description: "Where the length is known beforehand." })),
    }),
    Type.Object({ type: Type.Literal("segment"), segment: Segment }),
    Type.Object({ type: Type.Literal("done"), transcript: Transcript }),
    Type.Object({
      type: Type.Literal("error"),
      message: Type.String(),
      reason: Type.String(),
      retryable: Type.Boolean(),
      status: Type.Optional(
        Type.Integer({ description: "The HTTP status it would have had before the stream began." }),
      ),
    }),
  ],
  { $id: "TranscribeEvent" },
);
export type TranscribeEvent = Static<typeof TranscribeEvent>;
