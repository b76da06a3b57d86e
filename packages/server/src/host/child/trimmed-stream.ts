import type { RecognizedSpan } from "../../engine/engine.ts";
import { EnergyDetector } from "../../engine/vad/energy.ts";
import { type Passage, Trimmer } from "../../engine/vad/trimmer.ts";
import { Placement } from "./placement.ts";

/** Well inside the window of a session, or it would wait for itself. */
const longestPauseSeconds = 5;

/**
 * A stream without the silence at its ends, for engines that follow a stream; these bring no model that knows speech,
 * so silence is what cannot be heard. It gives the recogniser's times their place in the session.
 */
export class TrimmedStream {
  readonly #trimmer = new Trimmer({ detector: new EnergyDetector(), longestPauseSeconds });
  readonly #placement = new Placement();
  #takenSamples = 0;

  /** Samples that came in and did not go out, nor were taken off. */
  get heldSamples(): number {
    return this.#takenSamples - this.#trimmer.heldFrom;
  }

  push(samples: Float32Array): readonly Float32Array[] {
    this.#takenSamples += samples.length;
    return this.#trimmer.push(samples).map((passage) => this.#note(passage));
  }

  flush(): readonly Float32Array[] {
    return this.#trimmer.flush().map((passage) => this.#note(passage));
  }

  /** The session's sample behind the recogniser's first so many. */
  placeOf(samples: number): number {
    return this.#placement.placeOf(samples);
  }

  /** A span that counts from the recogniser's first sample, as one that counts from the session's. */
  placed(span: RecognizedSpan): RecognizedSpan {
    return this.#placement.placed(span);
  }

  #note({ from, samples }: Passage): Float32Array {
    this.#placement.pass(from, samples.length);
    return samples;
  }
}
