import type { EngineAssets, ModelSpec, VadMode } from "../engine.ts";
import type { Segmenter, SegmenterPool } from "../segmenter.ts";
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
  return { lend: (vad = "on") => segmenters[vad](ears, maxSegmentSeconds) };
}

/** How speech is told from silence. */
interface Ears {
  readonly detector: () => SpeechDetector;
  readonly fallback?: () => SpeechDetector;
}

function earsOf(kind: ModelSpec["segmenter"], assets: EngineAssets): Ears {
  if (kind === "energy") return { detector: () => new EnergyDetector() };
  const silero = new SileroPool(assets.sileroFile);
  return { detector: () => new SileroDetector(silero), fallback: () => new EnergyDetector() };
}

const segmenters: Readonly<Record<VadMode, (ears: Ears, maxSegmentSeconds: number) => Segmenter>> = {
  on: ({ detector, fallback }, maxSegmentSeconds) =>
    new Cutter({ detector: detector(), maxSegmentSeconds, ...(fallback && { fallback }) }),
  off: (_, maxSegmentSeconds) => wholeCutter(maxSegmentSeconds),
  trim: ({ detector, fallback }, maxSegmentSeconds) =>
    new TrimmedSegmenter({
      trimmer: { detector: detector(), longestPauseSeconds: maxSegmentSeconds, ...(fallback && { fallback }) },
      cutter: () => wholeCutter(maxSegmentSeconds),
    }),
};

/** Cuts only what grows past the limit, at its quietest point. */
function wholeCutter(maxSegmentSeconds: number): Cutter {
  return new Cutter({ detector: new EverythingDetector(), maxSegmentSeconds, leastSpeechSamples: 0 });
}
