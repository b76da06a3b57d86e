import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import type { Pool } from "../pool/types.ts";
import { isLoaded } from "./models.ts";

/** How long it is believed that there is, or is not, a model for punctuation. */
const rememberedMs = 5000;

/** Finds the model that punctuates: `off`, `auto`, or a model path, as `text.punctuation` is configured. */
export function createPunctuationFinder(
  { catalog, pool }: { readonly catalog: Catalog; readonly pool: Pick<Pool, "list"> },
  configured: string,
  nowMs: () => number = () => performance.now(),
): () => Promise<ModelFolder | undefined> {
  let remembered: { readonly folder: ModelFolder | undefined; readonly at: number } | undefined;

  /** The first on disk, in the order of their ids. */
  async function onDisk(): Promise<ModelFolder | undefined> {
    for (const folder of await catalog.list()) {
      if (await punctuates(catalog, folder)) return folder;
    }
    return undefined;
  }

  return async () => {
    if (configured === "off") return undefined;
    if (configured !== "auto") return catalog.resolve(configured);
    const loaded = pool.list().find((instance) => isLoaded(instance) && instance.info?.input === "text");
    if (loaded) return loaded.folder;
    if (remembered === undefined || nowMs() - remembered.at >= rememberedMs) {
      remembered = { folder: await onDisk(), at: nowMs() };
    }
    return remembered.folder;
  };
}

/** Whether a folder holds a model for punctuation, which recognises no speech. */
async function punctuates(catalog: Pick<Catalog, "describe">, folder: ModelFolder): Promise<boolean> {
  return catalog.describe(folder).then(
    ({ engine }) => engine === "sherpa-punctuation",
    () => false,
  );
}
