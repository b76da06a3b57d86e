import { distance } from "fastest-levenshtein";
import { type SettingKey, settings } from "./settings.ts";

/** All settings, in the order of the table. */
export const settingKeys: readonly SettingKey[] = Object.keys(settings).filter(isSettingKey);

/** Names before a dot, which a YAML file may write as a mapping: `limits`, `log`. */
export const settingGroups: ReadonlySet<string> = new Set(
  settingKeys.flatMap((key) => (key.includes(".") ? [key.slice(0, key.indexOf("."))] : [])),
);

/** Whether it is a setting; names such as `__proto__` are not. */
export function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(settings, name);
}

/** `limits.body_bytes` -> `VOXPOOL_LIMITS_BODY_BYTES`. */
export function environmentName(key: SettingKey): string {
  return `VOXPOOL_${key.replaceAll(".", "_").toUpperCase()}`;
}

/** `limits.body_bytes` -> `limits-body-bytes`, the name of the flag without its dashes. */
export function flagName(key: SettingKey): string {
  return key.replaceAll(/[._]/g, "-");
}

/** The candidate that is spelled most like `name`. A name without its group (`body_bytes`) finds the whole one. */
export function nearest(name: string, candidates: readonly string[]): string {
  const wanted = name.slice(0, 100);
  let best = { candidate: "", score: Number.POSITIVE_INFINITY };
  for (const candidate of candidates) {
    const lastPart = candidate.slice(candidate.lastIndexOf(".") + 1);
    const score = Math.min(distance(wanted, candidate), distance(wanted, lastPart) + 1);
    if (score < best.score) best = { candidate, score };
  }
  return best.candidate;
}
