import { explainError } from "./explain.ts";
import { type CallFailure, ownFailure } from "./failure.ts";
import type { TransportBody } from "./transport.ts";

/** A recording as every runtime can hold one. Bytes of a file, not samples; a stream can be sent once only. */
export type AudioSource = Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** A recording that is ready to be sent. */
export interface Audio {
  /** What the recording says of itself, if it does. */
  readonly contentType?: string;
  /** Whether it can be opened more than once. */
  readonly replayable: boolean;
  open(): OpenedAudio;
}

/** A recording that is being sent. */
export interface OpenedAudio {
  readonly body: TransportBody;
  /** What kept the recording from being read, if anything did. @throws TypeError if it gave something but bytes */
  failure(): CallFailure | undefined;
  /** Lets go of the source, wherever it stands. Safe to call twice. */
  stop(): void;
}

/** A recording in any of the forms. @throws TypeError for anything else, and for a stream that is in use */
export function audioOf(source: AudioSource): Audio {
  if (source instanceof Blob) return whole(source, /^(audio|video)\//i.test(source.type) ? source.type : undefined);
  if (isBytes(source)) {
    // fetch refuses shared memory; slice() copies it into memory of its own.
    return whole((source.buffer instanceof ArrayBuffer ? source : source.slice()) as Uint8Array<ArrayBuffer>);
  }
  if (source instanceof ArrayBuffer) return whole(new Uint8Array(source));
  if (source instanceof ReadableStream) {
    if (source.locked) throw new TypeError("the stream is in use already");
    return { replayable: false, open: () => openReadable(source) };
  }
  if (typeof source === "object" && source !== null && Symbol.asyncIterator in source) {
    return { replayable: false, open: () => openIterable(source) };
  }
  throw new TypeError(
    typeof source === "string"
      ? "a path can be transcribed in Node only, with the client of @voxpool/client/node"
      : "the audio must be a Blob, an ArrayBuffer, a Uint8Array, a ReadableStream or an async iterable of Uint8Array",
  );
}

/** Opens an async iterable of bytes as a body; it is begun when it is first read, and read only as fast as it is sent. */
export function openIterable(source: AsyncIterable<unknown>): OpenedAudio {
  let iterator: AsyncIterator<unknown> | undefined;
  return openPulled(
    () => {
      iterator ??= source[Symbol.asyncIterator]();
      return iterator.next();
    },
    async () => {
      if (iterator !== undefined) await iterator.return?.();
      // A stream of Node holds what it has opened also when nobody read of it.
      else if (isDestroyable(source)) source.destroy();
    },
  );
}

function isDestroyable(source: object): source is { destroy(): unknown } {
  return "destroy" in source && typeof source.destroy === "function";
}

function openReadable(source: ReadableStream<unknown>): OpenedAudio {
  const reader = source.getReader();
  return openPulled(
    () => reader.read(),
    () => reader.cancel(),
  );
}

function whole(body: TransportBody, contentType?: string): Audio {
  const opened: OpenedAudio = { body, failure: () => undefined, stop: () => undefined };
  return { replayable: true, open: () => opened, ...(contentType !== undefined && { contentType }) };
}

/** Wraps a source in a stream of our own, so that its failure can be told apart from one of the connection. */
function openPulled(next: () => Promise<IteratorResult<unknown>>, cancel: () => Promise<unknown>): OpenedAudio {
  let isOver = false;
  let misuse: TypeError | undefined;
  let failure: CallFailure | undefined;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const end = (error: Error) => {
    isOver = true;
    controller.error(error);
  };
  const letGo = () => {
    isOver = true;
    cancel().catch(() => undefined);
  };
  const stream = {
    start(given: typeof controller) {
      controller = given;
    },
    async pull() {
      try {
        const piece = await nextPiece(next);
        if (isOver) return;
        if (piece !== undefined) return controller.enqueue(piece);
        isOver = true;
        controller.close();
      } catch (error) {
        if (isOver) return;
        if (error instanceof NotBytes) misuse = new TypeError(error.message);
        else failure = ownFailure("audio_unreadable", { detail: explainError(error) });
        end(new Error("the audio could not be read", { cause: error }));
        if (misuse !== undefined) letGo();
      }
    },
    cancel: letGo,
  };
  return {
    body: new ReadableStream<Uint8Array>(stream, { highWaterMark: 0 }),
    failure() {
      if (misuse !== undefined) throw misuse;
      return failure;
    },
    stop() {
      if (isOver) return;
      end(new Error("the call is over"));
      letGo();
    },
  };
}

/** The source gave something but bytes. */
class NotBytes extends Error {}

/** The next piece that has bytes; undefined at the end. A pull that enqueues nothing would never be repeated. */
async function nextPiece(next: () => Promise<IteratorResult<unknown>>): Promise<Uint8Array | undefined> {
  for (;;) {
    const { done, value } = await next();
    if (done === true) return undefined;
    if (!isBytes(value)) throw new NotBytes("the pieces of the audio must be Uint8Array");
    if (value.byteLength > 0) return value;
  }
}

/** By name, since test runners and frames have a Uint8Array of their own. Other typed arrays are samples, not bytes. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === "Uint8Array";
}
