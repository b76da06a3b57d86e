import type { EngineAssets, ModelSpec } from "../engine.ts";
import type { Segmenter, SegmenterPool, SpeechSegment } from "../segmenter.ts";

const blockSamples = 160;
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
  #kept: Float32Array[] = [];

  get heldFrom(): number {
    return this.#start < 0 ? this.#position : this.#start;
  }

  push(samples: Float32Array): readonly SpeechSegment[] {
    const done: SpeechSegment[] = [];
    for (let at = 0; at < samples.length; at += blockSamples) {
      const block = samples.subarray(at, at + blockSamples);
      const loud = block.some((sample) => Math.abs(sample) > threshold);
      if (loud && this.#start < 0) this.#start = this.#position;
      this.#position += block.length;
      if (loud) this.#loudUntil = this.#position;
      if (this.#start >= 0) this.#kept.push(block);
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
    const samples = new Float32Array(this.#kept.reduce((sum, block) => sum + block.length, 0));
    let filled = 0;
    for (const block of this.#kept) {
      samples.set(block, filled);
      filled += block.length;
    }
    this.#kept = [];
    this.#start = -1;
    return { start, end: this.#loudUntil, samplesFrom: start, samples };
  }
}
