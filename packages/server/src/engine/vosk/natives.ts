import { availableParallelism } from "node:os";
import { VoxpoolError } from "../../base/errors.ts";
import { sampleRateHz } from "../engine.ts";
import type { Handle, VoskLibrary } from "./library.ts";

/** A recogniser inside libvosk. Its times count from the first sample that it was ever given. */
export interface Native {
  readonly handle: Handle;
  samples: number;
  /** As it is set now. */
  alternatives: number;
  /** A JSON list of phrases; what it was made for, it stays. */
  readonly grammar: string | undefined;
}

/** What a session needs of its recogniser. */
export interface Wanted {
  /** So many readings; 0: one, with the words' confidences. */
  readonly alternatives: number;
  /** A JSON list of phrases, the only ones there are. */
  readonly grammar?: string;
}

/**
 * A used recogniser is worth keeping: it has unfolded the parts of the graph that speech begins with, which costs
 * a fresh one 0.7 s of CPU with a large vocabulary. But it never folds them up again (60 MB after 10 s of speech,
 * 200 MB after a minute, measured with a Korean model), so that it serves others only while it is young.
 */
const reusableSamples = 60 * sampleRateHz;

/** As many as decode at once, within reason for machines with many cores. */
const maxIdle = Math.min(4, availableParallelism());

const plain: Wanted = { alternatives: 0 };

/** Lends the recognisers of one model. Making and freeing touch what the model shares, hence one at a time. */
export class Natives {
  readonly library: VoskLibrary;
  readonly #model: Handle;
  readonly #speakerModel: Handle | undefined;
  readonly #idle: Native[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** @param speakerModel what makes the vectors of speakers, where there is one */
  constructor(library: VoskLibrary, model: Handle, speakerModel?: Handle) {
    this.library = library;
    this.#model = model;
    this.#speakerModel = speakerModel;
  }

  /** @throws VoxpoolError `decode_failed` */
  async take(wanted: Wanted = plain): Promise<Native> {
    const idle = wanted.grammar === undefined ? this.#idle.pop() : undefined;
    const native = idle ?? (await this.#inTurn(() => this.#create(wanted.grammar)));
    if (native.alternatives !== wanted.alternatives) {
      await this.library.setMaxAlternatives(native.handle, wanted.alternatives);
      native.alternatives = wanted.alternatives;
    }
    return native;
  }

  /** @param clean whether its last utterance was ended by `finalResult`, so that nothing of it is left */
  giveBack(native: Native, clean: boolean): void {
    const isReusable = clean && native.grammar === undefined && native.samples < reusableSamples;
    if (isReusable && this.#idle.length < maxIdle) this.#idle.push(native);
    else void this.#inTurn(() => this.library.freeRecognizer(native.handle));
  }

  /** The number of a word in the model's vocabulary; negative if it has no such word. */
  findWord(word: string): number {
    return this.library.findWord(this.#model, word);
  }

  async #create(grammar: string | undefined): Promise<Native> {
    const { library } = this;
    const handle = await (grammar === undefined
      ? library.newRecognizer(this.#model, sampleRateHz)
      : library.newRecognizerWithGrammar(this.#model, sampleRateHz, grammar));
    if (handle === null) throw new VoxpoolError("decode_failed", { detail: "libvosk could make no recogniser" });
    if (this.#speakerModel !== undefined) await library.setSpeakerModel(handle, this.#speakerModel);
    await library.setWords(handle, 1);
    return { handle, samples: 0, alternatives: 0, grammar };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
