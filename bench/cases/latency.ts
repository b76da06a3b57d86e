import { startBare } from "../support/bare.ts";
import type { BenchCase } from "../support/case.ts";
import { inTurn } from "../support/concurrent.ts";
import { HttpClient } from "../support/http.ts";
import { threeSeconds } from "../support/recordings.ts";
import { startServer } from "../support/server.ts";
import { median } from "../support/statistics.ts";

/** As profiled; to be looked at again when what is measured changes. */
const whyMissed =
  "The decode itself takes as long on both sides. What is added, in the quietest moments of a quiet " +
  "machine (4.6 ms): 1.5 ms between the first sample's way into the host and the announcement of the " +
  "segment, 0.6 ms for permit and result over thread and process boundaries, 0.7 ms for the audio " +
  "threads, 0.9 ms of HTTP, the rest in the recognition; with others on the cores each of these hops " +
  "also waits for a core.";

/** What the server adds to one utterance that has the machine to itself. */
export const latency: BenchCase = {
  name: "latency",
  async run(bench) {
    const utterance = threeSeconds(bench.recordings);
    const server = await startServer(bench);
    const bare = await startBare(bench, [utterance]);
    const client = new HttpClient(server.url);
    const query = { model_path: bench.model.modelPath, response_format: "verbose_json" };
    const times = { http: [] as number[], bare: [] as number[], server: [] as number[], decode: [] as number[] };
    try {
      const [warmUps, count] = bench.smoke ? [0, 3] : [20, 50 * bench.runs];
      for (let index = -warmUps; index < count; index += 1) {
        const [{ ms, body }, direct] = await inTurn(
          Math.abs(index),
          () => client.transcribe(utterance, query),
          () => bare.recognize([0], 1),
        );
        if (index < 0) continue;
        times.http.push(ms);
        times.bare.push(direct.ms);
        times.server.push(Number(body.processing_seconds) * 1000);
        times.decode.push(decodeMs(body.timings));
      }
    } finally {
      client.close();
      await Promise.all([bare.stop(), server.stop()]);
    }
    const p50 = { http: median(times.http), bare: median(times.bare) };
    return [
      {
        what: `Latency added to an utterance of ${utterance.seconds.toFixed(1)} s, p50`,
        figure: `${p50.http.toFixed(1)} against ${p50.bare.toFixed(1)} ms`,
        value: p50.http - p50.bare,
        unit: "ms",
        goal: { kind: "at most", value: 3 },
        note:
          `${times.http.length} pairs, one at a time. Of the ${p50.http.toFixed(1)} ms the server counts ` +
          `${median(times.server).toFixed(1)} from the first byte to the last word and ` +
          `${median(times.decode).toFixed(1)} in the decode itself; the rest is HTTP on both sides.`,
        whyMissed,
      },
    ];
  },
};

function decodeMs(timings: unknown): number {
  return typeof timings === "object" && timings !== null && "decode_seconds" in timings
    ? Number(timings.decode_seconds) * 1000
    : Number.NaN;
}
