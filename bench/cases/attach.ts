import type { BenchCase } from "../support/case.ts";
import { HttpClient } from "../support/http.ts";
import { startServer } from "../support/server.ts";
import { median } from "../support/statistics.ts";

/** Asking for a model that is loaded already, against loading it. */
export const attach: BenchCase = {
  name: "attach",
  async run(bench) {
    const loads: number[] = [];
    const attaches: number[] = [];
    const [rounds, each] = bench.smoke ? [1, 2] : [2 * bench.runs, 25];
    const body = { model_path: bench.model.modelPath };
    const server = await startServer(bench);
    const client = new HttpClient(server.url);
    try {
      for (let round = 0; round < rounds; round += 1) {
        await client.post("/api/models/unload", body);
        loads.push((await client.post("/api/models/load", body)).ms);
        for (let index = 0; index < each; index += 1) attaches.push((await client.post("/api/models/load", body)).ms);
      }
    } finally {
      client.close();
      await server.stop();
    }
    return [
      {
        what: "Attaching to a loaded model over loading it, p50",
        figure: `${median(attaches).toFixed(2)} against ${median(loads).toFixed(0)} ms`,
        value: median(attaches) / median(loads),
        unit: "",
        goal: { kind: "at most", value: 1 / 100 },
        note: `${attaches.length} attaches among ${loads.length} loads, POST /api/models/load; files are in the page cache.`,
      },
    ];
  },
};
