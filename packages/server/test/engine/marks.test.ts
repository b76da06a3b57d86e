import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { lacksPunctuation, marksIn, visibleLength, withMarks } from "../../dist/engine/text/marks.js";

suite("marks of a punctuated text", () => {
  const cases: readonly (readonly [text: string, punctuated: string, marked: string | undefined])[] = [
    ["你好吗我很好", "你好吗？我很好。", "你好吗？我很好。"],
    ["用 python 写", "用python，写。", "用 python， 写。"],
    ["3.5 元", "3 . 5元。", "3.5 元。"],
    ["𠮷野家", "𠮷野家。", "𠮷野家。"],
    ["你好", "你好", "你好"],
    ["你好", "您好。", undefined],
    ["你好", "你。", undefined],
    ["你好", "。你好", undefined],
    ["你好", "", undefined],
  ];
  for (const [text, punctuated, marked] of cases) {
    test(`${text} from ${punctuated}`, () => {
      const marks = marksIn(text, punctuated);
      assert.equal(marks && withMarks(text, marks, 0, true), marked);
    });
  }

  test("are plain in a text without Chinese", () => {
    const marks = marksIn("how are you fine", "how are you？fine。");
    assert.ok(marks);
    assert.equal(withMarks("how are you fine", marks, 0, false), "how are you? fine.");
  });

  test("go to the piece of the text that they belong to", () => {
    const marks = marksIn("你好吗我 很好", "你好吗？我很好。");
    assert.ok(marks);
    assert.equal(withMarks("我 很好", marks, visibleLength("你好吗"), true), "我 很好。");
  });

  test("never change a character, whatever the punctuated text is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 30 }),
        fc.string({ unit: "binary", maxLength: 30 }),
        (text, other) => {
          const marks = marksIn(text, other);
          if (marks)
            assert.equal(
              withMarks(text, marks, 0, true).replaceAll(/[，。？、！]/g, ""),
              text.replaceAll(/[，。？、！]/g, ""),
            );
        },
      ),
    );
  });
});

test("punctuation is missing in text with letters of Chinese or Latin and no marks of its own", () => {
  const missing = ["你好", "hello world", "用 python 3.5 写", "don't", "ÖFFNEN", "一 2 三"];
  const others = [
    "你好。",
    "你好，世界",
    "Hello.",
    "Hello, world",
    "12",
    "",
    "こんにちは",
    "안녕하세요",
    "привет",
    "你好ですね",
    "really?",
  ];
  assert.deepEqual(
    missing.filter((text) => !lacksPunctuation(text)),
    [],
  );
  assert.deepEqual(others.filter(lacksPunctuation), []);
});
