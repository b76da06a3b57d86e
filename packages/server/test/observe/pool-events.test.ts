import assert from "node:assert/strict";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import type { ObservedEvent, ObservedInstance } from "../../dist/observe/observed.js";
import { eventTypes, toldOf } from "../../dist/observe/pool-events.js";

const folder = { modelPath: "model/cn@1", version: "1" };
const instance: ObservedInstance = { id: "a.1", instanceId: "a", folder, state: "ready", memoryBytes: 7 };
const error = new VoxpoolError("host_crashed", { model_path: "model/cn", detail: "it was ended by SIGKILL" });
const hold = { client: "dictation", kind: "client", count: 1, until: 9 } as const;
const message = { en: error.messageIn("en"), zh: error.messageIn("zh") };
const named = { model_path: "model/cn", version: "1" };

const table: readonly (readonly [ObservedEvent, object | undefined])[] = [
  [
    { type: "state", instance, previous: "warming" },
    { type: "model.state", state: "ready", previous_state: "warming", details: { memory_bytes: 7 } },
  ],
  [
    { type: "state", instance: { ...instance, state: "failed", memoryBytes: 0, failure: { error } } },
    { type: "model.state", state: "failed", reason: "host_crashed", message },
  ],
  [
    { type: "unloading", instance, cause: "evicted" },
    { type: "model.evicted", details: { cause: "evicted", memory_bytes: 7 } },
  ],
  [
    { type: "unloading", instance, cause: "idle" },
    { type: "model.unloading", details: { cause: "idle", memory_bytes: 7 } },
  ],
  [
    { type: "crashed", instance, blame: "model", error },
    { type: "model.restarted", reason: "host_crashed", message, details: { blame: "model" } },
  ],
  [
    { type: "crashed", instance, blame: "model", error, draining: true },
    { type: "model.restarted", reason: "host_crashed", message, details: { blame: "model", draining: true } },
  ],
  [
    { type: "replaced", instance, cause: "memory" },
    { type: "model.recycled", details: { cause: "memory" } },
  ],
  [
    { type: "hold", folder, change: "added", hold },
    { type: "hold.added", details: hold },
  ],
  [
    { type: "hold", folder, change: "lapsed", hold: { client: "::1", kind: "address", count: 2 } },
    { type: "hold.lapsed", details: { client: "::1", kind: "address", count: 2, until: null } },
  ],
  [{ type: "hold", folder, change: "renewed", hold }, undefined],
  [
    { type: "pin", folder, pinned: false },
    { type: "pin.changed", details: { pinned: false } },
  ],
  [
    { type: "quarantined", folder, quarantine: { error, failures: 3, until: 60 } },
    { type: "model.quarantined", reason: "host_crashed", message, details: { failures: 3, until: 60 } },
  ],
  [{ type: "released", folder }, { type: "model.released" }],
];

for (const [event, told] of table) {
  const more = "cause" in event ? event.cause : "change" in event ? event.change : "";
  const name = told === undefined ? "nothing" : String(Reflect.get(told, "type"));
  test(`the pool's ${event.type} ${more} is told as ${name}`, () => {
    const found = toldOf(event);
    assert.equal(found === undefined || eventTypes.includes(found.type), true);
    assert.deepEqual(found, told && { ...told, ...named });
  });
}
