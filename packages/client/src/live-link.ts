import { readJson } from "./answer.ts";
import { networkFailure, scopeFailure } from "./call.ts";
import type { LiveEvent, LiveMessage } from "./contract/live.ts";
import type { CallFailure } from "./failure.ts";
import { doubt } from "./live-doubt.ts";
import { misunderstood, type ReadyEvent, readLiveEvent, sessionFailure } from "./live-events.ts";
import type { Outcome } from "./retry.ts";
import { type CallScope, untilAborted } from "./scope.ts";
import { type LiveSocket, type ServedBy, SocketRefused, type Transport } from "./transport.ts";

/** An event of a session that has begun. */
export type RunningLiveEvent = Exclude<LiveEvent, { type: "ready" }>;

/** What a session wants to hear of its connection; called in order, never after `Link.close`. */
export interface Hearing {
  /** Once, before everything else. */
  onReady(link: Link, ready: ReadyEvent): void;
  onEvent(event: RunningLiveEvent): void;
  /** The connection broke. */
  onLost(failure: CallFailure): void;
}

/** A connection of a session. */
export interface Link {
  /** Bytes that wait to leave. */
  readonly bufferedBytes: number;
  readonly servedBy: ServedBy | undefined;
  send(message: LiveMessage | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** A server that has said nothing for so long may be none of ours. */
const patienceMs = 3_000;

/**
 * Opens a connection, says the first message, and waits until the server is ready. `scope` ends the waiting, not the
 * connection. @throws TypeError if there can be none here
 */
export async function openLink(
  transport: Transport,
  first: LiveMessage,
  hearing: Hearing,
  scope: CallScope,
  only: ServedBy | undefined,
): Promise<Outcome<undefined>> {
  const dialling = new Dialling(transport, hearing);
  const silence = doubt(transport, patienceMs);
  const foreign = silence.confirmed.then((failure) => ({ ok: false, failure, mayHaveArrived: true }) as const);
  try {
    const ready = dialling.dial(first, only);
    ready.catch(() => undefined); // it may come after the doubt
    return (await untilAborted(Promise.race([ready, foreign]), scope.signal)) ?? { ok: true, value: undefined };
  } catch (error) {
    // Its answer can be read while the dialling lives.
    if (error instanceof SocketRefused) return await refused(transport, error, scope);
    if (error instanceof TypeError) throw error;
    const failure = scopeFailure(scope) ?? networkFailure(error, transport.target);
    return { ok: false, failure, mayHaveArrived: true };
  } finally {
    silence.drop();
    if (!dialling.isReady) dialling.close();
  }
}

/** Ends the session too. */
const ended = 1000;
/** One of the codes for applications: an attempt to resume that is given up leaves the session for the next one. */
const givenUp = 4000;

class Dialling {
  readonly #transport: Transport;
  readonly #hearing: Hearing;
  readonly #life = new AbortController();
  isReady = false;
  #socket: LiveSocket | undefined;
  /** Called with what the first message came to: nothing, or why it failed. */
  #settle: ((failed: Outcome<undefined> | undefined) => void) | undefined;

  constructor(transport: Transport, hearing: Hearing) {
    this.#transport = transport;
    this.#hearing = hearing;
  }

  async dial(first: LiveMessage, only: ServedBy | undefined): Promise<Outcome<undefined> | undefined> {
    const { signal } = this.#life;
    const transport = this.#transport;
    if (transport.openSocket === undefined) throw new TypeError("this transport carries no live sessions");
    const settled = new Promise<Outcome<undefined> | undefined>((resolve) => {
      this.#settle = resolve;
    });
    this.#socket = await transport.openSocket({
      path: "/stream",
      signal,
      closeCode: () => (first.type === "resume" && !this.isReady ? givenUp : ended),
      ...(only !== undefined && { only }),
      onText: (text) => this.#hear(text),
      onClose: (detail) => this.#lose(networkFailure(new Error(detail), this.#transport.target)),
    });
    // Nobody waits for it any more.
    if (signal.aborted) this.#socket.close();
    else this.#socket.send(JSON.stringify(first));
    return settled;
  }

  close(): void {
    this.#life.abort();
    this.#socket?.close();
  }

  #hear(text: string): void {
    if (this.#life.signal.aborted) return;
    try {
      const event = readLiveEvent(text);
      if (event !== undefined) this.#take(event);
    } catch (error) {
      this.#take({ type: "misunderstood", failure: misunderstood(error, this.#transport.target) });
    }
  }

  #take(event: LiveEvent | { type: "misunderstood"; failure: CallFailure }): void {
    if (event.type === "ready") {
      if (this.isReady || this.#socket === undefined) return;
      this.isReady = true;
      this.#settle?.(undefined);
      this.#hearing.onReady(this.#link(this.#socket), event);
    } else if (event.type === "misunderstood") {
      this.#lose(event.failure);
    } else if (event.type === "error" && !this.isReady) {
      this.#lose(sessionFailure(event));
    } else {
      this.#hearing.onEvent(event);
    }
  }

  #lose(failure: CallFailure): void {
    if (this.#life.signal.aborted) return;
    this.close();
    if (this.isReady) this.#hearing.onLost(failure);
    else this.#settle?.({ ok: false, failure, mayHaveArrived: true });
  }

  #link(socket: LiveSocket): Link {
    return {
      get bufferedBytes() {
        return socket.bufferedBytes;
      },
      servedBy: socket.servedBy,
      send: (message) => socket.send(message instanceof Uint8Array ? message : JSON.stringify(message)),
      close: () => this.close(),
    };
  }
}

/** What the answer says. */
async function refused(transport: Transport, { answer }: SocketRefused, scope: CallScope): Promise<Outcome<undefined>> {
  try {
    return await readJson<undefined>(answer, transport.target, scope.signal);
  } catch (error) {
    const failure = scopeFailure(scope) ?? networkFailure(error, transport.target);
    return { ok: false, failure, mayHaveArrived: true };
  }
}
