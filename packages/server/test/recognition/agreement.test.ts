import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { nothingShown, showNext } from "../../dist/recognition/agreement.js";

/** What is shown after each hypothesis, the stable part in front of a bar. */
function shown(...heard: readonly string[]): readonly string[] {
  let now = nothingShown;
  return heard.map((text) => {
    now = showNext(now, text);
    assert.ok(now.text.startsWith(now.stable));
    return `${now.stable}|${now.text.slice(now.stable.length)}`;
  });
}

describe("what two hypotheses agree on is stable", () => {
  const cases: readonly (readonly [name: string, heard: readonly string[], shown: readonly string[]])[] = [
    ["one alone agrees with nothing", ["hello"], ["|hello"]],
    ["words", ["hello", "hello world", "hello world again"], ["|hello", "hello| world", "hello world| again"]],
    ["never a part of a word", ["the qui", "the quick", "the quick"], ["|the qui", "the| quick", "the quick|"]],
    ["characters in Chinese", ["今天", "今天天气", "今天天气很好"], ["|今天", "今天|天气", "今天天气|很好"]],
    [
      "Chinese with words of Latin letters",
      ["我用py", "我用python写", "我用python写字"],
      ["|我用py", "我用|python写", "我用python写|字"],
    ],
    [
      "Korean has words",
      ["안녕하", "안녕하세요 저", "안녕하세요 저는"],
      ["|안녕하", "|안녕하세요 저", "안녕하세요| 저는"],
    ],
    [
      "marks at the end wait for what follows",
      ["Hello.", "Hello.", "Hello, you."],
      ["|Hello.", "Hello|.", "Hello|, you."],
    ],
    ["marks between words are as the words", ["Well, I", "Well, I do"], ["|Well, I", "Well, I| do"]],
    ["what changed at the end is shown anew", ["ice cream", "I scream now"], ["|ice cream", "|I scream now"]],
    ["nothing heard takes back what was not stable", ["hm", ""], ["|hm", "|"]],
  ];
  for (const [name, heard, expected] of cases) it(name, () => assert.deepEqual(shown(...heard), expected));
});

describe("what is stable is never taken back", () => {
  const cases: readonly (readonly [name: string, heard: readonly string[], last: string])[] = [
    ["by less", ["one two", "one two three", "one"], "one two|"],
    ["by another word", ["one two", "one two", "one too three"], "one two| three"],
    ["by a word less in front", ["so one two", "so one two", "one two three"], "so one two| three"],
    ["by a word more in front", ["one two", "one two", "so one two three"], "one two| three"],
    ["by other characters", ["今天天气", "今天天气", "今天填气很好"], "今天天气|很好"],
    ["by another case", ["Good morning", "Good morning", "good morning all"], "Good morning| all"],
    ["by a longer word", ["cat", "cat", "cats sleep"], "cat| sleep"],
    ["by nothing", ["one two", "one two", ""], "one two|"],
  ];
  for (const [name, heard, last] of cases) it(name, () => assert.equal(shown(...heard).at(-1), last));
});

test("whatever is heard, each stable part begins with the one before it, and texts with their stable part", () => {
  const word = fc.constantFrom("a", "b.", "今", "天,", "ab", "c'd", "。", "한");
  const hypothesis = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(fc.array(hypothesis, { maxLength: 12 }), (heard) => {
      let before = nothingShown;
      for (const text of heard) {
        const now = showNext(before, text);
        assert.ok(now.stable.startsWith(before.stable), `${before.stable} was taken back`);
        assert.ok(now.text.startsWith(now.stable));
        before = now;
      }
    }),
  );
});

test("a model that writes without end costs no more than its text", () => {
  const long = "and so on ".repeat(20_000);
  const agreed = showNext(showNext(nothingShown, long), long);
  assert.ok(agreed.stable.length > 100_000);
  assert.ok(showNext(agreed, `so ${long}`).text.startsWith(agreed.stable));
});
