import type { Log } from "../base/log.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { InstanceSnapshot } from "../pool/types.ts";

/**
 * Notices that the files of loaded models changed or vanished. The disk is looked at when somebody asks, not watched:
 * watchers miss changes on network disks and in containers, hold kernel resources for each folder, and say so much
 * while files are copied that the disk would have to be looked at anyway. One look is a few dozen calls of `stat`.
 */
export interface FileChanges {
  /** Whether the files are others than those that were loaded; the first time is also a line in the log. */
  look(instance: InstanceSnapshot): Promise<boolean>;
  /** The same for the log alone, and not more often than every few seconds for one instance. */
  glance(instance: InstanceSnapshot | undefined): void;
}

const glanceMs = 10_000;
const mostRemembered = 1000;

export function createFileChanges(
  catalog: Pick<Catalog, "fingerprint">,
  log: Log,
  nowMs: () => number = () => performance.now(),
): FileChanges {
  const told = new Set<string>();
  const glances = new Map<string, number>();
  const look: FileChanges["look"] = async ({ id, folder, files }) => {
    if (files === undefined || (await catalog.fingerprint(folder)) === files) return false;
    if (!told.has(id)) {
      if (told.size >= mostRemembered) told.clear();
      told.add(id);
      const text = "The files of a loaded model changed; it serves on as it was loaded, until it is unloaded";
      log.warn({ model_path: folder.modelPath }, text);
    }
    return true;
  };
  return {
    look,
    glance(instance) {
      if (instance === undefined || nowMs() - (glances.get(instance.id) ?? -glanceMs) < glanceMs) return;
      if (glances.size >= mostRemembered) glances.clear();
      glances.set(instance.id, nowMs());
      void look(instance).catch(() => undefined);
    },
  };
}
