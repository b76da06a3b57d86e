// The thread that unpacks bzip2. The decoder is synchronous, and calls for each byte: in the main thread it would stop
// everything else for the minutes that a large archive takes.
import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import Bunzip from "seek-bzip";
import { type BunzipMessage, type BunzipTask, pieceBytes } from "./wire.ts";

/** The file, read in pieces. An end in the middle of a block throws: the decoder would go on with what is not there. */
class FileBytes extends Bunzip.Stream {
  readonly #file: number;
  readonly #room = Buffer.alloc(1 << 18);
  #length = 0;
  #position = 0;

  constructor(file: number) {
    super();
    this.#file = file;
  }

  override readByte(): number {
    if (this.eof()) throw new Error("it ends in the middle");
    return this.#room[this.#position++] ?? 0;
  }

  override eof(): boolean {
    if (this.#position < this.#length) return false;
    this.#length = readSync(this.#file, this.#room, 0, this.#room.length, null);
    this.#position = 0;
    return this.#length === 0;
  }
}

/** Sends what was unpacked in pieces, as fast as they are taken. */
class Pieces {
  readonly #credits: BunzipTask["credits"];
  #piece = new Uint8Array(pieceBytes);
  #length = 0;

  constructor(credits: BunzipTask["credits"]) {
    this.#credits = credits;
  }

  writeByte(byte: number): void {
    this.#piece[this.#length++] = byte;
    if (this.#length === pieceBytes) this.flush();
  }

  flush(): void {
    if (this.#length === 0) return;
    Atomics.wait(this.#credits, 0, 0);
    Atomics.sub(this.#credits, 0, 1);
    const bytes = this.#piece.slice(0, this.#length);
    this.#length = 0;
    send({ type: "piece", bytes });
  }
}

function send(message: BunzipMessage): void {
  parentPort?.postMessage(message, message.type === "piece" ? [message.bytes.buffer] : []);
}

const { path, credits } = workerData as BunzipTask;
const file = openSync(path, "r");
try {
  const pieces = new Pieces(credits);
  Bunzip.decode(new FileBytes(file), pieces, true);
  pieces.flush();
  send({ type: "end" });
} catch (error) {
  send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
} finally {
  closeSync(file);
}
