import { totalmem } from "node:os";
import { VoxpoolError } from "./errors.ts";

const units: Readonly<Record<string, number>> = { "": 1, k: 1e3, kb: 1e3, kib: 2 ** 10, m: 1e6, mb: 1e6, mib: 2 ** 20 };
const largeUnits: Readonly<Record<string, number>> = { g: 1e9, gb: 1e9, gib: 2 ** 30, t: 1e12, tb: 1e12, tib: 2 ** 40 };

/**
 * An amount of memory as people write it: bytes, `8GB`, `512MiB`, or a share like `80%` of what there is.
 * @param availableBytes what a share is of
 * @throws VoxpoolError `config_invalid`
 */
export function memoryBytes(text: string, setting: string, availableBytes = availableMemoryBytes()): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z%]*)$/i.exec(text.trim()) ?? [];
  const factor = unit === "%" ? availableBytes / 100 : (units[unit.toLowerCase()] ?? largeUnits[unit.toLowerCase()]);
  if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor);
  throw new VoxpoolError("config_invalid", { source: setting, detail: "write bytes, or text like 8GB, 512MiB or 80%" });
}

/** What this process may use at most: the container's limit where there is one, else the machine's memory. */
export function availableMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
