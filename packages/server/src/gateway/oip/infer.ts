import type { TranscribeEvent, Transcript } from "@voxpool/client/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import { callerOf, goneSignal } from "../caller.ts";
import { untilAborted } from "../events.ts";
import type { ProtocolParts } from "../protocol.ts";
import { type BodyReader, openBody } from "./body.ts";
import { inferAnswer } from "./infer-answer.ts";
import { type InferRequest, readInferRequest } from "./infer-request.ts";
import { parseJson } from "./json.ts";
import { type ModelCall, modelPathOf } from "./model-url.ts";
import { bareRecording, recordingOf } from "./tensor.ts";

export interface InferParts extends Pick<ProtocolParts, "api" | "uploads"> {
  /** Largest JSON of a request. */
  readonly jsonBytes: number;
}

/** `POST /v2/models/{m}[/versions/{v}]/infer`. */
export async function infer(
  request: FastifyRequest,
  reply: FastifyReply,
  call: ModelCall,
  parts: InferParts,
): Promise<FastifyReply> {
  const gone = goneSignal(reply);
  const body = openBody(request.raw, parts.uploads);
  try {
    const { wishes, bytes } = await readBody(request, body, parts);
    const { options, timeoutMs } = wishes;
    const caller = (signal: AbortSignal) => callerOf(request, signal, options.client_id);
    const recognise = (signal: AbortSignal) => {
      const source = { bytes, options: { ...options, model_path: modelPathOf(call) } };
      return transcriptOf(untilAborted(parts.api.transcribe(source, caller(signal)), signal));
    };
    const transcript = await within(timeoutMs, gone, recognise);
    const answer = inferAnswer(call.model, wishes, transcript);
    return reply.headers(answer.headers).send(answer.body);
  } finally {
    body.release();
  }
}

type Wishes = Pick<InferRequest, "id" | "options" | "timeoutMs" | "isBinary">;

async function readBody(
  request: FastifyRequest,
  body: BodyReader,
  { jsonBytes, uploads }: InferParts,
): Promise<{ readonly wishes: Wishes; readonly bytes: AsyncIterable<Uint8Array> }> {
  const length = jsonLength(request.headers["inference-header-content-length"]);
  if (length === 0) {
    const isFile = /^(audio|video)\//i.test(request.headers["content-type"] ?? "");
    return { wishes: { options: {}, isBinary: true }, bytes: bareRecording(body, isFile) };
  }
  if ((length ?? 0) > jsonBytes) throw new VoxpoolError("body_too_large", { limit_bytes: jsonBytes, setting });
  const json = length === undefined ? await body.takeRest(jsonBytes, setting) : await body.take(length);
  const wishes = readInferRequest(parseJson(json), length !== undefined);
  const { input } = wishes;
  // Refused before it comes: what a chunked or packed body holds, its head does not say.
  if ("bytes" in input && input.bytes > uploads.maxBytes) {
    throw new VoxpoolError("body_too_large", { limit_bytes: uploads.maxBytes, setting: uploads.maxBytesSetting });
  }
  return { wishes, bytes: recordingOf(input, body) };
}

const setting = "oip.json_bytes";

/** Undefined: the whole body is JSON. */
function jsonLength(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^\d{1,15}$/.test(header)) return Number(header);
  throw new VoxpoolError("request_invalid", {
    detail: "its header Inference-Header-Content-Length is no whole number",
  });
}

async function transcriptOf(events: AsyncIterable<TranscribeEvent>): Promise<Transcript> {
  for await (const event of events) if (event.type === "done") return event.transcript;
  throw new VoxpoolError("internal", {}, { cause: new Error("the recognition ended without a transcript") });
}

/** Timers cannot be longer; who waits for so long does not mind. */
const longestTimerMs = 2_147_483_647;

/** Does something with a signal that aborts when the caller has gone, or when it takes longer than it may. */
async function within<T>(
  timeoutMs: number | undefined,
  gone: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined || timeoutMs > longestTimerMs) return work(gone);
  const late = new AbortController();
  const abort = () => late.abort(new VoxpoolError("request_timeout", { timeout_ms: timeoutMs }));
  const timer = setTimeout(abort, timeoutMs);
  try {
    return await work(AbortSignal.any([gone, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
