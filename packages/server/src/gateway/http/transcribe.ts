import type { IncomingMessage } from "node:http";
import type { TranscribeEvent } from "@voxpool/client/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Api } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Spool } from "../../base/spool.ts";
import type { Failures } from "../answer.ts";
import { callerOf, goneSignal } from "../caller.ts";
import { untilAborted } from "../events.ts";
import type { UploadLimits } from "../upload.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import { readInput, type TranscribeInput } from "./transcribe-input.ts";
import { transcribeOperation } from "./transcribe-operation.ts";
import { renderTranscript, type TranscriptView, viewEvent, viewOf } from "./transcript-answer.ts";

export interface TranscribeRoutesOptions {
  readonly api: Api;
  readonly spool: Spool;
  readonly limits: UploadLimits;
  readonly failures: Failures;
  readonly heartbeatMs: number;
}

/** `POST /api/transcribe`: a recording in, its words out. */
export async function transcribeRoutes(fastify: FastifyInstance, options: TranscribeRoutesOptions): Promise<void> {
  // The body is read by the handler itself, as fast as the recognition takes it.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", (_request: FastifyRequest, _body: IncomingMessage, done) => done(null, undefined));
  fastify.post(
    "/api/transcribe",
    { config: { operation: transcribeOperation, scope: "recognize" } },
    (request, reply) => transcribe(request, reply, options),
  );
}

async function transcribe(
  request: FastifyRequest,
  reply: FastifyReply,
  options: TranscribeRoutesOptions,
): Promise<FastifyReply> {
  const gone = goneSignal(reply);
  const input = await readInput(request, options.spool, options.limits);
  try {
    const { bytes, file, raw, hints, options: wishes } = input;
    const source = { bytes, ...(file !== undefined && { file }), ...(raw !== undefined && { raw }) };
    const events = untilAborted(
      options.api.transcribe({ ...source, hints, options: wishes }, callerOf(request, gone, wishes.client_id)),
      gone,
    );
    if (wishes.stream === true) await answerEvents(events, input, request, reply, gone, options);
    else await answerWhole(events, input, reply);
    return reply;
  } finally {
    await input.release();
  }
}

async function answerWhole(
  events: AsyncIterable<TranscribeEvent>,
  input: TranscribeInput,
  reply: FastifyReply,
): Promise<void> {
  const { response_format: format = "json", words = false } = input.options;
  for await (const event of events) {
    if (event.type !== "done") continue;
    const { contentType, body } = renderTranscript(event.transcript, format, viewOf(format, words));
    reply.header("content-type", contentType).send(body);
    return;
  }
  throw new VoxpoolError("internal", {}, { cause: new Error("the recognition ended without a transcript") });
}

async function answerEvents(
  events: AsyncGenerator<TranscribeEvent>,
  input: TranscribeInput,
  request: FastifyRequest,
  reply: FastifyReply,
  gone: AbortSignal,
  options: TranscribeRoutesOptions,
): Promise<void> {
  const { response_format: format = "json", words = false } = input.options;
  const { heartbeatMs, limits } = options;
  const stream = createEventStream(reply, { heartbeatMs, stallMs: limits.idleSeconds * 1000, gone });
  try {
    await forward(events, stream, viewOf(format, words));
  } catch (thrown) {
    if (!stream.opened) throw thrown;
    const { error, language } = options.failures.explain(request, thrown);
    const { reason, entry } = error;
    const message = error.messageIn(language);
    if (!gone.aborted) await stream.send({ type: "error", message, reason, retryable: entry.retryable });
  }
  stream.end();
}

async function forward(
  events: AsyncGenerator<TranscribeEvent>,
  stream: EventStream,
  view: TranscriptView,
): Promise<void> {
  try {
    for (;;) {
      const next = await stream.whileWaiting(events.next());
      if (next.done === true) return;
      await stream.send(viewEvent(next.value, view));
      if (next.value.type === "done") return;
    }
  } finally {
    await events.return(undefined);
  }
}
