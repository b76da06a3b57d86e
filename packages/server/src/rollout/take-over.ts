import { pathWithVersion } from "../base/versioned-path.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { Names } from "../pool/names.ts";
import type { Claimant, Hold, Pool } from "../pool/types.ts";
import type { HoldNames } from "./hold-names.ts";
import type { Destination, MovableName } from "./movable-name.ts";

export interface MoveParts {
  readonly pool: Pool;
  readonly names: Names;
  readonly holdNames: HoldNames;
}

const ownPrefix = "switch of ";

/** In whose name a switch keeps versions loaded. */
export const ownHold = ({ shown }: MovableName): Claimant => ({ client: `${ownPrefix}${shown}`, kind: "client" });

const isOwn = ({ client, kind }: Hold): boolean => kind === "client" && client.startsWith(ownPrefix);

/**
 * Lets a name mean another version, with its holds and its pin, in one step: no request sees half of it. A pin stays
 * where it is as long as another name means the old version.
 */
export function takeOver(
  { pool, names, holdNames }: MoveParts,
  name: MovableName,
  from: ModelFolder | undefined,
  to: Destination,
): void {
  name.point(to);
  if (!from) return;
  const moved: Hold[] = [];
  pool.moveHolds(from, to.folder, (hold) => {
    const moves = !isOwn(hold) && name.follows(hold, from);
    if (moves) moved.push(hold);
    return moves;
  });
  for (const hold of moved) holdNames.move(from.directory, to.folder.directory, hold);
  if (!pool.isPinned(from) || isMeant(names, from)) return;
  pool.pin(to.folder, true);
  pool.pin(from, false);
}

/**
 * Gives back the hold of a switch; ends the instance, drained, if no name means that version any more and nobody holds
 * it. Resolves when it has ended.
 */
export async function leave({ pool, names }: MoveParts, folder: ModelFolder, hold: Claimant): Promise<void> {
  pool.letGo(folder, hold);
  // Requests that were told of this version in this very moment take their lease first.
  await new Promise((resolve) => setImmediate(resolve));
  if (pool.find(folder)?.state === "restarting") {
    // Requests wait for it; to end it now would fail them.
    const lease = await pool.lease(folder).catch(() => undefined);
    lease?.release();
  }
  const instance = pool.find(folder);
  if (!instance || instance.pinned || instance.holds.length > 0 || isMeant(names, folder)) return;
  await pool.retire(folder);
}

/** Whether the plain path of its model or an alias means this version. */
function isMeant(names: Names, folder: ModelFolder): boolean {
  if (names.isServing(folder)) return true;
  const path = pathWithVersion(folder);
  return names.aliases().some(([, target]) => target === path);
}
