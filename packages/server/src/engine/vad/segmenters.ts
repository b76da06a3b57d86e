import type { EngineAssets, ModelSpec } from "../engine.ts";
import type { SegmenterPool } from "../segmenter.ts";
import { Cutter } from "./cutter.ts";
import { EnergyDetector } from "./energy.ts";
import { SileroDetector, SileroPool } from "./silero.ts";

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
  if (kind === "energy") return { lend: () => new Cutter({ detector: new EnergyDetector(), maxSegmentSeconds }) };
  const silero = new SileroPool(assets.sileroFile);
  return {
    lend: () =>
      new Cutter({
        detector: new SileroDetector(silero),
        maxSegmentSeconds,
        fallback: () => new EnergyDetector(),
      }),
  };
}
