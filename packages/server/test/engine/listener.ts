import assert from "node:assert/strict";
import type { Engine, FrameRecognizer, RecognizedSpan, SessionOptions } from "../../dist/engine/engine.js";
import type { Segmenter, SegmenterPool, SpeechSegment } from "../../dist/engine/segmenter.js";

/** A live session with an engine of either kind, as a host keeps it; times count from its first sample. */
export type Listener = Required<FrameRecognizer>;

/** @param segmenters cut speech for engines that take segments */
export function listenTo(engine: Engine, segmenters: SegmenterPool, options: SessionOptions): Listener {
  if (engine.input === "segments") return new SegmentListener(engine.decode.bind(engine), segmenters, options);
  assert.ok(engine.input === "frames");
  const recognizer = engine.open(options);
  assert.ok(recognizer.hypothesis !== undefined && recognizer.flush !== undefined);
  return recognizer as Listener;
}

type Decode = Extract<Engine, { input: "segments" }>["decode"];

class SegmentListener implements Listener {
  readonly #decode: Decode;
  readonly #segmenters: SegmenterPool;
  readonly #options: SessionOptions;
  #segmenter: Segmenter;
  /** Samples of the session, and those of them before the segmenter's first. */
  #samples = 0;
  #from = 0;

  constructor(decode: Decode, segmenters: SegmenterPool, options: SessionOptions) {
    this.#decode = decode;
    this.#segmenters = segmenters;
    this.#options = options;
    this.#segmenter = segmenters.lend();
  }

  async accept(samples: Float32Array): Promise<readonly RecognizedSpan[]> {
    this.#samples += samples.length;
    return this.#decodeAll(this.#segmenter.push(samples));
  }

  hypothesis(): undefined {
    return undefined;
  }

  async flush(): Promise<RecognizedSpan | undefined> {
    const spans = await this.#decodeAll(this.#segmenter.flush());
    this.#segmenter.close();
    this.#segmenter = this.#segmenters.lend();
    this.#from = this.#samples;
    return joined(spans);
  }

  async finish(): Promise<RecognizedSpan | undefined> {
    return joined(await this.#decodeAll(this.#segmenter.flush()));
  }

  close(): void {
    this.#segmenter.close();
  }

  async #decodeAll(segments: readonly SpeechSegment[]): Promise<RecognizedSpan[]> {
    const from = this.#from;
    const spans = segments.map(async ({ samples, start, end }) => ({
      ...(await this.#decode(samples, this.#options)),
      startSeconds: (from + start) / 16_000,
      endSeconds: (from + end) / 16_000,
    }));
    return Promise.all(spans);
  }
}

function joined(spans: readonly RecognizedSpan[]): RecognizedSpan | undefined {
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const text = spans.map((span) => span.text).join(" ");
  return { text, startSeconds: first.startSeconds, endSeconds: last.endSeconds };
}
