import type { EngineAssets, ModelSpec } from "../engine.ts";
import type { Segmenter, SegmenterPool, SpeechSegment } from "../segmenter.ts";

const hangoverSamples = 8_000;
const threshold = 0.01;

/** Placeholder: stretches louder than a threshold, up to half a second of silence. */
export function createSegmenterPool(
  _kind: ModelSpec["segmenter"],
  _assets: EngineAssets,
  _maxSegmentSeconds: number,
): SegmenterPool {
  return { lend: () => new Cutter() };
}

class Cutter implements Segmenter {
  #position = 0;
  #start = -1;
  #loudUntil = 0;
  #kept: number[] = [];

  get heldFrom(): number {
    return this.#start < 0 ? this.#position : this.#start;
  }

  push(samples: Float32Array): readonly SpeechSegment[] {
    const done: SpeechSegment[] = [];
    for (const sample of samples) {
      if (Math.abs(sample) > threshold) {
        if (this.#start < 0) this.#start = this.#position;
        this.#loudUntil = this.#position + 1;
      }
      if (this.#start >= 0) this.#kept.push(sample);
      this.#position += 1;
      if (this.#start >= 0 && this.#position - this.#loudUntil > hangoverSamples) done.push(this.#cut());
    }
    return done;
  }

  flush(): readonly SpeechSegment[] {
    return this.#start < 0 ? [] : [this.#cut()];
  }

  close(): void {
    this.#kept = [];
  }

  #cut(): SpeechSegment {
    const start = this.#start;
    const end = this.#loudUntil;
    const samples = Float32Array.from(this.#kept);
    this.#kept = [];
    this.#start = -1;
    return { start, end, samplesFrom: start, samples };
  }
}
