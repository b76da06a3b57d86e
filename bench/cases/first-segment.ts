import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { ModelAPIClient } from "../../packages/client/dist/node.js";
import { pcmBytes, wavHeader } from "../../test/fixtures/wav.ts";
import type { Bench, BenchCase } from "../support/case.ts";
import { startServer } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

const rateHz = 16_000;

/** How soon the first words of a long recording are there, while the rest is still on its way. */
export const firstSegment: BenchCase = {
  name: "first-segment",
  async run(bench) {
    const seconds = bench.smoke ? 20 : 3600;
    const file = await longRecording(bench, seconds);
    const server = await startServer(bench);
    const first: number[] = [];
    const whole: number[] = [];
    try {
      const client = new ModelAPIClient(`${server.url}/api`);
      for (let round = 0; round < Math.min(bench.runs, 3); round += 1) {
        const begun = performance.now();
        let firstMs: number | undefined;
        const result = await client.transcribe(file, {
          model_path: bench.model.modelPath,
          onEvent: ({ type }) => {
            if (type === "segment") firstMs ??= performance.now() - begun;
          },
        });
        if (!result.success) throw new Error(result.error_message);
        first.push(firstMs ?? Number.NaN);
        whole.push((performance.now() - begun) / 1000);
      }
    } finally {
      await server.stop();
    }
    return [
      {
        what: `First segment of a recording of ${seconds} s`,
        figure: `${spread(first, 0)} ms`,
        value: median(first),
        unit: "ms",
        note: `A WAV file sent by the SDK with events; the whole took ${spread(whole)} s (${(seconds / median(whole)).toFixed(0)} times real time).`,
      },
    ];
  },
};

/** The recordings over and over, with a second of silence after each. */
async function longRecording({ recordings, temporaryDirectory }: Bench, seconds: number): Promise<string> {
  const file = join(temporaryDirectory, "long.wav");
  const out = createWriteStream(file);
  let leftBytes = seconds * rateHz * 2;
  out.write(wavHeader(leftBytes, rateHz));
  const pieces = recordings.flatMap(({ samples }) => [pcmBytes(samples), pcmBytes(new Float32Array(rateHz))]);
  for (let index = 0; leftBytes > 0; index += 1) {
    const bytes = pieces[index % pieces.length]?.subarray(0, leftBytes) ?? pcmBytes(new Float32Array(rateHz));
    leftBytes -= bytes.length;
    if (!out.write(bytes)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
  return file;
}
