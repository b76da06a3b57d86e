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
import { type Answer, answerOf } from "../sherpa/answer.ts";
import {
  loadSherpaAddon,
  type OfflineConfig,
  type RecognizerHandle,
  type SherpaAddon,
  type StreamHandle,
} from "../sherpa/native.ts";
import { textFromTokens, wordsFromTokens } from "../sherpa/words.ts";
import { type SherpaFamily, sherpaFamilies } from "./families.ts";
import { SettingTurns } from "./turns.ts";

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
  const model = await modelOf(spec, family);
  const addon = loadSherpaAddon();
  let recognizer: RecognizerHandle;
  try {
    recognizer = await addon.createOfflineRecognizerAsync(model.configFor(model.usualCode));
  } catch (error) {
    throw loadFailed(detailOf(error), error);
  }
  return new SherpaOfflineEngine(addon, recognizer, model);
};

class SherpaOfflineEngine implements SegmentEngine {
  readonly input = "segments";
  readonly info: EngineInfo;
  readonly #addon: SherpaAddon;
  readonly #recognizer: RecognizerHandle;
  readonly #model: Model;
  readonly #turns: SettingTurns<string | undefined>;
  /** The library works with raw pointers into these; a collected one would be freed under its feet. */
  readonly #decoding = new Set<StreamHandle>();

  constructor(addon: SherpaAddon, recognizer: RecognizerHandle, model: Model) {
    this.#addon = addon;
    this.#recognizer = recognizer;
    this.#model = model;
    this.info = model.info;
    this.#turns = new SettingTurns(model.usualCode, (code) =>
      addon.offlineRecognizerSetConfig(recognizer, model.configFor(code)),
    );
  }

  async decode(samples: Float32Array, options: SessionOptions): Promise<Recognized> {
    if (samples.length === 0) return { text: "" };
    const { family, codes, usualCode } = this.#model;
    const code = codes.get(options.language ?? "") ?? usualCode;
    const run = () => this.#run(lengthened(samples), streamOptions(family, code, options));
    const answer = await (family.languages?.told === "configuration" ? this.#turns.run(code, run) : run());
    const text = this.#textOf(answer, options).trim();
    if (!options.words || !this.info.words) return { text };
    const { tokens, timestamps } = answer;
    return {
      text,
      words: wordsFromTokens(tokens, timestamps, {
        endSeconds: samples.length / sampleRateHz,
        text,
        wordTokens: family.wordTokens ?? false,
      }),
    };
  }

  /** The library's text has the rules applied; the tokens never have. */
  #textOf(answer: Answer, { itn = true }: SessionOptions): string {
    const { family, hasRules } = this.#model;
    return hasRules && !itn ? textFromTokens(answer.tokens, family.wordTokens ?? false, answer.text) : answer.text;
  }

  async #run(samples: Float32Array, options: ReadonlyMap<string, string>): Promise<Answer> {
    let stream: StreamHandle | undefined;
    try {
      stream = this.#addon.createOfflineStream(this.#recognizer);
      this.#decoding.add(stream);
      for (const [key, value] of options) this.#addon.offlineStreamSetOption(stream, key, value);
      this.#addon.acceptWaveformOffline(stream, { samples, sampleRate: sampleRateHz });
      return answerOf(await this.#addon.decodeOfflineStreamAsync(this.#recognizer, stream));
    } catch (error) {
      throw new VoxpoolError("decode_failed", { detail: detailOf(error) }, { cause: error });
    } finally {
      if (stream !== undefined) this.#decoding.delete(stream);
    }
  }
}

/** What one decode is told; other families than those that read it ignore it. */
function streamOptions(
  { languages, itnOption }: SherpaFamily,
  code: string | undefined,
  { itn }: SessionOptions,
): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  if (languages?.told === "stream" && code !== undefined) options.set("language", code);
  if (itnOption === true && itn !== undefined) options.set("use_itn", itn ? "1" : "0");
  return options;
}

function lengthened(samples: Float32Array): Float32Array {
  if (samples.length >= shortestSamples) return samples;
  const longer = new Float32Array(shortestSamples);
  longer.set(samples);
  return longer;
}

/** A model with all that is known of it before it is loaded. */
interface Model {
  readonly family: SherpaFamily;
  readonly info: EngineInfo;
  /** The languages that it can be told: its own code by primary tag. */
  readonly codes: ReadonlyMap<string, string>;
  /** The code of the language that is meant when nobody says one; undefined where the model finds it out. */
  readonly usualCode: string | undefined;
  readonly configFor: (code: string | undefined) => OfflineConfig;
  /** Whether the library rewrites the text by rules. */
  readonly hasRules: boolean;
}

async function modelOf(spec: ModelSpec, family: SherpaFamily): Promise<Model> {
  const file = (role: string): string => {
    const path = spec.files[role];
    if (path === undefined) throw loadFailed(`the file for ${role} is not known; ${spec.family} needs it`);
    return path;
  };
  for (const path of [...family.roles.map(file), ...(spec.ruleFsts ?? [])]) await mustBeReadable(path);
  const words = typeof family.words === "boolean" ? family.words : await family.words(file);
  const { punctuates: marks = false } = family;
  const punctuates = typeof marks === "boolean" ? marks : await marks(file);
  const codes = (await family.languages?.codes(file)) ?? new Map<string, string>();
  const only = spec.languages.length === 1 ? spec.languages[0] : undefined;
  return {
    family,
    hasRules: spec.ruleFsts !== undefined,
    info: infoOf(spec, family, { words, punctuates }),
    codes,
    usualCode: codes.get(only ?? family.languages?.otherwise ?? ""),
    configFor: (language) => ({
      // One thread a decode: more cores are used by more decodes at once, which is twice as fast.
      modelConfig: {
        ...family.modelConfig(file, { words, ...(language !== undefined && { language }) }),
        tokens: family.roles.includes("tokens") ? file("tokens") : "",
        numThreads: 1,
        provider: "cpu",
        debug: false,
      } as OfflineConfig["modelConfig"],
      ...(spec.ruleFsts && { ruleFsts: spec.ruleFsts.join(",") }),
    }),
  };
}

async function mustBeReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    throw loadFailed(`${basename(path)} cannot be read`, error);
  }
}

function infoOf(
  spec: ModelSpec,
  family: SherpaFamily,
  { words, punctuates }: { readonly words: boolean; readonly punctuates: boolean },
): EngineInfo {
  return {
    engine: "sherpa-offline",
    family: spec.family,
    languages: spec.languages,
    input: "segments",
    words,
    maxSegmentSeconds: family.maxSegmentSeconds,
    ...((family.itnOption === true || spec.ruleFsts !== undefined) && { itn: true }),
    ...(punctuates && { punctuates: true }),
  };
}

function loadFailed(detail: string, cause?: unknown): VoxpoolError {
  return new VoxpoolError("model_load_failed", { detail }, { cause });
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
