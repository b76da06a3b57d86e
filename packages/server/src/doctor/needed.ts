import { defaultModelPath, fallbackModel, ifThere } from "../api/default-model.ts";
import { pullNames } from "../catalog/pull.ts";
import type { ModelSpec } from "../engine/engine.ts";
import { catalogOf } from "./models.ts";
import type { Place } from "./types.ts";

/** Native parts that a model is decoded with. */
export function partsOf({ engine, segmenter }: ModelSpec): readonly ("libvosk" | "silero-vad")[] {
  if (engine === "vosk") return ["libvosk"];
  return segmenter === "silero" ? ["silero-vad"] : [];
}

/**
 * Fetches what the default model needs: itself where it is one that can be fetched by its name, then its native parts.
 * @param fetch fetches one thing by its name unless it is there @throws what `fetch` throws
 */
export async function fetchNeeded({ config }: Place, fetch: (name: string) => Promise<void>): Promise<void> {
  const catalog = catalogOf(config);
  const path = await defaultModelPath(catalog, config.default_model);
  const find = () => ifThere(catalog.resolve(path));
  if ((await find()) === undefined) {
    const below = catalog.modelDirs.find((directory) => path.startsWith(`${directory}/`));
    const name = config.default_model === "" ? fallbackModel : path.slice(below === undefined ? 0 : below.length + 1);
    // Of one that nobody publishes the probe says what to do.
    if (pullNames().includes(name)) await fetch(name);
  }
  const folder = await find();
  // What cannot be described is the probe's to explain.
  const spec = folder === undefined ? undefined : await catalog.describe(folder).catch(() => undefined);
  const parts = spec === undefined ? ["silero-vad"] : partsOf(spec);
  for (const part of parts) if (part !== "libvosk" || config["vosk.library"] === "") await fetch(part);
}
