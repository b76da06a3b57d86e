import type { TransportBody } from "./transport.ts";

/** Node's `fetch` takes a piece or two before it knows that nobody listens. */
const windowBytes = 1024 * 1024;
/** A caller's piece is handed on in parts, so that a large one does not fill the window at once. */
const partBytes = 64 * 1024;

/**
 * The body of a request that may have to be sent once more, by another transport. A stream can be read once only, so
 * all that is read of it stays in a window, until the body is settled: by `settle`, or because one attempt was given
 * more than the window may hold.
 *
 * Only the newest attempt is given anything, and only that one has the source read; parts leave the window only when
 * it has been given them and no other can follow. So none can miss a part.
 */
export class MovableBody {
  readonly #body: TransportBody | undefined;
  readonly #limitBytes: number;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** The read of the source that is under way: whoever waits for a part waits for it, whoever began it. */
  #reading: Promise<void> | undefined;
  #window: Uint8Array[] = [];
  /** The source is at its end. */
  #isOver = false;
  /** There will be no other attempt. */
  #isSettled = false;
  #newest = 0;
  /** Which part of the window the newest attempt is given next, and how much it was given. */
  #next = 0;
  #givenBytes = 0;
  /** The newest attempt was cancelled while another could still follow. */
  #cancelled: { readonly reason: unknown } | undefined;

  /** @param limitBytes an attempt that was given more than this is the last one */
  constructor(body: TransportBody | undefined, limitBytes = windowBytes) {
    this.#body = body;
    this.#limitBytes = limitBytes;
  }

  /** Whether it can be sent once more from its start. */
  get canMove(): boolean {
    return !this.#isSettled;
  }

  /** The body for one more attempt, as a field of the request; what earlier attempts hold gives nothing more. */
  attempt(): { readonly body?: TransportBody } {
    if (this.#isSettled) throw new Error("a settled body cannot be sent again");
    if (this.#body === undefined) return {};
    if (!(this.#body instanceof ReadableStream)) return { body: this.#body };
    this.#reader ??= this.#body.getReader();
    this.#cancelled = undefined;
    this.#next = 0;
    this.#givenBytes = 0;
    return { body: this.#stream(this.#reader, ++this.#newest) };
  }

  /** The newest attempt is the last: what it was given is let go of, and to cancel it is to cancel the source. */
  settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#letGo();
    if (this.#cancelled !== undefined) this.release(this.#cancelled.reason);
  }

  /** Nobody reads it any more: cancels the source. Safe to call twice. */
  release(reason?: unknown): void {
    this.#isSettled = true;
    this.#newest++;
    this.#window = [];
    this.#reader?.cancel(reason).catch(() => undefined);
  }

  #stream(reader: ReadableStreamDefaultReader<Uint8Array>, attempt: number): ReadableStream<Uint8Array> {
    const source: UnderlyingDefaultSource<Uint8Array> = {
      pull: async (controller) => {
        const part = await this.#part(reader, attempt);
        if (part === undefined) controller.close();
        else controller.enqueue(part);
      },
      cancel: async (reason) => {
        if (attempt !== this.#newest) return;
        if (this.#isSettled) await reader.cancel(reason);
        // A transport that gave up may not end a source that another one can still read.
        else this.#cancelled = { reason };
      },
    };
    return new ReadableStream(source, { highWaterMark: 0 });
  }

  /** Undefined at the end. */
  async #part(reader: ReadableStreamDefaultReader<Uint8Array>, attempt: number): Promise<Uint8Array | undefined> {
    for (;;) {
      if (attempt !== this.#newest) throw new Error("the request was sent another way");
      const part = this.#window[this.#next];
      if (part !== undefined) return this.#give(part);
      if (this.#isOver) return undefined;
      this.#reading ??= this.#read(reader).finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const { done, value } = await reader.read();
    if (done) this.#isOver = true;
    else for (let at = 0; at < value.byteLength; at += partBytes) this.#window.push(value.subarray(at, at + partBytes));
  }

  #give(part: Uint8Array): Uint8Array {
    this.#next++;
    this.#givenBytes += part.byteLength;
    if (this.#givenBytes > this.#limitBytes) this.#isSettled = true;
    if (this.#isSettled) this.#letGo();
    return part;
  }

  /** Of what the newest attempt was given. */
  #letGo(): void {
    this.#window.splice(0, this.#next);
    this.#next = 0;
  }
}

/** The same stream; `ended` is called once: when it is at its end, has failed, or is read no further. */
export function noticeEnd(stream: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let isOpen = true;
  const end = () => {
    if (isOpen) ended();
    isOpen = false;
  };
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        end();
        throw error;
      }
      // A read that was under way also ends when the stream is cancelled; there is nothing to close then.
      if (isOpen) controller.close();
      end();
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
