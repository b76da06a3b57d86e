import { totalmem } from "node:os";
import { VoxpoolError } from "./errors.ts";

/** A map and no object: `constructor` is no unit. */
const units: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ...["k", "m", "g", "t"].flatMap((letter, at): [string, number][] => [
    [letter, 1000 ** (at + 1)],
    [`${letter}b`, 1000 ** (at + 1)],
    [`${letter}ib`, 1024 ** (at + 1)],
  ]),
]);

/**
 * An amount of memory as people write it: bytes, `8GB`, `512MiB`, or a share like `80%` of what there is.
 * @param availableBytes what a share is of
 * @throws VoxpoolError `config_invalid`
 */
export function memoryBytes(text: string, setting: string, availableBytes = availableMemoryBytes()): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z%]*)$/i.exec(text.trim()) ?? [];
  const factor = unit === "%" ? availableBytes / 100 : units.get(unit.toLowerCase());
  if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor);
  throw new VoxpoolError("config_invalid", { source: setting, detail: "write bytes, or text like 8GB, 512MiB or 80%" });
}

/** What this process may use at most: the container's limit where there is one, else the machine's memory. */
export function availableMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
