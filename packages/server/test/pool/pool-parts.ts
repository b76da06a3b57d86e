import { silentLog } from "../../dist/base/log.js";
import type { Catalog } from "../../dist/catalog/catalog.js";
import { startHost } from "../../dist/host/parent/host.js";
import type { PoolOptions } from "../../dist/pool/pool.js";

/** Options of a pool with real processes, without limits and without a warm-up. */
export function poolOptions(catalog: Catalog): PoolOptions {
  return {
    describe: (folder) => catalog.describe(folder),
    fingerprint: (folder) => catalog.fingerprint(folder),
    ensureAssets: async () => ({ sileroFile: "", voskLibraryFile: "" }),
    startHost,
    warmUp: async () => undefined,
    threads: 1,
    loadIdleSeconds: 30,
    hangSeconds: 30,
    log: silentLog,
    keepAliveSeconds: Number.POSITIVE_INFINITY,
    holdIdleSeconds: 86_400,
    boundBytes: () => Number.POSITIVE_INFINITY,
    budget: { memoryBytes: Number.POSITIVE_INFINITY, instances: Number.POSITIVE_INFINITY },
    estimateBytes: () => 0,
  };
}

/** Somebody without an id. */
export const somebody = { client: "127.0.0.1", kind: "address" } as const;
