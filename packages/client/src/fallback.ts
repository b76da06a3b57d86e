import { readJson } from "./answer.ts";
import type { Health } from "./contract/models.ts";
import { MovableBody, noticeEnd } from "./fallback-body.ts";
import { untilAborted } from "./scope.ts";
import {
  innermostMessage,
  type ServedBy,
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
  #isAway = false;
  #opened: Promise<Transport> | undefined;
  /** Why the fallback cannot be used; then the service is all there is. */
  #broken: string | undefined;
  #inFallback = 0;
  #told: ServedBy = "service";
  #closing: ReturnType<typeof setTimeout> | undefined;
  #probe: Promise<boolean> | undefined;
  #probedAtMs = 0;

  constructor(service: Transport, options: FallbackOptions & typeof defaults) {
    this.#service = service;
    this.#options = options;
  }

  get target(): string {
    return this.#service.target;
  }

  async send(request: TransportRequest): Promise<TransportAnswer> {
    if (this.#isAway && this.#broken === undefined && !(await this.#isBack())) return this.#sendInstead(request);
    const body = new MovableBody(request.body);
    try {
      const answer = await this.#service.send({ ...request, ...body.attempt() });
      this.#returned();
      return { status: answer.status, headers: answer.headers, body: answer.body, servedBy: "service" };
    } catch (error) {
      if (!(error instanceof TransportError) || error.reason !== "server_unreachable") throw error;
      if (this.#broken !== undefined) throw this.#withReason(error);
      this.#isAway = true;
      this.#probedAtMs = performance.now();
      // What may have arrived, or is used up, is not moved. Where sending it again does no harm, the client does.
      if (error.mayHaveArrived || !body.isKept || request.signal.aborted) throw error;
      return await this.#sendInstead({ ...request, ...body.attempt() }, error);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#closing);
    const opened = this.#opened;
    this.#opened = undefined;
    const transport = await opened?.catch(() => undefined);
    await transport?.close?.();
  }

  async #sendInstead(request: TransportRequest, error?: TransportError): Promise<TransportAnswer> {
    clearTimeout(this.#closing);
    this.#inFallback++;
    const ended = () => {
      this.#inFallback--;
      this.#closeSoon();
    };
    try {
      const transport = await this.#fallback(error);
      this.#tell("fallback", error?.message);
      const answer = await transport.send(request);
      const body = answer.body === null ? null : noticeEnd(answer.body, ended);
      if (body === null) ended();
      return { status: answer.status, headers: answer.headers, body, servedBy: "fallback" };
    } catch (failure) {
      ended();
      throw failure;
    }
  }

  /** Opens the fallback, or joins those who do. @throws TransportError `server_unreachable` if it cannot be opened */
  async #fallback(error?: TransportError): Promise<Transport> {
    this.#opened ??= this.#open();
    try {
      return await this.#opened;
    } catch (failure) {
      this.#opened = undefined;
      this.#broken = innermostMessage(failure);
      throw this.#withReason(error ?? new TransportError("server_unreachable", false, "it is away"));
    }
  }

  /** Asynchronous, so that what `open` throws at once is a rejection too. */
  async #open(): Promise<Transport> {
    return this.#options.open();
  }

  #withReason(error: TransportError): TransportError {
    const detail = `${error.message}; and the fallback could not be opened: ${this.#broken}`;
    // Without its cause, whose message would be told instead.
    return new TransportError(error.reason, error.mayHaveArrived, detail);
  }

  #returned(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#tell("service");
    this.#closeSoon();
  }

  #tell(servedBy: ServedBy, detail?: string): void {
    if (this.#told === servedBy) return;
    this.#told = servedBy;
    const { onChange } = this.#options;
    // Not from here: what a listener throws is the application's own, and no failure of a request.
    queueMicrotask(() => onChange?.({ servedBy, ...(detail !== undefined && { detail }) }));
  }

  /** Gives the memory of the fallback back once nobody needs it. */
  #closeSoon(): void {
    clearTimeout(this.#closing);
    if (this.#isAway || this.#inFallback > 0 || this.#opened === undefined) return;
    this.#closing = setTimeout(() => void this.close().catch(() => undefined), this.#options.closeAfterMs);
    // In Node the timer alone keeps no process alive.
    (this.#closing as { unref?: () => void }).unref?.();
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

  async #look(): Promise<boolean> {
    const signal = AbortSignal.timeout(probeTimeoutMs);
    const request = { method: "GET", path: "/health", headers: { accept: "application/json" }, signal } as const;
    try {
      const answer = await untilAborted(this.#service.send(request), signal);
      const outcome = await readJson<Health>(answer, this.target, signal);
      if (outcome.ok) this.#returned();
      return outcome.ok;
    } catch {
      return false;
    }
  }
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
