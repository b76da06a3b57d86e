import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { concurrently } from "../support/concurrent.ts";
import { HttpClient } from "../support/http.ts";
import { type Recording, repeated, totalSeconds } from "../support/recordings.ts";
import { startServer } from "../support/server.ts";
import { type SherpaServer, sherpaPackage, startSherpaServer } from "../support/sherpa-server.ts";
import { median, spread } from "../support/statistics.ts";

const concurrencies = [2, 8];
const workThreads = [2, 3];

/** One of those that are compared: takes a connection's worth of files at a time. */
interface Contestant {
  readonly title: string;
  /** Opens as many connections. */
  connect(count: number): Promise<{
    recognize: (recording: Recording, connection: number) => Promise<string>;
    close: () => void;
  }>;
}

/** The same files through the same client program, to us and to sherpa-onnx's own server. */
export const peer: BenchCase = {
  name: "peer",
  async run(bench) {
    const stops: (() => Promise<void>)[] = [];
    try {
      const peers: SherpaServer[] = [];
      for (const threads of workThreads) {
        const started = await startSherpaServer(bench, threads);
        stops.push(() => started.stop());
        peers.push(started);
      }
      const server = await startServer(bench);
      stops.push(() => server.stop());
      const own = ourselves(server.url, bench.model.modelPath);
      const rows: Measurement[] = [];
      for (const atOnce of concurrencies) rows.push(await measure(bench, own, peers.map(asContestant), atOnce));
      return rows;
    } finally {
      await Promise.all(stops.map((stop) => stop()));
    }
  },
};

async function measure(
  bench: Bench,
  own: Contestant,
  peers: readonly Contestant[],
  atOnce: number,
): Promise<Measurement> {
  const files = repeated(bench.recordings, bench.smoke ? 4 : 60);
  const speeds = new Map([own, ...peers].map((one) => [one, [] as number[]]));
  if (!bench.smoke) for (const one of speeds.keys()) await speedOf(one, files, atOnce); // the first is slower
  for (let run = 0; run < bench.runs; run += 1) {
    for (const [one, found] of speeds) found.push(await speedOf(one, files, atOnce));
  }
  const results = Array.from(speeds, ([{ title }, found]) => ({ title, found }));
  for (const { title, found } of results) bench.say(`peer, ${atOnce} at once: ${title} ${spread(found)}`);
  const [ours, ...others] = results;
  const best = others.toSorted((a, b) => median(b.found) - median(a.found))[0];
  if (ours === undefined || best === undefined) throw new Error("nobody to compare");
  return {
    what: `Throughput, ${atOnce} files at once, over sherpa-onnx's C++ WebSocket server`,
    figure: `${spread(ours.found)} against ${spread(best.found)} times real time`,
    value: median(ours.found) / median(best.found),
    unit: "",
    goal: { kind: "at least", value: 1 },
    note:
      `${files.length} files, the same client program, ${sherpaPackage} with one thread a decode and batches of one; ` +
      `the best of ${others.map(({ title, found }) => `${title} (${median(found).toFixed(1)})`).join(", ")}. ` +
      "We find the speech first and decode that; the peer decodes whole files.",
    whyMissed:
      "Finding the speech (Silero) costs 3.6 ms of a core for a second of audio, decoding about 24: the peer does " +
      "not do that work. Recordings of minutes, with pauses, need it.",
  };
}

async function speedOf(contestant: Contestant, files: readonly Recording[], atOnce: number): Promise<number> {
  const { recognize, close } = await contestant.connect(atOnce);
  try {
    const begun = performance.now();
    await concurrently(files, atOnce, async (recording, worker) => {
      if ((await recognize(recording, worker)) === "")
        throw new Error(`${contestant.title}: no words in ${recording.name}`);
    });
    return totalSeconds(files) / ((performance.now() - begun) / 1000);
  } finally {
    close();
  }
}

function ourselves(url: string, modelPath: string): Contestant {
  return {
    title: "voxpool",
    async connect(count) {
      const client = new HttpClient(url, count);
      return {
        recognize: async (recording) =>
          String((await client.transcribe(recording, { model_path: modelPath })).body.text),
        close: () => client.close(),
      };
    },
  };
}

function asContestant(server: SherpaServer): Contestant {
  return {
    title: `${server.workThreads} work threads`,
    async connect(count) {
      const connections = await Promise.all(Array.from({ length: count }, () => server.connect()));
      return {
        recognize: async (recording, connection) => (await connections[connection]?.recognize(recording)) ?? "",
        close: () => {
          for (const connection of connections) connection.close();
        },
      };
    },
  };
}
