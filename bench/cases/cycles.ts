import type { Bench, BenchCase } from "../support/case.ts";
import { HttpClient } from "../support/http.ts";
import { megabytes, needProportionalMemory, treeMemoryBytes } from "../support/memory.ts";
import { threeSeconds } from "../support/recordings.ts";
import { startServer } from "../support/server.ts";
import { median } from "../support/statistics.ts";

/** As profiled; to be looked at again when what is measured changes. */
const whyMissed =
  "What is left is V8's heap of the server's own process, no host and no leak: it warms up over the " +
  "first 40 cycles and then stays (300 cycles of the tone model end where 60 do). With " +
  "--max-semi-space-size=2 the end is 107 MB, but throughput falls by some 5 %, which is not worth it.";

/** Whether load, use and unload give everything back, over and over. */
export const cycles: BenchCase = {
  name: "cycles",
  async run(bench) {
    needProportionalMemory();
    const count = bench.smoke ? 2 : 50;
    const server = await startServer(bench);
    const client = new HttpClient(server.url);
    try {
      const body = { model_path: bench.model.modelPath };
      await client.post("/api/models/unload", body);
      const before = await idleMemoryBytes(bench, server.pid);
      await cycle(bench, client);
      const start = await idleMemoryBytes(bench, server.pid);
      for (let index = 0; index < count; index += 1) await cycle(bench, client);
      const final = await idleMemoryBytes(bench, server.pid);
      return [
        {
          what: `Memory of the process tree after ${count} cycles of load, use and unload`,
          figure: `${megabytes(final).toFixed(1)} against ${megabytes(start).toFixed(1)} MB`,
          value: final / start,
          unit: "",
          goal: { kind: "at most", value: 1.05 },
          note:
            `PSS of the idle server and all its descendants. The start is after the first cycle; before it, with the ` +
            `model of the start unloaded, it was ${megabytes(before).toFixed(1)} MB.`,
          whyMissed,
        },
      ];
    } finally {
      client.close();
      await server.stop();
    }
  },
};

async function cycle({ model, recordings }: Bench, client: HttpClient): Promise<void> {
  const body = { model_path: model.modelPath };
  await client.post("/api/models/load", body);
  await client.transcribe(threeSeconds(recordings), body);
  await client.post("/api/models/unload", body);
}

/** Nothing goes on: the median of some looks, so that one moment does not count. */
async function idleMemoryBytes({ smoke }: Bench, pid: number): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < (smoke ? 1 : 10); look += 1) {
    await new Promise((resolve) => setTimeout(resolve, smoke ? 50 : 500));
    looks.push(treeMemoryBytes([pid]));
  }
  return median(looks);
}
