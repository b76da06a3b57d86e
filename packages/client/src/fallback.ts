import { answerTo, readJson } from "./answer.ts";
import type { Health } from "./contract/models.ts";
import { MovableBody, noticeEnd } from "./fallback-body.ts";
import { type Borrowed, FallbackLife, FallbackUnusable } from "./fallback-life.ts";
import { openScope } from "./scope.ts";
import {
  type LiveSocket,
  type ServedBy,
  type SocketRequest,
  type Transport,
  type TransportAnswer,
  TransportError,
  type TransportRequest,
} from "./transport.ts";

/** Makes what serves instead of the service, for example a pool of the application's own. The client closes it. */
export type OpenFallback = () => Transport | Promise<Transport>;

/** Who serves from now on. */
export interface ServedByChange {
  readonly servedBy: ServedBy;
  /** Why the service was left, for people. */
  readonly detail?: string;
}

/** What serves when the service is away, and how the client finds its way back. */
export interface FallbackOptions {
  /** Called only when the service is away, and never while what it made before is open. */
  readonly open: OpenFallback;
  /** While the service is away, a request first looks whether it is back, but not more often. Default 3,000. */
  readonly probeEveryMs?: number;
  /** With the service back, the fallback is closed after so long without a request. Default 60,000. */
  readonly closeAfterMs?: number;
  /** Told each time that requests begin to go to the other one. */
  readonly onChange?: (change: ServedByChange) => void;
}

/** A look at the service takes no longer. */
const probeTimeoutMs = 2_000;
/** A request waits for a look no longer: a service that is gone without a word must not slow every one of them. */
const patienceMs = 250;

const defaults = { probeEveryMs: 3_000, closeAfterMs: 60_000 };

/**
 * A transport that sends to the service, and to the fallback while the service cannot be reached. A request belongs to
 * the one that it was sent to: only what certainly never reached the service is sent to the fallback instead.
 * @throws TypeError if an option is wrong
 */
export function withFallback(service: Transport, fallback: OpenFallback | FallbackOptions): Required<Transport> {
  const options = typeof fallback === "function" ? { open: fallback } : fallback;
  checkOptions(options);
  return new FallbackTransport(service, { ...defaults, ...options });
}

class FallbackTransport implements Required<Transport> {
  readonly #service: Transport;
  readonly #options: FallbackOptions & typeof defaults;
  readonly #life: FallbackLife;
  readonly #closing = new AbortController();
  #isAway = false;
  #told: ServedBy = "service";
  #probe: Promise<boolean> | undefined;
  #probedAtMs = 0;

  constructor(service: Transport, options: FallbackOptions & typeof defaults) {
    this.#service = service;
    this.#options = options;
    this.#life = new FallbackLife(options);
  }

  get target(): string {
    return this.#service.target;
  }

  async send(request: TransportRequest): Promise<TransportAnswer> {
    const isAway = this.#isAway && this.#life.problem === undefined && !(await this.#isBack());
    this.#throwIfOver(request);
    if (isAway) return this.#sendInstead(request, new TransportError("server_unreachable", false, "it is away"));
    const body = new MovableBody(request.body);
    try {
      return await this.#sendFirst(request, body);
    } catch (error) {
      // Whoever was to read it has failed; a source that is at its end takes no notice.
      body.release(error);
      throw error;
    }
  }

  /** Who serves a session is decided when it is opened: a connection that goes on with one says where it has to go. */
  async openSocket(request: SocketRequest): Promise<LiveSocket> {
    const away = new TransportError("server_unreachable", false, "it is away");
    if (request.only === "fallback") return this.#openInstead(request, away);
    const isAway = request.only === undefined && this.#isAway && !this.#life.problem && !(await this.#isBack());
    this.#throwIfOver(request);
    if (isAway) return this.#openInstead(request, away);
    try {
      const socket = await openSocketOf(this.#service, request);
      this.#setAway(false);
      return served(socket, "service");
    } catch (error) {
      if (!(error instanceof TransportError) || error.reason !== "server_unreachable") throw error;
      const { problem } = this.#life;
      if (problem !== undefined) throw withoutFallback(error, problem);
      this.#setAway(true);
      if (request.only === "service") throw error;
      this.#throwIfOver(request);
      return await this.#openInstead(request, error);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#life.end();
  }

  async #sendFirst(request: TransportRequest, body: MovableBody): Promise<TransportAnswer> {
    try {
      const answer = await this.#service.send({ ...request, ...body.attempt() });
      body.settle();
      this.#setAway(false);
      return { status: answer.status, headers: answer.headers, body: answer.body, servedBy: "service" };
    } catch (error) {
      if (!(error instanceof TransportError) || error.reason !== "server_unreachable") throw error;
      const { problem } = this.#life;
      if (problem !== undefined) throw withoutFallback(error, problem);
      this.#setAway(true);
      // What may have arrived is not moved. Where sending it again does no harm, the client does.
      if (error.mayHaveArrived) throw error;
      this.#throwIfOver(request);
      if (!body.canMove) throw usedUp(error);
      const moved = { ...request, ...body.attempt() };
      body.settle();
      return await this.#sendInstead(moved, error);
    }
  }

  async #sendInstead(request: TransportRequest, why: TransportError): Promise<TransportAnswer> {
    const { transport, giveBack } = await this.#borrow(why);
    try {
      this.#throwIfOver(request);
      this.#tell("fallback", why.message);
      const answer = await transport.send(request);
      const body = answer.body === null ? null : noticeEnd(answer.body, giveBack);
      if (body === null) giveBack();
      return { status: answer.status, headers: answer.headers, body, servedBy: "fallback" };
    } catch (failure) {
      giveBack();
      throw failure;
    }
  }

