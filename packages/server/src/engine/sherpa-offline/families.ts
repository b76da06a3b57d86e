import { dirname } from "node:path";
import { knowsMarks } from "../sherpa/marks.ts";
import type { OfflineModelConfig } from "../sherpa/native.ts";
import { decoderGivesTimes, givesTimes, type Languages, whisperCodes } from "./traits.ts";

/** Path of the file of a role. */
export type FileOf = (role: string) => string;

/** What a configuration can say besides the files. */
export interface Wishes {
  /** The engine's own code; undefined lets the model find the language out. */
  readonly language?: string;
  /** Whether the model gives token times. */
  readonly words: boolean;
}

/** A kind of model that sherpa's offline recogniser can load. A new kind is one more entry below. */
export interface SherpaFamily {
  /** The files it needs, by role; the names are those of `ModelSpec.files`. */
  readonly roles: readonly string[];
  /** Longest segment that it decodes well, seconds. */
  readonly maxSegmentSeconds: number;
  /** Whether it gives a time with each token, from which word times are made; some kinds only in some exports. */
  readonly words: boolean | ((file: FileOf) => Promise<boolean>);
  /** Whether its tokens are words or characters without spaces, where `@@` at the end means that the word goes on. */
  readonly wordTokens?: boolean;
  /** How it is told the language, and what it calls those that it can be told. */
  readonly languages?: Languages;
  /** Whether its text comes with punctuation; some kinds only where they were trained so. */
  readonly punctuates?: boolean | ((file: FileOf) => Promise<boolean>);
  /** Whether it takes the option `use_itn` with each stream. */
  readonly itnOption?: boolean;
  /** The files, by role, in sherpa's own terms; `tokens` is given to all kinds alike. */
  readonly modelConfig: (file: FileOf, wishes: Wishes) => OfflineModelConfig;
}

const sameCodes = (tags: string) => async (): Promise<ReadonlyMap<string, string>> =>
  new Map(tags.split(" ").map((tag) => [tag, tag]));

/** A CTC model of one file, under the name that sherpa gives its kind. */
const ctc = (name: string): SherpaFamily => ({
  roles: ["model", "tokens"],
  maxSegmentSeconds: 30,
  words: true,
  modelConfig: (file) => ({ [name]: { model: file("model") } }),
});

const encoderDecoder = { roles: ["encoder", "decoder", "tokens"], words: false, punctuates: true } as const;
const bothOf = (file: FileOf) => ({ encoder: file("encoder"), decoder: file("decoder") });

const transducer = (modelType: string): SherpaFamily => ({
  roles: ["encoder", "decoder", "joiner", "tokens"],
  maxSegmentSeconds: 30,
  words: true,
  punctuates: knowsMarks,
  // Said at once, sherpa need not load the encoder twice to find it out.
  modelConfig: (file) => ({ transducer: { ...bothOf(file), joiner: file("joiner") }, modelType }),
});

/** The language is fixed when the model is loaded: to the one of the manifest, else the model finds it out. */
const senseVoice: SherpaFamily = {
  ...ctc("senseVoice"),
  languages: { told: "load", codes: sameCodes("zh en ja ko yue") },
  itnOption: true,
  punctuates: true,
  modelConfig: (file, { language }) => ({
    senseVoice: { model: file("model"), useInverseTextNormalization: 1, ...(language !== undefined && { language }) },
  }),
};

const qwen3Names =
  "zh:Chinese en:English yue:Cantonese ar:Arabic de:German fr:French es:Spanish pt:Portuguese id:Indonesian it:Italian " +
  "ko:Korean ru:Russian th:Thai vi:Vietnamese ja:Japanese tr:Turkish hi:Hindi ms:Malay nl:Dutch sv:Swedish da:Danish " +
  "fi:Finnish pl:Polish cs:Czech fil:Filipino fa:Persian el:Greek ro:Romanian hu:Hungarian mk:Macedonian";

