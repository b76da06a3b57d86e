import type { RawData, WebSocket } from "ws";

/** A message as it arrived. */
export type SocketMessage =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "audio"; readonly bytes: Uint8Array };

/** So much may wait before the peer is stopped; what lies in one read of the socket may come on top. */
const waitingBytes = 256 * 1024;
const waitingMessages = 1024;

/**
 * The messages of a WebSocket, one after another. Whoever takes them slowly slows the peer: its socket is not read
 * while too much waits. Nothing is kept of a connection that has ended.
 */
export class Inbox {
  readonly #socket: WebSocket;
  readonly #onFlow: () => void;
  #waiting: SocketMessage[] = [];
  #bytes = 0;
  #isOver = false;
  #wake: (() => void) | undefined;
  readonly #mostMessages: number;

  /**
   * @param onFlow called when the socket is read again after a pause
   * @param mostMessages so many may wait; for those that are answered one by one it can be few
   */
  constructor(socket: WebSocket, onFlow: () => void, mostMessages = waitingMessages) {
    this.#socket = socket;
    this.#mostMessages = mostMessages;
    this.#onFlow = onFlow;
    socket.on("message", (data, isBinary) => this.#take(data, isBinary));
    socket.once("close", () => this.close());
  }

  /** The next message; undefined when none will come. */
  async next(): Promise<SocketMessage | undefined> {
    if (this.#waiting.length === 0) this.#flow();
    while (this.#waiting.length === 0) {
      if (this.#isOver) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const message = this.#waiting.shift();
    if (message !== undefined) this.#bytes -= sizeOf(message);
    return message;
  }

  /** Drops what waits and what comes; the socket is read on, so that its end is seen. */
  close(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#flow();
    this.#wake?.();
  }

  #take(data: RawData, isBinary: boolean): void {
    if (this.#isOver) return;
    // Messages come as one Buffer, the default form of `ws`.
    const buffer = data as Buffer;
    const message: SocketMessage = isBinary
      ? { type: "audio", bytes: buffer }
      : { type: "text", text: buffer.toString("utf8") };
    this.#waiting.push(message);
    this.#bytes += sizeOf(message);
    if (this.#bytes > waitingBytes || this.#waiting.length > this.#mostMessages) this.#socket.pause();
    this.#wake?.();
  }

  #flow(): void {
    if (!this.#socket.isPaused) return;
    this.#socket.resume();
    this.#onFlow();
  }
}

const sizeOf = (message: SocketMessage): number =>
  message.type === "text" ? message.text.length : message.bytes.length;
