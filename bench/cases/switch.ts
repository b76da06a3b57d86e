import { join } from "node:path";
import type { Bench, BenchCase } from "../support/case.ts";
import { HttpClient } from "../support/http.ts";
import { copyAssets, copyModel } from "../support/own-models.ts";
import { threeSeconds } from "../support/recordings.ts";
import { startServerWith } from "../support/server.ts";
import { quantile } from "../support/statistics.ts";

const clientCount = 2;

/** What users notice when a model is switched to another version under traffic. */
export const switching: BenchCase = {
  name: "switch",
  async run(bench) {
    const { directory, stateDirectory, modelPath } = twoVersions(bench);
    const server = await startServerWith({
      modelDirectories: [directory],
      stateDirectory,
      defaultModel: modelPath,
      temporaryDirectory: bench.temporaryDirectory,
    });
    const client = new HttpClient(server.url);
    const load = startLoad(bench, server.url, modelPath);
    try {
      const measured = await switchOverAndOver(bench, client, modelPath, load);
      await load.stop();
      return rowsOf(load, measured);
    } finally {
      await load.stop();
      client.close();
      await server.stop();
    }
  },
};

interface Load {
  /** Latencies of what was answered since the last call, ms. */
  take(): readonly number[];
  /** Resolves once so many more were answered, or failed. */
  answered(count: number): Promise<void>;
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

interface Measured {
  readonly before: readonly number[];
  readonly during: readonly number[];
  readonly switchMs: readonly number[];
}

/** The same model twice: what is measured is the switch, not the difference. */
function twoVersions({ model, temporaryDirectory }: Bench) {
  const directory = join(temporaryDirectory, "switch-models");
  const stateDirectory = join(temporaryDirectory, "switch-state");
  for (const version of ["1", "2"]) copyModel(model, join(directory, "both", version));
  copyAssets(model, stateDirectory);
  return { directory, stateDirectory, modelPath: `${directory}/both` };
}

async function switchOverAndOver(bench: Bench, client: HttpClient, modelPath: string, load: Load): Promise<Measured> {
  const before: number[] = [];
  const during: number[] = [];
  const switchMs: number[] = [];
  for (let round = 0; round < bench.runs; round += 1) {
    await load.answered(clientCount);
    load.take();
    await load.answered(bench.smoke ? 5 : 100);
    before.push(...load.take());
    // The newest serves at first.
    const version = round % 2 === 0 ? "1" : "2";
    const { ms } = await client.post("/api/models/switch", {
      model_path: modelPath,
      version,
      probation: { requests: 20 },
    });
    // Two more of each: the first ones that the new version serves, and those that the old one finishes.
    await load.answered(2 * clientCount);
    during.push(...load.take());
    switchMs.push(ms);
    await load.answered(40);
  }
  return { before, during, switchMs };
}

/** Clients that ask one after the other without a pause. */
function startLoad(bench: Bench, url: string, modelPath: string): Load {
  const recording = threeSeconds(bench.recordings);
  const failures: string[] = [];
  let latencies: number[] = [];
  const over = new AbortController();
  let waiting: { left: number; readonly resolve: () => void } | undefined;
  const ask = async (): Promise<void> => {
    const client = new HttpClient(url);
    while (!over.signal.aborted) {
      try {
        latencies.push((await client.transcribe(recording, { model_path: modelPath })).ms);
      } catch (error) {
        failures.push(String(error));
      }
      if (waiting !== undefined && --waiting.left === 0) waiting.resolve();
    }
    client.close();
  };
  const work = Promise.all(Array.from({ length: clientCount }, ask));
  return {
    failures,
    take() {
      const taken = latencies;
      latencies = [];
      return taken;
    },
    answered: (left) => new Promise((resolve) => (waiting = { left, resolve })),
    async stop() {
      over.abort();
      await work;
    },
  };
}

function rowsOf({ failures }: Load, { before, during, switchMs }: Measured) {
  const [p99During, p99Before] = [quantile(during, 0.99), quantile(before, 0.99)];
  return [
    {
      what: "Requests that failed while versions were switched",
      figure: `${failures.length} in ${switchMs.length} switches`,
      value: failures.length,
      unit: "" as const,
      goal: { kind: "at most" as const, value: 0 },
      note: `${clientCount} clients that ask without a pause. ${failures.slice(0, 3).join("; ")}`.trim(),
    },
    {
      what: "Latency p99 during a switch over before it",
      figure: `${p99During.toFixed(0)} against ${p99Before.toFixed(0)} ms`,
      value: p99During / p99Before,
      unit: "" as const,
      note:
        `${during.length} requests against ${before.length}. A switch took ${quantile(switchMs, 0.5).toFixed(0)} ms ` +
        "(p50): the new version is loaded and warmed up on the cores that decode meanwhile.",
    },
  ];
}
