import type { VoxpoolError } from "../base/errors.ts";
import { pathWithoutVersion, type VersionedModel } from "../base/versioned-path.ts";
import type { NewEvent } from "./event-log.ts";
import type { ObservedEvent } from "./observed.ts";

/** The types of events that there are; `gap` is the log's own, and those of switches and requests come from elsewhere. */
export const eventTypes = [
  "model.state",
  "model.unloading",
  "model.evicted",
  "model.recycled",
  "model.restarted",
  "model.switched",
  "model.rolled_back",
  "model.confirmed",
  "model.quarantined",
  "model.released",
  "hold.added",
  "hold.returned",
  "hold.lapsed",
  "hold.dropped",
  "pin.changed",
  "alias.changed",
  "request.failed_over",
  "request.replayed",
  "request.poisonous",
] as const;
export type EventType = (typeof eventTypes)[number];

/** What is told of an event of the pool; undefined: nothing, it is no news to anybody. */
export function toldOf(event: ObservedEvent): (NewEvent & { readonly type: EventType }) | undefined {
  switch (event.type) {
    case "state":
      return stateEvent(event);
    case "unloading":
      return {
        type: event.cause === "evicted" ? "model.evicted" : "model.unloading",
        ...named(event.instance.folder),
        details: { cause: event.cause, memory_bytes: event.instance.memoryBytes },
      };
    case "crashed": {
      const { instance, error, blame, draining } = event;
      const details = { blame, ...(draining && { draining }) };
      return { type: "model.restarted", ...named(instance.folder), ...explained(error), details };
    }
    case "replaced":
      return { type: "model.recycled", ...named(event.instance.folder), details: { cause: event.cause } };
    case "hold":
      return holdEvent(event);
    case "pin":
      return { type: "pin.changed", ...named(event.folder), details: { pinned: event.pinned } };
    case "quarantined": {
      const { error, failures, until } = event.quarantine;
      return {
        type: "model.quarantined",
        ...named(event.folder),
        ...explained(error),
        details: { failures, until },
      };
    }
    case "released":
      return { type: "model.released", ...named(event.folder) };
  }
}

function stateEvent({ instance, previous }: Extract<ObservedEvent, { type: "state" }>) {
  const { folder, state, failure, memoryBytes } = instance;
  return {
    type: "model.state" as const,
    ...named(folder),
    state,
    ...(previous !== undefined && { previous_state: previous }),
    ...(failure !== undefined && state === "failed" && explained(failure.error)),
    ...(memoryBytes > 0 && { details: { memory_bytes: memoryBytes } }),
  };
}

const holdTypes: Readonly<Record<string, EventType>> = {
  added: "hold.added",
  returned: "hold.returned",
  lapsed: "hold.lapsed",
  dropped: "hold.dropped",
};

/** A renewal is no news: every client renews every few seconds. */
function holdEvent({ folder, change, hold }: Extract<ObservedEvent, { type: "hold" }>) {
  const type = holdTypes[change];
  if (type === undefined) return undefined;
  const { client, kind, count, until = null } = hold;
  return { type, ...named(folder), details: { client, kind, count, until } };
}

function named(model: VersionedModel) {
  return { model_path: pathWithoutVersion(model), version: model.version };
}

export function explained(error: VoxpoolError) {
  return { reason: error.reason, message: { en: error.messageIn("en"), zh: error.messageIn("zh") } };
}
