import { once } from "node:events";
import type { TestContext } from "node:test";
import type { LiveEvent } from "@voxpool/client/contract";
import { type ClientOptions, WebSocket } from "ws";

export type Event<Type extends LiveEvent["type"]> = Extract<LiveEvent, { type: Type }>;

/** A client of `/api/stream` that keeps what it was told. */
export class StreamClient {
  readonly socket: WebSocket;
  readonly events: LiveEvent[] = [];
  /** Resolves with the code and reason of the close. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #read = 0;
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      this.events.push(JSON.parse((data as Buffer).toString()) as LiveEvent);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        this.#isClosed = true;
        this.#wake();
        resolve({ code, reason: String(reason) });
      });
    });
    socket.on("error", () => undefined);
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The next event that has not been read yet. */
  async next(): Promise<LiveEvent> {
    for (;;) {
      const event = this.events[this.#read];
      if (event !== undefined) {
        this.#read += 1;
        return event;
      }
      if (this.#isClosed) throw new Error(`closed; what came last: ${JSON.stringify(this.events.at(-1))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Reads on to the next event of this type. */
  async until<Type extends LiveEvent["type"]>(type: Type): Promise<Event<Type>> {
    for (;;) {
      const event = await this.next();
      if (event.type === type) return event as Event<Type>;
    }
  }
}

/** Connects to `url`, an address with `ws:`; cut off after the test. */
export async function connect(t: TestContext, url: string, options: ClientOptions = {}): Promise<StreamClient> {
  const socket = new WebSocket(url, options);
  t.after(() => socket.terminate());
  const client = new StreamClient(socket);
  await once(socket, "open");
  return client;
}
