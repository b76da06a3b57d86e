import type { BenchCase } from "../support/case.ts";
import { HttpClient } from "../support/http.ts";
import { threeSeconds } from "../support/recordings.ts";
import { startServer } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

/** Later requests whose median stands for a warm model. */
const laterCount = 5;

/** Whether the first one who uses a model waits longer than others. */
export const firstRequest: BenchCase = {
  name: "first-request",
  async run(bench) {
    const recording = threeSeconds(bench.recordings);
    const query = { model_path: bench.model.modelPath };
    const first: number[] = [];
    const later: number[] = [];
    const cold: number[] = [];
    const server = await startServer(bench);
    const client = new HttpClient(server.url);
    const ask = async (): Promise<number> => (await client.transcribe(recording, query)).ms;
    try {
      for (let round = 0; round < bench.runs; round += 1) {
        await client.post("/api/models/unload", { ...query, force: true });
        cold.push(await ask());
        await client.post("/api/models/unload", { ...query, force: true });
        await client.post("/api/models/load", query);
        first.push(await ask());
        const others: number[] = [];
        for (let index = 0; index < laterCount; index += 1) others.push(await ask());
        later.push(median(others));
      }
    } finally {
      client.close();
      await server.stop();
    }
    const figure = (ms: readonly number[]): string => `${spread(ms)} against ${spread(later)} ms`;
    const note = `An utterance of ${recording.seconds.toFixed(1)} s; later: the median of the ${laterCount} after it.`;
    return [
      {
        what: "First request after a load over a later one",
        figure: figure(first),
        value: median(first) / median(later),
        unit: "",
        note: `${note} A load ends with the warm-up.`,
      },
      {
        what: "Request for a model that is not loaded over one that is",
        figure: figure(cold),
        value: median(cold) / median(later),
        unit: "",
        note: `${note} It waits for a new process, the load and the warm-up.`,
      },
    ];
  },
};
