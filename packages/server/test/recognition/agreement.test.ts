import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { joinText } from "../../dist/engine/text/join.js";
import {
  type Agreement,
  keepStable,
  keepStableOfCut,
  nothingShown,
  showNext,
} from "../../dist/recognition/agreement.js";

/** A recogniser that follows the stream. */
const following: Agreement = { text: 1, stable: 2, openWords: 0 };
/** One that hears all anew. */
const hearingAnew: Agreement = { text: 2, stable: 3, openWords: 1 };

/** What is shown after each hypothesis, the stable part in front of a bar. */
function shownBy(agreement: Agreement, heard: readonly string[]): readonly string[] {
  let now = nothingShown;
  return heard.map((text) => {
    now = showNext(now, text, agreement);
    assert.ok(now.text.startsWith(now.stable));
    return `${now.stable}|${now.text.slice(now.stable.length)}`;
  });
}

type Case = readonly [name: string, heard: readonly string[], shown: readonly string[]];

describe("where hypotheses are shown as they are, what two agree on is stable", () => {
  const cases: readonly Case[] = [
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
    ["Thai has characters and their marks", ["สวัส", "สวัสดี", "สวัสดีครับ"], ["|สวัส", "สวัส|ดี", "สวัสดี|ครับ"]],
    [
      "marks at the end wait for what follows",
      ["Hello.", "Hello.", "Hello, you."],
      ["|Hello.", "Hello|.", "Hello|, you."],
    ],
    ["marks between words are no other words", ["Well, I", "Well I do"], ["|Well, I", "Well I| do"]],
    ["what changed at the end is shown anew", ["ice cream", "I scream now"], ["|ice cream", "|I scream now"]],
    ["nothing heard takes back what was not stable", ["hm", ""], ["|hm", "|"]],
  ];
  for (const [name, heard, expected] of cases) it(name, () => assert.deepEqual(shownBy(following, heard), expected));
});

describe("where all is heard anew, what two agree on is shown, and what three agree on but its last word is stable", () => {
  const cases: readonly Case[] = [
    ["a word alone may be the half of one", ["hell", "hello"], ["|", "|"]],
    ["of the first hypothesis, the first word", ["Mind the", "Mind the gap"], ["|Mind", "|Mind the"]],
    ["never its marks", ["Mind.", "Mind.", "Mind the gap."], ["|", "|Mind", "|Mind"]],
    [
      "words",
      ["one two", "one two three", "one two three four", "one two three four five"],
      ["|one", "|one two", "one| two three", "one two| three four"],
    ],
    [
      "one that is out of tune changes nothing",
      ["we have two", "we have two", "howdy folks", "we have two dogs", "we have two dogs"],
      ["|we", "|we have two", "|we have two", "|we have two", "|we have two dogs"],
    ],
    [
      "two that agree on something else take the place",
      ["as what", "as what you", "ask what you can", "ask what you can do"],
      ["|as", "|as what", "|as what", "|ask what you can"],
    ],
    [
      "two that hear less take nothing back",
      ["one two", "one two", "one", "one"],
      ["|one", "|one two", "|one two", "|one two"],
    ],
    ["characters in Chinese", ["今天天", "今天天气", "今天天气很好"], ["|今", "|今天天", "今天|天气"]],
  ];
  for (const [name, heard, expected] of cases) it(name, () => assert.deepEqual(shownBy(hearingAnew, heard), expected));
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
  for (const [name, heard, last] of cases) it(name, () => assert.equal(shownBy(following, heard).at(-1), last));
});

describe("a final begins with what is stable", () => {
  const cases: readonly (readonly [name: string, stable: string, final: string, kept: string])[] = [
    ["and is itself where it does", "one two", "one two, three.", "one two, three."],
    ["with its own words behind it", "and so my", "Ant so my fellow", "and so my fellow"],
    ["also with a word more or less", "so one two", "one two three.", "so one two three."],
    ["and is that, if it is less", "one two", "one", "one two"],
    ["in Chinese", "今天天气", "今天填气很好。", "今天天气很好。"],
    ["and is itself where nothing is", "", "One.", "One."],
  ];
  for (const [name, stable, final, kept] of cases) it(name, () => assert.equal(keepStable(stable, final), kept));

  it("but where speech was cut, it ends where it is cut", () => {
    assert.equal(keepStableOfCut("one two three four", "One two"), "one two");
    assert.equal(keepStableOfCut("one two three four", "one too"), "one two");
    assert.equal(keepStableOfCut("one two", "one two three"), "one two three");
    assert.equal(keepStableOfCut("one two", ""), "");
  });
});

const agreements = { "shown as they are": following, "heard anew": hearingAnew };
for (const [name, agreement] of Object.entries(agreements)) {
  test(`whatever is heard, each stable part begins with the one before it, and texts with theirs: ${name}`, () => {
    const word = fc.constantFrom("a", "b.", "今", "天,", "ab", "c'd", "。", "한", "?", "-");
    const hypothesis = fc.array(word, { maxLength: 6 }).map((words) => joinText([words.join(" ")]));
    fc.assert(
      fc.property(fc.array(hypothesis, { maxLength: 12 }), (heard) => {
        let before = nothingShown;
        for (const text of heard) {
          const now = showNext(before, text, agreement);
          assert.ok(now.stable.startsWith(before.stable), `${before.stable} was taken back`);
          assert.ok(now.text.startsWith(now.stable));
          assert.ok(keepStable(now.stable, text).startsWith(now.stable));
          before = now;
        }
      }),
    );
  });

  test(`a model that writes without end costs no more than its text: ${name}`, () => {
    const long = "and so on ".repeat(20_000);
    let now = nothingShown;
    for (let time = 0; time < 3; time += 1) now = showNext(now, long, agreement);
    assert.ok(now.stable.length > 100_000);
    assert.ok(showNext(now, `so ${long}`, agreement).text.startsWith(now.stable));
    assert.ok(keepStableOfCut(now.stable, `so ${long}`).length > 100_000);
  });
}
