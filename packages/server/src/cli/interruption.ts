import { type EndingSignal, signalCodes } from "./exit-codes.ts";

/**
 * One press of Ctrl-C under `npm start` arrives twice: from the terminal, and forwarded by npm. The same signal again
 * within this time is the same press.
 */
const samePressMs = 500;

/**
 * Turns the first signal that asks the process to end into an abort, with the signal's name as its reason. Another one
 * ends the process at once. SIGHUP is none of them for a command that listens for it itself: `serve` opens its log
 * files anew.
 */
export function listenForInterruption(now: () => number = Date.now): AbortSignal {
  const controller = new AbortController();
  let first: { readonly name: EndingSignal; readonly atMs: number } | undefined;
  const onSignal = (name: EndingSignal) => {
    if (name === "SIGHUP" && process.listenerCount(name) > 1) return;
    if (first === undefined) {
      first = { name, atMs: now() };
      controller.abort(name);
    } else if (first.name !== name || now() - first.atMs > samePressMs) {
      process.exit(signalCodes[name]);
    }
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  return controller.signal;
}
