import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

interface FailureTask {
  /** What is fetched. */
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  readonly log: Log;
}

/**
 * Goes on after what another place may do better.
 * @param source for the log; `undefined` for the last one, after which the error says it all
 * @throws everything else, and the signal's reason
 */
export function rememberFailure(
  error: unknown,
  source: string | undefined,
  { signal, log, name }: FailureTask,
  failures: VoxpoolError[],
): void {
  signal?.throwIfAborted();
  if (!(error instanceof VoxpoolError) || !passingReasons.has(error.reason)) {
    throw error;
  }
  // What to do is said once nothing worked; that one of several places did not is no matter of a stack.
  if (source !== undefined)
    log.warn({ name, source, detail: error.details["detail"] ?? error.message }, "a source failed");
  failures.push(error);
}

const passingReasons: ReadonlySet<string> = new Set(["download_failed", "download_corrupt", "download_changed"]);

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
