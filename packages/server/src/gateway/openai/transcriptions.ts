import type { TranscribeEvent } from "@voxpool/client/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";
import { callerOf, goneSignal, viewerOf } from "../caller.ts";
import { untilAborted } from "../events.ts";
import type { ProtocolParts } from "../protocol.ts";
import { type ReceivedRecording, readRecordingForm } from "../recording-form.ts";
import { hasBody } from "../request-body.ts";
import { createSseWriter, type SseWriter } from "../sse-writer.ts";
import { createTextDeltas } from "../text-deltas.ts";
import { openAiError } from "./failure.ts";
import { kindOfField } from "./fields.ts";
import { isUnknownName, modelPathOf, unknownModel } from "./models.ts";
import { deltaEvent, doneEvent, transcriptionAnswer } from "./transcription-answer.ts";
import { readTranscriptionRequest, type TranscriptionRequest } from "./transcription-request.ts";

/** `POST /v1/audio/transcriptions`. */
export async function transcribe(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: ProtocolParts,
): Promise<FastifyReply> {
  const gone = goneSignal(reply);
  const form = await readRecordingForm(request.raw, formTypeOf(request), {
    spool: parts.spool,
    limits: parts.uploads,
    kindOf: kindOfField,
  });
  try {
    const recording = form.recording();
    const wishes = readTranscriptionRequest(form.fields, form.strange);
    const events = recognise(request, { recording, wishes, gone, parts });
    if (wishes.stream) await answerEvents(events, request, reply, gone, parts);
    else await answerWhole(events, wishes, reply);
    return reply;
  } finally {
    await form.release();
  }
}

/** @throws VoxpoolError `audio_missing`, `content_type_unsupported` */
function formTypeOf(request: FastifyRequest): string {
  if (!hasBody(request.raw)) throw new VoxpoolError("audio_missing", { detail: "the request has no body" });
  const type = request.headers["content-type"] ?? "";
  const media = (type.split(";", 1)[0] ?? "").trim().toLowerCase();
  if (media === "multipart/form-data") return type;
  throw new VoxpoolError("content_type_unsupported", {
    content_type: type.slice(0, 200),
    expected: "multipart/form-data",
  });
}

interface Asked {
  readonly recording: ReceivedRecording;
  readonly wishes: TranscriptionRequest;
  readonly gone: AbortSignal;
  readonly parts: ProtocolParts;
}

/** @throws VoxpoolError `model_name_unknown`, and what the recognition throws */
async function* recognise(
  request: FastifyRequest,
  { recording, wishes, gone, parts: { api } }: Asked,
): AsyncGenerator<TranscribeEvent> {
  const { model, hints } = wishes;
  const path = modelPathOf(model, api.listAliases(viewerOf(request)));
  const options = { ...wishes.options, ...(path !== undefined && { model_path: path }) };
  try {
    yield* untilAborted(api.transcribe({ ...recording, options, hints }, callerOf(request, gone)), gone);
  } catch (error) {
    throw path !== undefined && isUnknownName(error) ? await unknownModel(api, model, viewerOf(request)) : error;
  }
}

async function answerWhole(
  events: AsyncIterable<TranscribeEvent>,
  wishes: TranscriptionRequest,
  reply: FastifyReply,
): Promise<void> {
  for await (const event of events) {
    if (event.type !== "done") continue;
    const { contentType, body } = transcriptionAnswer(event.transcript, wishes);
    reply.header("content-type", contentType).send(body);
    return;
  }
  throw new VoxpoolError("internal", {}, { cause: new Error("the recognition ended without a transcript") });
}

async function answerEvents(
  events: AsyncGenerator<TranscribeEvent>,
  request: FastifyRequest,
  reply: FastifyReply,
  gone: AbortSignal,
  { heartbeatMs, uploads, failures }: ProtocolParts,
): Promise<void> {
  const sse = createSseWriter(reply, { heartbeatMs, stallMs: uploads.idleSeconds * 1000, gone });
  try {
    await forward(events, sse);
  } catch (thrown) {
    if (!sse.opened) throw thrown;
    const { error, language } = failures.explain(request, thrown);
    // Without the key `error` no SDK raises.
    if (!gone.aborted) await sse.write(data({ error: openAiError(error, language) }));
  }
  sse.end();
}

async function forward(events: AsyncGenerator<TranscribeEvent>, sse: SseWriter): Promise<void> {
  const deltas = createTextDeltas();
  try {
    for (;;) {
      const next = await sse.whileWaiting(events.next());
      if (next.done === true) return;
      if (next.value.type === "segment") {
        const delta = deltas.next(next.value.segment);
        if (delta !== "") await sse.write(data(deltaEvent(delta)));
      } else if (next.value.type === "done") {
        await sse.write(`${data(doneEvent(next.value.transcript))}data: [DONE]\n\n`);
        return;
      }
    }
  } finally {
    await events.return(undefined);
  }
}

/** Without `event:`, `id:` and `retry:`: the SDKs read the type inside, and Python fails on the others. */
const data = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;
