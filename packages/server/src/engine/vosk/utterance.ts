import { type LiveSettings, sampleRateHz } from "../engine.ts";

/** An utterance that goes on for longer is ended at the next pause, whatever the session wishes: memory grows with it. */
const longestSamples = 20 * sampleRateHz;

/** libvosk says a word so long after it began, about. */
const lagSeconds = 0.4;

/** What is known of the utterance under way, by the session's samples. */
export class Utterance {
  readonly #live: LiveSettings | undefined;
  #begunAt = 0;
  #text = "";
  /** When its first word was heard, and when the text last changed. */
  #heardAt = 0;
  #changedAt = 0;

  constructor(live: LiveSettings | undefined) {
    this.#live = live;
  }

  /** Whether every partial text has to be told to it. */
  get isFollowed(): boolean {
    return this.#live?.manual === true || this.#live?.silenceSeconds !== undefined;
  }

  /** About where it begins; its words say so exactly in the end. */
  get startSeconds(): number {
    return Math.max(this.#begunAt / sampleRateHz, this.#heardAt / sampleRateHz - lagSeconds);
  }

  hear(text: string, at: number): void {
    if (text === this.#text) return;
    if (this.#text === "") this.#heardAt = at;
    this.#text = text;
    this.#changedAt = at;
  }

  /** The pause that libvosk found does not end it, because the session wishes a longer one or none at all. */
  goesOn(at: number): boolean {
    if (this.#live === undefined || this.#text === "" || at - this.#begunAt >= longestSamples) return false;
    const { manual, silenceSeconds = 0 } = this.#live;
    return manual || at - this.#changedAt < silenceSeconds * sampleRateHz;
  }

  /** Another one begins here. */
  begin(at: number): void {
    this.#begunAt = at;
    this.#text = "";
    this.#heardAt = at;
    this.#changedAt = at;
  }
}
