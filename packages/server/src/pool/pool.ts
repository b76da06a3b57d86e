import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import { Instance, type InstanceParts } from "./instance.ts";
import type { InstanceLease, Pool, PoolEvent } from "./types.ts";

export type PoolOptions = Omit<InstanceParts, "now"> & Partial<Pick<InstanceParts, "now">>;

/** The instances of the node: at most one for each model version, whoever asks. */
export function createPool({ now = () => Date.now() / 1000, ...given }: PoolOptions): Pool {
  const parts: InstanceParts = { now, ...given };
  const instances = new Map<string, Instance>();
  const listeners = new Set<(event: PoolEvent) => void>();
  let created = 0;
  let closed = false;

  function changed(instance: Instance, previous: PoolEvent["previous"]): void {
    const { directory } = instance.folder;
    if (instance.state === "stopped" && instances.get(directory) === instance) instances.delete(directory);
    tell({ type: "state", instance: instance.snapshot(), ...(previous && { previous }) });
  }

  function tell(event: PoolEvent): void {
    for (const listener of listeners) listener(event);
  }

  /** The instance that serves or will serve; an ended one gives way to a new one. */
  async function current(folder: ModelFolder, signal?: AbortSignal): Promise<Instance> {
    for (;;) {
      signal?.throwIfAborted(); // nothing is loaded for a caller that has left
      if (closed) throw new VoxpoolError("server_stopping");
      const known = instances.get(folder.directory);
      if (known?.leaving) await raceAbort(known.unload(), signal);
      else if (known && known.state !== "failed") return known;
      else return start(folder);
    }
  }

  function start(folder: ModelFolder): Instance {
    const instance = new Instance(`${folder.modelPath}@${folder.version}#${++created}`, folder, parts, changed);
    instances.set(folder.directory, instance);
    tell({ type: "state", instance: instance.snapshot() });
    return instance;
  }

  return {
    async load(folder) {
      const instance = await current(folder);
      await instance.loaded;
      return instance.snapshot();
    },
    async unload(folder) {
      const instance = instances.get(folder.directory);
      if (!instance || instance.state === "failed") {
        throw new VoxpoolError("model_not_loaded", { model_path: folder.modelPath });
      }
      await instance.unload();
    },
    lease: (folder, signal) => untilLeased(() => current(folder, signal), signal),
    find: (folder) => instances.get(folder.directory)?.snapshot(),
    list: () => Array.from(instances.values(), (instance) => instance.snapshot()),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      await Promise.all(Array.from(instances.values(), (instance) => instance.kill()));
    },
  };
}

/** An instance can go between its load and its lease; then the next one is asked. */
async function untilLeased(next: () => Promise<Instance>, signal: AbortSignal | undefined): Promise<InstanceLease> {
  for (;;) {
    const instance = await next();
    await raceAbort(instance.loaded, signal);
    const lease = instance.lease();
    if (lease) return lease;
    await raceAbort(instance.left(), signal);
  }
}

/** Stops waiting when the signal aborts; what was waited for goes on. */
async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
