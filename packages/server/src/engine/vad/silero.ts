import { VoxpoolError } from "../../base/errors.ts";
import { sampleRateHz } from "../engine.ts";
import { loadSherpaAddon, type SherpaAddon, type VadConfig, type VadHandle } from "../sherpa/native.ts";
import { frameSamples, type SpeechDetector } from "./detector.ts";

/** Below this peak (-72 dB) nothing is said, and nobody needs to be asked. */
const silencePeak = 0.000_25;

/** So many silent frames in a row (one second), and the model goes back to the pool. */
const silentFramesBeforeReturn = 32;

/** Sherpa counts samples in 32 bits: after so many frames (9 hours) it starts anew at the next pause. */
const framesBeforeRenewal = 1_000_000;

/** What the library is told where nobody says how sure it has to be. */
const usualThreshold = 0.5;

/** Each threshold has objects of its own, so there are few: steps of a tenth. */
const thresholdSteps = 10;

/** Of a threshold that is not the usual one so many objects are kept for the next. */
const mostUnusual = 2;

/** Silero objects cost 60 ms and 10 MB each: they are lent, reset and lent again. */
export class SileroPool {
  readonly #addon: SherpaAddon;
  readonly #sileroFile: string;
  readonly #idle = new Map<number, VadHandle[]>();

  /**
   * Makes the first object at once, so that a file that is no model ends a load and not a session.
   *
   * @throws VoxpoolError `asset_missing`, `model_load_failed`
   */
  constructor(sileroFile: string) {
    if (sileroFile === "") throw new VoxpoolError("asset_missing", { asset: "The Silero VAD", name: "silero-vad" });
    this.#addon = loadSherpaAddon();
    this.#sileroFile = sileroFile;
    this.#idle.set(usualThreshold, [this.#create(usualThreshold)]);
  }

  /** @param threshold one of a few */
  lend(threshold = usualThreshold): LentSilero {
    const idle = this.#idle.get(threshold) ?? [];
    this.#idle.set(threshold, idle);
    return new LentSilero(this.#addon, idle.pop() ?? this.#create(threshold), (vad) => {
      if (threshold === usualThreshold || idle.length < mostUnusual) idle.push(vad);
    });
  }

  #create(threshold: number): VadHandle {
    try {
      return this.#addon.createVoiceActivityDetector(configOf(this.#sileroFile, threshold), bufferSeconds);
    } catch (error) {
      throw new VoxpoolError("model_load_failed", { detail: `the Silero VAD: ${String(error)}` }, { cause: error });
    }
  }
}

/** Asks Silero about each frame that is not silent; holds a pooled object only as long as there is sound. */
export class SileroDetector implements SpeechDetector {
  /** Silero answers for a window that ends with the frame, and sherpa believes it at the second answer. */
  readonly lagSamples = frameSamples;
  readonly #pool: SileroPool;
  readonly #threshold: number;
  #lent: LentSilero | undefined;
  #silentFrames = 0;
  #frames = 0;

  /** @param threshold how sure it has to be, 0 to 1; taken in steps of a tenth, and never as never or always */
  constructor(pool: SileroPool, threshold = usualThreshold) {
    this.#pool = pool;
    const step = Math.round(threshold * thresholdSteps);
    this.#threshold = Math.min(thresholdSteps - 1, Math.max(1, step)) / thresholdSteps;
  }

  isSpeech(frame: Float32Array): boolean {
    this.#silentFrames = isSilent(frame) ? this.#silentFrames + 1 : 0;
    if (this.#lent !== undefined && this.#silentFrames >= silentFramesBeforeReturn) this.close();
    if (this.#lent === undefined && this.#silentFrames > 0) return false;
    this.#lent ??= this.#pool.lend(this.#threshold);
    const speech = this.#lent.isSpeech(frame);
    this.#frames += 1;
    if (!speech && this.#frames >= framesBeforeRenewal) this.close();
    return speech;
  }

  close(): void {
    this.#lent?.giveBack();
    this.#lent = undefined;
    this.#frames = 0;
  }
}

/** One Silero object out of the pool, as good as new. */
class LentSilero {
  readonly #addon: SherpaAddon;
  readonly #vad: VadHandle;
  readonly #giveBack: (vad: VadHandle) => void;

  constructor(addon: SherpaAddon, vad: VadHandle, giveBack: (vad: VadHandle) => void) {
    this.#addon = addon;
    this.#vad = vad;
    this.#giveBack = giveBack;
  }

  isSpeech(frame: Float32Array): boolean {
    this.#addon.voiceActivityDetectorAcceptWaveform(this.#vad, frame);
    if (!this.#addon.voiceActivityDetectorIsDetected(this.#vad)) return false;
    // It collects the speech and copies all of it anew for each frame; flushed at once there is nothing to copy.
    this.#addon.voiceActivityDetectorFlush(this.#vad);
    this.#addon.voiceActivityDetectorClear(this.#vad);
    return true;
  }

  giveBack(): void {
    this.#addon.voiceActivityDetectorReset(this.#vad);
    this.#giveBack(this.#vad);
  }
}

/** The library's own buffer; nothing stays in it for longer than two frames. */
const bufferSeconds = 2;

/**
 * The shortest durations that the library takes (0 means its default), so that it answers frame by frame:
 * how long speech and pauses have to be is decided by the cutter.
 */
function configOf(model: string, threshold: number): VadConfig {
  return {
    sileroVad: {
      model,
      threshold,
      minSilenceDuration: 0.001,
      minSpeechDuration: 0.001,
      maxSpeechDuration: 1000,
      windowSize: frameSamples,
    },
    sampleRate: sampleRateHz,
    numThreads: 1,
    provider: "cpu",
    debug: false,
  };
}

function isSilent(frame: Float32Array): boolean {
  return frame.every((sample) => Math.abs(sample) < silencePeak);
}
