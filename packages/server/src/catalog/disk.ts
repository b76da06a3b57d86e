import { VoxpoolError } from "../base/errors.ts";

/** `disk_full` for what says so; everything else as it is. */
export function diskError(error: unknown, what: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" ? new VoxpoolError("disk_full", { what }, { cause: error }) : error;
}
