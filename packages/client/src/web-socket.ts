import { explainError } from "./explain.ts";
import { type LiveSocket, type SocketRequest, TransportError } from "./transport.ts";

/** What is used of a WebSocket, the browser's or another one. */
export interface WebSocketLike {
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "message" | "close" | "error", listener: (event: object) => void): void;
}

/** The fields of the events that are looked at; each has some of them. */
interface SocketEvent {
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly error?: unknown;
}

/** The end in order of the WebSocket protocol. */
const normalClosure = 1000;

/**
 * Dials, and waits until the connection stands.
 * @throws TransportError `connection_lost` if it does not come about: a WebSocket does not say why
 */
export function openWebSocket(dial: () => WebSocketLike, request: SocketRequest): Promise<LiveSocket> {
  const { signal, onText, onClose, closeCode } = request;
  return new Promise((resolve, reject) => {
    const socket = dialled(dial);
    let isOpen = false;
    let detail = "";
    const close = () => socket.close(closeCode?.() ?? normalClosure);
    const end = (why: string) => {
      signal.removeEventListener("abort", close);
      if (isOpen) onClose(why);
      else reject(new TransportError("connection_lost", true, why || "no live connection came about"));
    };
    socket.addEventListener("open", () => {
      isOpen = true;
      resolve(liveSocket(socket, close));
    });
    socket.addEventListener("message", ({ data }: SocketEvent) => {
      if (typeof data === "string") onText(data);
    });
    socket.addEventListener("error", ({ error }: SocketEvent) => {
      // Node's own is an error without a word where the connection was cut.
      if (error instanceof Error && (error.message !== "" || error.cause !== undefined)) detail = explainError(error);
    });
    socket.addEventListener("close", ({ code, reason }: SocketEvent) => end(reason || detail || codeText(code)));
    if (signal.aborted) close();
    else signal.addEventListener("abort", close, { once: true });
  });
}

/** @throws TransportError where a page may not dial, for example without TLS from one with TLS */
function dialled(dial: () => WebSocketLike): WebSocketLike {
  try {
    return dial();
  } catch (error) {
    throw new TransportError("server_unreachable", false, explainError(error), { cause: error });
  }
}

function liveSocket(socket: WebSocketLike, close: () => void): LiveSocket {
  return {
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send: (message) => socket.send(message),
    close,
  };
}

/** 1006 is the WebSocket's own word for a connection that broke. */
function codeText(code: number | undefined): string {
  return code === undefined || code === 1006 ? "the other side cut the connection" : `it was closed with code ${code}`;
}