  async #openInstead(request: SocketRequest, why: TransportError): Promise<LiveSocket> {
    const { transport, giveBack } = await this.#borrow(why);
    try {
      this.#throwIfOver(request);
      this.#tell("fallback", why.message);
      const onClose = (detail: string) => {
        giveBack();
        request.onClose(detail);
      };
      return served(await openSocketOf(transport, { ...request, onClose }), "fallback");
    } catch (failure) {
      giveBack();
      throw failure;
    }
  }

  #borrow(why: TransportError): Promise<Borrowed> {
    return this.#life.borrow().catch((error: unknown) => {
      throw error instanceof FallbackUnusable ? withoutFallback(why, error.message) : error;
    });
  }

  /** After each wait: nothing is begun for a call that is over, or for a client that was closed. */
  #throwIfOver({ signal }: Pick<TransportRequest, "signal">): void {
    if (signal.aborted) throw new TransportError("server_unreachable", false, "the call was cancelled");
    if (this.#closing.signal.aborted) throw new TransportError("server_unreachable", false, "the client was closed");
  }

  #setAway(isAway: boolean): void {
    if (isAway) this.#probedAtMs = performance.now();
    if (this.#isAway === isAway) return;
    this.#isAway = isAway;
    if (!isAway) this.#tell("service");
    this.#life.setNeeded(isAway);
  }

  #tell(servedBy: ServedBy, detail?: string): void {
    if (this.#told === servedBy || this.#closing.signal.aborted) return;
    this.#told = servedBy;
    const { onChange } = this.#options;
    // Not from here: what a listener throws is the application's own, and no failure of a request.
    queueMicrotask(() => onChange?.({ servedBy, ...(detail !== undefined && { detail }) }));
  }

  /** Whether the service has come back, as far as that is known within a moment. */
  async #isBack(): Promise<boolean> {
    const isTime = performance.now() - this.#probedAtMs >= this.#options.probeEveryMs;
    if (this.#probe === undefined && isTime) {
      this.#probe = this.#look().finally(() => {
        this.#probe = undefined;
        this.#probedAtMs = performance.now();
      });
    }
    if (this.#probe === undefined) return false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, patienceMs, false);
    });
    return Promise.race([this.#probe, patience]).finally(() => clearTimeout(timer));
  }

  /** Never rejects. */
  async #look(): Promise<boolean> {
    const scope = openScope([this.#closing.signal], probeTimeoutMs);
    const { signal } = scope;
    const request = { method: "GET", path: "/health", headers: { accept: "application/json" }, signal } as const;
    try {
      const answer = await answerTo(this.#service.send(request), signal);
      const outcome = await readJson<Health>(answer, this.target, signal);
      if (outcome.ok) this.#setAway(false);
      return outcome.ok;
    } catch {
      return false;
    } finally {
      scope.close();
    }
  }
}

async function openSocketOf(transport: Transport, request: SocketRequest): Promise<LiveSocket> {
  if (transport.openSocket === undefined) throw new TypeError("this transport carries no live sessions");
  return transport.openSocket(request);
}

function served(socket: LiveSocket, servedBy: ServedBy): LiveSocket {
  return {
    get bufferedBytes() {
      return socket.bufferedBytes;
    },
    servedBy,
    send: (message) => socket.send(message),
    close: () => socket.close(),
  };
}

function withoutFallback(error: TransportError, why: string): TransportError {
  return because(error, `the fallback could not be opened: ${why}`);
}

function usedUp(error: TransportError): TransportError {
  return because(error, "the fallback was not asked, since too much of the recording had been read to send it again");
}

function because(error: TransportError, more: string): TransportError {
  return new TransportError(error.reason, error.mayHaveArrived, `${error.message}; and ${more}`, { cause: error });
}

function checkOptions(options: FallbackOptions): void {
  if (typeof options !== "object" || options === null || typeof options.open !== "function") {
    throw new TypeError(
      "fallback must be a function that opens a transport, or an object with such a function as open",
    );
  }
  for (const name of ["probeEveryMs", "closeAfterMs"] as const) {
    const value: unknown = options[name];
    // Timers hold no more than 31 bits.
    if (value !== undefined && !(typeof value === "number" && value >= 0 && value < 2 ** 31)) {
      throw new TypeError(`fallback.${name} must be a number of 0 or more, below 2 ** 31`);
    }
  }
  if (options.onChange !== undefined && typeof options.onChange !== "function") {
    throw new TypeError("fallback.onChange must be a function");
  }
}
