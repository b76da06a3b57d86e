import { type MessageLanguage, VoxpoolError } from "./errors.ts";
import type { Setting } from "./setting-kinds.ts";
import { type SettingKey, settings } from "./settings.ts";

/** A value as it was written: one text, several, or nothing (`key:` without a value). */
export type RawValue = string | readonly string[] | undefined;

/** One value that somebody wrote, and where: `voxpool.yaml:3`, `VOXPOOL_PORT`, `--port`. */
export interface RawEntry {
  readonly key: SettingKey;
  readonly raw: RawValue;
  readonly source: string;
}

/** What a setting can be; which of it, its kind says. */
export type SettingValue = string | number | boolean | readonly string[];

const maxTextLength = 4096;
const maxListLength = 256;
const truths: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["off", false],
  ["0", false],
]);

/**
 * The value of a setting out of what was written.
 * @throws VoxpoolError `config_invalid`, saying what the setting takes
 */
export function parseValue(entry: RawEntry, language: MessageLanguage): SettingValue {
  const setting: Setting<unknown> = settings[entry.key];
  const value = entry.raw === undefined ? undefined : parsers[setting.kind](entry.raw, setting);
  if (value === undefined) {
    const wanted = describeValues(setting, language);
    const detail =
      language === "zh"
        ? `${entry.key} 不能是 ${shown(entry.raw, language)}；可取值：${wanted}`
        : `${entry.key} cannot be ${shown(entry.raw, language)}; it takes ${wanted}`;
    throw new VoxpoolError("config_invalid", { source: entry.source, detail });
  }
  return value;
}

/** What a setting takes, in words: "a whole number from 0 to 65535". Also for the documents. */
export function describeValues(setting: Setting<unknown>, language: MessageLanguage): string {
  return descriptions[setting.kind](setting, language === "zh");
}

const descriptions: Record<Setting<unknown>["kind"], (setting: Setting<unknown>, zh: boolean) => string> = {
  integer: (setting, zh) => describeRange(setting.range, zh),
  choice: ({ choices = [] }, zh) => (zh ? choices.join("、") : `one of ${choices.join(", ")}`),
  boolean: (_, zh) => (zh ? "true 或 false" : "true or false"),
  list: (_, zh) => (zh ? "一个或多个文本" : "one or more texts"),
  text: (_, zh) => (zh ? "一个文本" : "a text"),
};

function describeRange(range: Setting<unknown>["range"], zh: boolean): string {
  if (range === undefined) return zh ? "整数" : "a whole number";
  const [least, most] = range;
  if (most === Number.MAX_SAFE_INTEGER) return zh ? `不小于 ${least} 的整数` : `a whole number of at least ${least}`;
  return zh ? `${least} 到 ${most} 的整数` : `a whole number from ${least} to ${most}`;
}

type Parser = (raw: string | readonly string[], setting: Setting<unknown>) => SettingValue | undefined;

const parsers: Record<Setting<unknown>["kind"], Parser> = {
  text: (raw) => (typeof raw === "string" && isText(raw) ? raw : undefined),
  list(raw, setting) {
    const items = typeof raw === "string" ? [raw] : raw;
    const mayBeEmpty = Array.isArray(setting.default) && setting.default.length === 0;
    const isCounted = items.length <= maxListLength && (items.length > 0 || mayBeEmpty);
    const isGood = isCounted && items.every((item) => item !== "" && isText(item));
    return isGood ? Object.freeze([...items]) : undefined;
  },
  integer(raw, setting) {
    if (typeof raw !== "string" || !/^[+-]?\d{1,16}$/.test(raw)) return undefined;
    const value = Number(raw);
    const [least, most] = setting.range ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    return value >= least && value <= most ? value : undefined;
  },
  boolean: (raw) => (typeof raw === "string" ? truths.get(raw.toLowerCase()) : undefined),
  choice: (raw, setting) => (typeof raw === "string" && setting.choices?.includes(raw) === true ? raw : undefined),
};

/** No control characters: a NUL ends paths early in native code, others garble terminals. */
function isText(value: string): boolean {
  return value.length <= maxTextLength && !/\p{Cc}/u.test(value);
}

function shown(raw: RawValue, language: MessageLanguage): string {
  if (raw === undefined) return language === "zh" ? "空值" : "left without a value";
  const json = JSON.stringify(raw);
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}
