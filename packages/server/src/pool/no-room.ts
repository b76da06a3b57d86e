import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { Instance } from "./instance.ts";
import type { RoomBudget } from "./policy/room.ts";

/** The refusal of a load for which there is no room: what is lacking, and who is in the way and why. */
export function noRoom(
  folder: ModelFolder,
  needBytes: number,
  {
    lacks,
    budget,
    inTheWay,
  }: {
    readonly lacks: "memory" | "instances";
    readonly budget: RoomBudget;
    readonly inTheWay: readonly Instance[];
  },
): VoxpoolError {
  const names = inTheWay.map((instance) => `${instance.folder.modelPath} (${whyItStays(instance)})`).join(", ");
  const detail =
    lacks === "memory"
      ? `it needs about ${megabytes(needBytes)} of ${megabytes(budget.memoryBytes)}, and these stay: ${names || "none"}`
      : `${budget.instances} models may be loaded at once, and these stay: ${names}`;
  const setting = lacks === "memory" ? "pool.memory" : "pool.instances";
  return new VoxpoolError("pool_full", { model_path: folder.modelPath, detail, setting });
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

function whyItStays(instance: Instance): string {
  if (instance.pinned) return "pinned";
  const [hold] = instance.holds.list();
  if (hold) return `held by ${hold.client}`;
  return instance.sessions > 0 ? "in use" : instance.state;
}
