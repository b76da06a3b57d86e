import type { LoadEngine } from "./engine.ts";

/**
 * Loads a model with the engine that its spec names.
 *
 * Each adapter is imported where it is used, so that a host maps one native library and not all of them.
 */
export const loadEngine: LoadEngine = async (spec, assets) => {
  switch (spec.engine) {
    case "sherpa-offline":
      return (await import("./sherpa-offline/sherpa-offline.ts")).loadSherpaOffline(spec, assets);
    case "vosk":
      return (await import("./vosk/vosk.ts")).loadVosk(spec, assets);
    case "fake":
      return (await import("./fake/fake.ts")).loadFake(spec, assets);
  }
};
