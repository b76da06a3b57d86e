/** What a request may carry. A stream can be sent once only. */
export type TransportBody = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

/** One request to a voxpool server, whatever carries it. */
export interface TransportRequest {
  readonly method: "GET" | "POST";
  /** Below the API's root, already percent-encoded, for example `/models/load`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: TransportBody;
  /** Aborted: stop sending, stop waiting, and end the body of the answer. */
  readonly signal: AbortSignal;
  /** Sent although the page that sends it goes away: short, and nobody reads the answer. */
  readonly outlivesPage?: boolean;
}

/** Who served a request of a client that has a fallback. */
export type ServedBy = "service" | "fallback";

/** The answer, as soon as its head is known. */
export interface TransportAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Cancelling it tells the server that nobody listens any more. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Set by a transport that has the choice. */
  readonly servedBy?: ServedBy;
}

/** A live connection to be opened. What is heard on it is told from the first message on. */
export interface SocketRequest {
  /** Below the API's root, already percent-encoded, for example `/stream`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Aborted: stop dialling, or close the connection. */
  readonly signal: AbortSignal;
  /** The code that it is closed with, asked for when that is done; 1000 if left out. */
  readonly closeCode?: () => number;
  /** The one that a connection to the same session has to go to, where there is a choice. */
  readonly only?: ServedBy;
  readonly onText: (text: string) => void;
  /** Told once, unless `openSocket` fails; `detail` says why, as far as that is known. */
  readonly onClose: (detail: string) => void;
}

/** A live connection: messages in both directions. */
export interface LiveSocket {
  /** Bytes that were given to `send` and wait to leave. */
  readonly bufferedBytes: number;
  /** Set by a transport that has the choice. */
  readonly servedBy?: ServedBy;
  /** Never throws; what is sent after the end is lost. */
  send(message: string | Uint8Array<ArrayBuffer>): void;
  /** Ends it in order. Safe to call twice. */
  close(): void;
}

/** What carries requests: HTTP by `fetch`, or a server inside the same application. */
export interface Transport {
  /** Where it leads, for messages; without credentials. */
  readonly target: string;
  /** @throws TransportError if no answer begins; whatever it likes once `signal` is aborted */
  send(request: TransportRequest): Promise<TransportAnswer>;
  /**
   * Opens a live connection; a transport without it carries no live sessions.
   * @throws TransportError if it does not come about, SocketRefused if the server answers that it may not; TypeError if
   *   this runtime cannot open any
   */
  openSocket?(request: SocketRequest): Promise<LiveSocket>;
  /** Ends what it holds, requests in progress too. Safe to call twice. */
  close?(): Promise<void>;
}

/** No answer began. */
export class TransportError extends Error {
  readonly reason: "server_unreachable" | "connection_lost" | "certificate_untrusted";
  /** False only when it is certain that the server never saw the request: then sending it again is always safe. */
  readonly mayHaveArrived: boolean;

  constructor(reason: TransportError["reason"], mayHaveArrived: boolean, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = "TransportError";
    this.reason = reason;
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** The server was there, and refused a live connection with an answer of HTTP. */
export class SocketRefused extends Error {
  readonly answer: TransportAnswer;

  constructor(answer: TransportAnswer) {
    super(`HTTP ${answer.status}`);
    this.name = "SocketRefused";
    this.answer = answer;
  }
}
