import type { VoxpoolError } from "../base/errors.ts";
import { pathWithoutVersion, pathWithVersion, type VersionedModel } from "../base/versioned-path.ts";
import type { EventLog } from "./event-log.ts";
import { type EventType, explained } from "./pool-events.ts";
import type { Statistics } from "./statistics.ts";

/** What happens above the pool: counted and told in one place. */
export interface News {
  /** A request for one model was served by another one. */
  failedOver(from: VersionedModel, to: VersionedModel, why: VoxpoolError): void;
  /** A recognition goes on after its process ended. */
  replayed(model: VersionedModel, blame: string): void;
  /** A recording that ends processes is refused from now on. */
  poisonous(model: VersionedModel): void;
  /** A model's path means another version now. */
  switched(from: VersionedModel | undefined, to: VersionedModel): void;
  rolledBack(from: VersionedModel, to: VersionedModel, why: string): void;
  /** A new version passed its probation. */
  confirmed(model: VersionedModel): void;
  /** @param target undefined: it was removed */
  aliasChanged(alias: string, target: string | undefined): void;
}

export function createNews(statistics: Statistics, events: Pick<EventLog, "append">): News {
  const tell = (type: EventType, model: VersionedModel, details: Record<string, unknown>, why?: VoxpoolError) =>
    events.append({
      type,
      model_path: pathWithoutVersion(model),
      version: model.version,
      ...(why !== undefined && explained(why)),
      details,
    });
  return {
    failedOver(from, to, why) {
      statistics.failover(from);
      tell("request.failed_over", from, { served_by: pathWithVersion(to) }, why);
    },
    replayed(model, blame) {
      statistics.replay(model);
      tell("request.replayed", model, { blame });
    },
    poisonous: (model) => tell("request.poisonous", model, {}),
    switched(from, to) {
      statistics.switched(to);
      tell("model.switched", to, from === undefined ? {} : { from: pathWithVersion(from) });
    },
    rolledBack(from, to, why) {
      statistics.rolledBack(from);
      tell("model.rolled_back", to, { from: pathWithVersion(from), why });
    },
    confirmed: (model) => tell("model.confirmed", model, {}),
    aliasChanged: (alias, target) =>
      events.append({ type: "alias.changed", details: { alias, model_path: target ?? null } }),
  };
}
