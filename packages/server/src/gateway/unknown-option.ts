import { distance } from "fastest-levenshtein";
import { VoxpoolError } from "../base/errors.ts";

/** What stands for an option that is not known; the nearest one that is comes with it. @param place before its name */
export function unknownOption(name: string, known: readonly string[], place = ""): VoxpoolError {
  const near = nearest(name, known);
  return new VoxpoolError("option_unknown", {
    option: place + name.slice(0, 100),
    detail: known.length === 0 ? "there are none" : `the options are ${known.join(", ")}`,
    hint: near === undefined ? "" : ` Did you mean ${near}?`,
  });
}

/**
 * Whether a name that is not known is a known one that was misspelt. Where clients may send fields that are newer than
 * this server, others are let pass: so is a plural, which may well be a field of its own.
 */
export function isMisspelt(name: string, known: readonly string[]): boolean {
  if (known.includes(name) || name.length > 100) return false;
  return known.some((option) => {
    if (name === `${option}s`) return false;
    const errors = distance(bare(name), bare(option));
    return errors <= 2 && errors * 4 <= option.length;
  });
}

/** The option that is spelled alike, or of which the name is a part (`format`, `lang`); none if nothing comes near. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = bare(name.slice(0, 100));
  let best: { readonly option: string; readonly errors: number } | undefined;
  for (const option of known) {
    const isPart = plain.length >= 4 && (bare(option).startsWith(plain) || option.split("_").includes(plain));
    const errors = isPart ? 0 : distance(plain, bare(option));
    const isNear = errors * 3 <= bare(option).length;
    if (isNear && errors < (best?.errors ?? Number.POSITIVE_INFINITY)) best = { option, errors };
  }
  return best?.option;
}

/** `responseFormat`, `response-format` and `response_format[]` are one spelling. */
const bare = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\d]/gu, "");
