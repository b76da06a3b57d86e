import { once } from "node:events";
import type { BatchEvent, PoolEvent, PullEvent, TranscribeEvent } from "@voxpool/client/contract";
import type { FastifyReply } from "fastify";
import { orAbort } from "../events.ts";
import { takeOver } from "../take-over.ts";

export interface EventStream {
  /** Whether the head is out, so that a failure can only be an event. */
  readonly opened: boolean;
  /**
   * Sends an event; resolves when the reader may be sent more.
   * @param id what the reader gives back to go on behind this event
   * @throws the signal's reason
   */
  send(event: TranscribeEvent | PullEvent | BatchEvent | PoolEvent, id?: string): Promise<void>;
  /** Tells the reader where it is although there is no event, as `send` does. */
  sendPlace(id: string): Promise<void>;
  /** Waits for `work`, and shows the reader meanwhile that the connection lives. */
  whileWaiting<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

export interface EventStreamOptions {
  /** How often a silent stream shows that it lives. */
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is cut off: it would hold a recognition for ever. */
  readonly stallMs: number;
  /** Aborts when the reader has gone. */
  readonly gone: AbortSignal;
}

/**
 * Server-sent events. The head goes out with the first event or the first heartbeat, whichever is earlier: a
 * failure before that is still a plain HTTP answer.
 */
export function createEventStream(reply: FastifyReply, options: EventStreamOptions): EventStream {
  const { heartbeatMs, stallMs, gone } = options;
  const response = reply.raw;
  let opened = false;

  const write = (text: string): boolean => {
    if (!opened) {
      opened = true;
      open(reply);
    }
    // Writing to a response whose reader has gone is an error event, not an exception.
    return response.destroyed || response.write(text);
  };
  const put = async (text: string): Promise<void> => {
    gone.throwIfAborted();
    if (write(text)) return;
    const timer = setTimeout(() => response.destroy(), stallMs);
    await orAbort(once(response, "drain"), gone).finally(() => clearTimeout(timer));
  };
  return {
    get opened() {
      return opened;
    },
    send(event, id) {
      const place = id === undefined ? "" : `id: ${id}\n`;
      return put(`${place}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    },
    sendPlace: (id) => put(`id: ${id}\n\n`),
    async whileWaiting(work) {
      const timer = setInterval(() => {
        if (!response.writableNeedDrain) write(":\n\n");
      }, heartbeatMs);
      try {
        return await work;
      } finally {
        clearInterval(timer);
      }
    },
    end: () => response.end(),
  };
}

function open(reply: FastifyReply): void {
  const headers = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    // Reverse proxies gather answers by default, which would make a live stream arrive in one piece.
    "x-accel-buffering": "no",
    ...takeOver(reply),
  };
  reply.raw.on("error", () => undefined);
  reply.raw.writeHead(200, headers);
}
