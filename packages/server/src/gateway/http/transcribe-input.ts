import type { TranscribeOptions } from "@voxpool/client/contract";
import type { FastifyRequest } from "fastify";
import type { RawPcm } from "../../audio/audio.ts";
import { parseAudioContentType } from "../../audio/content-type.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { createGrowingBuffer } from "../../base/growing-buffer.ts";
import type { Spool, SpooledUpload } from "../../base/spool.ts";
import { hasBody } from "../request-body.ts";
import { unknownOption } from "../unknown-option.ts";
import { type UploadLimits, uploadChunks } from "../upload.ts";
import { unlessText, formType as urlFormType } from "./form-body.ts";
import { boundaryOf, type MultipartPart, readMultipart } from "./multipart.ts";
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
const partLimits = { parts: 64, headBytes: 16 * 1024 };
/** Longer than any option may be; a field beyond it is not held in memory. */
const fieldBytes = 16 * 1024;

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
  const boundary = boundaryOf(type);
  const form = createForm(spool);
  try {
    for await (const part of readMultipart(uploadChunks(request.raw, limits), boundary, partLimits)) {
      await form.take(part);
    }
    const options = { options: transcribeOptions(query, form.fields), hints: hintsOf({ ...query, ...form.fields }) };
    return { ...form.file(), ...options, release: form.release };
  } catch (error) {
    await form.release();
    throw error;
  }
}

function createForm(spool: Spool) {
  const fields: Record<string, unknown> = Object.create(null);
  /** Parts that are no option; with a file name they may be the file under a wrong name. */
  const strange: Pick<MultipartPart, "name" | "filename">[] = [];
  let upload: SpooledUpload | undefined;
  let filename: string | undefined;
  let raw: RawPcm | undefined;

  const takeFile = async (part: MultipartPart): Promise<void> => {
    if (upload !== undefined) throw new VoxpoolError("multipart_invalid", { detail: "it has more than one file" });
    raw = audioOfPart(part)?.raw;
    upload = await spool.receive(part.body);
    ({ filename } = part);
  };
  return {
    fields,
    async take(part: MultipartPart): Promise<void> {
      if (part.name === "file") return takeFile(part);
      // What browsers add by themselves (RFC 7578, 4.6).
      if (part.name === "_charset_") return;
      if (!transcribeOptionNames.includes(part.name)) {
        const { name, filename: own } = part;
        strange.push({ name, ...(own !== undefined && { filename: own }) });
        return;
      }
      const value = isTranscribeHint(part.name) ? "" : await readField(part);
      fields[part.name] = part.name in fields ? [fields[part.name], value] : value;
    },
    file() {
      const misnamed = strange.find((part) => part.filename !== undefined);
      if (upload === undefined) throw noFile(misnamed, [...Object.keys(fields), ...strange.map(({ name }) => name)]);
      if (strange[0] !== undefined) throw unknownOption(strange[0].name, transcribeOptionNames);
      if (upload.sizeBytes === 0) throw emptyFile(filename);
      const file = upload.path();
      return { bytes: upload.bytes(), ...(file !== undefined && { file }), ...(raw !== undefined && { raw }) };
    },
    release: async () => upload?.remove(),
  };
}

/** The names that came are said: most often the file is there, under another one. */
function noFile(misnamed: { readonly name: string } | undefined, names: readonly string[]): VoxpoolError {
  const shown = names.map((name) => name.slice(0, 50)).slice(0, 10);
  if (misnamed !== undefined) return audioMissing(`the file came in the field ${misnamed.name.slice(0, 50)}`);
  return audioMissing(
    shown.length === 0 ? "the form has no fields" : `the form has no field file, only ${shown.join(", ")}`,
  );
}

function emptyFile(filename: string | undefined): VoxpoolError {
  if (filename === undefined) return audioMissing("the field file is empty");
  return audioMissing(
    filename === ""
      ? "the field file is empty, as of a form in which no file was chosen"
      : "the field file has the name of a file, but no bytes",
  );
}

function audioMissing(detail: string): VoxpoolError {
  return new VoxpoolError("audio_missing", { detail });
}

/** @throws VoxpoolError when the field holds text: what curl sends when the `@` before the path was forgotten */
function audioOfPart(part: MultipartPart): { raw?: RawPcm } | undefined {
  const type = part.contentType;
  if (part.filename === undefined && (type === undefined || type.toLowerCase().startsWith("text/"))) {
    throw new VoxpoolError("multipart_invalid", {
      detail: "the field file holds text, not a file (with curl: -F file=@recording.wav)",
    });
  }
  // A container is recognised by its bytes, so a type that says nothing of audio does no harm here.
  return type === undefined ? undefined : parseAudioContentType(type);
}

async function readField(part: MultipartPart): Promise<string> {
  const value = createGrowingBuffer();
  for await (const chunk of part.body) {
    value.add(chunk);
    if (value.size > fieldBytes) {
      throw new VoxpoolError("option_invalid", { option: part.name, detail: `it is larger than ${fieldBytes} bytes` });
    }
  }
  return value.view().toString("utf8");
}
