/** One setting of the table: its kind, default and text. */
export interface Setting<T> {
  readonly default: T;
  readonly kind: "text" | "list" | "integer" | "boolean" | "choice";
  /** Smallest and largest value of an integer. */
  readonly range?: readonly [number, number];
  /** The values of a choice. */
  readonly choices?: readonly string[];
  readonly en: string;
  readonly zh: string;
}

export const text = (value: string, en: string, zh: string): Setting<string> => ({
  default: value,
  kind: "text",
  en,
  zh,
});
export const list = (value: readonly string[], en: string, zh: string): Setting<readonly string[]> => ({
  default: value,
  kind: "list",
  en,
  zh,
});
export const integer = (value: number, range: readonly [number, number], en: string, zh: string): Setting<number> => ({
  default: value,
  kind: "integer",
  range,
  en,
  zh,
});
export const flag = (en: string, zh: string, value = false): Setting<boolean> => ({
  default: value,
  kind: "boolean",
  en,
  zh,
});
export const choice = <T extends string>(value: T, choices: readonly T[], en: string, zh: string): Setting<T> => ({
  default: value,
  kind: "choice",
  choices,
  en,
  zh,
});
