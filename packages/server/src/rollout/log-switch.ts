import type { Log } from "../base/log.ts";
import { pathWithVersion } from "../base/versioned-path.ts";
import type { SwitchEvent } from "./types.ts";

/** Tells operators what became of a switch. What was heard in golden recordings is not in the log: it holds no words. */
export function logSwitch(log: Log, event: SwitchEvent): void {
  const { name } = event;
  const to = pathWithVersion(event.to);
  const from = "from" in event && event.from ? { from: pathWithVersion(event.from) } : {};
  if (event.type === "switched") log.info({ name, to, ...from }, "Switched to another version");
  else if (event.type === "confirmed") log.info({ name, to, by: event.by }, "The new version is confirmed");
  else if (event.type === "gate_failed") {
    log.warn({ name, to, err: event.error }, "The new version did not pass its golden recordings");
  } else {
    const { cause, detail } = event;
    log.warn({ name, to, ...from, cause, detail }, "Rolled back to the old version");
  }
}
