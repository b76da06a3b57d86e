import { type Static, Type } from "typebox";
import { KeepAlive } from "./holds.ts";
import { Segment } from "./transcribe.ts";

/** How the audio of a live session is written. `sample_rate` is of the PCM forms and laws; Opus says it itself. */
export const LiveEncoding = Type.Union(
  [
    Type.Literal("s16le"),
    Type.Literal("f32le"),
    Type.Literal("mulaw"),
    Type.Literal("alaw"),
    Type.Literal("ogg_opus"),
    Type.Literal("webm_opus"),
  ],
  { $id: "LiveEncoding" },
);
export type LiveEncoding = Static<typeof LiveEncoding>;

/** When an utterance is over. */
export const Endpointing = Type.Object(
  {
    mode: Type.Optional(
      Type.Union([Type.Literal("auto"), Type.Literal("manual")], {
        description: "`auto` (default): a pause ends an utterance. `manual`: `finalize` alone does.",
      }),
    ),
    silence_ms: Type.Optional(
      Type.Integer({
        minimum: 100,
        maximum: 10_000,
        description: "The pause that ends an utterance; 500 if left out.",
      }),
    ),
    threshold: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: "How sure the detector has to be that it hears speech; 0.5.",
      }),
    ),
  },
  { $id: "Endpointing" },
);
export type Endpointing = Static<typeof Endpointing>;

/** What a live session wishes. */
export const LiveOptions = Type.Object(
  {
    model_path: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    language: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    encoding: Type.Optional(LiveEncoding),
    sample_rate: Type.Optional(Type.Integer({ minimum: 4000, maximum: 192_000, description: "16000 if left out." })),
    channels: Type.Optional(Type.Integer({ minimum: 1, maximum: 8, description: "They are mixed; 1 if left out." })),
    partials: Type.Optional(Type.Boolean({ description: "Whether `partial` events are sent; yes if left out." })),
    partials_model: Type.Optional(
      Type.String({
        maxLength: 4096,
        description: "A fast model for partials, the finals being of `model_path`; empty: none. `live.partials_model`.",
      }),
    ),
    words: Type.Optional(Type.Boolean({ description: "Demand word times." })),
    hotwords: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        maxItems: 1000,
        description: "Words to expect, where the model can use them; else `warning` says that it cannot.",
      }),
    ),
    grammar: Type.Optional(
      Type.Array(Type.String({ maxLength: 1000 }), {
        maxItems: 10_000,
        description: "The only phrases that may be heard; Vosk models with a dynamic graph.",
      }),
    ),
    alternatives: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 20, description: "How many readings of an utterance a final gives." }),
    ),
    itn: Type.Optional(Type.Boolean()),
    punctuate: Type.Optional(Type.Boolean()),
    script: Type.Optional(Type.Union([Type.Literal("hans"), Type.Literal("hant")])),
    endpointing: Type.Optional(Endpointing),
    client_id: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    keep_alive: Type.Optional(KeepAlive),
    failover: Type.Optional(Type.Boolean()),
  },
  { $id: "LiveOptions" },
);
export type LiveOptions = Static<typeof LiveOptions>;

/** What a client sends as text; audio comes as binary messages. The first message is `start` or `resume`. */
export const LiveMessage = Type.Union(
  [
    Type.Intersect([Type.Object({ type: Type.Literal("start") }), LiveOptions]),
    Type.Object({
      type: Type.Literal("resume"),
      session_id: Type.String({ maxLength: 100 }),
      after: Type.Integer({ minimum: 0, description: "The number of the last event that came." }),
    }),
    Type.Object({ type: Type.Literal("finalize") }, { description: "What was said so far becomes final." }),
    Type.Object({ type: Type.Literal("end") }, { description: "No more audio; the rest becomes final." }),
  ],
  { $id: "LiveMessage" },
);
export type LiveMessage = Static<typeof LiveMessage>;

/** A reading of an utterance that is not the best one. */
export const Alternative = Type.Object(
  { text: Type.String(), confidence: Type.Optional(Type.Number({ description: "Of the engine; no probability." })) },
  { $id: "Alternative" },
);
export type Alternative = Static<typeof Alternative>;

const number = Type.Integer({
  description: "Counts from 1 in the session, without gaps but those of partials left out.",
});
const at = Type.Number({ description: "Seconds from the session's first sample." });

/** What the server sends. Clients ignore types and fields that they do not know. */
export const LiveEvent = Type.Union(
  [
    Type.Object({
      type: Type.Literal("ready"),
      number,
      session_id: Type.String(),
      model_path: Type.String(),
      model_version: Type.String(),
      language: Type.Optional(Type.String()),
      words: Type.Boolean({ description: "Whether finals have word times." }),
      partials: Type.Boolean({ description: "Whether partials come." }),
      partials_model_path: Type.Optional(
        Type.String({
          description: "The model that partials are of, where it is another one; nothing of them is stable.",
        }),
      ),
      received_bytes: Type.Integer({ description: "So many bytes of audio have arrived; after `resume` go on there." }),
      received_finalizes: Type.Optional(
        Type.Integer({ description: "So many `finalize` have arrived; after `resume` those behind are sent again." }),
      ),
      resume_seconds: Type.Number({ description: "A connection that broke can be resumed for so long." }),
    }),
    Type.Object({
      type: Type.Literal("partial"),
      number,
      segment_id: Type.Integer({ description: "The id that the segment will have." }),
      start: at,
      text: Type.String({ description: "Empty: nothing was said after all." }),
      stable: Type.String({ description: "The beginning of `text` that stays; the final begins with it too." }),
    }),
    Type.Object({
      type: Type.Literal("final"),
      number,
      segment: Segment,
      alternatives: Type.Optional(Type.Array(Alternative)),
      speaker: Type.Optional(Type.Array(Type.Number(), { description: "Speaker vector, where the model makes one." })),
    }),
    Type.Object({ type: Type.Literal("speech_started"), number, at }),
    Type.Object({ type: Type.Literal("speech_ended"), number, at }),
    Type.Object({ type: Type.Literal("finalized"), number }, { description: "All before a `finalize` is final." }),
    Type.Object({ type: Type.Literal("warning"), number, reason: Type.String(), message: Type.String() }),
    Type.Object({
      type: Type.Literal("error"),
      number,
      reason: Type.String(),
      message: Type.String(),
      retryable: Type.Boolean(),
    }),
    Type.Object({
      type: Type.Literal("ended"),
      number,
      duration: Type.Number({ description: "Seconds of audio that came." }),
      segments: Type.Integer(),
    }),
  ],
  { $id: "LiveEvent" },
);
export type LiveEvent = Static<typeof LiveEvent>;
