import type { Segmenter, SpeechSegment } from "../segmenter.ts";
import { type Passage, Trimmer, type TrimmerOptions } from "./trimmer.ts";

export interface TrimmedSegmenterOptions {
  readonly trimmer: TrimmerOptions;
  /** Makes what cuts a passage. */
  readonly cutter: () => Segmenter;
}

/** Cuts what a trimmer lets through; each passage has a cutter of its own. */
export class TrimmedSegmenter implements Segmenter {
  readonly #trimmer: Trimmer;
  readonly #newCutter: () => Segmenter;
  #cutter: Segmenter | undefined;
  /** Where the passage under way begins. */
  #from = 0;

  constructor({ trimmer, cutter }: TrimmedSegmenterOptions) {
    this.#trimmer = new Trimmer(trimmer);
    this.#newCutter = cutter;
  }

  get heldFrom(): number {
    const { heldFrom } = this.#trimmer;
    return this.#cutter === undefined ? heldFrom : Math.min(heldFrom, this.#from + this.#cutter.heldFrom);
  }

  push(samples: Float32Array): readonly SpeechSegment[] {
    return this.#trimmer.push(samples).flatMap((passage) => this.#cut(passage));
  }

  flush(): readonly SpeechSegment[] {
    const segments = this.#trimmer.flush().flatMap((passage) => this.#cut(passage));
    return this.#cutter === undefined ? segments : [...segments, ...this.#finish(this.#cutter)];
  }

  close(): void {
    this.#trimmer.close();
    this.#cutter?.close();
    this.#cutter = undefined;
  }

  #cut({ from, samples, ends }: Passage): readonly SpeechSegment[] {
    if (this.#cutter === undefined) {
      this.#cutter = this.#newCutter();
      this.#from = from;
    }
    const segments = this.#cutter.push(samples).map((segment) => this.#placed(segment));
    return ends ? [...segments, ...this.#finish(this.#cutter)] : segments;
  }

  #finish(cutter: Segmenter): readonly SpeechSegment[] {
    this.#cutter = undefined;
    return cutter.flush().map((segment) => this.#placed(segment));
  }

  #placed(segment: SpeechSegment): SpeechSegment {
    const from = this.#from;
    return {
      ...segment,
      start: segment.start + from,
      end: segment.end + from,
      samplesFrom: segment.samplesFrom + from,
    };
  }
}
