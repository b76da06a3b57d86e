import type { Api, Caller } from "../../api/types.ts";
import { type MessageLanguage, VoxpoolError } from "../../base/errors.ts";
import { orAbort, untilAborted } from "../events.ts";
import { readEvents, type WyomingEvent } from "./frames.ts";
import { isSameFormat, readFormat, readWish, type SampleFormat, type Wish } from "./messages.ts";
import { startUtterance, type Tell, type Utterance, type UtteranceOptions } from "./utterance.ts";

/** How long the other side may be silent, and the setting that says so. */
export interface Patience {
  readonly seconds: number;
  readonly setting: string;
}

export interface ConversationOptions extends Pick<UtteranceOptions, "onEnd"> {
  readonly api: Pick<Api, "openLive">;
  /** What `describe` is answered with; soon, whatever the disk does. */
  readonly info: () => Promise<object>;
  readonly caller: (language: MessageLanguage, signal: AbortSignal) => Caller;
  readonly tell: Tell;
  /** Within an utterance, and while there is none. */
  readonly patience: { readonly speaking: Patience; readonly between: Patience };
  /** Ends it; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** One connection: events in, events out. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #over = new AbortController();
  #wish: Wish = {};
  /** The one that is heard, and the one whose transcript is on its way. */
  #heard: Utterance | undefined;
  #finishing: Utterance | undefined;
  #language: MessageLanguage = "en";
  /** Whether the next event is waited for, and since when. */
  #isWaiting = true;
  #heardAtMs = performance.now();

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  /** The language of the one who speaks, as far as messages have it. */
  get language(): MessageLanguage {
    return this.#language;
  }

  /** Resolves when the other side has ended it and everything was told. @throws what ended it */
  async run(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { signal } = this.#options;
    const stop = () => this.#over.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const watch = this.#watch();
    try {
      // Once a piece of the stream, not once an event: a piece may hold thousands of them.
      for await (const event of readEvents(untilAborted(chunks, this.#over.signal))) {
        this.#isWaiting = false;
        const taking = this.#take(event);
        if (taking !== undefined) await orAbort(taking, this.#over.signal);
        this.#heardAtMs = performance.now();
        this.#isWaiting = true;
      }
      await orAbort(this.#finished(), this.#over.signal);
    } finally {
      watch.close();
      signal.removeEventListener("abort", stop);
      this.#heard?.cancel();
      this.#finishing?.cancel();
    }
  }

  /** @returns what has to be waited for before the next event is read, if anything */
  #take({ type, data, payload }: WyomingEvent): Promise<void> | undefined {
    const { tell, info } = this.#options;
    switch (type) {
      case "describe":
        return info().then((known) => tell("info", known));
      case "ping":
        return tell("pong", typeof data.text === "string" ? { text: data.text } : {});
      case "transcribe":
        this.#wish = readWish(data);
        this.#language = /^(zh|cmn|yue)\b/i.test(this.#wish.language ?? "") ? "zh" : "en";
        return undefined;
      case "audio-start":
        this.#heard?.cancel(); // begun anew before it ended
        return this.#begin(readFormat(data)).then(() => undefined);
      case "audio-chunk":
        return this.#hear(readFormat(data), payload);
      case "audio-stop":
        return this.#end();
      default:
        return undefined; // what is not known is ignored, as the protocol wants it
    }
  }

  /** An utterance begins when the transcript of the one before is told. */
  async #begin(format: SampleFormat): Promise<Utterance> {
    this.#heard = undefined;
    await this.#finished();
    const { api, tell, caller, onEnd } = this.#options;
    const [wish, language] = [this.#wish, this.#language];
    const asker = (signal: AbortSignal) => caller(language, signal);
    const begun = startUtterance({ api, wish, format, tell, caller: asker, ...(onEnd && { onEnd }) });
    this.#heard = begun;
    begun.done.catch((error: unknown) => {
      if (begun === this.#heard || begun === this.#finishing) this.#over.abort(error);
    });
    return begun;
  }

  async #hear(format: SampleFormat, samples: Uint8Array | undefined): Promise<void> {
    // Some clients leave audio-start out.
    const heard = this.#heard ?? (await this.#begin(format));
    if (!isSameFormat(format, heard.format)) {
      throw new VoxpoolError("request_invalid", { detail: "the format of the audio changes within an utterance" });
    }
    if (samples !== undefined) await heard.write(samples);
  }

  async #end(): Promise<void> {
    const heard = this.#heard;
    this.#wish = {};
    if (heard === undefined) {
      await this.#finished();
      return this.#options.tell("transcript", { text: "" });
    }
    heard.end();
    this.#heard = undefined;
    await this.#finished();
    this.#finishing = heard;
    const forget = () => {
      if (this.#finishing === heard) this.#finishing = undefined;
      this.#heardAtMs = performance.now();
    };
    heard.done.then(forget, () => undefined);
  }

  async #finished(): Promise<void> {
    await this.#finishing?.done;
  }

  /** Ends it when nothing comes for too long, unless the other side is itself waiting for a transcript. */
  #watch(): { close(): void } {
    const { speaking, between } = this.#options.patience;
    const everyMs = Math.min(speaking.seconds, between.seconds) * 250;
    const look = () => {
      const { seconds, setting } = this.#heard === undefined ? between : speaking;
      const isLate = performance.now() - this.#heardAtMs >= seconds * 1000;
      if (!isLate || !this.#isWaiting || this.#finishing !== undefined) return;
      const reason = this.#heard === undefined ? "upload_stalled" : "live_idle";
      this.#over.abort(new VoxpoolError(reason, { idle_seconds: seconds, setting }));
    };
    const timer = setInterval(look, everyMs);
    return { close: () => clearInterval(timer) };
  }
}
