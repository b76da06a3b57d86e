import type { Api } from "../../api/types.ts";
import { wyomingInfo } from "./info.ts";

/** Home Assistant waits a second for it. */
const longestMs = 700;
/** Whoever asks more often is told the same again: each look reads the disk. */
const freshMs = 1000;

/**
 * What `describe` is answered with: what is there now, or what was there when it was last looked at, where looking takes
 * too long.
 */
export function createDescription(
  api: Pick<Api, "availableModels">,
  version: string,
  withinMs = longestMs,
): { readonly info: () => Promise<object> } {
  let known: object = wyomingInfo({ success: true, models: {}, count: 0 }, version);
  let looking: Promise<void> | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  const look = async () => {
    try {
      known = wyomingInfo(await api.availableModels({ language: "en" }), version);
      lookedAtMs = performance.now();
    } catch {
      // What was there before is the best that is known.
    } finally {
      looking = undefined;
    }
  };
  return {
    async info() {
      if (performance.now() - lookedAtMs < freshMs) return known;
      looking ??= look();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, withinMs);
      await Promise.race([looking, late.promise]);
      clearTimeout(timer);
      return known;
    },
  };
}
