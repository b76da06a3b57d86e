import { VoxpoolError } from "../../base/errors.ts";
import type { StreamSession } from "./session.ts";

/** Sessions that are over but whose end nobody has read, at most. */
const mostOver = 1000;

/** The live sessions of a server, by id. Those whose connection broke are kept for a while. */
export class StreamSessions {
  readonly #resumeSeconds: number;
  readonly #sessions = new Map<string, StreamSession>();
  /** Those without a connection, in the order in which they lost it. */
  readonly #lost = new Map<StreamSession, NodeJS.Timeout>();

  constructor(resumeSeconds: number) {
    this.#resumeSeconds = resumeSeconds;
  }

  add(session: StreamSession): void {
    this.#sessions.set(session.id, session);
  }

  /**
   * The session, which from now on has a connection.
   * @param keyId of the key that asks: whoever finds out an id still needs the key that began the session
   * @throws VoxpoolError `session_unknown`
   */
  find(id: string, keyId: string | undefined): StreamSession {
    const session = this.#sessions.get(id);
    if (session === undefined || session.keyId !== keyId)
      throw new VoxpoolError("session_unknown", { setting: "live.resume_seconds" });
    clearTimeout(this.#lost.get(session));
    this.#lost.delete(session);
    return session;
  }

  /** Keeps a session without a connection for a while. */
  keep(session: StreamSession): void {
    if (this.#resumeSeconds === 0) {
      this.discard(session);
      return;
    }
    const timer = setTimeout(() => this.discard(session), this.#resumeSeconds * 1000);
    timer.unref();
    this.#lost.set(session, timer);
    const over = [...this.#lost.keys()].filter(({ isOver }) => isOver);
    for (const oldest of over.slice(0, Math.max(0, over.length - mostOver))) this.discard(oldest);
  }

  /** Ends a session at once. Safe to call twice. */
  discard(session: StreamSession, error?: VoxpoolError): void {
    clearTimeout(this.#lost.get(session));
    this.#lost.delete(session);
    this.#sessions.delete(session.id);
    session.discard(error);
  }

  discardAll(error: VoxpoolError): void {
    for (const session of this.#sessions.values()) this.discard(session, error);
  }
}
