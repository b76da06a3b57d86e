import { createRequire } from "node:module";

/** What voxpool uses of the native addon of sherpa-onnx-node, which comes without types. Handles are opaque. */
export interface SherpaAddon {
  /** Runs on the libuv pool. Ends the whole process when a file is no model. */
  createOfflineRecognizerAsync(config: OfflineConfig): Promise<RecognizerHandle>;
  createOfflineStream(recognizer: RecognizerHandle): StreamHandle;
  acceptWaveformOffline(stream: StreamHandle, wave: { samples: Float32Array; sampleRate: number }): void;
  /** Says something for one decode, such as `language`; kinds of model that do not know the key ignore it. */
  offlineStreamSetOption(stream: StreamHandle, key: string, value: string): void;
  /** Whisper and Canary take another language so. Never while a decode of the recogniser runs. */
  offlineRecognizerSetConfig(recognizer: RecognizerHandle, config: OfflineConfig): void;
  /** Runs on the libuv pool with raw pointers: keep both handles referenced until it settles. Resolves to JSON. */
  decodeOfflineStreamAsync(recognizer: RecognizerHandle, stream: StreamHandle): Promise<string>;
  createVoiceActivityDetector(config: VadConfig, bufferSeconds: number): VadHandle;
  voiceActivityDetectorAcceptWaveform(vad: VadHandle, samples: Float32Array): void;
  voiceActivityDetectorIsDetected(vad: VadHandle): boolean;
  voiceActivityDetectorFlush(vad: VadHandle): void;
  voiceActivityDetectorClear(vad: VadHandle): void;
  voiceActivityDetectorReset(vad: VadHandle): void;
  /** Ends the whole process when the file is no such model. */
  createOfflinePunctuation(config: PunctuationConfig): PunctuationHandle;
  offlinePunctuationAddPunct(punctuation: PunctuationHandle, text: string): string;
}

export interface OfflineConfig {
  readonly modelConfig: OfflineModelConfig & {
    readonly tokens: string;
    readonly numThreads: number;
    readonly provider: "cpu";
    readonly debug: boolean;
  };
  /** Paths of transducers that rewrite the text, in their order, a comma between them. */
  readonly ruleFsts?: string;
}

export interface PunctuationConfig {
  readonly model: {
    readonly ctTransformer: string;
    readonly numThreads: number;
    readonly provider: "cpu";
    readonly debug: boolean;
  };
}

/** The part of the configuration that says which kind of model it is; paths by sherpa's own names. */
export type OfflineModelConfig = Readonly<Record<string, string | Readonly<Record<string, string | number>>>>;

export interface VadConfig {
  readonly sileroVad: {
    readonly model: string;
    readonly threshold: number;
    readonly minSilenceDuration: number;
    readonly minSpeechDuration: number;
    readonly maxSpeechDuration: number;
    readonly windowSize: number;
  };
  readonly sampleRate: number;
  readonly numThreads: number;
  readonly provider: "cpu";
  readonly debug: boolean;
}

declare const handle: unique symbol;
export type RecognizerHandle = { readonly [handle]: "recognizer" };
export type StreamHandle = { readonly [handle]: "stream" };
export type PunctuationHandle = { readonly [handle]: "punctuation" };
export type VadHandle = { readonly [handle]: "vad" };

/**
 * The addon, loaded at the first call: it brings 32 MB of libraries that only a sherpa host should map.
 *
 * The addon itself and not the classes around it, because those parse the answer with `JSON.parse`, and the
 * library writes control characters into its JSON unescaped.
 */
export function loadSherpaAddon(): SherpaAddon {
  return createRequire(import.meta.url)("sherpa-onnx-node/addon.js") as SherpaAddon;
}
