import type { Log } from "../base/log.ts";
import type { InstanceSnapshot, Pool, PoolEvent } from "../pool/types.ts";

/** Writes into the log what an operator wants to know of the pool: what went wrong, and what it did by itself. */
export function logPool(pool: Pick<Pool, "subscribe">, log: Log): () => void {
  return pool.subscribe((event) => logEvent(event, log));
}

function logEvent(event: PoolEvent, log: Log): void {
  if (event.type === "crashed") {
    const { instance, error, blame, draining } = event;
    const fields = { model_path: instance.folder.modelPath, blame, restarts: instance.restarts, detail: error.message };
    if (draining)
      log.warn(fields, "An old process of a model ended before it was done; its recognitions are taken up anew");
    else log.warn(fields, "The process of a model ended; another one is started");
  } else if (event.type === "state") logFailure(event.instance, log);
  else if (event.type === "unloading") {
    const { cause, instance } = event;
    if (cause === "asked" || cause === "superseded") return;
    log.info({ model_path: instance.folder.modelPath, cause }, "A model is unloaded");
  } else if (event.type === "replaced") {
    log.info({ model_path: event.instance.folder.modelPath, cause: event.cause }, "A fresh process took over");
  } else if (event.type === "quarantined") {
    const { failures, until } = event.quarantine;
    log.warn({ model_path: event.folder.modelPath, failures, until }, "A model that failed is held back");
  }
}

function logFailure({ folder, state, failure, retryAt }: InstanceSnapshot, log: Log): void {
  if (state !== "failed" || !failure) return;
  const fields = { model_path: folder.modelPath, reason: failure.error.reason, detail: failure.error.message };
  if (retryAt === undefined) log.error(fields, "A model could not be loaded");
  else log.error(fields, "A model keeps ending and is left alone for a while");
}
