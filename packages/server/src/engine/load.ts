import type { EngineName, LoadEngine } from "./engine.ts";

/** Each adapter is imported where it is used, so that a host maps one native library and not all of them. */
const adapters: Readonly<Record<EngineName, () => Promise<LoadEngine>>> = {
  "sherpa-offline": async () => (await import("./sherpa-offline/sherpa-offline.ts")).loadSherpaOffline,
  "sherpa-online": async () => (await import("./sherpa-online/sherpa-online.ts")).loadSherpaOnline,
  "sherpa-punctuation": async () => (await import("./sherpa-punctuation/sherpa-punctuation.ts")).loadSherpaPunctuation,
  vosk: async () => (await import("./vosk/vosk.ts")).loadVosk,
  fake: async () => (await import("./fake/fake.ts")).loadFake,
};

/** Loads a model with the engine that its spec names. @throws VoxpoolError as that engine does */
export const loadEngine: LoadEngine = async (spec, assets) => {
  const load = await adapters[spec.engine]();
  return load(spec, assets);
};
