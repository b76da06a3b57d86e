import assert from "node:assert/strict";
import { test } from "node:test";
import { chineseGoldens } from "../../../../test/fixtures/chinese-goldens.ts";
import { joinText } from "../../dist/engine/text/join.js";
import { characterWords } from "../../dist/engine/text/words.js";

const cases: readonly (readonly [what: string, pieces: readonly string[], joined: string])[] = [
  ["nothing", [], ""],
  ["empty pieces", ["", "  ", "\n", "one", "", "two", " "], "one two"],
  ["English", ["ask not what", "your country can do"], "ask not what your country can do"],
  ["English with its own spaces", ["  ask   not\t", "\nwhat "], "ask not what"],
  ["English sentences", ["One.", "Two?", "Three!"], "One. Two? Three!"],
  ["Chinese", ["今天天气", "很好"], "今天天气很好"],
  ["Chinese as Vosk says it", ["今天 天气 很 好", "我们 走 吧"], "今天天气很好我们走吧"],
  ["traditional Chinese", ["開放 時間", "延長 了"], "開放時間延長了"],
  ["Chinese with full-width punctuation", ["你好，", "世界。"], "你好，世界。"],
  ["spaces around full-width punctuation", ["你好 ， 世界 。", "hello ， world"], "你好，世界。hello，world"],
  ["full-width brackets and Latin letters", ["他说 （ OK ） 了"], "他说（OK）了"],
  ["Chinese with ASCII punctuation", ["你好, 世界."], "你好, 世界."],
  ["English words in Chinese keep the spaces they have", ["我 用 python 写 代码"], "我用 python 写代码"],
  ["English words in Chinese without spaces", ["我用Python写代码"], "我用Python写代码"],
  ["a seam of Chinese and English", ["我用", "python", "写"], "我用python写"],
  ["a seam of English and English inside Chinese", ["我用 visual", "studio 写"], "我用 visual studio 写"],
  ["digits in Chinese", ["2026 年 1 月", "3", "日"], "2026 年 1 月3日"],
  ["digits", ["1 2", "3"], "1 2 3"],
  ["full-width digits", ["電話 ０９ ０", "１２"], "電話０９０１２"],
  ["full-width Latin letters", ["ＡＢ", "C"], "ＡＢC"],
  ["percent and currency", ["增长 5%", "到 ￥ 100"], "增长 5%到￥ 100"],
  ["Japanese", ["今日 は いい", "天気 です ね"], "今日はいい天気ですね"],
  ["Japanese long vowels", ["コーヒー を", "メニュー", "から"], "コーヒーをメニューから"],
  ["Japanese quotation", ["「 はい 」", "と 言っ た 。"], "「はい」と言った。"],
  ["half-width Kana", ["ｶﾀ ｶﾅ", "です"], "ｶﾀｶﾅです"],
  ["an ideographic space is kept", ["山田　太郎", "様"], "山田　太郎様"],
  ["Kana with a separate dakuten", ["か\u3099 き", "く"], "か\u3099きく"],
  ["Korean keeps its spaces", ["오늘 날씨가", "좋네요"], "오늘 날씨가 좋네요"],
  ["Korean and Chinese", ["서울", "首尔", "입니다"], "서울首尔입니다"],
  ["rare Han (surrogate pairs)", ["𠮷 野 家", "𠮷"], "𠮷野家𠮷"],
  ["a rare Han character at a seam with Latin", ["a", "𠮷", "b"], "a𠮷b"],
  ["a Han character with a variation selector", ["葛\u{E0100} 城", "葛\u{E0100}", "市"], "葛\u{E0100}城葛\u{E0100}市"],
  ["Bopomofo", ["ㄅㄆ", "ㄇ"], "ㄅㄆㄇ"],
  ["emoji", ["好 👍", "👍"], "好 👍 👍"],
  ["a lone surrogate", ["a\ud842", "b"], "a\ud842 b"],
  ["Cyrillic and Arabic", ["привет", "мир", "مرحبا"], "привет мир مرحبا"],
];

for (const [what, pieces, joined] of cases) {
  test(`joinText joins ${what}`, () => assert.equal(joinText(pieces), joined));
}

test("joinText gives its own result back", () => {
  for (const [, pieces] of cases) assert.equal(joinText([joinText(pieces)]), joinText(pieces));
});

function* hostile() {
  yield " ".repeat(500_000);
  yield `我${"\u0301".repeat(100_000)} 我`;
  yield "\u0301 ".repeat(100_000);
  yield "我 ".repeat(100_000);
}

test("joinText takes a generator, and long hostile text without hanging", () => {
  assert.ok(joinText(hostile()).endsWith("我".repeat(100_000)));
});

for (const { engineText, text, words } of chineseGoldens) {
  test(`Chinese golden: ${engineText}`, () => {
    assert.equal(joinText([engineText]), text);
    const heard = engineText.split(" ").map((word) => ({ word, startSeconds: 0, endSeconds: 1 }));
    assert.deepEqual(
      characterWords(heard).map(({ word }) => word),
      words,
    );
  });
}
