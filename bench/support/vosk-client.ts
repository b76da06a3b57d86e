import { pcmBytes } from "../../test/fixtures/wav.ts";

/** What a paced connection saw. */
export interface LiveRun {
  /** From a chunk of audio to its answer, ms. */
  readonly lagMs: readonly number[];
  /** From the end of the input to the last result, ms. */
  readonly finalMs: number;
  readonly text: string;
}

const chunkSeconds = 0.2;

/**
 * Sends samples as fast as they were spoken, as a microphone does, over the protocol of vosk-server.
 * @param samples 16 kHz, mono, in [-1, 1]
 */
export async function speakTo(url: string, samples: Float32Array): Promise<LiveRun> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const answers = new Answers(socket);
  await answers.open;
  socket.send(JSON.stringify({ config: { sample_rate: 16_000 } }));
  const step = chunkSeconds * 16_000;
  const begunAt = performance.now();
  for (let at = 0; at < samples.length; at += step) {
    const due = begunAt + (1000 * Math.min(at + step, samples.length)) / 16_000;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    answers.ask(new Uint8Array(pcmBytes(samples.subarray(at, at + step))));
  }
  const finalMs = await answers.finish();
  return { lagMs: answers.lagMs, finalMs, text: answers.texts.filter((text) => text !== "").join(" ") };
}

/** Answers come in order, one for each message of audio. */
class Answers {
  readonly open: Promise<void>;
  readonly lagMs: number[] = [];
  readonly texts: string[] = [];
  readonly #socket: WebSocket;
  readonly #sentAt: number[] = [];
  #askedLastAt = 0;
  readonly #last = Promise.withResolvers<number>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#last.promise.catch(() => undefined);
    this.open = new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", () => reject(new Error(`no WebSocket at ${socket.url}`)), { once: true });
    });
    socket.addEventListener("message", ({ data }) => this.#answer(String(data)));
    socket.addEventListener("close", () => this.#last.reject(new Error("the connection was closed")));
  }

  ask(audio: Uint8Array<ArrayBuffer>): void {
    this.#sentAt.push(performance.now());
    this.#socket.send(audio);
  }

  /** @returns how long the last result took, ms */
  async finish(): Promise<number> {
    this.#askedLastAt = performance.now();
    this.#socket.send('{"eof" : 1}');
    const answeredAt = await this.#last.promise;
    this.#socket.close();
    return answeredAt - this.#askedLastAt;
  }

  #answer(json: string): void {
    const now = performance.now();
    const answer = JSON.parse(json) as { text?: string };
    if (answer.text !== undefined) this.texts.push(answer.text);
    const sentAt = this.#sentAt.shift();
    if (sentAt === undefined) this.#last.resolve(now);
    else this.lagMs.push(now - sentAt);
  }
}
