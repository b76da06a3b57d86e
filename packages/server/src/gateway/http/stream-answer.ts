import type { BatchEvent, PullEvent } from "@voxpool/client/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Failures } from "../answer.ts";
import { createEventStream } from "./event-stream.ts";

export interface StreamAnswerOptions {
  readonly failures: Failures;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  /** Aborts when the reader has gone. */
  readonly gone: AbortSignal;
}

/**
 * Answers with the events of `source` as server-sent events. A failure after the first one is an `error` event.
 * @throws what the source throws before its first event
 */
export async function streamAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  source: AsyncGenerator<PullEvent | BatchEvent>,
  { failures, heartbeatMs, stallMs, gone }: StreamAnswerOptions,
): Promise<FastifyReply> {
  const stream = createEventStream(reply, { heartbeatMs, stallMs, gone });
  try {
    for (;;) {
      const next = await stream.whileWaiting(source.next());
      if (next.done === true) break;
      await stream.send(next.value);
    }
  } catch (thrown) {
    if (!stream.opened) throw thrown;
    const { error, language } = failures.explain(request, thrown);
    const { reason, entry } = error;
    const message = error.messageIn(language);
    if (!gone.aborted) await stream.send({ type: "error", message, reason, retryable: entry.retryable });
  } finally {
    await source.return(undefined);
  }
  stream.end();
  return reply;
}
