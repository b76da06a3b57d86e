import assert from "node:assert/strict";
import type { ModelFolder } from "../../dist/catalog/catalog.js";
import type { InstanceSnapshot } from "../../dist/pool/types.js";
import { boundFactor, budget, isThere, keepAliveSeconds, loadedBytes, longestPause, tickSeconds } from "./limits.ts";
import { keyOf } from "./reference.ts";
import type { World } from "./world.ts";

/** What is true of a pool whenever nothing is under way. @throws AssertionError */
export function checkInvariants(world: World): void {
  const now = world.clock.seconds();
  for (const folder of world.folders) {
    const reference = world.reference(folder);
    const shown = (world.pool.find(folder)?.holds ?? []).map((hold) => `${keyOf(hold)} ${hold.count}`).toSorted();
    assert.deepEqual(shown, reference.shown(), "the pool knows every hold, and no other");
    checkProcesses(world, folder);
  }
  for (const { host } of world.leases) {
    assert.ok(host.isUsable || world.doomed.has(host), "a process that is in use ends only by its own fault");
  }
  const places = new Set(world.hosts.alive().map(({ directory }) => directory));
  assert.ok(places.size <= budget.instances, "no more models than there are places");
  for (const instance of world.pool.list()) if (isThere(instance)) checkReason(world, instance, now);
}

/** At most one process serves; beside it may be one that is to replace it, and older ones that are in use. */
function checkProcesses(world: World, folder: ModelFolder): void {
  const alive = world.hosts.alive(folder);
  const newest = world.hosts.all.findLast((one) => one.directory === folder.directory && one.isLoaded);
  const serving = newest?.isUsable === true ? newest : undefined;
  const coming = alive.filter(({ isLoaded, isUsable }) => !isLoaded && isUsable);
  assert.ok(coming.length <= 1, "one load at a time");
  const isOutgrown = (serving?.memoryBytes ?? 0) > loadedBytes * boundFactor;
  const isReplaced = isOutgrown || [...world.pending].some((one) => one.kind === "reload" && one.folder === folder);
  if (serving && coming.length > 0) assert.ok(isReplaced, "a second process of a version without a reason");
  for (const old of alive.filter((one) => one !== serving && one.isLoaded && one.isUsable)) {
    assert.ok(
      world.leases.some(({ host }) => host === old),
      "an old process stays only while it is in use",
    );
  }
}

function checkReason(world: World, { folder, state }: InstanceSnapshot, now: number): void {
  const reference = world.reference(folder);
  const isUsed = world.leases.some(({ host }) => host.directory === folder.directory);
  const isAwaited = [...world.pending].some((one) => one.folder === folder);
  const isOnItsWay = world.hosts.alive(folder).some(({ isLoaded, isUsable }) => !isLoaded || !isUsable);
  const wished = Math.max(reference.wish ?? keepAliveSeconds, reference.maybeWish);
  const stays = reference.touchedAt + wished + longestPause + 2 * tickSeconds;
  const isKept = reference.holds.size > 0 || reference.pinned || now <= stays;
  const waitsForRoom = state === "loading" && [...world.references.values()].some(({ leaving }) => leaving);
  assert.ok(
    isKept || isUsed || isAwaited || isOnItsWay || waitsForRoom,
    `${folder.modelPath} is there without a reason`,
  );
}
