import { access, constants } from "node:fs/promises";
import { basename } from "node:path";
import { VoxpoolError } from "../../base/errors.ts";
import {
  type EngineInfo,
  type LoadEngine,
  type ModelSpec,
  type Recognized,
  type SegmentEngine,
  type SessionOptions,
  sampleRateHz,
} from "../engine.ts";
import {
  loadSherpaAddon,
  type OfflineConfig,
  type RecognizerHandle,
  type SherpaAddon,
  type StreamHandle,
} from "../sherpa/native.ts";
import { type SherpaFamily, sherpaFamilies } from "./families.ts";
import { textFromTokens, wordsFromTokens } from "./words.ts";

/** Models have a shortest input, and say nothing useful below it; silence is added up to here. */
const shortestSamples = sampleRateHz / 10;

/**
 * Loads a model of one of the families of sherpa's offline recogniser.
 *
 * The files are taken as checked: the library ends the process when one is no model.
 *
 * @throws VoxpoolError `model_load_failed`
 */
export const loadSherpaOffline: LoadEngine = async (spec) => {
  const family = sherpaFamilies[spec.family];
  if (family === undefined) throw loadFailed(`sherpa-offline has no model family ${spec.family}`);
  const config = await configOf(spec, family);
  const addon = loadSherpaAddon();
  let recognizer: RecognizerHandle;
  try {
    recognizer = await addon.createOfflineRecognizerAsync(config);
  } catch (error) {
    throw loadFailed(detailOf(error), error);
  }
  return new SherpaOfflineEngine(addon, recognizer, infoOf(spec, family), {
    ...family,
    rules: spec.ruleFsts !== undefined,
  });
};

/** What decides about the text of a model. */
interface Traits extends Pick<SherpaFamily, "itnOption" | "wordTokens"> {
  /** Whether the library rewrites the text by rules. */
  readonly rules: boolean;
}

class SherpaOfflineEngine implements SegmentEngine {
  readonly input = "segments";
  readonly info: EngineInfo;
  readonly #addon: SherpaAddon;
  readonly #recognizer: RecognizerHandle;
  readonly #traits: Traits;
  /** The library works with raw pointers into these; a collected one would be freed under its feet. */
  readonly #decoding = new Set<StreamHandle>();

  constructor(addon: SherpaAddon, recognizer: RecognizerHandle, info: EngineInfo, traits: Traits) {
    this.#traits = traits;
    this.#addon = addon;
    this.#recognizer = recognizer;
    this.info = info;
  }

  async decode(samples: Float32Array, options: SessionOptions): Promise<Recognized> {
    if (samples.length === 0) return { text: "" };
    const answer = await this.#run(lengthened(samples), options);
    const text = this.#textOf(answer, options).trim();
    if (!options.words || !this.info.words) return { text };
    return { text, words: wordsFromTokens(answer.tokens, answer.timestamps, samples.length / sampleRateHz) };
  }

  /** The library's text has the rules applied; the tokens never have. */
  #textOf(answer: Answer, { itn = true }: SessionOptions): string {
    const { rules, wordTokens = false } = this.#traits;
    return rules && !itn ? textFromTokens(answer.tokens, wordTokens) : answer.text;
  }

  async #run(samples: Float32Array, { itn = true }: SessionOptions): Promise<Answer> {
    let stream: StreamHandle | undefined;
    try {
      stream = this.#addon.createOfflineStream(this.#recognizer);
      this.#decoding.add(stream);
      if (this.#traits.itnOption === true) this.#addon.offlineStreamSetOption(stream, "use_itn", itn ? "1" : "0");
      this.#addon.acceptWaveformOffline(stream, { samples, sampleRate: sampleRateHz });
      return answerOf(await this.#addon.decodeOfflineStreamAsync(this.#recognizer, stream));
    } catch (error) {
      throw new VoxpoolError("decode_failed", { detail: detailOf(error) }, { cause: error });
    } finally {
      if (stream !== undefined) this.#decoding.delete(stream);
    }
  }
}

/** What of sherpa's answer is used. */
interface Answer {
  readonly text: string;
  readonly tokens: readonly string[];
  /** Start of each token, seconds; empty where the family gives none. */
  readonly timestamps: readonly number[];
}

/** The library writes control characters into its JSON unescaped; as spaces they are harmless there and in a text. */
function answerOf(json: string): Answer {
  return JSON.parse(json.replaceAll(/\p{Cc}/gu, " ")) as Answer;
}

function lengthened(samples: Float32Array): Float32Array {
  if (samples.length >= shortestSamples) return samples;
  const longer = new Float32Array(shortestSamples);
  longer.set(samples);
  return longer;
}

async function configOf(spec: ModelSpec, family: SherpaFamily): Promise<OfflineConfig> {
  const file = (role: string): string => {
    const path = spec.files[role];
    if (path === undefined) throw loadFailed(`the file for ${role} is not known; ${spec.family} needs it`);
    return path;
  };
  for (const path of [...family.roles.map(file), ...(spec.ruleFsts ?? [])]) await mustBeReadable(path);
  return {
    // One thread a decode: more cores are used by more decodes at once, which is twice as fast.
    modelConfig: {
      ...family.modelConfig(file),
      tokens: file("tokens"),
      numThreads: 1,
      provider: "cpu",
      debug: false,
    } as OfflineConfig["modelConfig"],
    ...(spec.ruleFsts && { ruleFsts: spec.ruleFsts.join(",") }),
  };
}

async function mustBeReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    throw loadFailed(`${basename(path)} cannot be read`, error);
  }
}

function infoOf(spec: ModelSpec, family: SherpaFamily): EngineInfo {
  return {
    engine: "sherpa-offline",
    family: spec.family,
    languages: spec.languages,
    input: "segments",
    words: family.words,
    maxSegmentSeconds: family.maxSegmentSeconds,
    ...((family.itnOption || spec.ruleFsts) && { itn: true }),
    ...(family.punctuates && { punctuates: true }),
  };
}

function loadFailed(detail: string, cause?: unknown): VoxpoolError {
  return new VoxpoolError("model_load_failed", { detail }, { cause });
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
