import type { LiveSettings } from "../engine.ts";

/** The pause that ends an utterance where nobody says another. */
const usualSilenceSeconds = 0.8;

/** Silence without speech before it: the networks start anew, since their memory of the past is not endless. */
const emptySeconds = 2.4;

/** What goes on for longer is ended, whatever the session wishes: networks are trained on utterances of this length. */
const longestSeconds = 20;

/** What was heard after a chunk; times in seconds of the session. */
export interface Hearing {
  readonly tokens: number;
  /** Starts of the first and the last token; undefined where the family gives no times. */
  readonly firstTokenSeconds: number | undefined;
  readonly lastTokenSeconds: number | undefined;
  /** Everything before is decoded. */
  readonly decodedSeconds: number;
}

/** The utterance under way: whether a pause has ended it. The silence is counted here because each session has its own. */
export class OnlineUtterance {
  readonly #live: Pick<LiveSettings, "manual" | "silenceSeconds">;
  #begunSeconds = 0;
  #tokens = 0;
  #firstSeconds = 0;
  #lastSeconds = 0;
  #decodedSeconds = 0;

  constructor(live: Pick<LiveSettings, "manual" | "silenceSeconds"> = { manual: false }) {
    this.#live = live;
  }

  /** Where its samples begin. */
  get begunSeconds(): number {
    return this.#begunSeconds;
  }

  /** About where its first and last words are; exact where the family gives times. */
  get firstSeconds(): number {
    return this.#firstSeconds;
  }

  get lastSeconds(): number {
    return this.#lastSeconds;
  }

  hear({ tokens, firstTokenSeconds, lastTokenSeconds, decodedSeconds }: Hearing): void {
    // Without times a new token lies anywhere in the chunk that brought it.
    const chunkSeconds = Math.max(this.#begunSeconds, this.#decodedSeconds);
    if (this.#tokens === 0 && tokens > 0) this.#firstSeconds = firstTokenSeconds ?? chunkSeconds;
    if (tokens > 0 && (lastTokenSeconds !== undefined || tokens !== this.#tokens)) {
      this.#lastSeconds = lastTokenSeconds ?? chunkSeconds;
    }
    this.#tokens = tokens;
    this.#decodedSeconds = decodedSeconds;
  }

  /** Whether it is over; without tokens that it never was one. */
  get isOver(): boolean {
    if (this.#tokens === 0) return this.#decodedSeconds - this.#begunSeconds >= emptySeconds;
    if (this.#decodedSeconds - this.#firstSeconds >= longestSeconds) return true;
    const { manual, silenceSeconds = usualSilenceSeconds } = this.#live;
    return !manual && this.#decodedSeconds - this.#lastSeconds >= silenceSeconds;
  }

  /** Another one begins here. */
  begin(seconds: number): void {
    this.#begunSeconds = seconds;
    this.#decodedSeconds = seconds;
    this.#tokens = 0;
  }
}
