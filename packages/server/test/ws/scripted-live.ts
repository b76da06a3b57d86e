import type { LiveOptions } from "@voxpool/client/contract";
import type { Caller, LiveOutput, LiveRequest, LiveSession } from "../../dist/api/types.js";
import { VoxpoolError } from "../../dist/base/errors.js";

/** A live session that a test leads: for what a real one cannot be made to do at a wanted moment. */
export class ScriptedLive implements LiveSession {
  readonly model = { model_path: "model/test", model_version: "1", words: false, partials: true };
  readonly options: LiveOptions;
  readonly hints: readonly string[];
  readonly caller: Caller;
  /** What was written, in order. */
  written = Buffer.alloc(0);
  finalizes = 0;
  hasEnded = false;
  /** Whether writing waits. */
  isFull = false;
  cancelled: VoxpoolError | undefined;
  #outputs: LiveOutput[] = [];
  #failure: VoxpoolError | undefined;
  #wake = Promise.withResolvers<void>();
  readonly #changed = new Set<() => void>();

  constructor({ options, hints = [] }: LiveRequest, caller: Caller) {
    this.options = options;
    this.hints = hints;
    this.caller = caller;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.written = Buffer.concat([this.written, bytes]);
    this.#tell();
    await this.until(() => !this.isFull);
  }

  async caughtUp(): Promise<void> {
    // Nothing waits here.
  }

  finalize(): void {
    this.finalizes += 1;
    this.say({ type: "finalized" });
  }

  end(): void {
    this.hasEnded = true;
    this.#tell();
    this.say({ type: "ended", duration: this.written.length / 32_000, segments: 0 });
  }

  cancel(error = new VoxpoolError("request_cancelled")): void {
    this.cancelled ??= error;
    this.fail(this.cancelled);
  }

  async *events(): AsyncGenerator<LiveOutput> {
    for (;;) {
      const output = this.#outputs.shift();
      if (output !== undefined) {
        this.#tell();
        yield output;
        if (output.type === "ended") return;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    }
  }

  say(...outputs: readonly LiveOutput[]): void {
    this.#outputs.push(...outputs);
    this.#wake.resolve();
    this.#tell();
  }

  fail(error: VoxpoolError): void {
    this.#failure ??= error;
    this.#wake.resolve();
    this.#tell();
  }

  /** How many outputs nobody has taken. */
  get untaken(): number {
    return this.#outputs.length;
  }

  /** Lets writing go on. */
  drain(): void {
    this.isFull = false;
    this.#tell();
  }

  /** Resolves as soon as something that was written, said or cancelled makes it so. */
  async until(isSo: (live: this) => boolean): Promise<void> {
    while (!isSo(this)) {
      await new Promise<void>((resolve) => {
        this.#changed.add(resolve);
      });
    }
  }

  #tell(): void {
    for (const changed of this.#changed) changed();
    this.#changed.clear();
  }
}

export const final = (id: number, text: string): LiveOutput => ({
  type: "final",
  segment: { id, start: id, end: id + 1, text },
});

export const partial = (text: string): LiveOutput => ({ type: "partial", segment_id: 0, start: 0, text, stable: "" });
