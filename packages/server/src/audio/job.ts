import type { Spool } from "../base/spool.ts";
import type { AudioChunk, DecodeAudioOptions } from "./audio.ts";
import { ByteQueue } from "./byte-queue.ts";
import { isMp4 } from "./containers/mp4-box.ts";
import type { PacketStream } from "./containers/packets.ts";
import { mostPieceBytes, stepSamples } from "./format.ts";
import { packetBytes } from "./indexed-file.ts";
import type { DecodePool } from "./pool.ts";
import { WholeFile } from "./whole-file.ts";
import type { DecodeState, Step, StepResult } from "./wire.ts";

/** So many bytes tell whether a file has to be there whole. */
const sniffedBytes = 16;

interface Taker {
  readonly resolve: (result: IteratorResult<AudioChunk>) => void;
  readonly reject: (error: unknown) => void;
}

export interface JobParts {
  readonly pool: DecodePool;
  readonly spool: Pick<Spool, "file">;
  /** Where the job is from its first read to its end. */
  readonly running: Set<DecodeJob>;
}

/**
 * One decoding: reads the input, has its steps done by the pool, gives samples to whoever iterates. Each
 * part runs as far as the bounds between them let it: about 256 KB of input (AAC 1 MB), 1 MB of samples.
 */
export class DecodeJob implements AsyncIterableIterator<AudioChunk> {
  readonly #pool: DecodePool;
  readonly #options: DecodeAudioOptions;
  readonly #running: Set<DecodeJob>;
  readonly #input: AsyncIterable<Uint8Array>;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  /** The iterator is over, or was left. */
  #isDrained = false;
  /** For a recording that cannot be read from front to back. */
  readonly #whole: WholeFile;
  #isWhole: boolean | undefined;
  #packets: PacketStream | undefined;

  readonly #bytes = new ByteQueue();
  #reading = false;
  #inputEnded = false;

  #stepping = false;
  #state: DecodeState | undefined;
  #wantsBytes = sniffedBytes;
  #pieceBytes = mostPieceBytes;
  #finished = false;
  #declaredSeconds: number | undefined;

