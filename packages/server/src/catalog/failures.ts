import { VoxpoolError } from "../base/errors.ts";

/** The error of a single place as it is; of several one with a line for each. */
export function allFailed(failures: readonly VoxpoolError[], name: string): VoxpoolError {
  const [first, ...others] = failures;
  if (first !== undefined && others.length === 0) return first;
  const tried = failures.map(triedLine).join("\n");
  return new VoxpoolError("download_sources_failed", { name, tried }, { cause: failures.at(-1) });
}

/** What was tried, and why it did not work. */
export function triedLine({ details, message }: VoxpoolError): string {
  return `  ${details["url"]}: ${details["detail"] ?? message}`;
}
