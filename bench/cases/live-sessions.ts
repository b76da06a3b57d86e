import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { bearableMs, paused, rotated, speechShare } from "../support/dictation.ts";
import { finalDelaysMs, type LiveTrace, listenLive } from "../support/live-client.ts";
import { startServer } from "../support/server.ts";
import { quantile } from "../support/statistics.ts";

const silenceMs = 500;

/** How many people can dictate at once with the default model. */
export const liveSessions: BenchCase = {
  name: "live-sessions",
  async run(bench) {
    const server = await startServer(bench);
    try {
      return [await measure(bench, server.url)];
    } finally {
      await server.stop();
    }
  },
};

async function measure(bench: Bench, url: string): Promise<Measurement> {
  const said = paused(bench.recordings.slice(0, bench.smoke ? 1 : 3));
  let [most, lastLag, lastFinal] = [0, 0, 0];
  for (let count = 1; count - most <= 2 && count <= (bench.smoke ? 1 : 64); count += 1) {
    const runs = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        listenLive(url, rotated(said, index / count), { endpointing: { silence_ms: silenceMs } }),
      ),
    );
    const lag = p95(runs.flatMap(speechLagsMs));
    const final = p95(runs.flatMap((run) => finalDelaysMs(run, silenceMs)));
    bench.say(`live-sessions, ${count} at once: lag p95 ${lag.toFixed(0)} ms, final p95 ${final.toFixed(0)} ms`);
    if (Math.max(lag, final) <= bearableMs) [most, lastLag, lastFinal] = [count, lag, final];
  }
  return {
    what: "Live sessions at real-time pace with p95 of lag and final within 500 ms",
    figure: `${most}: lag ${lastLag.toFixed(0)} ms, final ${lastFinal.toFixed(0)} ms`,
    value: undefined,
    unit: "",
    note:
      `${bench.model.title}, with partials, chunks of 100 ms, at most ${speechShare * 100} % speech; the most that held, ` +
      "one more each time. Lag: from a sound to the event that says that somebody speaks. The client shares the cores.",
  };
}

const p95 = (values: readonly number[]): number => (values.length === 0 ? 0 : quantile(values, 0.95));

/** How late it was said that somebody began to speak. */
function speechLagsMs({ events }: LiveTrace): readonly number[] {
  return events.flatMap(({ event, atMs }) => (event.type === "speech_started" ? [atMs - event.at * 1000] : []));
}