  readonly #samples: AudioChunk[] = [];
  readonly #takers: Taker[] = [];
  #closed = false;
  /** Aborted when nobody wants what is under way. */
  readonly #over = new AbortController();
  #released: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(input: AsyncIterable<Uint8Array>, options: DecodeAudioOptions, { pool, spool, running }: JobParts) {
    this.#input = input;
    this.#options = options;
    this.#pool = pool;
    this.#running = running;
    this.#whole = new WholeFile(spool);
  }

  get declaredSeconds(): number | undefined {
    return this.#declaredSeconds;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<AudioChunk>> {
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
      if (this.#iterator === undefined && !this.#closed) this.#start();
      this.#advance();
    });
  }

  /** Nobody wants the rest: frees everything at once, whatever is under way. */
  return(): Promise<IteratorResult<AudioChunk>> {
    this.#close();
    this.#serve();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends it with an error, which the next read of samples throws. */
  fail(error: unknown): void {
    if (this.#closed) return;
    this.#failure = { error };
    this.#close();
    this.#serve();
  }

  readonly #abort = (): void => this.fail(this.#options.signal?.reason);

  #start(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) {
      this.fail(signal.reason);
      return;
    }
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.#running.add(this);
    try {
      this.#iterator = this.#input[Symbol.asyncIterator]();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Starts whatever can go on. Called after every change. */
  #advance(): void {
    this.#serve();
    if (this.#closed) return;
    const room = this.#finished || this.#bytes.length < Math.max(this.#wantsBytes, this.#pieceBytes);
    if (room && !this.#reading && !this.#inputEnded) void this.#fill();
    const ready = this.#inputEnded || this.#bytes.length >= this.#wantsBytes;
    const space = this.#samples.reduce((sum, chunk) => sum + chunk[0].length * chunk.length, 0) < stepSamples;
    if (ready && space && !this.#stepping && !this.#finished) void this.#step();
    const isIdle = this.#reading && !this.#stepping && this.#takers.length > 0;
    if (isIdle) this.#options.live?.onIdle();
  }

  /** Waits until nothing of an ended job is on the disk any more. */
  released(): Promise<void> {
    return this.#released;
  }

  /** Gives takers what is there. The end comes with the end of the input: what follows the sound is read too. */
  #serve(): void {
    while (this.#takers.length > 0) {
      const value = this.#samples.shift();
      if (value === undefined && this.#finished && this.#inputEnded) this.#close();
      if (value === undefined && !this.#closed) return;
      this.#settle(this.#takers.shift() as Taker, value);
    }
  }

  #settle(taker: Taker, value: AudioChunk | undefined): void {
    const failure = this.#failure;
    if (value !== undefined) {
      taker.resolve({ done: false, value });
    } else if (failure === undefined) {
      taker.resolve({ done: true, value: undefined });
    } else {
      this.#failure = undefined;
      taker.reject(failure.error);
    }
  }

  async #fill(): Promise<void> {
    this.#reading = true;
    try {
      const { done, value } = await this.#read();
      if (done !== true && !this.#finished && !this.#closed) this.#bytes.push(value);
      if (done === true && (this.#isWhole !== true || this.#packets !== undefined)) this.#inputEnded = true;
      await this.#spool(done === true);
    } catch (error) {
      this.fail(error);
    }
    this.#reading = false;
    this.#advance();
  }

  async #read(): Promise<IteratorResult<Uint8Array>> {
    const iterator = this.#iterator;
    let isOver = true; // also after an error
    try {
      const result = await iterator?.next();
      isOver = result?.done !== false;
      return result ?? { done: true, value: undefined };
    } finally {
      this.#isDrained = isOver;
    }
  }

  /** A file of which all has to be there goes to the disk; once it is, its packets are the input. */
  async #spool(ended: boolean): Promise<void> {
    if (this.#isWhole === undefined && (ended || this.#bytes.length >= sniffedBytes)) {
      this.#isWhole = this.#options.raw === undefined && isMp4(this.#bytes.peek(sniffedBytes));
      if (this.#isWhole) this.#inputEnded = false;
    }
    if (this.#isWhole !== true || this.#packets !== undefined || this.#closed) return;
    const path = await this.#wholePath(ended);
    if (path === undefined || this.#closed) return;
    const index = await this.#whole.use(this.#pool.run(() => (this.#closed ? undefined : { file: path })));
    if (index === undefined || this.#closed) return;
    this.#packets = index.stream;
    if ((index.declaredSeconds ?? Number.POSITIVE_INFINITY) <= this.#options.maxSeconds) {
      this.#declaredSeconds = index.declaredSeconds;
    }
    this.#iterator = packetBytes(path, index.packets);
    this.#isDrained = false;
  }

  /** Where the file is, once all of it is there. */
  async #wholePath(ended: boolean): Promise<string | undefined> {
    const { file } = this.#options;
    if (file === undefined) {
      await this.#whole.append(this.#bytes.take(this.#bytes.length));
      return ended && !this.#closed ? this.#whole.complete() : undefined;
    }
    // It is not read twice.
    this.#bytes.clear();
    void this.#leaveInput();
    return file;
  }

  async #step(): Promise<void> {
    this.#stepping = true;
    try {
      const result = await this.#pool.run(() => this.#makeStep(), this.#over.signal);
      if (result !== undefined && !this.#closed) this.#accept(result);
    } catch (error) {
      this.fail(error);
    }
    this.#stepping = false;
    this.#advance();
  }

  #makeStep(): Step | undefined {
    if (this.#closed) return undefined;
    const { raw, live, maxSeconds, channels = "mix" } = this.#options;
    return {
      waitingBytes: this.#bytes.length,
      bytes: this.#bytes.take(this.#pieceBytes),
      ended: this.#inputEnded,
      maxSeconds,
      channels,
      ...(raw === undefined ? {} : { raw }),
      ...(live === undefined ? {} : { isLive: true as const }),
      ...(this.#packets === undefined ? {} : { packets: this.#packets }),
      ...(this.#state === undefined ? {} : { state: this.#state }),
    };
  }

  #accept(result: StepResult): void {
    this.#state = result.state;
    this.#wantsBytes = result.wantsBytes;
    this.#pieceBytes = result.pieceBytes;
    this.#finished = result.finished;
    this.#declaredSeconds ??= result.declaredSeconds;
    if (result.rest !== undefined) this.#bytes.unshift(result.rest);
    if (result.samples !== undefined) this.#samples.push(result.samples);
    if (result.finished) this.#bytes.clear();
  }

  /** Lets go of everything, in whatever state it is. */
  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#over.abort();
    this.#options.signal?.removeEventListener("abort", this.#abort);
    const left = this.#leaveInput();
    this.#released = this.#release(this.#packets === undefined ? undefined : left);
    this.#bytes.clear();
    this.#samples.length = 0;
    this.#state = undefined;
  }

  /** @param left settles when the file is not read any more */
  async #release(left: Promise<void> | undefined): Promise<void> {
    await left;
    // Nobody listens: what cannot be removed is the business of the spool.
    await this.#whole.remove().catch(() => undefined);
    this.#running.delete(this);
  }

  /** Not waited for: an input that waits for its own sender may take for ever to hear of it. */
  async #leaveInput(): Promise<void> {
    if (this.#isDrained) return;
    this.#isDrained = true;
    try {
      await this.#iterator?.return?.();
    } catch {
      // Whoever made the input knows; here nobody listens any more.
    }
  }
}
