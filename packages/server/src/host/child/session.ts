import { VoxpoolError, type WireError } from "../../base/errors.ts";
import type { RecognizedSpan } from "../../engine/engine.ts";
import type { FromHost } from "../wire.ts";
import type { DecodeClock } from "./decode-clock.ts";
import type { Turns } from "./turns.ts";

/** A session as the host's engine thread sees it. Nothing here throws: what fails is told to the parent. */
export interface ChildSession {
  /** Takes samples, which the session then owns. */
  take(samples: Float32Array): void;
  /** What was said so far ends here: it is cut, and `flushed` is told behind that. */
  flush(): void;
  /** No more samples. */
  endInput(): void;
  /** The permit for a piece of work. */
  grant(work: number): void;
  /** Whether what is heard is wanted before an utterance is over, from now on; live sessions alone. */
  wantPartials(wanted: boolean): void;
  /** Frees everything that is not in use by a running decode; that follows when it ends. Safe to call twice. */
  close(): void;
}

/** What sessions need of the thread they live in. */
export interface SessionContext {
  readonly post: (message: FromHost) => void;
  readonly clock: DecodeClock;
  readonly turns: Turns;
  /** The session is over, well or badly: it is closed and forgotten. */
  readonly forget: (session: number) => void;
}

/** `consumed` is told when it has moved by so many samples: a second. */
export const consumedStepSamples = 16_000;

const detailLength = 500;

/** Whatever was thrown, as it crosses to the parent; what is unknown becomes `reason` with its message as the detail. */
export function failureOf(error: unknown, reason: "decode_failed" | "model_load_failed"): WireError {
  if (error instanceof VoxpoolError) return error.toWire();
  const text = error instanceof Error ? error.message : String(error);
  return { reason, details: { detail: text.replaceAll(/\s+/g, " ").trim().slice(0, detailLength) } };
}

/** More than anybody says in the longest segment; a model that writes more has lost its way. */
const mostCharacters = 200_000;

/** Results as they may leave the process. @throws VoxpoolError `decode_failed` if there is more text than can be true */
export function within(results: readonly RecognizedSpan[]): readonly RecognizedSpan[] {
  const characters = results.reduce((sum, { text, words = [] }) => sum + Math.max(text.length, words.length), 0);
  if (characters <= mostCharacters) return results;
  throw new VoxpoolError("decode_failed", { detail: `its text is longer than ${mostCharacters} characters` });
}
