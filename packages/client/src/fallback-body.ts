import type { TransportBody } from "./transport.ts";

/**
 * The body of a request that may have to be sent by another transport. A stream can be read once only, so the first
 * transport gets one that takes nothing from it before it is read.
 */
export class MovableBody {
  readonly #body: TransportBody | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isWhole = true;
  #attempt = 0;

  constructor(body: TransportBody | undefined) {
    this.#body = body;
  }

  /** Whether nothing of it has been taken yet. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The body for one more attempt, as a field of the request; what earlier attempts still hold gives nothing more. */
  attempt(): { readonly body?: TransportBody } {
    if (this.#body === undefined) return {};
    if (!(this.#body instanceof ReadableStream)) return { body: this.#body };
    this.#reader ??= this.#body.getReader();
    return { body: this.#stream(this.#reader, ++this.#attempt) };
  }

  #stream(reader: ReadableStreamDefaultReader<Uint8Array>, attempt: number): ReadableStream<Uint8Array> {
    const source: UnderlyingDefaultSource<Uint8Array> = {
      pull: async (controller) => {
        if (attempt !== this.#attempt) throw new Error("the request was sent another way");
        this.#isWhole = false;
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      // A transport that gave up before it read anything may not end the source: another one will read it.
      cancel: async (reason) => {
        if (!this.#isWhole && attempt === this.#attempt) await reader.cancel(reason);
      },
    };
    return new ReadableStream(source, { highWaterMark: 0 });
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
