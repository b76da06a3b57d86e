import type { FolderFile } from "./folder.ts";

/**
 * Suffixes for the same model in other number formats, best first. 8-bit integers come first: they are the
 * smallest and fastest on processors, and that is what they are published for.
 */
const variants: readonly string[] = [
  "int8",
  "quantized",
  "quant",
  "uint8",
  "q8",
  "",
  "fp32",
  "fp16",
  "q4f16",
  "q4",
  "bnb4",
];

const suffix = new RegExp(`[._-](${variants.filter((variant) => variant !== "").join("|")})$`, "i");

/**
 * The best of files that are one model in several number formats (`model.onnx`, `model.int8.onnx`).
 * @returns undefined when they are different models
 */
export function bestVariant(files: readonly FolderFile[]): FolderFile | undefined {
  const split = files.map((file) => ({ file, ...splitVariant(file.name) }));
  if (new Set(split.map(({ base }) => base)).size !== 1) return undefined;
  return split.toSorted((a, b) => variants.indexOf(a.variant) - variants.indexOf(b.variant))[0]?.file;
}

/** Files that are one model in several number formats, together. */
export function variantGroups(files: readonly FolderFile[]): readonly FolderFile[][] {
  return [...Map.groupBy(files, ({ name }) => variantBase(name)).values()];
}

/** The name without the number format and the extension. */
export function variantBase(name: string): string {
  return splitVariant(name).base;
}

function splitVariant(name: string): { base: string; variant: string } {
  const stem = name.replace(/\.[^.]+$/, "");
  const variant = suffix.exec(stem)?.[1] ?? "";
  return { base: stem.replace(suffix, ""), variant: variant.toLowerCase() };
}
