import { join } from "node:path";
import type { TestContext } from "node:test";
import { createCatalog } from "../../dist/catalog/catalog.js";
import type { EngineAssets } from "../../dist/engine/engine.js";
import { createPool, type PoolOptions } from "../../dist/pool/pool.js";
import { createRecognition, type RecognitionParts } from "../../dist/recognition/recognition.js";
import type { OpenSession } from "../../dist/recognition/types.js";
import { NodeScheduler } from "../../dist/schedule/scheduler.js";
import { scratchDirectory } from "../base/scratch.ts";
import { poolOptions } from "../pool/pool-parts.ts";
import { type ModelContent, writeModel } from "../server/running.ts";

const cores = 2;
const noAssets: EngineAssets = { sileroFile: "", voskLibraryFile: "" };

interface Seams {
  readonly pool?: Partial<PoolOptions>;
  readonly recognition?: Partial<RecognitionParts>;
}

/** Recognition over a real pool with a model of its own; the pool is closed after the test. */
export async function openModel(t: TestContext, content: ModelContent, seams: Seams = {}) {
  const directory = scratchDirectory(t);
  writeModel(join(directory, "model", "one"), content);
  return openFolder(t, join(directory, "model"), "one", noAssets, seams);
}

/** The same with a model that is there. */
export async function openFolder(t: TestContext, modelDir: string, id: string, assets = noAssets, seams: Seams = {}) {
  const catalog = createCatalog({ modelDirs: [modelDir], workingDirectory: modelDir, fakeEngine: true });
  const ensureAssets = async () => assets;
  const pool = createPool({ ...poolOptions(catalog), ensureAssets, threads: cores, ...seams.pool });
  t.after(() => pool.close());
  const folder = await catalog.resolve(id);
  const scheduler = new NodeScheduler({ cores });
  const recognition = createRecognition({ pool, scheduler, ...seams.recognition });
  const open = (options: Partial<OpenSession> = {}) =>
    recognition.open({ folder, client: "a", priority: "interactive", words: "no", ...options });
  return { pool, folder, open, scheduler, recognition };
}
