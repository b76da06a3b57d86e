import { joinedSignals, silentSignal } from "../../test/fixtures/tone-model.ts";
import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { finalDelaysMs, type LiveTrace, listenLive } from "../support/live-client.ts";
import { startServer } from "../support/server.ts";
import { median, quantile } from "../support/statistics.ts";

/** The pause that ends an utterance. */
const silenceMs = 500;

/** What one person who dictates notices. */
export const live: BenchCase = {
  name: "live",
  async run(bench) {
    const server = await startServer(bench);
    try {
      const traces: LiveTrace[] = [];
      for (let run = 0; run < (bench.smoke ? 1 : bench.runs); run += 1) {
        for (const { samples } of bench.recordings.slice(0, bench.smoke ? 1 : undefined)) {
          const said = joinedSignals(samples, silentSignal(1));
          traces.push(await listenLive(server.url, said, { endpointing: { silence_ms: silenceMs } }));
        }
      }
      return rows(bench, traces);
    } finally {
      await server.stop();
    }
  },
};

function rows(bench: Bench, traces: readonly LiveTrace[]): readonly Measurement[] {
  const finals = traces.flatMap((trace) => finalDelaysMs(trace, silenceMs));
  const first = traces.flatMap(firstPartials);
  const shown = traces.map(takenBack);
  const sum = (of: (one: Shown) => number) => shown.reduce((total, one) => total + of(one), 0);
  const [back, stable, final] = [
    sum((one) => one.takenBack),
    sum((one) => one.stableTakenBack),
    sum((one) => one.final),
  ];
  const title = bench.model.title;
  return [
    {
      what: "Live, one session: from the end of the pause that ends an utterance to its final, p50",
      figure: `${median(finals).toFixed(0)} ms, p95 ${quantile(finals, 0.95).toFixed(0)} ms`,
      value: median(finals),
      unit: "ms",
      goal: { kind: "at most", value: 150 },
      note: `${title}; ${finals.length} utterances at real-time pace in chunks of 100 ms; the pause is ${silenceMs} ms.`,
    },
    {
      what: "Live, one session: from the beginning of speech to its first words, p50",
      figure: first.length > 0 ? `${median(first).toFixed(0)} ms, p95 ${quantile(first, 0.95).toFixed(0)} ms` : "none",
      value: first.length > 0 ? median(first) : undefined,
      unit: "ms",
      note: `Of ${first.length} utterances; what is shorter than that has no partial.`,
    },
    {
      what: "Live: characters that partials took back over characters of finals",
      figure: `${back} of ${final}`,
      value: final > 0 ? back / final : undefined,
      unit: "",
      goal: { kind: "at most", value: 0.05 },
      note: "Behind the longest common beginning of a partial and the next one, or the final.",
    },
    {
      what: "Live: characters taken back that were marked stable",
      figure: `${stable} of ${final}`,
      value: stable,
      unit: "",
      goal: { kind: "at most", value: 0 },
      note: "Compared with the next partial's stable text, and with the final.",
    },
  ];
}

function firstPartials({ events }: LiveTrace): readonly number[] {
  const seen = new Set<number>();
  return events.flatMap(({ event, atMs }) => {
    if (event.type !== "partial" || event.text === "" || seen.has(event.segment_id)) return [];
    seen.add(event.segment_id);
    return [atMs - event.start * 1000];
  });
}

interface Shown {
  readonly takenBack: number;
  readonly stableTakenBack: number;
  readonly final: number;
}

function takenBack({ events }: LiveTrace): Shown {
  let [text, stable] = ["", ""];
  const count = { takenBack: 0, stableTakenBack: 0, final: 0 };
  for (const { event } of events) {
    if (event.type !== "partial" && event.type !== "final") continue;
    const now = event.type === "final" ? event.segment.text : event.text;
    count.takenBack += text.length - common(text, now);
    count.stableTakenBack += stable.length - common(stable, now);
    if (event.type === "final") count.final += now.length;
    [text, stable] = event.type === "final" ? ["", ""] : [now, event.stable];
  }
  return count;
}

/** Length of the longest common beginning. */
function common(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
