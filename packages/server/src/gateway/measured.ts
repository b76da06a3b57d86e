import type { TranscribeEvent } from "@voxpool/client/contract";
import type { FastifyReply } from "fastify";
import type { Metrics } from "../observe/metrics.ts";
import { traceAudio } from "./trace.ts";

/** Passes the events of a recognition on, and notes the audio of its answer for the log line and the metrics. */
export async function* measured(
  events: AsyncIterable<TranscribeEvent>,
  reply: FastifyReply,
  metrics: Metrics,
): AsyncGenerator<TranscribeEvent> {
  for await (const event of events) {
    if (event.type === "done") {
      traceAudio(reply.raw, event.transcript.duration);
      metrics.recognition(event.transcript.duration);
    }
    yield event;
  }
}
