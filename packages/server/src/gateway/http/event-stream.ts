import type { BatchEvent, PoolEvent, PullEvent, TranscribeEvent } from "@voxpool/client/contract";
import type { FastifyReply } from "fastify";
import { createSseWriter, type SseOptions, type SseWriter } from "../sse-writer.ts";

export interface EventStream extends Omit<SseWriter, "write"> {
  /**
   * Sends an event; resolves when the reader may be sent more.
   * @param id what the reader gives back to go on behind this event
   * @throws the signal's reason
   */
  send(event: TranscribeEvent | PullEvent | BatchEvent | PoolEvent, id?: string): Promise<void>;
  /** Tells the reader where it is although there is no event, as `send` does. */
  sendPlace(id: string): Promise<void>;
}

/** The events of the native API as server-sent events: the name of each is its type. */
export function createEventStream(reply: FastifyReply, options: SseOptions): EventStream {
  const sse = createSseWriter(reply, options);
  return {
    get opened() {
      return sse.opened;
    },
    send(event, id) {
      const place = id === undefined ? "" : `id: ${id}\n`;
      return sse.write(`${place}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    },
    sendPlace: (id) => sse.write(`id: ${id}\n\n`),
    whileWaiting: (work) => sse.whileWaiting(work),
    end: () => sse.end(),
  };
}
