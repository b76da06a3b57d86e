import assert from "node:assert/strict";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import type { Config } from "../../dist/base/settings.js";
import { type ModelContent, startRunning } from "../server/running.ts";

/** A client that counts replies, as all of them do. */
export class VoskClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #replies: string[] = [];
  #wake: () => void = () => undefined;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on("message", (data, isBinary) => {
      assert.equal(isBinary, false);
      this.#replies.push((data as Buffer).toString());
      this.#wake();
    });
    this.closed = once(this.socket, "close").then(([code, reason]) => ({ code, reason: String(reason) }));
    this.closed.catch(() => undefined);
    this.socket.on("close", () => this.#wake());
  }

  static async open(url: string): Promise<VoskClient> {
    const client = new VoskClient(url);
    await once(client.socket, "open");
    return client;
  }

  send(message: Uint8Array | string): void {
    this.socket.send(message);
  }

  /** The next reply; undefined once the connection is closed. */
  async reply(): Promise<Record<string, unknown> | undefined> {
    while (this.#replies.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return JSON.parse(this.#replies.shift() ?? "");
  }

  /** Sends audio in messages of so many bytes, each after the reply to the one before; gives the replies. */
  async stream(bytes: Uint8Array, chunkBytes: number): Promise<Record<string, unknown>[]> {
    const replies: Record<string, unknown>[] = [];
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      this.send(bytes.subarray(at, at + chunkBytes));
      const reply = await this.reply();
      assert.ok(reply, "a reply for each message");
      replies.push(reply);
    }
    return replies;
  }

  async eof(): Promise<Record<string, unknown> | undefined> {
    this.send('{"eof" : 1}');
    const last = await this.reply();
    assert.equal((await this.closed).code, 1000);
    return last;
  }
}

export const configOf = (settings: object) => JSON.stringify({ config: settings });
export const textsOf = (replies: readonly (Record<string, unknown> | undefined)[]) =>
  replies
    .map((reply) => reply?.["text"])
    .filter((text) => text !== undefined && text !== "")
    .join(" ");

/** A server whose port for clients of vosk-server is open. */
export async function startVosk(
  t: TestContext,
  models: Readonly<Record<string, ModelContent>>,
  config: Partial<Config> = {},
) {
  const port = await freePort();
  const running = await startRunning(t, models, { "vosk.port": port, "vosk.sample_rate": 16_000, ...config });
  return { running, url: `ws://127.0.0.1:${port}`, port };
}
