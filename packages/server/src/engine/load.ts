import type { LoadEngine } from "./engine.ts";

/** Loads the model with the engine that its spec names. */
export const loadEngine: LoadEngine = async (spec, assets) => {
  if (spec.engine === "fake") return (await import("./fake/fake.ts")).loadFake(spec, assets);
  throw new Error(`engine ${spec.engine} is not there`);
};
