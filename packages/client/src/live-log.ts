/** Something that a session sends; `at` is how many bytes of audio go before it. */
export type LogEntry = AudioEntry | ControlEntry;

interface AudioEntry {
  readonly type: "audio";
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface ControlEntry {
  readonly type: "finalize" | "end";
  readonly at: number;
  /** Of its type, how many there were before. */
  readonly before: number;
}

/** What has arrived of a session. */
export interface Received {
  readonly bytes: number;
  readonly finalizes: number;
}

/** What a session sends, in order: what still waits, and what was sent and may have to be sent again. */
export class LiveLog {
  #sent: LogEntry[] = [];
  #waiting: LogEntry[] = [];
  #keptFrom = 0;
  #sentTo = 0;
  #end = 0;
  readonly #controls = { finalize: 0, end: 0 };

  /** Whether anything was not given to a connection yet. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Bytes of audio in here, waiting or sent. */
  get keptBytes(): number {
    return this.#end - this.#keptFrom;
  }

  /** Takes the bytes over: they must not change any more. */
  addAudio(bytes: Uint8Array<ArrayBuffer>): void {
    this.#waiting.push({ type: "audio", at: this.#end, bytes });
    this.#end += bytes.byteLength;
  }

  addControl(type: ControlEntry["type"]): void {
    this.#waiting.push({ type, at: this.#end, before: this.#controls[type]++ });
  }

  /** The next one to be sent. */
  next(): LogEntry | undefined {
    const entry = this.#waiting.shift();
    if (entry === undefined) return undefined;
    this.#sent.push(entry);
    if (entry.type === "audio") this.#sentTo = entry.at + entry.bytes.byteLength;
    return entry;
  }

  /** Forgets the oldest that was sent, down to so many bytes of audio. */
  trim(keepBytes: number): void {
    let drop = 0;
    for (const entry of this.#sent) {
      if (this.#sentTo - this.#keptFrom <= keepBytes) break;
      if (entry.type === "audio") this.#keptFrom = entry.at + entry.bytes.byteLength;
      drop++;
    }
    if (drop > 0) this.#sent.splice(0, drop);
  }

  /**
   * Goes back to where the server is: what it has not received waits again. False if that is no longer here, or was
   * never sent.
   */
  rewind(received: Received): boolean {
    if (received.bytes < this.#keptFrom || received.bytes > this.#sentTo) return false;
    this.#waiting = [...this.#sent.flatMap((entry) => missing(entry, received)), ...this.#waiting];
    this.#sent = [];
    this.#keptFrom = received.bytes;
    this.#sentTo = received.bytes;
    return true;
  }
}

/** What of an entry the server has not received. */
function missing(entry: LogEntry, { bytes, finalizes }: Received): LogEntry[] {
  // An `end` is the last message: said twice, it does no harm.
  if (entry.type !== "audio") return entry.type === "finalize" && entry.before < finalizes ? [] : [entry];
  if (bytes <= entry.at) return [entry];
  const rest = entry.bytes.subarray(bytes - entry.at);
  return rest.byteLength === 0 ? [] : [{ type: "audio", at: bytes, bytes: rest }];
}
