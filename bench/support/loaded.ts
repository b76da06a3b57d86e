import type { HttpClient } from "./http.ts";

/** A loaded model as the status shows it. */
export interface Loaded {
  readonly pid: number;
  readonly restarts: number;
  readonly memory_bytes: number;
}

/** All that are loaded, by path. */
export async function loadedModels(client: HttpClient): Promise<Readonly<Record<string, Loaded>>> {
  const { body } = await client.send("GET", "/api/models");
  return body.models as Record<string, Loaded>;
}

/** @throws Error when it is not loaded */
export async function loadedModel(client: HttpClient, modelPath: string): Promise<Loaded> {
  const found = (await loadedModels(client))[modelPath];
  if (found === undefined) throw new Error(`${modelPath} is not loaded`);
  return found;
}
