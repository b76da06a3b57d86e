import { VoxpoolError } from "../../dist/base/errors.js";
import type { HttpServerOptions } from "../../dist/gateway/http/server.js";
import type { EventLog } from "../../dist/observe/event-log.js";
import { createObservation, type Observation } from "../../dist/observe/observation.js";

/** The real observation of a pool without instances: what there is to tell, the test brings in itself. */
export function observeNothing(events?: EventLog): {
  readonly observation: Observation;
  readonly observed: HttpServerOptions["observed"];
} {
  const observation = createObservation({
    pool: { list: () => [], subscribe: () => () => undefined },
    queue: () => ({ running: 1, waiting: 2, waitingAudioSeconds: 3.5 }),
  });
  const observed = {
    events: events ?? observation.events,
    pathOf: async (path: string) => path,
    stats: () => observation.stats(),
    async modelStats(path: string) {
      if (path === "model/none") throw new VoxpoolError("model_not_found", { model_path: path });
      const stats = observation.modelStats(path, { modelPath: path, version: "1" });
      return { success: true as const, model_path: path, stats };
    },
  };
  return { observation, observed };
}
