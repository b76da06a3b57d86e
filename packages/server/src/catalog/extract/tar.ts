import { createReadStream } from "node:fs";
import { addAbortSignal, PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { bunzip } from "../bunzip/bunzip.ts";
import { tooMuch } from "./limits.ts";
import type { Writer } from "./writer.ts";

export interface TarTask {
  readonly archive: string;
  readonly packing: "none" | "gzip" | "bzip2";
  /** Most bytes that it may unpack to, wanted or not. */
  readonly roomBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Takes the wanted regular files out of a tar archive; links, devices and the like are passed over. */
export async function extractTar(task: TarTask, writer: Writer): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  const stopped = new AbortController();
  const onReadEntry = (entry: ReadEntry) => {
    const destination = wanted(entry, writer, stopped);
    if (destination === undefined || stopped.signal.aborted) {
      entry.resume();
      return;
    }
    // An entry of an archive that broke off never ends by itself, and whoever reads it would wait for ever.
    const content = addAbortSignal(stopped.signal, new PassThrough());
    content.on("error", () => undefined);
    entry.pipe(content);
    writing = writing
      .then(() => writer.write(destination, entry.size, content))
      .catch((error: unknown) => stopped.abort(error));
  };
  const signals = task.signal === undefined ? stopped.signal : AbortSignal.any([task.signal, stopped.signal]);
  try {
    // Told not to guess: what is packed twice would unpack beyond all counting.
    const parser = new Parser({ strict: true, brotli: false, zstd: false, onReadEntry });
    const bytes = Readable.from(counted(unpacked(task, signals), task.roomBytes), { objectMode: false });
    await pipeline(bytes, parser, { signal: signals });
  } catch (error) {
    stopped.abort(signals.aborted ? signals.reason : error);
  }
  await writing; // Also after a failure: the file that it has open is closed then.
  stopped.signal.throwIfAborted();
}

function wanted(entry: ReadEntry, writer: Writer, stopped: AbortController): string | undefined {
  try {
    const destination = writer.destination(entry.path);
    return entry.type === "File" || entry.type === "OldFile" ? destination : undefined;
  } catch (error) {
    stopped.abort(error);
    return undefined;
  }
}

function unpacked({ archive, packing }: TarTask, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (packing === "bzip2") {
    return bunzip(archive, { signal });
  }
  const bytes = createReadStream(archive);
  if (packing === "none") {
    return bytes;
  }
  const gunzip = createGunzip();
  bytes.on("error", (error) => gunzip.destroy(error)).pipe(gunzip);
  gunzip.on("close", () => bytes.destroy());
  return gunzip;
}

/** Passes on what a tar archive is made of, as far as there is room for it. */
async function* counted(bytes: AsyncIterable<Uint8Array>, roomBytes: number): AsyncGenerator<Uint8Array> {
  let room = roomBytes;
  let isFirst = true;
  for await (const piece of bytes) {
    if (isFirst && isPacked(piece)) {
      throw new Error("it is packed twice");
    }
    isFirst = false;
    room -= piece.length;
    if (room < 0) {
      throw tooMuch();
    }
    yield piece;
  }
}

function isPacked([first, second]: Uint8Array): boolean {
  return (first === 0x1f && second === 0x8b) || (first === 0x28 && second === 0xb5);
}
