import type { TranscribeOptions } from "@voxpool/client/contract";
import type { FastifyRequest } from "fastify";
import type { RawPcm } from "../../audio/audio.ts";
import { parseAudioContentType } from "../../audio/content-type.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Spool } from "../../base/spool.ts";
import { type FieldKind, readRecordingForm } from "../recording-form.ts";
import { hasBody } from "../request-body.ts";
import { unknownOption } from "../unknown-option.ts";
import { type UploadLimits, uploadChunks } from "../upload.ts";
import { unlessText, formType as urlFormType } from "./form-body.ts";
import {
  hintsOf,
  isTranscribeHint,
  type RawOptions,
  transcribeOptionNames,
  transcribeOptions,
} from "./transcribe-options.ts";

/** What a request for a transcription brings, whichever way it was sent. */
export interface TranscribeInput {
  readonly options: TranscribeOptions;
  /** Names of the hints that came along. */
  readonly hints: readonly string[];
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where they are on the disk, if they are. */
  readonly file?: string;
  readonly raw?: RawPcm;
  /** Frees what was kept for it; to be called whatever happened. */
  release(): Promise<void>;
}

const expected = "multipart/form-data, audio/* or application/octet-stream";

/** @throws VoxpoolError for everything that is wrong with the request before its audio is looked at */
export async function readInput(request: FastifyRequest, spool: Spool, limits: UploadLimits): Promise<TranscribeInput> {
  const query = request.query as RawOptions;
  if (!hasBody(request.raw)) throw audioMissing("the request has no body");
  const type = request.headers["content-type"] ?? "application/octet-stream";
  const media = (type.split(";", 1)[0] ?? "").trim().toLowerCase();
  if (media === "multipart/form-data") return readForm(request, type, query, spool, limits);
  const unsupported = new VoxpoolError("content_type_unsupported", { content_type: type.slice(0, 200), expected });
  const isUntyped = media === urlFormType;
  const audio = isUntyped ? {} : parseAudioContentType(type);
  if (audio === undefined) throw unsupported;
  const options = { options: transcribeOptions(query, {}), hints: hintsOf(query) };
  const bytes = isUntyped ? await untypedChunks(request, limits, unsupported) : uploadChunks(request.raw, limits);
  return {
    ...options,
    bytes,
    ...audio,
    // Lets go of the request, so that a rest of it can be dropped. Not waited for: a read may still be pending.
    async release() {
      bytes.return(undefined).catch(() => undefined);
    },
  };
}

/** `curl --data-binary @x.wav` without a type sends a recording as a form; a real form stays refused. */
async function untypedChunks(
  request: FastifyRequest,
  limits: UploadLimits,
  unsupported: VoxpoolError,
): Promise<AsyncGenerator<Uint8Array>> {
  const chunks = uploadChunks(request.raw, limits);
  const bytes = await unlessText(chunks);
  if (bytes !== undefined) return bytes;
  chunks.return(undefined).catch(() => undefined);
  throw unsupported;
}

/** The model and the options may stand behind the file, so the whole form is received first. */
async function readForm(
  request: FastifyRequest,
  type: string,
  query: RawOptions,
  spool: Spool,
  limits: UploadLimits,
): Promise<TranscribeInput> {
  const form = await readRecordingForm(request.raw, type, { spool, limits, kindOf });
  try {
    const recording = form.recording();
    const [strange] = form.strange;
    if (strange !== undefined) throw unknownOption(strange, transcribeOptionNames);
    const fields = Object.fromEntries(Array.from(form.fields, ([name, values]) => [name, oneOrAll(values)]));
    const options = { options: transcribeOptions(query, fields), hints: hintsOf({ ...query, ...fields }) };
    return { ...recording, ...options, release: () => form.release() };
  } catch (error) {
    await form.release();
    throw error;
  }
}

const kindOf: FieldKind = (name) => {
  if (isTranscribeHint(name)) return "name";
  return transcribeOptionNames.includes(name) ? "value" : "strange";
};

/** As a query says it: several values are a list. */
const oneOrAll = (values: readonly string[]) => (values.length === 1 ? values[0] : values);

function audioMissing(detail: string): VoxpoolError {
  return new VoxpoolError("audio_missing", { detail });
}
