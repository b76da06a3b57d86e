import { type CallContext, type CallOptions, checkCallOptions, scopeOf } from "./call.ts";
import { checkBooleans, checkKeepAlive, checkText } from "./check.ts";
import type { LiveOptions } from "./contract/live.ts";
import type { CallFailure } from "./failure.ts";
import type { SessionEvent } from "./live-events.ts";
import { openLink } from "./live-link.ts";
import type { LiveAudio } from "./live-samples.ts";
import { Session } from "./live-session.ts";
import { withRetries } from "./retry.ts";
import type { ServedBy } from "./transport.ts";

/** Options of a live session. Those of the contract keep the names they have on the wire. */
export interface SessionOptions extends CallOptions, LiveOptions {
  /** Milliseconds until the session is ready, which may load a model; no limit by default. */
  readonly timeoutMs?: number;
  /** Ends the session, also while it is opened: its last event is then `request_cancelled`. */
  readonly signal?: AbortSignal;
  /** Told each time that the connection broke; the session goes on by itself as soon as the server answers again. */
  readonly onLost?: (failure: CallFailure) => void;
}

/** All before a `finalize` is final. */
export interface Finalized {
  readonly success: true;
  /** All final text so far. */
  readonly text: string;
}

/** How a session ended. */
export interface SessionSummary {
  readonly success: true;
  /** All that was said. */
  readonly text: string;
  /** Seconds of audio. */
  readonly duration: number;
  readonly segments: number;
  readonly answered_by?: ServedBy;
}

/**
 * A live recognition: audio goes in, events come out, to be iterated once; the last one is `ended` or `error`. Leaving
 * the loop closes the session. A connection that breaks is made anew within the time that the server allows, and what
 * it has missed is sent again: no final is lost, and none comes twice.
 */
export interface LiveSession extends AsyncIterable<SessionEvent> {
  readonly success: true;
  readonly sessionId: string;
  readonly modelPath: string;
  readonly modelVersion: string;
  /** Who serves it, if the client has a fallback; that never changes. */
  readonly answered_by?: ServedBy;
  /** All final text so far. */
  readonly text: string;
  /** All that was said, with what is being said at the moment and may change. */
  readonly draft: string;
  /**
   * Sends audio. Resolves when more may come, with whether the session still takes any; so a loop that waits for it
   * never runs ahead of the connection. @throws TypeError if it is no audio
   */
  write(audio: LiveAudio): Promise<boolean>;
  /**
   * Sends audio as it comes, until the source ends or the session does; then the source is let go of. It does not end
   * the session. @throws TypeError if the source gives something but audio
   */
  pipeFrom(source: AudioStream): Promise<{ readonly success: true } | CallFailure>;
  /** What was written so far becomes final; resolves once it is. */
  finalize(): Promise<Finalized | CallFailure>;
  /** No more audio: the rest becomes final. Resolves when the session has ended. Safe to call twice. */
  end(): Promise<SessionSummary | CallFailure>;
  /** Ends it at once; what was not final is lost. Safe to call twice. */
  close(): Promise<void>;
}

/** Audio as it comes, for example of `openMicrophone` or of a recorder's standard output. */
export type AudioStream = ReadableStream<LiveAudio> | AsyncIterable<LiveAudio>;

/** Opens a live session. @throws TypeError if an option is wrong, or live sessions cannot be had here */
export async function openSession(context: CallContext, options: SessionOptions): Promise<LiveSession | CallFailure> {
  checkOptions(options);
  const { timeoutMs: _, signal: __, onLost: ___, ...wishes } = options;
  const start = { type: "start" as const, client_id: context.clientId, ...wishes };
  const scope = scopeOf(context, options, Infinity);
  const session = new Session(context, options);
  try {
    const open = () => openLink(context.transport, start, session, scope, undefined);
    // Nothing was recognised yet, so it is always safe.
    const outcome = await withRetries(open, "always", context.retry, scope);
    if (outcome.ok) return session;
    await session.close();
    return outcome.failure;
  } catch (error) {
    await session.close();
    throw error;
  } finally {
    scope.close();
  }
}

function checkOptions(options: SessionOptions): void {
  checkCallOptions(options);
  for (const name of ["model_path", "language", "encoding", "script", "client_id"] as const) {
    if (options[name] !== undefined) checkText(options[name], name);
  }
  checkBooleans(options, "partials", "words", "itn", "punctuate", "failover");
  checkKeepAlive(options.keep_alive, "keep_alive");
  if (options.onLost !== undefined && typeof options.onLost !== "function") {
    throw new TypeError("onLost must be a function");
  }
}
