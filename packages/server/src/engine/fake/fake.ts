import { setTimeout as wait } from "node:timers/promises";
import { VoxpoolError } from "../../base/errors.ts";
import {
  type EngineInfo,
  type FrameEngine,
  type FrameRecognizer,
  type LoadEngine,
  type Recognized,
  type RecognizedSpan,
  type RecognizedWord,
  type SegmentEngine,
  type SessionOptions,
  sampleRateHz,
} from "../engine.ts";
import { type Behaviour, misbehave } from "./misbehave.ts";
import { type FakeScript, readScript } from "./script.ts";

/**
 * An engine for tests: a model folder with a `fake.json` that says what is heard and how it behaves.
 *
 * All keys are optional:
 * - `text`: what is heard (`hello world`). `{index}` becomes the number of the decode in the process (of the span in
 *   the session for `frames`) from 0, `{seconds}` the length of the audio with one decimal, `{samples}` its samples,
 *   `{peak}` its loudest sample in thousandths.
 * - `input`: `segments` or `frames`; `words`: whether word times are given (the words share the time evenly);
 *   `languages`: instead of those of the spec; `maxSegmentSeconds` (20).
 * - `spanSeconds` (1): with `frames`, a span ends after so much audio, or with the input. Until then its words are
 *   heard one by one, evenly.
 * - `loadMs`, `decodeMs`: how long a load, a decode takes.
 * - `warmUp`, `warmUpMs`: a behaviour in the warm-up, and how long that takes; it counts as no decode.
 * - `loadBytes`, `growBytes`: memory that the load, each decode takes and keeps.
 * - `load`, `decode`: a behaviour (see `misbehave`); `decodeAt`: only the n-th decode, from 1, behaves so;
 *   `decodeAbove`: only one with a sample louder than that, in thousandths.
 *
 * @throws VoxpoolError `model_files_invalid`, `model_load_failed`
 */
export const loadFake: LoadEngine = async (spec) => {
  const script = await readScript(spec.directory);
  const behaviour = new FakeBehaviour(script);
  await behaviour.load();
  const info: EngineInfo = {
    engine: "fake",
    family: "fake",
    languages: script.languages ?? spec.languages,
    input: script.input,
    words: script.words,
    maxSegmentSeconds: script.maxSegmentSeconds,
  };
  return script.input === "segments" ? segments(info, script, behaviour) : frames(info, script, behaviour);
};

/** How long things take, what they cost and how they fail. */
class FakeBehaviour {
  readonly #script: FakeScript;
  readonly #kept: Uint8Array[] = [];
  #decodes = 0;

  constructor(script: FakeScript) {
    this.#script = script;
  }

  async load(): Promise<void> {
    const { loadMs, loadBytes, load } = this.#script;
    this.#keep(loadBytes);
    if (loadMs > 0) await wait(loadMs);
    try {
      await misbehave(load);
    } catch (error) {
      throw new VoxpoolError("model_load_failed", { detail: messageOf(error) }, { cause: error });
    }
  }

  /** One decode; gives its number from 0. @throws VoxpoolError `decode_failed` */
  async decode(samples: Float32Array): Promise<number> {
    const { decodeMs, growBytes, decode, decodeAt, decodeAbove } = this.#script;
    const number = this.#decodes++;
    this.#keep(growBytes);
    if (decodeMs > 0) await wait(decodeMs);
    const isMeant = decodeAt === undefined || decodeAt === number + 1;
    if (isMeant && (decodeAbove === undefined || peakOf(samples) > decodeAbove)) await this.#misbehave(decode);
    return number;
  }

  /** What is decoded before the model is ready. @throws VoxpoolError `decode_failed` */
  async warmUp(): Promise<void> {
    const { warmUp, warmUpMs } = this.#script;
    if (warmUpMs > 0) await wait(warmUpMs);
    await this.#misbehave(warmUp);
  }

  async #misbehave(behaviour: Behaviour): Promise<void> {
    try {
      await misbehave(behaviour);
    } catch (error) {
      throw new VoxpoolError("decode_failed", { detail: messageOf(error) }, { cause: error });
    }
  }

  #keep(bytes: number): void {
    // Filled, because memory that nobody wrote to is not resident.
    if (bytes > 0) this.#kept.push(new Uint8Array(bytes).fill(1));
  }
}

