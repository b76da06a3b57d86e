import type { IncomingMessage } from "node:http";
import { VoxpoolError } from "../../base/errors.ts";
import { sendContinue } from "./request-body.ts";

export interface UploadLimits {
  readonly maxBytes: number;
  /** The setting that `maxBytes` comes from, for the message. */
  readonly maxBytesSetting: string;
  /** Longest wait for the sender, seconds: for each chunk, or with `wholeBody` for all of them. */
  readonly idleSeconds: number;
  readonly wholeBody?: boolean;
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
  let received = 0;
  try {
    for (;;) {
      // What has arrived whole may be read to its end: its sender holds nobody up.
      if (!request.complete) limits.stopping.throwIfAborted();
      const next = await patience.wait(chunks.next());
      if (next.done === true) return;
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

/** Waits for the sender, but not for ever, and not while the server stops; one timer serves a whole upload. */
function createPatience(limits: UploadLimits): { wait<T>(work: Promise<T>): Promise<T>; end(): void } {
  const { idleSeconds, stopping } = limits;
  let giveUp: ((error: Error) => void) | undefined;
  const onStopping = (): void => giveUp?.(stopping.reason as Error);
  const timer = setTimeout(() => giveUp?.(stalled(idleSeconds)), idleSeconds * 1000);
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

function stalled(idleSeconds: number): VoxpoolError {
  return new VoxpoolError("upload_stalled", { idle_seconds: idleSeconds, setting: "limits.upload_idle_seconds" });
}
