import type { LiveEncoding } from "@voxpool/client/contract";
import type { AudioDecoder } from "../audio/audio.ts";
import { concatenated } from "../audio/channels.ts";
import type { SampleForm } from "../audio/pcm.ts";
import { PcmStream } from "../audio/pcm-stream.ts";
import type { Kernels } from "../audio/resample.ts";
import { VoxpoolError } from "../base/errors.ts";
import { LiveBytes } from "./live-bytes.ts";

/** Where the samples of a live session go. */
export interface SampleSink {
  /** Resolves when more may come. @throws what ended the session */
  write(samples: Float32Array): Promise<void>;
  /** What was written so far becomes final. */
  flush(): void;
  end(): void;
  cancel(error: VoxpoolError): void;
}

/** Takes the bytes of a live session apart. Calls take effect in their order. */
export interface LiveInput {
  /** Resolves when more may come. @throws what ended the session */
  write(bytes: Uint8Array): Promise<void>;
  flush(): void;
  end(): void;
  /** Nobody wants the rest. Safe to call twice. */
  close(): void;
}

export interface LiveFormat {
  readonly encoding: LiveEncoding;
  /** Of what says nothing of itself. */
  readonly rateHz: number;
  readonly channels: number;
}

export interface LiveInputParts {
  readonly audio: AudioDecoder;
  readonly kernels: Kernels;
  /** Longest session, seconds. */
  readonly maxSeconds: number;
}

const forms: Readonly<Partial<Record<LiveEncoding, SampleForm>>> = {
  s16le: "s16",
  f32le: "f32",
  mulaw: "mulaw",
  alaw: "alaw",
};

/** The input for an encoding. What goes wrong in decoding cancels the sink. */
export function createLiveInput(format: LiveFormat, sink: SampleSink, parts: LiveInputParts): LiveInput {
  const { encoding, rateHz, channels } = format;
  const form = forms[encoding];
  if (form === undefined) return new CodedInput(sink, parts);
  return new PcmInput(new PcmStream({ form, rateHz, channels, littleEndian: true }, parts.kernels), sink);
}

/** So many bytes are converted at once, a millisecond of work: others have their turn between them. */
const pieceBytes = 65_536;

/** Fewer samples wait for more: 10 ms. Who sends single samples would cost a message each. */
const leastSamples = 160;

/** Uncompressed samples, converted here: a way to a thread and back would cost more. */
class PcmInput implements LiveInput {
  readonly #stream: PcmStream;
  readonly #sink: SampleSink;
  /** Fewer than are handed on. */
  #few = new Float32Array(0);
  /** Calls take effect one after the other. */
  #tail: Promise<void> = Promise.resolve();

  constructor(stream: PcmStream, sink: SampleSink) {
    this.#stream = stream;
    this.#sink = sink;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const samples = this.#stream.push(bytes.subarray(at, at + pieceBytes));
        await this.#hand(samples, leastSamples);
      }
    });
  }

  flush(): void {
    const flushed = this.#inTurn(async () => {
      await this.#hand(new Float32Array(0), 1);
      this.#sink.flush();
    });
    flushed.catch(() => undefined); // what ended the session is told by its events
  }

  end(): void {
    const last = this.#inTurn(async () => {
      await this.#hand(this.#stream.end(), 1);
      this.#sink.end();
    });
    last.catch(() => undefined); // likewise
  }

  close(): void {
    // It holds nothing.
  }

  /** Hands on what there is if that is enough. */
  async #hand(samples: Float32Array<ArrayBuffer>, least: number): Promise<void> {
    const all = this.#few.length === 0 ? samples : concatenated([this.#few, samples]);
    this.#few = all.length < least ? all : new Float32Array(0);
    if (all.length >= least) await this.#sink.write(all);
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const result = this.#tail.then(step);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

/** Opus in a container, taken apart and decoded by the threads that do so for recordings. */
class CodedInput implements LiveInput {
  readonly #bytes = new LiveBytes();
  readonly #sink: SampleSink;
  readonly #over = new AbortController();
  #isIdle = false;
  /** Flushes that wait until what came before them is decoded. */
  #flushes = 0;

  constructor(sink: SampleSink, { audio, maxSeconds }: LiveInputParts) {
    this.#sink = sink;
    const { signal } = this.#over;
    const onIdle = () => this.#idle();
    const { samples } = audio.decode(this.#bytes, { maxSeconds, signal, live: { onIdle } });
    void this.#pass(samples);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) this.#isIdle = false;
    return this.#bytes.write(bytes);
  }

  flush(): void {
    this.#flushes += 1;
    if (this.#isIdle) this.#flushAll();
  }

  end(): void {
    this.#bytes.end();
  }

  close(): void {
    this.#over.abort(new VoxpoolError("request_cancelled"));
    this.#bytes.close();
  }

  async #pass(chunks: AsyncIterable<readonly [Float32Array, ...Float32Array[]]>): Promise<void> {
    try {
      for await (const [samples] of chunks) await this.#sink.write(samples);
      this.#flushAll();
      this.#sink.end();
    } catch (error) {
      if (!this.#bytes.hasCome && VoxpoolError.from(error).reason === "audio_missing") return this.#endEmpty();
      this.#sink.cancel(VoxpoolError.from(error));
    } finally {
      this.#bytes.close();
    }
  }

  /** Who says nothing at all has said nothing wrong. */
  #endEmpty(): void {
    this.#flushAll();
    this.#sink.end();
  }

  #idle(): void {
    if (!this.#bytes.isEmpty) return;
    this.#isIdle = true;
    this.#flushAll();
  }

  #flushAll(): void {
    for (; this.#flushes > 0; this.#flushes -= 1) this.#sink.flush();
  }
}
