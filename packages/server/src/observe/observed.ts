import type { VersionedModel } from "../base/versioned-path.ts";
import type { Hold, InstanceSnapshot, PoolEvent, Quarantine } from "../pool/types.ts";

/** What is to be known of an instance; the pool's snapshots fit. */
export type ObservedInstance = Pick<InstanceSnapshot, "id" | "state" | "memoryBytes" | "instanceId"> &
  Partial<Pick<InstanceSnapshot, "cpuSeconds" | "sessions">> & {
    readonly folder: VersionedModel;
    readonly holds?: readonly Pick<Hold, "count">[];
    readonly failure?: Pick<NonNullable<InstanceSnapshot["failure"]>, "error">;
  };

/** As much of what an event is about as is told and counted. */
interface Parts {
  readonly instance: ObservedInstance;
  readonly folder: VersionedModel;
  readonly hold: Omit<Hold, "since">;
  readonly quarantine: Omit<Quarantine, "files">;
}

type Observed<Event> = Event extends unknown
  ? { readonly [Key in keyof Event]: Key extends keyof Parts ? Parts[Key] : Event[Key] }
  : never;

/** What happens in the pool, as far as it is told and counted; the pool's own events fit. */
export type ObservedEvent = Observed<PoolEvent>;
