import type { MessageLanguage } from "../base/errors.ts";

/**
 * The language of messages for an `Accept-Language` header: the one of ours that the caller weighs highest,
 * the first of equals; English when the header names none of them.
 */
export function messageLanguage(header: string | undefined): MessageLanguage {
  if (header === undefined) return "en";
  let best: MessageLanguage = "en";
  let bestWeight = 0;
  for (const item of header.split(",")) {
    const [tag = "", ...parameters] = item.split(";");
    const language = ours(tag.trim().toLowerCase());
    const weight = language === undefined ? 0 : weightOf(parameters);
    if (language !== undefined && weight > bestWeight) {
      best = language;
      bestWeight = weight;
    }
  }
  return best;
}

function ours(tag: string): MessageLanguage | undefined {
  const primary = tag.split("-", 1)[0];
  return primary === "zh" || primary === "en" ? primary : undefined;
}

function weightOf(parameters: readonly string[]): number {
  const quality = parameters.find((parameter) => parameter.trim().startsWith("q="));
  if (quality === undefined) return 1;
  const weight = Number(quality.trim().slice(2));
  return Number.isFinite(weight) ? weight : 0;
}
