import type { RecognizedSpan } from "../engine/engine.ts";
import type { SpeechEdge } from "./attempt.ts";
import type { PartialsFrom, PartialsPlace } from "./types.ts";

export interface PartialsSeatParts {
  /** Whether partials of the session's own are wanted from now on. */
  readonly want: (own: boolean) => void;
  readonly show: (span: RecognizedSpan) => void;
}

/** Who gives the partials of a session: itself, or another in its place. */
export class PartialsSeat {
  readonly #parts: PartialsSeatParts;
  #from: PartialsFrom | undefined;

  constructor(parts: PartialsSeatParts) {
    this.#parts = parts;
  }

  get isOwn(): boolean {
    return this.#from === undefined;
  }

  give(from: PartialsFrom): PartialsPlace {
    this.#from = from;
    this.#parts.want(false);
    return {
      show: (span) => {
        if (this.#from === from) this.#parts.show(span);
      },
      giveBack: () => {
        if (this.#from !== from) return;
        this.#from = undefined;
        this.#parts.want(true);
      },
    };
  }

  replaced(spans: readonly RecognizedSpan[]): void {
    if (spans.length > 0) this.#from?.replaced(spans);
  }

  speech(edge: SpeechEdge): void {
    this.#from?.speech(edge);
  }
}
