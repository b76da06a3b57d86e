import type { LiveParts } from "../api/live.ts";
import type { TextSettings } from "../api/text-steps.ts";
import type { Config } from "../base/settings.ts";
import { usualShareOf } from "../schedule/admission.ts";

export type UseCaseSettings = ReturnType<typeof useCaseSettings>;

/** What the use cases have of the configuration. */
export function useCaseSettings(config: Config) {
  return {
    mostHolds: config["limits.holds"],
    sessionsPerKey: config["limits.sessions_per_key"],
    text: textSettings(config),
    configuredDefault: config.default_model,
    maxSeconds: config["limits.audio_seconds"],
    live: liveLimits(config),
  };
}

function textSettings(config: Config): TextSettings {
  const script = config["text.script"];
  return {
    punctuation: config["text.punctuation"],
    itn: config["text.itn"] === "on",
    ...((script === "hans" || script === "hant") && { script }),
  };
}

function liveLimits(config: Config): LiveParts["live"] {
  const sessions = config["limits.live_sessions"];
  return {
    sessions,
    sessionsPerClient: config["limits.sessions_per_client"] || usualShareOf(sessions),
    bufferSeconds: config["limits.live_buffer_seconds"],
    idleSeconds: config["limits.live_idle_seconds"],
    maxSeconds: config["limits.live_seconds"],
    partialsModel: config["live.partials_model"],
  };
}
