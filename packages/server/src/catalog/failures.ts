import { VoxpoolError } from "../base/errors.ts";

/** The error of a single place as it is; of several one with a line for each. */
export function allFailed(failures: readonly VoxpoolError[], name: string): VoxpoolError {
  const [first, ...others] = failures;
  if (first !== undefined && others.length === 0) return first;
  const tried = failures.map(triedLine).join("\n");
  return new VoxpoolError("download_sources_failed", { name, tried }, { cause: failures.at(-1) });
}

/** What was tried, and why it did not work. */
export function triedLine(error: VoxpoolError): string {
  return `  ${error.details["url"]}: ${whyOf(error)}`;
}

function whyOf({ reason, details, message }: VoxpoolError): string {
  const { algorithm, actual, expected, path, detail } = details;
  if (reason === "download_corrupt") return `its ${algorithm} is ${actual}, not ${expected}`;
  if (reason === "download_changed") {
    return `its sha256 is ${actual}, the first time it was ${expected}; if its makers published a new file, remove ${path}`;
  }
  return String(detail ?? message);
}
