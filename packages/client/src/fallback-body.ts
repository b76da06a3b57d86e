import type { TransportBody } from "./transport.ts";

type Piece = ReadableStreamReadResult<Uint8Array>;

/** Node's `fetch` takes a piece or two before it knows that nobody listens. */
const keptBytesLimit = 1024 * 1024;

/**
 * The body of a request that may have to be sent by another transport. A stream can be read once only, so what is
 * taken from it is kept at first, up to a limit.
 */
export class MovableBody {
  readonly #body: TransportBody | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Everything that was taken so far; undefined once that was more than may be kept. */
  #kept: Promise<Piece>[] | undefined = [];
  #keptBytes = 0;
  #attempt = 0;

  constructor(body: TransportBody | undefined) {
    this.#body = body;
  }

  /** Whether it can be sent from its start. */
  get isKept(): boolean {
    return this.#kept !== undefined;
  }

  /** The body for one more attempt, as a field of the request; what earlier attempts still hold gives nothing more. */
  attempt(): { readonly body?: TransportBody } {
    if (this.#body === undefined) return {};
    if (!(this.#body instanceof ReadableStream)) return { body: this.#body };
    this.#reader ??= this.#body.getReader();
    return { body: this.#stream(this.#reader, ++this.#attempt) };
  }

  #stream(reader: ReadableStreamDefaultReader<Uint8Array>, attempt: number): ReadableStream<Uint8Array> {
    let index = 0;
    const source: UnderlyingDefaultSource<Uint8Array> = {
      pull: async (controller) => {
        if (attempt !== this.#attempt) throw new Error("the request was sent another way");
        const { done, value } = await this.#piece(reader, index++);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      // A transport that gave up may not end a source that another one can still read.
      cancel: async (reason) => {
        if (!this.isKept && attempt === this.#attempt) await reader.cancel(reason);
      },
    };
    return new ReadableStream(source, { highWaterMark: 0 });
  }

  async #piece(reader: ReadableStreamDefaultReader<Uint8Array>, index: number): Promise<Piece> {
    const kept = this.#kept;
    if (kept === undefined) return reader.read();
    const isNew = kept[index] === undefined;
    kept[index] ??= reader.read();
    const piece = await kept[index];
    if (isNew) this.#keptBytes += piece.value?.byteLength ?? 0;
    if (this.#keptBytes > keptBytesLimit) this.#kept = undefined;
    return piece;
  }
}

/** The same stream; `ended` is called once when it is at its end, has failed, or is read no further. */
export function noticeEnd(stream: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        ended();
        controller.close();
      } catch (error) {
        ended();
        throw error;
      }
    },
    async cancel(reason) {
      ended();
      await reader.cancel(reason);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
