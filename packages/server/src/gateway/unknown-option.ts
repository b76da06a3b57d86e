import { distance } from "fastest-levenshtein";
import { VoxpoolError } from "../base/errors.ts";

/** What stands for an option that is not known; the nearest one that is comes with it. */
export function unknownOption(name: string, known: readonly string[]): VoxpoolError {
  const near = nearest(name, known);
  return new VoxpoolError("option_unknown", {
    option: name.slice(0, 100),
    detail: known.length === 0 ? "there are none" : `the options are ${known.join(", ")}`,
    hint: near === undefined ? "" : ` Did you mean ${near}?`,
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
