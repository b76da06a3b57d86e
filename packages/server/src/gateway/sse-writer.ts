import { once } from "node:events";
import type { FastifyReply } from "fastify";
import { orAbort } from "./events.ts";
import { takeOver } from "./take-over.ts";

/** Server-sent events as text; each protocol writes its own. */
export interface SseWriter {
  /** Whether the head is out, so that a failure can only be an event. */
  readonly opened: boolean;
  /** Sends text; resolves when the reader may be sent more. @throws the signal's reason */
  write(text: string): Promise<void>;
  /** Waits for `work`, and shows the reader meanwhile that the connection lives. */
  whileWaiting<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

export interface SseOptions {
  /** How often a silent stream shows that it lives. */
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is cut off: it would hold a recognition for ever. */
  readonly stallMs: number;
  /** Aborts when the reader has gone. */
  readonly gone: AbortSignal;
}

/**
 * The head goes out with the first text or the first heartbeat, whichever is earlier: a failure before that is still
 * a plain HTTP answer.
 */
export function createSseWriter(reply: FastifyReply, options: SseOptions): SseWriter {
  const { heartbeatMs, stallMs, gone } = options;
  const response = reply.raw;
  let opened = false;

  const put = (text: string): boolean => {
    if (!opened) {
      opened = true;
      open(reply);
    }
    // Writing to a response whose reader has gone is an error event, not an exception.
    return response.destroyed || response.write(text);
  };
  return {
    get opened() {
      return opened;
    },
    async write(text) {
      gone.throwIfAborted();
      if (put(text)) return;
      const timer = setTimeout(() => response.destroy(), stallMs);
      await orAbort(once(response, "drain"), gone).finally(() => clearTimeout(timer));
    },
    async whileWaiting(work) {
      const timer = setInterval(() => {
        if (!response.writableNeedDrain) put(":\n\n");
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
