import type { Log } from "../base/log.ts";
import type { Pool, PoolEvent } from "../pool/types.ts";

/** Writes into the log what an operator wants to know of the pool: what went wrong, and what it did by itself. */
export function logPool(pool: Pick<Pool, "subscribe">, log: Log): () => void {
  return pool.subscribe((event) => logEvent(event, log));
}

function logEvent(event: PoolEvent, log: Log): void {
  switch (event.type) {
    case "crashed": {
      const { instance, error, blame } = event;
      const fields = { model_path: instance.folder.modelPath, blame, restarts: instance.restarts };
      return log.warn({ ...fields, detail: error.message }, "The process of a model ended; another one is started");
    }
    case "state": {
      const { folder, state, failure, retryAt } = event.instance;
      if (state !== "failed" || !failure) return;
      const fields = { model_path: folder.modelPath, reason: failure.error.reason, detail: failure.error.message };
      const text =
        retryAt === undefined ? "A model could not be loaded" : "A model keeps ending and is left alone for a while";
      return log.error(fields, text);
    }
    case "unloading":
      if (event.cause === "asked" || event.cause === "superseded") return;
      return log.info({ model_path: event.instance.folder.modelPath, cause: event.cause }, "A model is unloaded");
    case "replaced":
      return log.info({ model_path: event.instance.folder.modelPath, cause: event.cause }, "A fresh process took over");
    case "quarantined": {
      const { failures, until } = event.quarantine;
      return log.warn({ model_path: event.folder.modelPath, failures, until }, "A model that failed is held back");
    }
    default:
  }
}