function segments(info: EngineInfo, script: FakeScript, behaviour: FakeBehaviour): SegmentEngine {
  return {
    input: "segments",
    info,
    async decode(samples, options) {
      if (options.warmUp === true) await behaviour.warmUp();
      const index = options.warmUp === true ? 0 : await behaviour.decode(samples);
      return heard(script, options, index, samples, 0);
    },
  };
}

function frames(info: EngineInfo, script: FakeScript, behaviour: FakeBehaviour): FrameEngine {
  return { input: "frames", info, open: (options) => new FakeRecognizer(script, options, behaviour) };
}

class FakeRecognizer implements FrameRecognizer {
  readonly #script: FakeScript;
  readonly #options: SessionOptions;
  readonly #behaviour: FakeBehaviour;
  readonly #spanSamples: number;
  #buffer: number[] = [];
  #start = 0;
  #spans = 0;

  constructor(script: FakeScript, options: SessionOptions, behaviour: FakeBehaviour) {
    this.#script = script;
    this.#options = options;
    this.#behaviour = behaviour;
    this.#spanSamples = Math.max(1, Math.round(script.spanSeconds * sampleRateHz));
  }

  async accept(samples: Float32Array): Promise<readonly RecognizedSpan[]> {
    if (this.#options.warmUp !== true) await this.#behaviour.decode(samples);
    else if (this.#spans === 0 && this.#buffer.length === 0) await this.#behaviour.warmUp();
    const spans: RecognizedSpan[] = [];
    for (const sample of samples) {
      this.#buffer.push(sample);
      if (this.#buffer.length === this.#spanSamples) spans.push(this.#span());
    }
    return spans;
  }

  hypothesis(): RecognizedSpan | undefined {
    if (this.#buffer.length === 0) return undefined;
    const { text, startSeconds, endSeconds } = this.#heard(this.#spans);
    const words = text.split(" ");
    const count = Math.floor((words.length * this.#buffer.length) / this.#spanSamples);
    return { text: words.slice(0, count).join(" "), startSeconds, endSeconds };
  }

  async flush(): Promise<RecognizedSpan | undefined> {
    return this.#buffer.length > 0 ? this.#span() : undefined;
  }

  async finish(): Promise<RecognizedSpan | undefined> {
    return this.#buffer.length > 0 ? this.#span() : undefined;
  }

  close(): void {
    this.#buffer = [];
  }

  #span(): RecognizedSpan {
    const span = this.#heard(this.#spans++);
    this.#start += this.#buffer.length;
    this.#buffer = [];
    return span;
  }

  #heard(index: number): RecognizedSpan {
    const samples = Float32Array.from(this.#buffer);
    const startSeconds = this.#start / sampleRateHz;
    const recognized = heard(this.#script, this.#options, index, samples, startSeconds);
    return { ...recognized, startSeconds, endSeconds: (this.#start + samples.length) / sampleRateHz };
  }
}

function heard(
  script: FakeScript,
  options: SessionOptions,
  index: number,
  samples: Float32Array,
  startSeconds: number,
): Recognized {
  const seconds = samples.length / sampleRateHz;
  const values: Record<string, () => string | number> = {
    index: () => index,
    seconds: () => seconds.toFixed(1),
    samples: () => samples.length,
    peak: () => peakOf(samples),
  };
  const text = script.text.replaceAll(/\{(\w+)\}/g, (place, name: string) => String(values[name]?.() ?? place));
  if (!script.words || !options.words) return { text };
  return { text, confidence: 1, words: evenWords(text, startSeconds, seconds) };
}

function evenWords(text: string, startSeconds: number, seconds: number): readonly RecognizedWord[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const each = seconds / words.length;
  return words.map((word, at) => ({
    word,
    startSeconds: startSeconds + at * each,
    endSeconds: startSeconds + (at + 1) * each,
    confidence: 1,
  }));
}

/** The loudest sample, in thousandths. */
const peakOf = (samples: Float32Array): number =>
  Math.round(1000 * samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0));

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
