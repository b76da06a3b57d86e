import { setTimeout as wait } from "node:timers/promises";
import type { LiveOptions } from "@voxpool/client/contract";
import type { WebSocket } from "ws";
import type { Principal } from "../../access/principal.ts";
import type { Api, LiveSession } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { watchPeer } from "../alive.ts";
import { callerAt } from "../caller.ts";
import { Inbox, type SocketMessage } from "../inbox.ts";
import { readMessage, type VoskConfig } from "./message.ts";
import { Replies } from "./replies.ts";
import { waveHead } from "./wave-header.ts";

export interface ConnectionParts {
  readonly api: Pick<Api, "openLive">;
  /** Where the client is; undefined: this machine. */
  readonly address: string | undefined;
  /** Who it has shown to be; undefined where nobody is asked. */
  readonly principal?: Principal;
  /** For clients that say none. */
  readonly sampleRateHz: number;
  /** The model of connections that name none; empty: the default one. */
  readonly model: string;
  readonly log: Log;
}

/** Messages that wait for their turn: with one more the socket is not read until they are answered. */
const mostWaiting = 31;
/** A client of whom nothing is heard for two of these is gone. */
const pingMs = 20_000;

/**
 * Carries one client: nothing is sent unasked, and each message of audio gets one reply, in order. A reply tells what
 * is known when its audio was taken; it waits for no decode of a whole utterance.
 * @returns when the connection is over
 */
export async function carry(socket: WebSocket, parts: ConnectionParts): Promise<void> {
  const gone = new AbortController();
  socket.on("error", () => undefined); // a close follows
  socket.once("close", () => gone.abort(new VoxpoolError("request_cancelled")));
  const inbox = new Inbox(socket, watchPeer(socket, pingMs), mostWaiting);
  const dialogue = new Dialogue(socket, parts, gone.signal);
  try {
    for (let message = await inbox.next(); message !== undefined; message = await inbox.next()) {
      if (await dialogue.take(message)) break;
    }
    socket.close(1000);
  } catch (error) {
    const failure = VoxpoolError.from(error);
    // There is no error message in this protocol; the reason of a close holds 123 bytes.
    if (failure.reason === "internal") parts.log.error({ err: error }, "a connection of vosk-server failed");
    socket.close(failure.reason === "server_stopping" ? 1001 : 1011, failure.reason);
  } finally {
    inbox.close();
    gone.abort(new VoxpoolError("request_cancelled"));
  }
}

/** What was agreed and heard so far. */
class Dialogue {
  readonly #socket: WebSocket;
  readonly #parts: ConnectionParts;
  readonly #signal: AbortSignal;
  #config: VoskConfig = {};
  #live: Live | undefined;

  constructor(socket: WebSocket, parts: ConnectionParts, signal: AbortSignal) {
    this.#socket = socket;
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Takes one message, and answers it; true: it was the last one. @throws what ended the session */
  async take(incoming: SocketMessage): Promise<boolean> {
    if (incoming.type === "audio") {
      await this.#listen(incoming.bytes);
      return false;
    }
    const message = readMessage(incoming.text);
    if (message.type === "config" && !this.#live) this.#config = { ...this.#config, ...message.config };
    if (message.type === "reset") await this.#send(this.#live ? await this.#live.reset() : empty);
    if (message.type !== "eof") return false;
    await this.#send(this.#live ? await this.#live.end() : empty);
    return true;
  }

  async #listen(message: Uint8Array): Promise<void> {
    const head = this.#live ? undefined : waveHead(message);
    this.#live ??= await this.#open(head?.sampleRateHz);
    await this.#send(await this.#live.take(message.subarray(head?.bytes ?? 0)));
  }

  async #open(fileRateHz: number | undefined): Promise<Live> {
    const { api, address, principal, sampleRateHz, model } = this.#parts;
    const { words = true, alternatives = 0, phrases, model: named = model } = this.#config;
    const options: LiveOptions = {
      encoding: "s16le",
      sample_rate: this.#config.sampleRateHz ?? fileRateHz ?? sampleRateHz,
      alternatives,
      punctuate: false,
      ...(named !== "" && { model_path: named }),
      ...(phrases && { grammar: [...phrases] }),
    };
    const caller = callerAt(address, { language: "en", ...(principal && { principal }) }, this.#signal);
    const session = await api.openLive({ options, isVerbatim: true, wantsWords: words }, caller);
    return new Live(session, { words, alternatives });
  }

  /** Resolves when the reply is on its way; who reads none for a while is sent no more. @throws VoxpoolError `client_too_slow` */
  async #send(reply: string): Promise<void> {
    const sent = new Promise<boolean>((resolve) => {
      this.#socket.send(reply, () => resolve(true));
    });
    if (this.#socket.bufferedAmount < mostUnread) return;
    const patience = new AbortController();
    const late = wait(readPatienceMs, false, { signal: patience.signal }).catch(() => false);
    const isSent = await Promise.race([sent, late]);
    patience.abort();
    if (isSent) return;
    this.#socket.terminate(); // a close would wait behind what is not read
    throw new VoxpoolError("client_too_slow");
  }
}

/** Replies that were not read, bytes, before the next message waits for them, and how long it does. */
const mostUnread = 65_536;
const readPatienceMs = 30_000;

const empty = JSON.stringify({ text: "" });

/** A session, and what of it is to be replied. */
class Live {
  readonly #session: LiveSession;
  readonly #form: { readonly words: boolean; readonly alternatives: number };
  readonly #replies = new Replies();
  readonly #over: Promise<void>;
  #finalized: () => void = () => undefined;

  constructor(session: LiveSession, form: { readonly words: boolean; readonly alternatives: number }) {
    this.#session = session;
    this.#form = form;
    this.#over = this.#hear();
    this.#over.catch(() => undefined); // told by the next message
  }

  async take(audio: Uint8Array): Promise<string> {
    await this.#orOver(this.#session.write(audio));
    await this.#orOver(this.#session.caughtUp());
    return this.#replies.next(this.#form);
  }

  async reset(): Promise<string> {
    const finalized = new Promise<void>((resolve) => {
      this.#finalized = resolve;
    });
    this.#session.finalize();
    await this.#orOver(finalized);
    return this.#replies.rest(this.#form);
  }

  async end(): Promise<string> {
    this.#session.end();
    await this.#over;
    return this.#replies.rest(this.#form);
  }

  async #hear(): Promise<void> {
    for await (const event of this.#session.events()) {
      if (event.type === "final") this.#replies.heard(event);
      if (event.type === "partial") this.#replies.hearing(event.text);
      if (event.type === "finalized") this.#finalized();
    }
  }

  /** `work`, or what ended the session before that. */
  async #orOver(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#over]);
  }
}
