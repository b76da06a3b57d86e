import type { CatalogEntry, ModelEntry } from "@voxpool/client/contract";

/** A model that is loaded. */
export const entry: ModelEntry = {
  loaded_at: 1_700_000_000.25,
  load_time: 0.5,
  usage_count: 3,
  state: "ready",
  version: "1",
  engine: "fake",
  family: "fake",
  languages: ["en"],
  memory_bytes: 1024,
  pid: 4711,
  holds: [],
  sessions: 0,
  pinned: false,
  expires_at: null,
  aliases: [],
  restarts: 0,
};

/** One that can be fetched. */
export const catalogEntry: CatalogEntry = {
  name: "cn",
  title: "small",
  engine: "vosk",
  family: "kaldi",
  languages: ["zh"],
  licence: "Apache-2.0",
  size_bytes: 10,
  pinned: true,
  sources: ["https://example.com/cn.zip"],
  installed: false,
};

/** What every recognition cost. */
export const outcome = {
  folder: { id: "cn", modelPath: "model/cn", directory: "/model/cn", version: "1" },
  audioSeconds: 3.5,
  queueSeconds: 0.25,
  decodeSeconds: 1,
  totalSeconds: 1.5,
};
