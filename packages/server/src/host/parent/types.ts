import type { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { EngineAssets, EngineInfo, ModelSpec, RecognizedSpan, SessionOptions } from "../../engine/engine.ts";
import type { SpeechState } from "../wire.ts";

/** A child process with one model in it. */
export interface Host {
  readonly pid: number | undefined;
  /**
   * The model is usable.
   * @throws VoxpoolError `model_load_failed`, `model_load_timeout`, `model_files_invalid`, `model_load_cancelled`
   */
  readonly loaded: Promise<EngineInfo>;
  /** The process is gone; never rejects. */
  readonly ended: Promise<HostEnd>;
  /** False from the moment on at which its end is certain; `ended` may come a little later. */
  readonly isUsable: boolean;
  /** As of the last heartbeat. */
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  /** Call after `loaded`. @throws VoxpoolError `host_crashed` when the process is gone */
  open(options: SessionOptions): HostSession;
  /**
   * Punctuates text; for engines whose input is `text`. Call after `loaded`.
   * @param expectedSeconds how long it should take, where that is known
   * @throws VoxpoolError `host_crashed`, `host_hung`, `decode_failed`
   */
  punctuate(text: string, expectedSeconds?: number): Promise<TextDone>;
  /** Ends the process at once (SIGKILL); what is pending fails with `error`. Resolves when it is gone. Safe to call twice. */
  end(error?: VoxpoolError): Promise<HostEnd>;
}

/** How a process ended. */
export interface HostEnd {
  /** Whether `end()` was asked for. */
  readonly wanted: boolean;
  /** A signal that somebody sent it, or that stopped it: what it was doing is not the cause. */
  readonly fromOutside: boolean;
  /** For people: the named signal or exit code, and the last lines of stderr. */
  readonly explanation: string;
}

export interface HostOptions {
  readonly spec: ModelSpec;
  readonly assets: EngineAssets;
  /** Decodes that run at once in the child. */
  readonly threads: number;
  /** As in messages and errors: `model/cn`. */
  readonly modelPath: string;
  /** A load without progress (CPU time, memory) for so long is ended. */
  readonly loadIdleSeconds: number;
  /** A decode may take so long, or ten times the expected if that is more. */
  readonly hangSeconds: number;
  readonly log: Log;
}

export type StartHost = (options: HostOptions) => Host;

/** A session as the parent sees it: samples go in, pieces of work come out, each needs a permit before it runs. */
export interface HostSession {
  /** Resolves when the session may take more: this is the back-pressure. @throws what ended the session */
  write(samples: Float32Array): Promise<void>;
  /** What was written so far ends here; `flushed` comes among the steps behind its works. Live sessions alone. */
  flush(): void;
  /** Whether partials are wanted from now on, whatever was said when it was opened. Live sessions alone. */
  wantPartials(wanted: boolean): void;
  /** No more samples. */
  end(): void;
  /** What happens, in order, as it happens; ends after the last piece of work. Iterate this or `works`, once. @throws what ended the session */
  steps(): AsyncIterable<HostStep>;
  /** Pieces of work alone: all there is of a session that is not live. @throws as `steps` does */
  works(): AsyncIterable<HostWork>;
  /** Ends the session; everything pending throws `error`, by default `request_cancelled`. Safe to call twice. */
  cancel(error?: VoxpoolError): void;
  /** Everything before this sample (counted from the session's first) is cut and decoded. */
  readonly consumedSamples: number;
  /** Calls `listener` whenever that has grown while the session runs; one listener a session. */
  onConsumed(listener: () => void): void;
}

export type HostStep =
  /** All are to be run; what is recognised is what their results are, in their order. */
  | { readonly kind: "work"; readonly work: HostWork }
  /** What is said so far. May be run, until another one or a work is announced. */
  | { readonly kind: "partial"; readonly work: HostWork }
  | { readonly kind: "speech"; readonly state: SpeechState; readonly sample: number }
  | { readonly kind: "flushed" };

export interface HostWork {
  /** Counts from 0 in its session. */
  readonly number: number;
  readonly audioSeconds: number;
  /** It has no sample from this one on, counted from the session's first. */
  readonly endSample: number;
  /**
   * Runs it; call when the permit is there.
   * @throws VoxpoolError `host_crashed`, `host_hung`, `decode_failed`, `request_cancelled`
   */
  run(expectedSeconds?: number): Promise<WorkDone>;
  /** False once its process or its session has ended: it can only fail. */
  isRunnable(): boolean;
  /** After `run`: the process runs it no more. A decode goes on after its session was cancelled. Never rejects. */
  over(): Promise<void>;
}

export interface WorkDone {
  readonly results: readonly RecognizedSpan[];
  readonly decodeSeconds: number;
  /** What is heard of the utterance under way, if that has changed. */
  readonly hypothesis?: RecognizedSpan;
}

export interface TextDone {
  readonly text: string;
  readonly seconds: number;
}
