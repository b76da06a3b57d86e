import { availableParallelism } from "node:os";
import { VoxpoolError } from "../../base/errors.ts";
import { sampleRateHz } from "../engine.ts";
import type { Handle, VoskLibrary } from "./library.ts";

/** A recogniser inside libvosk. Its times count from the first sample that it was ever given. */
export interface Native {
  readonly handle: Handle;
  samples: number;
}

/**
 * A used recogniser is worth keeping: it has unfolded the parts of the graph that speech begins with, which costs
 * a fresh one 0.7 s of CPU with a large vocabulary. But it never folds them up again (60 MB after 10 s of speech,
 * 200 MB after a minute, measured with a Korean model), so that it serves others only while it is young.
 */
const reusableSamples = 60 * sampleRateHz;

/** As many as decode at once, within reason for machines with many cores. */
const maxIdle = Math.min(4, availableParallelism());

/** Lends the recognisers of one model. Making and freeing touch what the model shares, hence one at a time. */
export class Natives {
  readonly library: VoskLibrary;
  readonly #model: Handle;
  readonly #idle: Native[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(library: VoskLibrary, model: Handle) {
    this.library = library;
    this.#model = model;
  }

  /** @throws VoxpoolError `decode_failed` */
  async take(): Promise<Native> {
    return this.#idle.pop() ?? this.#inTurn(() => this.#create());
  }

  /** @param clean whether its last utterance was ended by `finalResult`, so that nothing of it is left */
  giveBack(native: Native, clean: boolean): void {
    if (clean && native.samples < reusableSamples && this.#idle.length < maxIdle) this.#idle.push(native);
    else void this.#inTurn(() => this.library.freeRecognizer(native.handle));
  }

  async #create(): Promise<Native> {
    const handle = await this.library.newRecognizer(this.#model, sampleRateHz);
    if (handle === null) throw new VoxpoolError("decode_failed", { detail: "libvosk could make no recogniser" });
    await this.library.setWords(handle, 1);
    return { handle, samples: 0 };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
