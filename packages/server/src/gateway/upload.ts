import type { IncomingMessage } from "node:http";
import { VoxpoolError } from "../base/errors.ts";
import { sendContinue } from "./request-body.ts";

export interface UploadLimits {
  readonly maxBytes: number;
  /** The setting that `maxBytes` comes from, for the message. */
  readonly maxBytesSetting: string;
  /** Longest wait for the sender, seconds: for each chunk, or with `wholeBody` for all of them. */
  readonly idleSeconds: number;
  readonly wholeBody?: boolean;
  /** What a sender has to bring on average while it is waited for, over each `idleSeconds`. */
  readonly minBytesPerSecond?: number;
  /** Aborts when the server stops; a body that is still arriving then fails with its reason. */
  readonly stopping: AbortSignal;
}

/**
 * The bytes of a request body as they arrive. Pulled: who does not read holds the sender's socket back, and the
 * clock for the idle time stands still meanwhile.
 * @throws VoxpoolError `body_too_large`, `upload_stalled`, `request_cancelled`, `server_stopping`
 */
export function uploadChunks(request: IncomingMessage, limits: UploadLimits): AsyncGenerator<Uint8Array> {
  // What says beforehand that it is too large is refused before anybody begins to work on it.
  if (Number(request.headers["content-length"] ?? 0) > limits.maxBytes) throw tooLarge(limits);
  return readChunks(request, limits);
}

async function* readChunks(request: IncomingMessage, limits: UploadLimits): AsyncGenerator<Uint8Array> {
  sendContinue(request);
  // Destroying the request would destroy the socket, and with it the answer.
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, void>;
  const patience = createPatience(limits);
  const pace = createPace(limits);
  let received = 0;
  try {
    for (;;) {
      // What has arrived whole may be read to its end: its sender holds nobody up.
      if (!request.complete) limits.stopping.throwIfAborted();
      const next = await patience.wait(pace.timed(chunks.next()));
      if (next.done === true) return;
      pace.arrived(next.value.length);
      received += next.value.length;
      if (received > limits.maxBytes) throw tooLarge(limits);
      yield next.value;
    }
  } catch (error) {
    if (error instanceof VoxpoolError) throw error;
    throw new VoxpoolError("request_cancelled", {}, { cause: error });
  } finally {
    patience.end();
    // Not awaited: after a stall it would wait for the pending read, which may never come.
    chunks.return?.()?.catch(() => undefined);
  }
}

function tooLarge(limits: UploadLimits): VoxpoolError {
  return new VoxpoolError("body_too_large", { limit_bytes: limits.maxBytes, setting: limits.maxBytesSetting });
}

/**
 * Counts what a sender brings in the time in which it is waited for: one that sends a byte now and then, so that it is
 * never silent, would hold its place for as long as it likes.
 */
function createPace({ idleSeconds, minBytesPerSecond = 0 }: UploadLimits): {
  timed<T>(work: Promise<T>): Promise<T>;
  arrived(bytes: number): void;
} {
  let waitedMs = 0;
  let windowBytes = 0;
  return {
    async timed(work) {
      const startMs = performance.now();
      const value = await work;
      waitedMs += performance.now() - startMs;
      return value;
    },
    arrived(bytes) {
      windowBytes += bytes;
      if (waitedMs < idleSeconds * 1000) return;
      if (windowBytes < minBytesPerSecond * idleSeconds) throw stalled(idleSeconds, "limits.upload_bytes_per_second");
      waitedMs = 0;
      windowBytes = 0;
    },
  };
}

/** Waits for the sender, but not for ever, and not while the server stops; one timer serves a whole upload. */
function createPatience(limits: UploadLimits): { wait<T>(work: Promise<T>): Promise<T>; end(): void } {
  const { idleSeconds, stopping } = limits;
  let giveUp: ((error: Error) => void) | undefined;
  const onStopping = (): void => giveUp?.(stopping.reason as Error);
  const timer = setTimeout(() => giveUp?.(stalled(idleSeconds, "limits.upload_idle_seconds")), idleSeconds * 1000);
  stopping.addEventListener("abort", onStopping);
  return {
    wait: <T>(work: Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        giveUp = reject;
        if (limits.wholeBody !== true) timer.refresh();
        const arrived = (settle: () => void): void => {
          giveUp = undefined;
          settle();
        };
        work.then(
          (value) => arrived(() => resolve(value)),
          (error: unknown) => arrived(() => reject(error)),
        );
      }),
    end() {
      clearTimeout(timer);
      stopping.removeEventListener("abort", onStopping);
    },
  };
}

function stalled(idleSeconds: number, setting: string): VoxpoolError {
  return new VoxpoolError("upload_stalled", { idle_seconds: idleSeconds, setting });
}
