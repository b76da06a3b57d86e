import { join } from "node:path";
import type { Bench, BenchCase } from "../support/case.ts";
import { HttpClient } from "../support/http.ts";
import { loadedModel, loadedModels } from "../support/loaded.ts";
import { writeFakeModel } from "../support/own-models.ts";
import { threeSeconds } from "../support/recordings.ts";
import { startServerWith } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

/** So many models have room. */
const room = 3;
const modelCount = room + 2;

/** How long a load takes that has to make room first. */
export const eviction: BenchCase = {
  name: "eviction",
  async run(bench) {
    const directory = join(bench.temporaryDirectory, "eviction-models");
    const paths = Array.from({ length: modelCount }, (_, index) => `${directory}/model-${index}`);
    for (const path of paths) writeFakeModel(path, {});
    const bytes = await withServer(bench, directory, "0", (client) => measureMemory(bench, client, paths));
    const budget = Math.round(bytes * (room + 0.5));
    const { evicting, free } = await withServer(bench, directory, String(budget), (client) =>
      measureLoads(bench, client, paths),
    );
    return [
      {
        what: "Load that evicts another model over one that has room",
        figure: `${spread(evicting, 0)} against ${spread(free, 0)} ms`,
        value: median(evicting) / median(free),
        unit: "",
        note:
          `First requests for fake models of ${(bytes / 1e6).toFixed(0)} MB each under \`pool.memory\` for ${room}: what a ` +
          "request waits for its model, by its own account. The one that is evicted ends before the load begins.",
      },
    ];
  },
};

async function withServer<T>(
  bench: Bench,
  directory: string,
  memory: string,
  work: (client: HttpClient) => Promise<T>,
): Promise<T> {
  const server = await startServerWith({
    modelDirectories: [directory],
    stateDirectory: join(bench.temporaryDirectory, "eviction-state"),
    defaultModel: `${directory}/model-0`,
    temporaryDirectory: bench.temporaryDirectory,
    settings: { "engine.fake": "true", "pool.memory": memory },
  });
  const client = new HttpClient(server.url);
  try {
    return await work(client);
  } finally {
    client.close();
    await server.stop();
  }
}

/** What the largest takes; the server remembers it of each for its next start. */
async function measureMemory(bench: Bench, client: HttpClient, paths: readonly string[]): Promise<number> {
  const bytes: number[] = [];
  for (const path of paths) {
    await waitedMs(bench, client, path);
    bytes.push((await loadedModel(client, path)).memory_bytes);
  }
  return Math.max(...bytes);
}

async function measureLoads(bench: Bench, client: HttpClient, paths: readonly string[]) {
  const evicting: number[] = [];
  const free: number[] = [];
  for (const path of paths) await waitedMs(bench, client, path);
  for (let round = 0; round < bench.runs * 2; round += 1) {
    const before = Object.keys(await loadedModels(client));
    const [next] = paths.filter((path) => !before.includes(path));
    const [first] = before;
    if (next === undefined || first === undefined) throw new Error("nothing was evicted: the budget is too large");
    evicting.push(await waitedMs(bench, client, next));
    const after = Object.keys(await loadedModels(client));
    if (before.every((path) => after.includes(path))) throw new Error(`loading ${next} evicted nothing`);
    await client.post("/api/models/unload", { model_path: next, force: true });
    free.push(await waitedMs(bench, client, next));
  }
  return { evicting, free };
}

/** A request holds nothing: the model may be evicted as soon as it is answered. */
async function waitedMs({ recordings }: Bench, client: HttpClient, modelPath: string): Promise<number> {
  const query = { model_path: modelPath, response_format: "verbose_json" };
  const { body } = await client.transcribe(threeSeconds(recordings), query);
  return (body.timings as { load_seconds: number }).load_seconds * 1000;
}
