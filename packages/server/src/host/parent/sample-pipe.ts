import type { Writable } from "node:stream";
import { flushCount, frameHeader } from "../wire.ts";

/** Writes sample frames; the kernel's buffer and the stream's own callback are the back-pressure. */
export class SamplePipe {
  readonly #stream: Writable | undefined;

  constructor(stream: Writable | undefined) {
    this.#stream = stream;
  }

  /**
   * Writes a frame without copying it: leave `samples` alone until `taken` is called, which is when the kernel has
   * them all. Never called when the process is gone.
   */
  write(session: number, samples: Float32Array | "flush", taken: () => void): void {
    const stream = this.#stream;
    if (!stream || stream.destroyed || stream.writableEnded) return;
    const done = (error?: Error | null): void => {
      if (!error) taken();
    };
    if (samples === "flush") return void stream.write(frameHeader(session, flushCount), done);
    const header = frameHeader(session, samples.length);
    if (samples.length === 0) return void stream.write(header, done);
    stream.cork();
    stream.write(header);
    stream.write(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), done);
    stream.uncork();
  }
}
