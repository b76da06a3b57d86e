import type { VoxpoolError } from "../base/errors.ts";

/** Whether an error says that a process ended, and not that something in it failed. */
export function isDeath({ reason }: VoxpoolError): boolean {
  return reason === "host_crashed" || reason === "host_hung";
}
