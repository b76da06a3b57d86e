import assert from "node:assert/strict";
import { test } from "node:test";
import { tokensOf, wordErrorRate } from "../../dist/rollout/words.js";

const tokens: readonly (readonly [text: string, tokens: readonly string[]])[] = [
  ["Hello, World!", ["hello", "world"]],
  ["don't DON’T dont", ["dont", "dont", "dont"]],
  ["今天天气，很好。", ["今", "天", "天", "气", "很", "好"]],
  ["我用 Python 写 3 行", ["我", "用", "python", "写", "3", "行"]],
  ["ＡＢＣ　１２３", ["abc", "123"]],
  ["한국어 문장", ["한국어", "문장"]],
  ["ราคา", ["ร", "า", "ค", "า"]],
  ["naïve café", ["naïve", "café"]],
  ["", []],
  [" … — !", []],
];

for (const [text, expected] of tokens) {
  test(`${JSON.stringify(text)} is compared as ${expected.length} tokens`, () =>
    assert.deepEqual(
      tokensOf(text),
      expected.map((token) => token.normalize("NFKC")),
    ));
}

const rates: readonly (readonly [expected: string, heard: string, rate: number])[] = [
  ["hello world", "Hello, world.", 0],
  ["hello world", "hello word", 0.5],
  ["a b c d", "a c d", 0.25],
  ["a b c d", "a x b c d", 0.25],
  ["a b", "b a", 1],
  ["a b", "", 1],
  ["a", "x y z", 3],
  ["", "", 0],
  ["", "noise here", 2],
  ["今天天气很好", "今天天汽很好", 1 / 6],
  ["今天 天气 很好", "今天天气很好", 0],
];

for (const [expected, heard, rate] of rates) {
  test(`"${heard}" for "${expected}" is ${rate}`, () => assert.equal(wordErrorRate(expected, heard), rate));
}

test("texts of thousands of different words are compared word by word", () => {
  const words = Array.from({ length: 5000 }, (_, index) => `w${index}`);
  const wrong = words.map((word, index) => (index % 10 === 0 ? `x${index}` : word));
  assert.equal(wordErrorRate(words.join(" "), wrong.join(" ")), 0.1);
});
