import assert from "node:assert/strict";
import { test } from "node:test";
import { characterWords } from "../../dist/engine/text/words.js";

const word = (text: string, startSeconds = 1, endSeconds = 2) => ({
  word: text,
  startSeconds,
  endSeconds,
  confidence: 0.5,
});

const cases: readonly (readonly [what: string, text: string, parts: readonly string[]])[] = [
  ["a Chinese word into its characters", "今天天气", ["今", "天", "天", "气"]],
  ["one character not at all", "我", ["我"]],
  ["an English word not at all", "python", ["python"]],
  ["letters inside Chinese off in one part", "卡拉ok厅", ["卡", "拉", "ok", "厅"]],
  ["letters before Chinese off in one part", "T恤", ["T", "恤"]],
  ["rare Han (surrogate pairs) whole", "𠮷野", ["𠮷", "野"]],
  ["a variation selector together with its character", "葛\u{E0100}城", ["葛\u{E0100}", "城"]],
  ["punctuation together with its character", "你好，", ["你", "好，"]],
  ["a word with Kana not at all", "食べる", ["食べる"]],
  ["a Korean word not at all", "안녕", ["안녕"]],
  ["an empty word not at all", "", [""]],
];

for (const [what, text, parts] of cases) {
  test(`characterWords splits ${what}`, () => {
    assert.deepEqual(
      characterWords([word(text)]).map((part) => part.word),
      parts,
    );
  });
}

test("characterWords shares the time evenly and keeps the ends and the confidence", () => {
  assert.deepEqual(characterWords([word("你好", 0.5, 1.5), word("吗", 1.5, 1.7)]), [
    { word: "你", startSeconds: 0.5, endSeconds: 1, confidence: 0.5 },
    { word: "好", startSeconds: 1, endSeconds: 1.5, confidence: 0.5 },
    { word: "吗", startSeconds: 1.5, endSeconds: 1.7, confidence: 0.5 },
  ]);
});
