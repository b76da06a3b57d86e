import { parseDuration } from "../base/duration.ts";
import { VoxpoolError } from "../base/errors.ts";
import type { Config } from "../base/settings.ts";
import type { SwitchParts } from "./switches.ts";

/** Timers reach no further than 24 days; a version that was watched for a week has proved itself. */
const longestSeconds = 604_800;

/** The probation as it was configured. @throws VoxpoolError `config_invalid`, `option_invalid` */
export function switchSettings(config: Config): Pick<SwitchParts, "probation" | "itn"> {
  const seconds = parseDuration(config["switch.probation"], "switch.probation");
  if (seconds > longestSeconds) {
    throw new VoxpoolError("config_invalid", { source: "switch.probation", detail: "it may last 7 days at most" });
  }
  return {
    probation: { requests: config["switch.probation_requests"], seconds },
    itn: config["text.itn"] === "on",
  };
}
