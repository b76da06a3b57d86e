import { basename, dirname } from "node:path";
import { isSpokenLanguage, languageName, normaliseLanguage } from "../text/language.ts";
import type { Metadata } from "./metadata.ts";

const list = (tags: string): readonly string[] => tags.split(" ");

/** Languages of families that have one set of them. */
const byFamily: Readonly<Record<string, readonly string[]>> = {
  "sense-voice": list("zh en ja ko yue"),
  "fire-red": list("zh en"),
  "fire-red-ctc": list("zh en"),
  "funasr-nano": list("zh en ja"),
  "funasr-nano-ctc": list("zh en ja"),
  canary: list("en es de fr"),
  "cohere-transcribe": list("ar de el en es fr it ja ko nl pl pt vi zh"),
  "moonshine-v1": list("en"),
  "qwen3-asr": list("zh en yue ar de fr es pt id it ko ru th vi ja tr hi ms nl sv da fi pl cs fil fa el ro hu mk"),
  dolphin: list(
    "zh ja th ru ko id vi yue hi ur ms uz ar fa bn ta te ug gu my fil kk or ne mn km jv lo si ps pa kab ba ks tg su mr ky az",
  ),
};

/** Names of recordings and models that say the language of what was made from them. */
const byWord: Readonly<Record<string, readonly string[]>> = {
  wenetspeech: list("zh"),
  aishell: list("zh"),
  librispeech: list("en"),
  gigaspeech: list("en"),
  reazonspeech: list("ja"),
};

/** Published models whose names say it to those who know them. */
const byModel: readonly (readonly [name: RegExp, languages: readonly string[]])[] = [
  [/parakeet-tdt-0\.6b-v2/, list("en")],
  [/parakeet-tdt-0\.6b-v3/, list("bg hr cs da nl en et fi fr de el hu it lv lt mt pl pt ro sk sl es sv ru uk")],
];

/** Parts of names that look like languages and are not: GigaAM. */
const noLanguages = new Set(["am"]);

/** Names of published archives: there alone each part that is a language counts. */
const sherpaName = /^(sherpa-onnx|icefall)-(.+)$/;

/** Vosk puts the country behind the language, and a country's code may be another language's: `en-in`. */
const voskName = /^vosk-model-(?:small-|big-)?([a-z]{2,3})(?:-|$)/;

/**
 * The languages of a model: what its metadata says, what its family is for, or what names say: the parts of a
 * published archive's (`sherpa-onnx-paraformer-zh-2023-09-14`), or a folder that is called after a language (`cn`,
 * `cn/1` with a version).
 * @returns BCP 47 primary tags; empty if nobody knows
 */
export function languagesOf(family: string, folder: string, metadata: Metadata | undefined): readonly string[] {
  if (family === "whisper" && metadata !== undefined) return [...whisperLanguages(metadata).keys()];
  const told = spokenOnly(metadata?.get("language") ?? "");
  if (told.length > 0) return told;
  return byFamily[family] ?? languagesOfName(nameOf(folder));
}

/**
 * What a Whisper model calls the languages that it knows, by primary tag.
 * @param metadata of its encoder
 */
export function whisperLanguages(metadata: Metadata): ReadonlyMap<string, string> {
  if (Number(metadata.get("is_multilingual") ?? 0) === 0) return new Map([["en", "en"]]);
  const codes = (metadata.get("all_language_codes") ?? "").split(",").map((code) => code.trim());
  const known = codes.map((code): [string, string] => [code === "jw" ? "jv" : (normaliseLanguage(code) ?? code), code]);
  return new Map(known.filter(([tag]) => tag !== ""));
}

function nameOf(folder: string): string {
  const name = basename(folder);
  return /^\d+$/.test(name) ? basename(dirname(folder)) : name;
}

function languagesOfName(name: string): readonly string[] {
  const known = byModel.find(([pattern]) => pattern.test(name));
  if (known !== undefined) return known[1];
  const parts = sherpaName.exec(name.toLowerCase())?.[2]?.split(/[-_.]/);
  if (parts === undefined) return spokenOnly(voskName.exec(name)?.[1] ?? name);
  return [...new Set(parts.flatMap((part) => byWord[part] ?? ofPart(part)))];
}

function spokenOnly(name: string): readonly string[] {
  const tag = normaliseLanguage(name);
  return tag !== undefined && isSpokenLanguage(tag) ? [tag] : [];
}

/** A primary tag, or the English name of a language. */
function ofPart(part: string): readonly string[] {
  const [tag] = spokenOnly(part);
  if (tag === undefined || noLanguages.has(part)) return [];
  return tag === part || languageName(tag) === part ? [tag] : [];
}
