import type { Log } from "../base/log.ts";
import { numberedPath } from "./movable-name.ts";
import type { SwitchEvent } from "./types.ts";

/** Tells operators what became of a switch. Golden recordings are not in the log: they hold words. */
export function logSwitch(log: Log, event: SwitchEvent): void {
  const { name } = event;
  const to = numberedPath(event.to);
  switch (event.type) {
    case "switched":
      return log.info(
        { name, to, ...(event.from && { from: numberedPath(event.from) }) },
        "Switched to another version",
      );
    case "gate_failed":
      return log.warn({ name, to, err: event.error }, "The new version did not pass its golden recordings");
    case "rolled_back": {
      const { cause, detail, from } = event;
      return log.warn({ name, to, from: numberedPath(from), cause, detail }, "Rolled back to the old version");
    }
    case "confirmed":
      return log.info({ name, to, by: event.by }, "The new version is confirmed");
  }
}
