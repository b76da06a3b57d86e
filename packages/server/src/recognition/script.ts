import { Worker } from "node:worker_threads";
import { VoxpoolError } from "../base/errors.ts";
import { hasHan } from "../engine/text/marks.ts";
import type { Segment, SessionEvent } from "./types.ts";

/** Simplified or traditional Chinese characters. */
export type Script = "hans" | "hant";

export interface ToScriptWorker {
  readonly number: number;
  readonly script: Script;
  readonly texts: readonly string[];
}

export interface FromScriptWorker {
  readonly number: number;
  readonly texts: readonly string[];
}

/** Writes Chinese in simplified or traditional characters, in a thread of its own that starts when it is needed. */
export interface ScriptConverter {
  /** The texts in the script, in their order. @throws VoxpoolError `internal`, `server_stopping` */
  convert(texts: readonly string[], script: Script): Promise<readonly string[]>;
  close(): Promise<void>;
}

const kana = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** A thread without work for so long is ended: the dictionaries take 100 MB. */
const defaultIdleMs = 60_000;

/**
 * @param entry of the thread
 * @param idleMs how long a thread is kept that has nothing to do
 */
export function createScriptConverter(
  entry = new URL("./script-worker.js", import.meta.url),
  idleMs = defaultIdleMs,
): ScriptConverter {
  let thread: ScriptThread | undefined;
  let closed = false;
  return {
    convert(texts, script) {
      if (closed) return Promise.reject(new VoxpoolError("server_stopping"));
      if (thread === undefined || thread.ended) thread = new ScriptThread(entry, idleMs);
      return thread.convert(texts, script);
    },
    async close() {
      closed = true;
      await thread?.end();
    },
  };
}

/** One life of the thread; it does not keep the process alive while it has nothing to do. */
class ScriptThread {
  ended = false;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<readonly string[]>>();
  readonly #idleMs: number;
  #idle: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(entry: URL, idleMs: number) {
    this.#idleMs = idleMs;
    // The flags of this process (a debugger's port, --input-type) are not meant for the thread.
    this.#worker = new Worker(entry, { execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (message: FromScriptWorker) => this.#receive(message));
    this.#worker.on("error", (cause) => this.#fail(new VoxpoolError("internal", {}, { cause })));
    this.#worker.on("exit", () => this.#fail(new VoxpoolError("internal")));
  }

  convert(texts: readonly string[], script: Script): Promise<readonly string[]> {
    const answer = Promise.withResolvers<readonly string[]>();
    const message: ToScriptWorker = { number: this.#sent++, script, texts };
    this.#waiting.set(message.number, answer);
    clearTimeout(this.#idle);
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    this.#worker.postMessage(message);
    return answer.promise;
  }

  async end(): Promise<void> {
    this.#fail(new VoxpoolError("server_stopping"));
    await this.#worker.terminate();
  }

  #receive({ number, texts }: FromScriptWorker): void {
    this.#waiting.get(number)?.resolve(texts);
    this.#waiting.delete(number);
    if (this.#waiting.size > 0) return;
    this.#worker.unref();
    this.#idle = setTimeout(() => void this.end(), this.#idleMs).unref();
  }

  #fail(error: VoxpoolError): void {
    this.ended = true;
    clearTimeout(this.#idle);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** The events with their segments and words in a script. Texts without Chinese, and Japanese ones, stay as they are. */
export async function* inScript(
  events: AsyncIterable<SessionEvent>,
  converter: ScriptConverter,
  script: Script,
): AsyncGenerator<SessionEvent, void> {
  for await (const event of events) {
    const isChinese = event.type === "final" && hasHan(event.segment.text) && !kana.test(event.segment.text);
    yield isChinese ? { ...event, segment: await converted(event.segment, converter, script) } : event;
  }
}

/** Which character it becomes may depend on its neighbours, so words are cut out of their whole line again. */
async function converted(segment: Segment, converter: ScriptConverter, script: Script): Promise<Segment> {
  const words = segment.words ?? [];
  const line = words.map(({ word }) => word).join("");
  const [text = segment.text, newLine = ""] = await converter.convert([segment.text, line], script);
  if (segment.words === undefined) return { ...segment, text };
  const characters = Array.from(newLine);
  const sameLength = characters.length === Array.from(line).length;
  const newWords = sameLength
    ? cutAs(characters, words)
    : await converter.convert(
        words.map(({ word }) => word),
        script,
      );
  return { ...segment, text, words: words.map((word, index) => ({ ...word, word: newWords[index] ?? word.word })) };
}

function cutAs(characters: readonly string[], words: readonly { readonly word: string }[]): readonly string[] {
  let at = 0;
  return words.map(({ word }) => {
    const from = at;
    at += Array.from(word).length;
    return characters.slice(from, at).join("");
  });
}
