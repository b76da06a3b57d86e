import type { AvailableModel, AvailableModels } from "@voxpool/client/contract";
import { namesByPath } from "../model-names.ts";

const website = "https://www.npmjs.com/package/voxpool";

/**
 * What the server can do, as `info` says it. Models that are on disk count as installed, in memory or not: Home
 * Assistant takes the languages of those alone.
 */
export function wyomingInfo(available: AvailableModels, version: string) {
  const names = namesByPath(available);
  const models = Object.entries(available.models).filter(([, { problem }]) => problem === undefined);
  return {
    asr: [
      {
        name: "voxpool",
        description: "Speech recognition with a shared pool of models",
        attribution: { name: "voxpool", url: website },
        installed: true,
        version,
        models: models.map(([path, model]) => toModel(names.get(path) ?? path, model)),
        supports_transcript_streaming: true,
        requires_external_vad: false,
      },
    ],
  };
}

function toModel(name: string, { engine, family, languages, versions }: AvailableModel) {
  const made = [engine, family].filter((part) => part !== undefined && part !== "").join(", ");
  return {
    name,
    description: made === "" ? name : `${name} (${made})`,
    attribution: { name: engine ?? "", url: "" },
    installed: true,
    version: versions.at(-1) ?? "1",
    languages,
  };
}
