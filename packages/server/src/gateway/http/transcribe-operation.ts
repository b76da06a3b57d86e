import { type Reason, TranscribeEvent, TranscribeHints, TranscribeOptions, Transcript } from "@voxpool/client/contract";
import { Type } from "typebox";
import { type Content, failures, type Operation, type Parameter } from "./operation.ts";

const binary = Type.Unsafe<Uint8Array>({ type: "string", format: "binary" });

const properties = { ...TranscribeOptions.properties, ...TranscribeHints.properties };

const form = Type.Object(
  {
    file: Type.Unsafe<Uint8Array>({
      type: "string",
      format: "binary",
      description: "The recording. Its part may be typed audio/pcm or audio/l16 with rate and channels.",
    }),
    ...properties,
  },
  { $id: "TranscribeForm", description: "Options may stand before or after the file, and go before the query's." },
);

const bodies: Content = {
  "multipart/form-data": form,
  "audio/wav": binary,
  "audio/pcm": binary,
  "audio/l16": binary,
  "application/octet-stream": binary,
};

const parameters: readonly Parameter[] = Object.entries(properties).map(([name, schema]) => ({
  name,
  in: "query",
  required: false,
  schema,
}));

const reasons: readonly Reason[] = [
  "request_invalid",
  "option_invalid",
  "option_unknown",
  "multipart_invalid",
  "audio_missing",
  "audio_invalid",
  "audio_too_long",
  "audio_unsupported",
  "channels_too_many",
  "content_type_unsupported",
  "body_too_large",
  "upload_stalled",
  "disk_full",
  "spool_full",
  "model_path_invalid",
  "model_not_found",
  "model_folder_empty",
  "no_model",
  "no_model_for_language",
  "model_load_failed",
  "language_unsupported",
  "capability_missing",
  "punctuation_missing",
  "model_unavailable",
  "request_poisonous",
  "host_crashed",
  "host_hung",
  "decode_failed",
  "model_load_timeout",
  "over_capacity",
  "client_sessions_full",
  "too_many_sessions",
  "download_failed",
  "server_stopping",
  "internal",
];

export const transcribeOperation: Operation = {
  summary: "Recognise a recording",
  description:
    "Send the recording as the form field `file`, or as the body with its content type: a container is recognised by " +
    "its bytes; `audio/pcm;rate=16000;channels=1` is 16-bit little-endian, `audio/l16;rate=…;channels=…` big-endian. " +
    "A model that is on disk but not loaded is loaded first. With `stream=true` the answer is server-sent events, " +
    "each `event: <type>` and `data: <a TranscribeEvent as JSON>`; a failure after the first is an `error` event.",
  tag: "recognition",
  strict: true,
  parameters,
  body: bodies,
  responses: {
    200: {
      description: "The words. `json` leaves out `timings`, and `words` unless they were demanded.",
      content: {
        "application/json": Transcript,
        "text/event-stream": TranscribeEvent,
        "text/plain": Type.String(),
        "application/x-subrip": Type.String(),
        "text/vtt": Type.String(),
        "text/tab-separated-values": Type.String(),
      },
    },
    ...failures(reasons),
  },
};
