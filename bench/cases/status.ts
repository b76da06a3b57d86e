import { join } from "node:path";
import type { Bench, BenchCase } from "../support/case.ts";
import { concurrently } from "../support/concurrent.ts";
import { HttpClient } from "../support/http.ts";
import { loadedModels } from "../support/loaded.ts";
import { writeFakeModel } from "../support/own-models.ts";
import { type BenchServer, startServerWith } from "../support/server.ts";
import { median } from "../support/statistics.ts";

/** What it costs to look at a server with many models. */
export const status: BenchCase = {
  name: "status",
  async run(bench) {
    const [onDisk, loaded] = bench.smoke ? [6, 3] : [100, 20];
    const many = await serverWith(bench, "many", onDisk, loaded);
    try {
      const one = await serverWith(bench, "one", 1, 1);
      try {
        return await measure(bench, many, one, `${onDisk} models on the disk and ${loaded} loaded`);
      } finally {
        await one.stop();
      }
    } finally {
      await many.stop();
    }
  },
};

interface Prepared extends BenchServer {
  readonly modelPath: string;
}

async function serverWith(bench: Bench, name: string, onDisk: number, loaded: number): Promise<Prepared> {
  const directory = join(bench.temporaryDirectory, `status-${name}`);
  const paths = Array.from({ length: onDisk }, (_, index) => `${directory}/model-${index}`);
  for (const path of paths) writeFakeModel(path, {});
  const modelPath = paths[0] ?? directory;
  const server = await startServerWith({
    modelDirectories: [directory],
    stateDirectory: join(bench.temporaryDirectory, `status-state-${name}`),
    defaultModel: modelPath,
    temporaryDirectory: bench.temporaryDirectory,
    settings: { "engine.fake": "true" },
  });
  const client = new HttpClient(server.url, 2);
  try {
    await concurrently(paths.slice(0, loaded), 2, async (path) => {
      await client.post("/api/models/load", { model_path: path });
    });
    const count = Object.keys(await loadedModels(client)).length;
    if (count !== loaded) throw new Error(`${count} models are loaded, not ${loaded}`);
    return { ...server, modelPath };
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    client.close();
  }
}

async function measure({ smoke }: Bench, many: Prepared, one: Prepared, what: string) {
  const calls = smoke ? 5 : 500;
  const rows = [];
  for (const [title, pathOf] of routes) {
    const [manyMs, oneMs] = await inTurns(many, one, pathOf, calls);
    rows.push({
      what: `${title} with ${what}, over 1, p50`,
      figure: `${median(manyMs).toFixed(2)} against ${median(oneMs).toFixed(2)} ms`,
      value: median(manyMs) / median(oneMs),
      unit: "" as const,
      note: `${calls} pairs of calls, one at a time, over connections that stay open; fake models, idle.`,
    });
  }
  return rows;
}

const routes: readonly (readonly [string, (server: Prepared) => string])[] = [
  ["GET /api/models", () => "/api/models"],
  ["GET /api/models/status of one model", ({ modelPath }) => `/api/models/status/${encodeURIComponent(modelPath)}`],
];

async function inTurns(many: Prepared, one: Prepared, pathOf: (server: Prepared) => string, calls: number) {
  const sides = [many, one].map((server) => ({
    path: pathOf(server),
    client: new HttpClient(server.url),
    ms: [] as number[],
  }));
  try {
    for (let call = 0; call < calls; call += 1) {
      for (const { path, client, ms } of sides) {
        const answer = await client.send("GET", path);
        if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
        ms.push(answer.ms);
      }
    }
  } finally {
    for (const { client } of sides) client.close();
  }
  const [manyMs = [], oneMs = []] = sides.map(({ ms }) => ms);
  return [manyMs, oneMs] as const;
}
