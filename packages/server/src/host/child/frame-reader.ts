import { flushCount, frameHeaderBytes, maxFrameSamples } from "../wire.ts";

/** A whole frame: samples of a session, or (empty) the end of its input. */
export type OnFrame = (session: number, samples: Float32Array) => void;

/** The pipe's bytes are no frames any more; nothing that follows can be trusted. */
export class OutOfStep extends Error {
  override readonly name = "OutOfStep";
}

/**
 * Puts frames together from the pipe's bytes, however these were split. Each frame's samples are copied once,
 * into an array of their own: that is what aligns them and what lets the session keep them.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  readonly #onFlush: (session: number) => void;
  readonly #header = new Uint8Array(frameHeaderBytes);
  readonly #headerView = new DataView(this.#header.buffer);
  #headerFilled = 0;
  #session = 0;
  #payload: Uint8Array | undefined;
  #payloadFilled = 0;

  constructor(onFrame: OnFrame, onFlush: (session: number) => void = () => undefined) {
    this.#onFrame = onFrame;
    this.#onFlush = onFlush;
  }

  /** Takes bytes; calls `onFrame`, or `onFlush`, for each frame that they complete. @throws OutOfStep */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      at += this.#payload ? this.#fillPayload(this.#payload, bytes, at) : this.#fillHeader(bytes, at);
    }
  }

  #fillHeader(bytes: Uint8Array, at: number): number {
    const taken = copyInto(this.#header, this.#headerFilled, bytes, at);
    this.#headerFilled += taken;
    if (this.#headerFilled === frameHeaderBytes) this.#startFrame();
    return taken;
  }

  #startFrame(): void {
    this.#headerFilled = 0;
    this.#session = this.#headerView.getUint32(0, true);
    const count = this.#headerView.getUint32(4, true);
    const isFlush = count === flushCount;
    // No session has the last number: bytes that are all ones are no flush.
    if ((count > maxFrameSamples && !isFlush) || this.#session === 0 || this.#session === flushCount) {
      throw new OutOfStep(`the sample pipe is out of step: a frame of ${count} samples for session ${this.#session}`);
    }
    if (isFlush) {
      this.#onFlush(this.#session);
      return;
    }
    if (count === 0) {
      this.#onFrame(this.#session, new Float32Array(0));
      return;
    }
    this.#payload = new Uint8Array(count * Float32Array.BYTES_PER_ELEMENT);
    this.#payloadFilled = 0;
  }

  #fillPayload(payload: Uint8Array, bytes: Uint8Array, at: number): number {
    const taken = copyInto(payload, this.#payloadFilled, bytes, at);
    this.#payloadFilled += taken;
    if (this.#payloadFilled === payload.length) {
      this.#payload = undefined;
      this.#onFrame(this.#session, new Float32Array(payload.buffer));
    }
    return taken;
  }
}

/** Copies as much of `source` from `at` as fits into `target` from `filled` on; gives how much that was. */
function copyInto(target: Uint8Array, filled: number, source: Uint8Array, at: number): number {
  const taken = Math.min(target.length - filled, source.length - at);
  target.set(source.subarray(at, at + taken), filled);
  return taken;
}
