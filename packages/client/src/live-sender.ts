import type { Link } from "./live-link.ts";
import { LiveLog, type Received } from "./live-log.ts";

/** No message is larger: a server that says something in between is heard soon. */
const messageBytes = 32 * 1024;
/** So much may wait to leave; then whoever writes waits too. */
const highWaterBytes = 256 * 1024;
/** What was sent is kept so long, since it may be on its way when the connection breaks: two minutes of speech. */
const keptBytes = 4 * 1024 * 1024;
/** While there is no connection, whoever writes waits from here on. */
const awayBytes = 2 * keptBytes;
/** A WebSocket does not tell when it has room again. */
const lookAgainMs = 10;

/** The way of the audio of a session to the server: as fast as it goes, and again after a broken connection. */
export class LiveSender {
  readonly #log = new LiveLog();
  #link: Link | undefined;
  #state: "open" | "ending" | "over" = "open";
  /** Pieces that their writers still hold, each with what lets its writer go on. */
  readonly #held: { readonly piece: Uint8Array<ArrayBuffer> | "finalize" | "end"; readonly done?: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Takes the bytes over. Resolves when more may come, with whether any more is taken. */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (this.#state !== "open") return false;
    await new Promise<void>((resolve) => {
      for (let at = 0; at < bytes.byteLength; at += messageBytes) {
        this.#held.push({ piece: bytes.subarray(at, at + messageBytes) });
      }
      this.#held.push({ piece: bytes.subarray(0, 0), done: resolve });
      this.#pump();
    });
    return this.#state === "open";
  }

  /** False if nothing is taken any more. */
  control(type: "finalize" | "end"): boolean {
    if (this.#state !== "open") return false;
    if (type === "end") this.#state = "ending";
    this.#held.push({ piece: type });
    this.#pump();
    return true;
  }

  /** Goes on from what the server has received; false if that is no longer known. */
  connect(link: Link, received: Received): boolean {
    if (!this.#log.rewind(received)) return false;
    this.#link = link;
    this.#pump();
    return true;
  }

  disconnect(): void {
    this.#link = undefined;
    this.#pump();
  }

  /** Nothing is sent any more, and nobody waits. */
  end(): void {
    this.#state = "over";
    this.#link = undefined;
    clearTimeout(this.#timer);
    for (const { done } of this.#held.splice(0)) done?.();
  }

  /** Moves on whatever can: what is held into the log, the log into the connection. */
  #pump(): void {
    if (this.#state === "over") return;
    this.#send();
    while (this.#held.length > 0 && this.#hasRoom()) {
      this.#admit();
      this.#send();
    }
    clearTimeout(this.#timer);
    const isStuck = this.#held.length > 0 || this.#log.isWaiting;
    if (this.#link !== undefined && isStuck) this.#timer = setTimeout(() => this.#pump(), lookAgainMs);
  }

  #hasRoom(): boolean {
    if (this.#link === undefined) return this.#log.keptBytes < awayBytes;
    return !this.#log.isWaiting && this.#link.bufferedBytes < highWaterBytes;
  }

  #admit(): void {
    const next = this.#held.shift();
    if (next === undefined) return;
    if (typeof next.piece === "string") this.#log.addControl(next.piece);
    else if (next.piece.byteLength > 0) this.#log.addAudio(next.piece);
    next.done?.();
  }

  #send(): void {
    const link = this.#link;
    if (link === undefined) return;
    while (link.bufferedBytes < highWaterBytes) {
      const entry = this.#log.next();
      if (entry === undefined) break;
      link.send(entry.type === "audio" ? entry.bytes : { type: entry.type });
    }
    this.#log.trim(keptBytes);
  }
}
