/**
 * The baseline: the engine and the segmenter of the product in a process of their own, with nothing between them
 * and the samples, which lie in memory. One copy of the model for each such process.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { loadEngine } from "../../packages/server/dist/engine/load.js";
import { createSegmenterPool } from "../../packages/server/dist/engine/vad/segmenters.js";
import { wavSamples } from "../../test/fixtures/wav.ts";
import type { BareAnswer, BareRequest } from "./bare.ts";
import { concurrently, Places } from "./concurrent.ts";

type Recognize = (samples: Float32Array) => Promise<string>;

let recognize: Recognize | undefined;
let recordings: readonly Float32Array[] = [];

process.on("message", (request: BareRequest) => {
  void tell(request);
});
process.on("disconnect", () => process.exit());

async function tell(request: BareRequest): Promise<void> {
  try {
    process.send?.(await answer(request));
  } catch (error) {
    process.send?.({ error: String(error) } satisfies BareAnswer);
  }
}

async function answer(request: BareRequest): Promise<BareAnswer> {
  const begun = performance.now();
  const texts: string[] = [];
  if (request.type === "load") {
    recognize = await load(request);
    recordings = request.files.map((file) => wavSamples(readFileSync(file)));
  } else {
    const work = recognize ?? neverLoaded();
    await concurrently(request.recordings, request.atOnce, async (recording) => {
      texts[recording] = await work(recordings[recording] ?? new Float32Array());
    });
  }
  return { ms: performance.now() - begun, texts };
}

async function load({ spec, assets }: Extract<BareRequest, { type: "load" }>): Promise<Recognize> {
  const engine = await loadEngine(spec, assets);
  if (engine.input !== "segments") throw new Error("the bare engine is for models that take segments");
  const segmenters = createSegmenterPool(spec.segmenter, assets, engine.info.maxSegmentSeconds);
  // One more than can run, so that the next decode is at hand when one ends.
  const places = new Places(availableParallelism() + 1);
  return async (samples) => {
    const segmenter = segmenters.lend();
    const segments = [...segmenter.push(samples), ...segmenter.flush()];
    segmenter.close();
    const decoded = segments.map((segment) => places.use(() => engine.decode(segment.samples, { words: false })));
    return (await Promise.all(decoded)).map(({ text }) => text).join(" ");
  };
}

function neverLoaded(): never {
  throw new Error("no model is loaded");
}
