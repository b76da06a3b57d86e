/** The languages that speech models exist for, so that they are found by their names. */
const spoken = (
  "af am ar as az ba be bg bn bo br bs ca ckb cs cy da de el en eo es et eu fa fi fil fo fr ga gl gu ha haw he hi hr " +
  "ht hu hy id is it ja jv ka kk km kn ko ky la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc or pa pl ps " +
  "pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt ug uk ur uz vi yi yo yue zh"
).split(" ");

/** Names that Intl does not know, and country codes that people write for a language which has no such code. */
const otherNames: Readonly<Record<string, string>> = {
  cn: "zh",
  "zh-cmn": "zh",
  "zh-yue": "yue",
  mandarin: "zh",
  "mandarin chinese": "zh",
  putonghua: "zh",
  guoyu: "zh",
  "simplified chinese": "zh",
  "traditional chinese": "zh",
  中国话: "zh",
  汉语: "zh",
  漢語: "zh",
  普通话: "zh",
  普通話: "zh",
  国语: "zh",
  國語: "zh",
  华语: "zh",
  華語: "zh",
  官话: "zh",
  英文: "en",
  日文: "ja",
  韩文: "ko",
  韓文: "ko",
  "cantonese chinese": "yue",
  广东话: "yue",
  廣東話: "yue",
  广州话: "yue",
  cz: "cs",
  dk: "da",
  farsi: "fa",
  jp: "ja",
  kz: "kk",
  pilipino: "fil",
  tagalog: "fil",
  vn: "vi",
};

const englishNames = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
const codeByName = namesOf(spoken);

/** Tags that mean "unknown" and "several". */
const noLanguage = new Set(["und", "mul", "mis", "zxx", "root"]);

/** Longer names are no names. */
const maxNameLength = 64;

/**
 * What people call a language -> its BCP 47 primary tag: `zh-CN`, `cn`, `cmn`, `Chinese`, `中文` -> `zh`.
 * Knows tags and locale names, and names in English, Chinese, Japanese and the language itself. Cantonese is `yue`, not `zh`.
 * @returns undefined for what is no language
 */
export function normaliseLanguage(name: string): string | undefined {
  if (name.length > maxNameLength) return undefined;
  const plain = name.normalize("NFKC").trim().toLowerCase();
  const bare = plain.replace(/ ?\(.*\)$/, "");
  return codeByName.get(bare) ?? primaryTag(plain);
}

/** Names that say which characters are meant, and have no region or script in them. */
const scriptByName: Readonly<Record<string, "hans" | "hant">> = {
  "simplified chinese": "hans",
  "chinese (simplified)": "hans",
  简体中文: "hans",
  "traditional chinese": "hant",
  "chinese (traditional)": "hant",
  繁體中文: "hant",
};

/**
 * The Chinese characters that a name of the language asks for: `zh-TW`, `zh_HK.UTF-8`, `zh-Hant` and `yue-HK` are
 * traditional, `zh-CN` and `zh-Hans` simplified; `zh`, `cn` and `Chinese` alone say nothing.
 */
export function scriptOf(name: string): "hans" | "hant" | undefined {
  if (name.length > maxNameLength) return undefined;
  const plain = name.normalize("NFKC").trim().toLowerCase();
  const named = Object.hasOwn(scriptByName, plain) ? scriptByName[plain] : undefined;
  const language = normaliseLanguage(name);
  if (named !== undefined || (language !== "zh" && language !== "yue")) return named;
  const locale = localeOf(plain.replace(/[.@].*$/, "").replaceAll("_", "-"));
  if (locale === undefined || (locale.script === undefined && locale.region === undefined)) return undefined;
  const script = locale.maximize().script?.toLowerCase();
  return script === "hans" || script === "hant" ? script : undefined;
}

function localeOf(tag: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(tag);
  } catch {
    return undefined;
  }
}

/** The English name of a primary tag in lower case, `zh` -> `chinese`; the tag itself where none is known. */
export function languageName(tag: string): string {
  return englishName(tag)?.toLowerCase() ?? tag.toLowerCase();
}

/** Whether speech models exist for the primary tag; tells `en` from a folder that is called `new` (Newari). */
export function isSpokenLanguage(tag: string): boolean {
  return spoken.includes(tag);
}

function primaryTag(locale: string): string | undefined {
  // POSIX locales: zh_CN.UTF-8, ca@valencia
  const tag = locale.replace(/[.@].*$/, "").replaceAll("_", "-");
  const first = tag.split("-", 1)[0] ?? "";
  if (tag !== first && Object.hasOwn(otherNames, first)) return otherNames[first];
  const canonical = canonicalLanguage(tag);
  if (canonical === undefined || noLanguage.has(canonical)) return undefined;
  return englishName(canonical) === undefined ? undefined : canonical;
}

function canonicalLanguage(tag: string): string | undefined {
  return localeOf(tag)?.language;
}

function englishName(tag: string): string | undefined {
  try {
    return englishNames.of(tag);
  } catch {
    return undefined;
  }
}

function namesOf(codes: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map(Object.entries(otherNames));
  for (const code of codes) {
    for (const inLanguage of ["en", "zh-Hans", "zh-Hant", "ja", code]) {
      const name = new Intl.DisplayNames(inLanguage, { type: "language", fallback: "none" }).of(code);
      if (name !== undefined) names.set(name.normalize("NFKC").toLowerCase(), names.get(name.toLowerCase()) ?? code);
    }
  }
  return names;
}
