import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createInflate } from "node:zlib";
import { VoxpoolError } from "../../base/errors.ts";
import { createGrowingBuffer } from "../../base/growing-buffer.ts";
import { type UploadLimits, uploadChunks } from "../upload.ts";

/** A body that is read piece by piece. */
export interface BodyReader {
  /** The next bytes. @throws VoxpoolError `request_invalid` if it ends before */
  take(count: number): Promise<Buffer>;
  /** All that is left. @throws VoxpoolError `body_too_large` */
  takeRest(limitBytes: number, setting: string): Promise<Buffer>;
  /** The next bytes as they arrive, which have to be the last. @throws VoxpoolError `request_invalid` if they are not */
  last(count: number): AsyncGenerator<Uint8Array>;
  /** All that is left, as it arrives. */
  rest(): AsyncGenerator<Uint8Array>;
  /** Lets go of the request, so that a rest of it can be dropped. */
  release(): void;
}

/**
 * The body of a request, unpacked where it came packed.
 * @throws VoxpoolError `request_invalid` for a coding that is not read, and what `uploadChunks` throws
 */
export function openBody(request: IncomingMessage, limits: UploadLimits): BodyReader {
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const packed = uploadChunks(request, limits);
  if (encoding === "identity" || encoding === "") return createReader(packed);
  const create = encoding === "gzip" ? createGunzip : encoding === "deflate" ? createInflate : undefined;
  if (create === undefined) {
    packed.return(undefined).catch(() => undefined);
    throw invalid(`its Content-Encoding ${JSON.stringify(encoding.slice(0, 50))} is not read; gzip and deflate are`);
  }
  return createReader(unpack(packed, create(), limits));
}

/** What is unpacked is as much bounded as what comes plain: a few megabytes may stand for any number of gigabytes. */
async function* unpack(
  packed: AsyncGenerator<Uint8Array>,
  unzip: ReturnType<typeof createGunzip>,
  { maxBytes, maxBytesSetting }: UploadLimits,
): AsyncGenerator<Uint8Array> {
  // Its failure is that of the reading below.
  pipeline(Readable.from(packed, { objectMode: true, highWaterMark: 1 }), unzip).catch(() => undefined);
  let size = 0;
  try {
    for await (const chunk of unzip as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes)
        throw new VoxpoolError("body_too_large", { limit_bytes: maxBytes, setting: maxBytesSetting });
      yield chunk;
    }
  } catch (error) {
    if (error instanceof VoxpoolError) throw error;
    throw new VoxpoolError("request_invalid", { detail: "its body cannot be unpacked" }, { cause: error });
  } finally {
    unzip.destroy();
  }
}

function createReader(chunks: AsyncGenerator<Uint8Array>): BodyReader {
  let held: Uint8Array = Buffer.alloc(0);
  const pull = async (): Promise<Uint8Array | undefined> => {
    const given = held;
    held = held.subarray(held.length);
    if (given.length > 0) return given;
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) return undefined;
      if (next.value.length > 0) return next.value;
    }
  };
  /** At most so many bytes, the rest of the chunk is kept. */
  const pullUpTo = async (count: number): Promise<Uint8Array | undefined> => {
    const chunk = await pull();
    if (chunk === undefined || chunk.length <= count) return chunk;
    held = chunk.subarray(count);
    return chunk.subarray(0, count);
  };
  return {
    async take(count) {
      const bytes = Buffer.alloc(count);
      for (let at = 0; at < count; ) {
        const chunk = await pullUpTo(count - at);
        if (chunk === undefined) throw endsEarly();
        bytes.set(chunk, at);
        at += chunk.length;
      }
      return bytes;
    },
    async takeRest(limitBytes, setting) {
      const bytes = createGrowingBuffer();
      for (let chunk = await pull(); chunk !== undefined; chunk = await pull()) {
        bytes.add(chunk);
        if (bytes.size > limitBytes) throw new VoxpoolError("body_too_large", { limit_bytes: limitBytes, setting });
      }
      return bytes.view();
    },
    async *last(count) {
      for (let left = count; left > 0; ) {
        const chunk = await pullUpTo(left);
        if (chunk === undefined) throw endsEarly();
        left -= chunk.length;
        yield chunk;
      }
      if ((await pull()) !== undefined) throw invalid("bytes follow its last tensor");
    },
    async *rest() {
      for (let chunk = await pull(); chunk !== undefined; chunk = await pull()) yield chunk;
    },
    release() {
      // Not waited for: a read may still be pending.
      chunks.return(undefined).catch(() => undefined);
    },
  };
}

function endsEarly(): VoxpoolError {
  return invalid("its body ends before the lengths that it says");
}

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("request_invalid", { detail });
}
