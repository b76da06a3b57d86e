import assert from "node:assert/strict";
import { test } from "node:test";
import { isSpokenLanguage, languageName, normaliseLanguage, scriptOf } from "../../dist/engine/text/language.js";

const spellings: Readonly<Record<string, readonly string[]>> = {
  zh: [
    ..."zh ZH zh-CN zh_CN zh-Hans zh-Hant-TW zh_CN.UTF-8 cn CN cmn cmn-Hans zho chi zh-cmn Chinese mandarin".split(" "),
    ..."中文 汉语 漢語 普通话 普通話 国语 國語 华语 putonghua".split(" "),
    "Mandarin Chinese",
    "Simplified Chinese",
    "Chinese (Simplified)",
    " chinese ",
  ],
  yue: ["yue", "zh-yue", "yue-HK", "Cantonese", "粤语", "粵語", "广东话", "廣東話"],
  en: ["en", "en-US", "en_GB", "eng", "English", "ENGLISH", "英语", "英語", "英文"],
  de: ["de", "de-AT", "ger", "deu", "German", "Deutsch", "德语"],
  ja: ["ja", "jp", "jpn", "Japanese", "日本語", "日语", "日文"],
  ko: ["ko", "ko_KR.UTF-8", "kor", "Korean", "한국어", "韩语"],
  fr: ["fr", "fr-CA", "français", "franc\u0327ais", "French"],
  vi: ["vi", "vn", "Vietnamese"],
  fil: ["fil", "tl", "Tagalog", "Filipino"],
  kk: ["kk", "kz"],
  cs: ["cs", "cz", "ces"],
  he: ["he", "iw"],
  ca: ["ca", "ca@valencia"],
};

for (const [tag, names] of Object.entries(spellings)) {
  test(`normaliseLanguage finds ${tag} by all its names`, () => {
    for (const name of names) assert.equal(normaliseLanguage(name), tag, name);
  });
}

test("normaliseLanguage says nothing about what is no language", () => {
  const names = [
    "",
    " ",
    "xx",
    "auto",
    "und",
    "mul",
    "spk",
    "a b",
    "klingonese",
    "zh-",
    "-",
    "constructor",
    "__proto__",
  ];
  for (const name of [...names, "../en", "e\0n", "en".repeat(50), "🙂"])
    assert.equal(normaliseLanguage(name), undefined, name);
});

test("languageName gives the English name in lower case, and what it does not know as it is", () => {
  const names = { zh: "chinese", en: "english", yue: "cantonese", ko: "korean", fil: "filipino", xx: "xx", "": "" };
  for (const [tag, name] of Object.entries(names)) assert.equal(languageName(tag), name);
});

test("isSpokenLanguage tells languages of speech models from other codes", () => {
  assert.ok(["zh", "en", "yue", "ko"].every(isSpokenLanguage));
  assert.ok(!["new", "und", "xx", "constructor", ""].some(isSpokenLanguage));
});

test("scriptOf hears which Chinese characters a name asks for, where it says so", () => {
  const names: Readonly<Record<string, readonly string[]>> = {
    hans: [
      "zh-CN",
      "zh_CN.UTF-8",
      "zh-Hans",
      "ZH-hans-TW",
      "zh-SG",
      "Simplified Chinese",
      "简体中文",
      "Chinese (Simplified)",
    ],
    hant: ["zh-TW", "zh_HK.UTF-8", "zh-Hant", "zh-MO", "yue-HK", "Traditional Chinese", "繁體中文", "cmn-Hant"],
    undefined: [
      "zh",
      "cn",
      "Chinese",
      "中文",
      "普通话",
      "yue",
      "Cantonese",
      "en-US",
      "ja-JP",
      "",
      "zh-",
      "constructor",
      "__proto__",
    ],
  };
  for (const [script, spelled] of Object.entries(names)) {
    for (const name of spelled) assert.equal(String(scriptOf(name)), script, name);
  }
});
