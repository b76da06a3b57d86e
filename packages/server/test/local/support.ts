import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { createLocalTransport, type LocalOptions, type LocalTransport } from "../../dist/local.js";
import { type ModelContent, writeModel } from "../server/running.ts";

export interface Local {
  readonly transport: LocalTransport;
  readonly client: ModelAPIClient;
  readonly modelDir: string;
  readonly modelPath: (id: string) => string;
  readonly stateDir: string;
}

/** A pool in this process with models of its own; closed and removed after the test. */
export async function startLocal(
  t: TestContext,
  models: Readonly<Record<string, ModelContent>>,
  options: LocalOptions = {},
): Promise<Local> {
  const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const modelDir = join(root, "model");
  const stateDir = options.stateDir ?? join(root, "state");
  for (const [id, content] of Object.entries(models)) writeModel(join(modelDir, id), content);
  const transport = await createLocalTransport({
    modelDir,
    stateDir,
    defaultModel: Object.keys(models)[0] ?? "none",
    ...options,
    settings: { "engine.fake": true, ...options.settings },
  });
  t.after(() => transport.close());
  const client = new ModelAPIClient(undefined, { transport, retry: false });
  return { transport, client, modelDir, modelPath: (id) => `${modelDir}/${id}`, stateDir };
}
