import { randomBytes } from "node:crypto";
import type { LiveEvent } from "@voxpool/client/contract";
import type { LiveOutput, LiveSession } from "../../api/types.ts";
import { type MessageLanguage, VoxpoolError } from "../../base/errors.ts";
import { closeCode } from "./close-code.ts";

/** The connection that a session has at present. */
export interface Reader {
  /** Whether so much waits to leave that a partial would come too late. */
  readonly isBehind: boolean;
  /** Resolves when more may be sent; at once when the connection is gone. Never rejects. */
  send(event: LiveEvent): Promise<void> | undefined;
  /** Everything has been sent: closes the connection. */
  finish(code: number, reason: string): void;
  /** Another connection goes on with the session. */
  takeOver(): void;
}

export interface StreamSessionOptions {
  /** Of the key with which it was begun. */
  readonly keyId?: string | undefined;
  readonly live: LiveSession;
  readonly language: MessageLanguage;
  readonly resumeSeconds: number;
  /** What to tell of whatever was thrown. */
  readonly explain: (thrown: unknown) => VoxpoolError;
}

/** So many events are kept for a client that comes back; partials are not. */
const keptEvents = 1000;

/** How a session ended, and is told. */
interface End {
  readonly code: number;
  readonly reason: string;
}

/**
 * A live session with its number for each event, and with the events that a client may have missed: it outlives its
 * connection. What it hears and what it says are in order, whichever connection brings it.
 */
export class StreamSession {
  /** Whoever knows it may go on with the session: it cannot be guessed. */
  readonly id = randomBytes(24).toString("base64url");
  readonly #options: StreamSessionOptions;
  #reader: Reader | undefined;
  /** Of the last event; the first one is `ready`. */
  #number = 1;
  #kept: LiveEvent[] = [];
  /** Events up to this one are no longer kept. */
  #dropped = 0;
  #receivedBytes = 0;
  #receivedFinalizes = 0;
  #hasEnded = false;
  #end: End | undefined;
  #isDiscarded = false;
  #written: Promise<void> = Promise.resolve();

  constructor(options: StreamSessionOptions) {
    this.#options = options;
  }

  get keyId(): string | undefined {
    return this.#options.keyId;
  }

  /** Whether no more audio will come. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether it has a connection. */
  get isRead(): boolean {
    return this.#reader !== undefined;
  }

  /** Whether its last event has been said. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Lets the first connection read. Resolves when the session is over; never rejects. */
  async run(reader: Reader): Promise<void> {
    this.#reader = reader;
    void reader.send(this.#ready(1));
    try {
      for await (const event of this.#options.live.events()) await this.#tell(event);
    } catch (thrown) {
      if (!this.#isDiscarded) await this.#fail(this.#options.explain(thrown));
    }
  }

  /**
   * Goes on behind event `after` on another connection; the present one is closed.
   * @throws VoxpoolError `message_invalid`, `resume_gap`
   */
  resume(reader: Reader, after: number): void {
    if (after > this.#number) {
      throw new VoxpoolError("message_invalid", { detail: `number ${after} has not been told yet` });
    }
    if (after < this.#dropped) throw new VoxpoolError("resume_gap", { after, dropped: this.#dropped });
    this.#reader?.takeOver();
    this.#reader = reader;
    // What the client has is kept no longer.
    this.#kept = this.#kept.filter(({ number }) => number > after);
    this.#dropped = Math.max(this.#dropped, after);
    void reader.send(this.#ready(after));
    for (const event of this.#kept) void reader.send(event);
    if (this.#end !== undefined) reader.finish(this.#end.code, this.#end.reason);
  }

  /** Whether this connection is the one that it has. */
  isReadBy(reader: Reader): boolean {
    return this.#reader === reader;
  }

  /** The connection broke: events are kept until another one comes. */
  detach(reader: Reader): void {
    if (this.#reader === reader) this.#reader = undefined;
  }

  /** Resolves when more may come. Never rejects: what ended the session is an event of it. */
  write(bytes: Uint8Array): Promise<void> {
    this.#receivedBytes += bytes.length;
    // Behind what a connection before this one has brought.
    this.#written = this.#written.then(async () => {
      await this.#options.live.write(bytes).catch(() => undefined);
    });
    return this.#written;
  }

  async finalize(): Promise<void> {
    this.#receivedFinalizes += 1;
    await this.#written;
    this.#options.live.finalize();
  }

  async end(): Promise<void> {
    // A client that comes back may say it again.
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#written;
    this.#options.live.end();
  }

  /** Ends it at once, and tells nobody. Safe to call twice. */
  discard(error?: VoxpoolError): void {
    this.#isDiscarded = true;
    this.#reader = undefined;
    this.#kept = [];
    this.#options.live.cancel(error);
  }

  /** What a connection says of its own, in front of which no event can come any more. */
  errorEvent(error: VoxpoolError): LiveEvent {
    return errorEvent(error, this.#number + 1, this.#options.language);
  }

  async #tell(event: LiveOutput): Promise<void> {
    this.#number += 1;
    const numbered: LiveEvent = { ...event, number: this.#number };
    if (event.type === "partial") {
      if (this.#reader?.isBehind === false) await this.#reader.send(numbered);
      return;
    }
    this.#keep(numbered);
    await this.#reader?.send(numbered);
    if (event.type === "ended") this.#finish({ code: 1000, reason: "ended" });
  }

  async #fail(error: VoxpoolError): Promise<void> {
    this.#number += 1;
    const event = errorEvent(error, this.#number, this.#options.language);
    this.#keep(event);
    await this.#reader?.send(event);
    this.#finish({ code: closeCode(error), reason: error.reason });
  }

  #finish(end: End): void {
    if (this.#isDiscarded) return;
    this.#end = end;
    this.#reader?.finish(end.code, end.reason);
  }

  #keep(event: LiveEvent): void {
    if (this.#isDiscarded) return;
    this.#kept.push(event);
    if (this.#kept.length > keptEvents) this.#dropped = this.#kept.shift()?.number ?? this.#dropped;
  }

  #ready(number: number): LiveEvent {
    return {
      type: "ready",
      number,
      session_id: this.id,
      ...this.#options.live.model,
      received_bytes: this.#receivedBytes,
      received_finalizes: this.#receivedFinalizes,
      resume_seconds: this.#options.resumeSeconds,
    };
  }
}

/** How an error is told on a connection. */
export function errorEvent(error: VoxpoolError, number: number, language: MessageLanguage): LiveEvent {
  const { reason, entry } = error;
  return { type: "error", number, reason, message: error.messageIn(language), retryable: entry.retryable };
}
