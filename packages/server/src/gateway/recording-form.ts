import type { IncomingMessage } from "node:http";
import type { RawPcm } from "../audio/audio.ts";
import { parseAudioContentType } from "../audio/content-type.ts";
import { VoxpoolError } from "../base/errors.ts";
import { createGrowingBuffer } from "../base/growing-buffer.ts";
import type { Spool, SpooledUpload } from "../base/spool.ts";
import { boundaryOf, type MultipartPart, readMultipart } from "./multipart.ts";
import { type UploadLimits, uploadChunks } from "./upload.ts";

/** A recording that was received whole. */
export interface ReceivedRecording {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where they are on the disk, if they are. */
  readonly file?: string;
  readonly raw?: RawPcm;
}

/** A form with a recording in its field `file`. */
export interface RecordingForm {
  /** Values by name, in the order in which they came. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Names of parts that are no field. */
  readonly strange: readonly string[];
  /** @throws VoxpoolError `audio_missing` */
  recording(): ReceivedRecording;
  /** Frees what was kept for it; to be called whatever happened. */
  release(): Promise<void>;
}

/** What becomes of a part: `value` is read, of `name` the value does not matter, `strange` is no field. */
export type FieldKind = (name: string) => "value" | "name" | "strange";

const partLimits = { parts: 64, headBytes: 16 * 1024 };
/** Longer than any option may be; a field beyond it is not held in memory. */
const fieldBytes = 16 * 1024;

/**
 * Receives a whole `multipart/form-data` body, since the fields may stand behind the file.
 * @param type the content type with its boundary
 * @throws VoxpoolError `multipart_invalid`, `option_invalid`, and those of the upload and the spool
 */
export async function readRecordingForm(
  request: IncomingMessage,
  type: string,
  { spool, limits, kindOf }: { readonly spool: Spool; readonly limits: UploadLimits; readonly kindOf: FieldKind },
): Promise<RecordingForm> {
  const boundary = boundaryOf(type);
  const form = createForm(spool, kindOf);
  try {
    for await (const part of readMultipart(uploadChunks(request, limits), boundary, partLimits)) await form.take(part);
    return form;
  } catch (error) {
    await form.release();
    throw error;
  }
}

function createForm(
  spool: Spool,
  kindOf: FieldKind,
): RecordingForm & { readonly take: (part: MultipartPart) => Promise<void> } {
  const fields = new Map<string, string[]>();
  const strange: string[] = [];
  /** A strange part with a file name: the file under a wrong name. */
  let misnamed: string | undefined;
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
    strange,
    async take(part) {
      const { name } = part;
      if (name === "file") return takeFile(part);
      // What browsers add by themselves (RFC 7578, 4.6).
      if (name === "_charset_") return;
      const kind = kindOf(name);
      if (kind === "strange") {
        strange.push(name);
        if (part.filename !== undefined) misnamed ??= name;
        return;
      }
      const value = kind === "name" ? "" : await readField(part);
      fields.set(name, [...(fields.get(name) ?? []), value]);
    },
    recording() {
      if (upload === undefined) throw noFile(misnamed, [...fields.keys(), ...strange]);
      if (upload.sizeBytes === 0) throw emptyFile(filename);
      const file = upload.path();
      return { bytes: upload.bytes(), ...(file !== undefined && { file }), ...(raw !== undefined && { raw }) };
    },
    release: async () => upload?.remove(),
  };
}

/** The names that came are said: most often the file is there, under another one. */
function noFile(misnamed: string | undefined, names: readonly string[]): VoxpoolError {
  const shown = names.map((name) => name.slice(0, 50)).slice(0, 10);
  if (misnamed !== undefined) return audioMissing(`the file came in the field ${misnamed.slice(0, 50)}`);
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
