import type { EngineAssets, LiveSettings, ModelSpec, Resume, VadMode } from "../engine.ts";
import type { LiveSegmenter, Segmenter, SegmenterPool } from "../segmenter.ts";
import { Cutter } from "./cutter.ts";
import type { SpeechDetector } from "./detector.ts";
import { EnergyDetector } from "./energy.ts";
import { EverythingDetector } from "./everything.ts";
import { SileroDetector, SileroPool } from "./silero.ts";
import { TrimmedSegmenter } from "./trimmed-segmenter.ts";

/**
 * Segmenters of one kind for the sessions of a host. `maxSegmentSeconds` is the engine's own limit, at least 2.
 *
 * @throws VoxpoolError `asset_missing` when Silero is wanted and has not been fetched
 */
export function createSegmenterPool(
  kind: ModelSpec["segmenter"],
  assets: EngineAssets,
  maxSegmentSeconds: number,
): SegmenterPool {
  const ears = earsOf(kind, assets);
  return {
    lend: (vad = "on", resume = fromTheStart) => segmenters[vad](ears, maxSegmentSeconds, resume),
    lendLive: (live, resume = fromTheStart) => liveCutter(ears, maxSegmentSeconds, live, resume),
  };
}

/** People wait for what they said: this is long enough for a breath between words. */
const livePauseSeconds = 0.5;

const fromTheStart: Resume = { heardSamples: 0, hasSpoken: false };

/** How speech is told from silence. */
interface Ears {
  /** @param threshold how sure it has to be, 0 to 1; 0.5 unless given. Energy is certain in any case. */
  readonly detector: (threshold?: number) => SpeechDetector;
  readonly fallback?: () => SpeechDetector;
}

function earsOf(kind: ModelSpec["segmenter"], assets: EngineAssets): Ears {
  if (kind === "energy") return { detector: () => new EnergyDetector() };
  const silero = new SileroPool(assets.sileroFile);
  return { detector: (threshold) => new SileroDetector(silero, threshold), fallback: () => new EnergyDetector() };
}

type MakeSegmenter = (ears: Ears, maxSegmentSeconds: number, resume: Resume) => Segmenter;

const segmenters: Readonly<Record<VadMode, MakeSegmenter>> = {
  on: (ears, maxSegmentSeconds, resume) => new Cutter({ ...earsFor(ears, resume), maxSegmentSeconds }),
  off: (_, maxSegmentSeconds, { heardSamples }) => wholeCutter(maxSegmentSeconds, heardSamples),
  trim: (ears, maxSegmentSeconds, resume) =>
    new TrimmedSegmenter({
      trimmer: { ...earsFor(ears, resume), longestPauseSeconds: maxSegmentSeconds },
      cutter: () => wholeCutter(maxSegmentSeconds),
    }),
};

/** The fallback is for input without any speech. */
function earsFor({ detector, fallback }: Ears, { heardSamples, hasSpoken }: Resume) {
  return { detector: detector(), heardSamples, ...(fallback && !hasSpoken && { fallback }) };
}

/** What is not heard as speech is decoded all the same where somebody ends an utterance by hand. */
function liveCutter(
  { detector, fallback }: Ears,
  maxSegmentSeconds: number,
  { manual, silenceSeconds = livePauseSeconds, threshold }: LiveSettings,
  { heardSamples, hasSpoken }: Resume,
): LiveSegmenter {
  return new Cutter({
    detector: detector(threshold),
    maxSegmentSeconds,
    heardSamples,
    hasSpoken,
    pauseSeconds: manual ? Number.POSITIVE_INFINITY : silenceSeconds,
    ...(fallback && { fallback }),
  });
}

/** Cuts only what grows past the limit, at its quietest point. */
function wholeCutter(maxSegmentSeconds: number, heardSamples = 0): Cutter {
  return new Cutter({ detector: new EverythingDetector(), maxSegmentSeconds, leastSpeechSamples: 0, heardSamples });
}