export const sherpaFamilies: Readonly<Record<string, SherpaFamily>> = {
  "sense-voice": senseVoice,
  "funasr-nano-ctc": { ...ctc("senseVoice"), punctuates: true },
  paraformer: {
    ...ctc("paraformer"),
    words: givesTimes,
    wordTokens: true,
  },
  "zipformer-ctc": { ...ctc("zipformerCtc"), punctuates: knowsMarks },
  "nemo-ctc": { ...ctc("nemoCtc"), punctuates: knowsMarks },
  "wenet-ctc": ctc("wenetCtc"),
  dolphin: ctc("dolphin"),
  "fire-red-ctc": ctc("fireRedAsrCtc"),
  "omnilingual-ctc": ctc("omnilingual"),
  "medasr-ctc": ctc("medasr"),
  "telespeech-ctc": {
    ...ctc("telespeech"),
    modelConfig: (file) => ({ teleSpeechCtc: file("model"), modelType: "telespeech_ctc" }),
  },
  transducer: transducer("transducer"),
  "nemo-transducer": transducer("nemo_transducer"),
  whisper: {
    ...encoderDecoder,
    // It hears 30 s at a time, and sherpa leaves half a second of them empty.
    maxSegmentSeconds: 28,
    words: decoderGivesTimes,
    languages: { told: "configuration", codes: whisperCodes },
    modelConfig: (file, { language = "", words }) => ({
      whisper: { ...bothOf(file), language, task: "transcribe", enableTokenTimestamps: words ? 1 : 0 },
    }),
  },
  canary: {
    ...encoderDecoder,
    maxSegmentSeconds: 30,
    languages: { told: "configuration", codes: sameCodes("en es de fr"), otherwise: "en" },
    // The same language on both sides: anything else would translate.
    modelConfig: (file, { language = "en" }) => ({
      canary: { ...bothOf(file), srcLang: language, tgtLang: language, usePnc: 1 },
    }),
  },
  "cohere-transcribe": {
    ...encoderDecoder,
    maxSegmentSeconds: 30,
    languages: { told: "stream", codes: sameCodes("ar de el en es fr it ja ko nl pl pt vi zh"), otherwise: "en" },
    itnOption: true,
    punctuates: true,
    modelConfig: (file, { language = "en" }) => ({ cohereTranscribe: { ...bothOf(file), language } }),
  },
  "fire-red": {
    ...encoderDecoder,
    punctuates: false,
    maxSegmentSeconds: 30,
    modelConfig: (file) => ({ fireRedAsr: bothOf(file) }),
  },
  moonshine: {
    roles: ["encoder", "mergedDecoder", "tokens"],
    maxSegmentSeconds: 20,
    words: false,
    punctuates: true,
    modelConfig: (file) => ({ moonshine: { encoder: file("encoder"), mergedDecoder: file("mergedDecoder") } }),
  },
  "moonshine-v1": {
    roles: ["preprocessor", "encoder", "uncachedDecoder", "cachedDecoder", "tokens"],
    maxSegmentSeconds: 20,
    words: false,
    punctuates: true,
    modelConfig: (file) => ({
      moonshine: {
        preprocessor: file("preprocessor"),
        encoder: file("encoder"),
        uncachedDecoder: file("uncachedDecoder"),
        cachedDecoder: file("cachedDecoder"),
      },
    }),
  },
  "qwen3-asr": {
    roles: ["convFrontend", "encoder", "decoder", "vocabulary", "merges", "tokenizer"],
    maxSegmentSeconds: 30,
    words: false,
    punctuates: true,
    languages: {
      told: "stream",
      codes: async () => new Map(qwen3Names.split(" ").map((pair) => pair.split(":") as [string, string])),
    },
    modelConfig: (file) => ({
      qwen3Asr: {
        convFrontend: file("convFrontend"),
        encoder: file("encoder"),
        decoder: file("decoder"),
        tokenizer: dirname(file("tokenizer")),
        // 30 s are 390 tokens of audio; the default of 512 would leave too few for the words of a fast speaker.
        maxTotalLen: 1024,
        maxNewTokens: 400,
      },
    }),
  },
  "funasr-nano": {
    roles: ["encoderAdaptor", "llm", "embedding", "vocabulary", "merges", "tokenizer"],
    maxSegmentSeconds: 30,
    words: false,
    punctuates: true,
    modelConfig: (file) => ({
      funasrNano: {
        encoderAdaptor: file("encoderAdaptor"),
        llm: file("llm"),
        embedding: file("embedding"),
        tokenizer: dirname(file("tokenizer")),
        itn: 1,
      },
    }),
  },
};
