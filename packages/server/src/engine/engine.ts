/**
 * What a native recogniser looks like to the rest of voxpool. Engines run in a host's worker thread and
 * nowhere else. Audio is mono `Float32Array` in [-1, 1] at `sampleRateHz` (16 kHz unless said otherwise).
 */

/** The rate of all audio inside voxpool. */
export const sampleRateHz = 16_000;

/** What an engine can do; the same for every session of a loaded model. */
export interface EngineInfo {
  readonly engine: EngineName;
  /** Kind of model inside the engine, for example `moonshine`, `nemo-ctc`, `kaldi`. */
  readonly family: string;
  /** BCP 47 primary tags (`zh`, `en`); empty if nobody knows. */
  readonly languages: readonly string[];
  /**
   * `segments`: takes one stretch of speech at a time. `frames`: takes a stream and finds the ends itself.
   * `text`: takes recognised text and punctuates it.
   */
  readonly input: "segments" | "frames" | "text";
  /** Whether it gives word times. */
  readonly words: boolean;
  /** Longest segment it takes, seconds; only for `segments`. */
  readonly maxSegmentSeconds: number;
  /** Whether it can write numbers in words and in figures, as a session asks. */
  readonly itn?: boolean;
  /** Whether its text comes with punctuation, so that none is to be added. */
  readonly punctuates?: boolean;
  /** What it can be told of the words to come: likely ones, the only possible ones. No, if left out. */
  readonly hotwords?: boolean;
  readonly grammar?: boolean;
  /** Whether it gives several readings. No, if left out. */
  readonly alternatives?: boolean;
  /** Streams that are ready at the same time cost it little more than one. No, if left out. */
  readonly together?: boolean;
}

export type EngineName = "vosk" | "sherpa-offline" | "sherpa-online" | "sherpa-punctuation" | "fake";

/** What was recognised. Times are seconds from the first sample that the engine was given. */
export interface Recognized {
  readonly text: string;
  /** Mean of the words' confidences, 0 to 1, where the engine knows it. */
  readonly confidence?: number;
  readonly words?: readonly RecognizedWord[];
  /** All readings, the best first, where they were asked for; `confidence` is the engine's own number. */
  readonly alternatives?: readonly { readonly text: string; readonly confidence?: number }[];
  /** Speaker vector, where the model makes one. */
  readonly speaker?: readonly number[];
}

/** A recognised stretch of a longer input. */
export interface RecognizedSpan extends Recognized {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** It was cut because it grew too long: speech goes on right behind it. */
  readonly goesOn?: true;
  /** Of what is said so far: a pause follows, so that its last word is whole. */
  readonly isPaused?: true;
}

export interface RecognizedWord {
  readonly word: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly confidence?: number;
}

/** A session whose samples come as they are spoken. */
export interface LiveSettings {
  /** Whether what is heard is wanted before an utterance is over. */
  readonly partials: boolean;
  /** A pause ends no utterance; flushing alone does. */
  readonly manual: boolean;
  /** The pause that ends an utterance, where the engine can be told. */
  readonly silenceSeconds?: number;
  /** How sure the detector has to be that it hears speech, 0 to 1. */
  readonly threshold?: number;
}

/**
 * What becomes of silence. `on`: what is recognised is speech, pauses between it are left out. `off`: everything is.
 * `trim`: everything between the first and the last speech is.
 */
export type VadMode = "on" | "off" | "trim";

export interface SessionOptions {
  /** Whether word times are wanted; engines that have none ignore it. */
  readonly words: boolean;
  /** `on` unless given. Engines of `frames` follow pauses themselves, so for them `off` is the same. */
  readonly vad?: VadMode;
  /** BCP 47 primary tag, for engines that can be told. */
  readonly language?: string;
  /** Whether numbers are written in figures (inverse text normalisation), where the model can choose; yes if left out. */
  readonly itn?: boolean;
  /** Nobody waits for what is heard; the engine is only to be warm afterwards. */
  readonly warmUp?: boolean;
  /** Left out: a recording, which may come faster than it was spoken. */
  readonly live?: LiveSettings;
  /** Words to expect, and the only phrases there are; engines that cannot be told ignore them. */
  readonly hotwords?: readonly string[];
  readonly grammar?: readonly string[];
  /** How many readings are wanted; 0 if left out. */
  readonly alternatives?: number;
  /** The session was begun by a process that is gone. Only for `segments`. */
  readonly resume?: Resume;
}

/** How far a session had come. */
export interface Resume {
  /** So many of its first samples are done with. They are there to be heard once more: models of speech look back. */
  readonly heardSamples: number;
  /** Something in them, or before them, was recognised. */
  readonly hasSpoken: boolean;
}

/** An engine that decodes one finished segment at a time. `decode` may be called many times at once. */
export interface SegmentEngine {
  readonly input: "segments";
  readonly info: EngineInfo;
  /** @throws VoxpoolError `decode_failed` */
  decode(samples: Float32Array, options: SessionOptions): Promise<Recognized>;
}

/** An engine that follows a stream. Recognisers are independent; calls of one recogniser never overlap. */
export interface FrameEngine {
  readonly input: "frames";
  readonly info: EngineInfo;
  open(options: SessionOptions): FrameRecognizer;
}

export interface FrameRecognizer {
  /** Takes samples; answers with the stretches that ended in them. Times count from the recogniser's first sample. */
  accept(samples: Float32Array): Promise<readonly RecognizedSpan[]>;
  /** What is heard of the utterance under way, so far; costs next to nothing. */
  hypothesis?(): RecognizedSpan | undefined;
  /** The utterance ends here, whatever follows: what it was. The stream goes on, and so do its times. */
  flush?(): Promise<RecognizedSpan | undefined>;
  /** No more samples: the rest. Call once. */
  finish(): Promise<RecognizedSpan | undefined>;
  /** Frees native memory. Safe to call twice; never while `accept` or `finish` is under way. */
  close(): void;
}

/** An engine that puts punctuation into text; it changes nothing else but spaces. */
export interface TextEngine {
  readonly input: "text";
  readonly info: EngineInfo;
  /** @throws VoxpoolError `decode_failed` */
  punctuate(text: string): Promise<string>;
}

export type Engine = SegmentEngine | FrameEngine | TextEngine;

/** What a host needs to load a model; made by `detect` from a folder and its manifest. */
export interface ModelSpec {
  readonly engine: EngineName;
  readonly family: string;
  /** Absolute, real path of the folder with the files. */
  readonly directory: string;
  /** Role -> absolute path, for example `encoder`, `tokens`; the roles are the family's. */
  readonly files: Readonly<Record<string, string>>;
  readonly languages: readonly string[];
  /** Absolute paths of the transducers that write numbers in figures, in the order in which they are applied. */
  readonly ruleFsts?: readonly string[];
  /** How speech is cut for `segments` engines. `energy` needs no model and suits tones and tests. */
  readonly segmenter: "silero" | "energy";
  /** Sum of the sizes of the files, bytes. */
  readonly sizeBytes: number;
}

/** Where the shared native parts are; a path is empty when its part has not been fetched. */
export interface EngineAssets {
  /** Path of silero_vad.onnx. */
  readonly sileroFile: string;
  /** Path of libvosk. */
  readonly voskLibraryFile: string;
}

/** Loads a model. Synchronous constructors may block for seconds: call it in a worker thread. */
export type LoadEngine = (spec: ModelSpec, assets: EngineAssets) => Promise<Engine>;
