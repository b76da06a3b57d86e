import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Cue, type CueSource, cuesOf } from "../../dist/api/subtitles/cues.js";
import { lineWidth, widthOf } from "../../dist/api/subtitles/width.js";

const twoLines = { lines: 2 } as const;

/** Each word takes so long, one after the other. */
function words(text: string, each = 0.4, from = 0) {
  return text.split(" ").map((word, index) => ({
    word,
    start: from + index * each,
    end: from + (index + 1) * each - 0.02,
  }));
}

interface Case {
  readonly name: string;
  readonly segment: CueSource;
  readonly cues: readonly (readonly string[])[];
}

const cases: readonly Case[] = [
  {
    name: "what fits is one cue, sentences or not",
    segment: { start: 0, end: 3, text: "Yes. I will be there at nine." },
    cues: [["Yes. I will be there at nine."]],
  },
  {
    name: "a line of 42 letters is one line",
    segment: { start: 0, end: 4, text: "it is a truth universally acknowledged xyz" },
    cues: [["it is a truth universally acknowledged xyz"]],
  },
  {
    name: "43 letters are two lines of like length",
    segment: { start: 0, end: 4, text: "it is a truth universally acknowledged that" },
    cues: [["it is a truth universally", "acknowledged that"]],
  },
  {
    name: "a line ends at a comma that is near the middle",
    segment: { start: 0, end: 5, text: "when all is said and done, we go home again to our supper" },
    cues: [["when all is said and done,", "we go home again to our supper"]],
  },
  {
    name: "cues end with sentences",
    segment: {
      start: 0,
      end: 12,
      text:
        "And so, my fellow Americans, ask not what your country can do for you. " +
        "Ask what you can do for your country, and do it before the day is over.",
    },
    cues: [
      ["And so, my fellow Americans,", "ask not what your country can do for you."],
      ["Ask what you can do for your country,", "and do it before the day is over."],
    ],
  },
  {
    name: "a title ends no sentence",
    segment: {
      start: 0,
      end: 10,
      text: "The old neighbours had never before heard of Mr. Bennet and of the news, nor had they met his five daughters",
    },
    cues: [
      ["The old neighbours had never before", "heard of Mr. Bennet and of the news,"],
      ["nor had they met his five daughters"],
    ],
  },
  {
    name: "Chinese is cut between words, 18 characters a line, and no line begins with punctuation",
    segment: {
      start: 0,
      end: 6,
      text: "今天我们在北京参加了一个关于语音识别技术的会议，会议上有很多专家。",
    },
    cues: [["今天我们在北京参加了一个关于语音", "识别技术的会议，会议上有很多专家。"]],
  },
  {
    name: "Chinese is cut at sentences without spaces",
    segment: { start: 0, end: 9, text: "我们明天早上九点钟在公司门口见面。请大家不要迟到，带好自己的电脑。谢谢大家。" },
    cues: [["我们明天早上九点钟在公司门口见面。"], ["请大家不要迟到，", "带好自己的电脑。谢谢大家。"]],
  },
  {
    name: "mixed text is measured by the room it takes",
    segment: { start: 0, end: 5, text: "我们用 TypeScript 写了一个叫做 voxpool 的语音识别服务器" },
    cues: [["我们用 TypeScript 写了一个", "叫做 voxpool 的语音识别服务器"]],
  },
  {
    name: "a word longer than a line stands alone on one",
    segment: { start: 0, end: 5, text: `see https://example.org/${"path".repeat(12)} there` },
    cues: [["see"], [`https://example.org/${"path".repeat(12)}`, "there"]],
  },
  {
    name: "one sound without an end is cut where a line is full",
    segment: { start: 0, end: 5, text: "啊".repeat(40) },
    cues: [
      ["啊".repeat(10), "啊".repeat(10)],
      ["啊".repeat(10), "啊".repeat(10)],
    ],
  },
  {
    name: "a cue ends at the pause between words",
    segment: {
      start: 0,
      end: 9,
      text: "one two three four five six seven eight nine ten",
      words: [...words("one two three four five six"), ...words("seven eight nine ten", 0.5, 7)],
    },
    cues: [["one two three four five six"], ["seven eight nine ten"]],
  },
];

describe("cues", () => {
  for (const { name, segment, cues } of cases) {
    it(name, () => {
      const found = cuesOf([segment], twoLines);
      assert.deepEqual(
        found.map(({ lines }) => lines),
        cues,
      );
    });
  }

  it("have the times of their words, although text and words are written differently", () => {
    const text = "In 1999 we sold 25 books. It was the best year that we had ever had, in all of the town.";
    const said =
      "in nineteen ninety nine we sold twenty five books it was the best year that we had ever had in all of the town";
    const [first, second] = cuesOf([{ start: 0, end: 9, text, words: words(said) }], twoLines);
    assert.equal(first?.text, "In 1999 we sold 25 books.");
    assert.deepEqual([first?.startMs, first?.endMs], [0, 3580]);
    assert.equal(second?.startMs, 3600);
  });

  it("without word times share the time of their segment", () => {
    const cues = cuesOf([{ start: 10, end: 22, text: "abcd ".repeat(24) }], twoLines);
    assert.equal(cues.length, 2);
    assert.deepEqual([cues[0]?.startMs, cues[0]?.endMs], [10_000, 16_000]);
    assert.deepEqual([cues[1]?.startMs, cues[1]?.endMs], [16_000, 22_000]);
  });

  it("stay for a second where nothing follows, and for 7 s at most", () => {
    const cues = cuesOf(
      [
        { start: 0, end: 0.2, text: "Yes." },
        { start: 0.6, end: 0.8, text: "No." },
        { start: 5, end: 25, text: "Hmm." },
      ],
      twoLines,
    );
    assert.deepEqual(
      cues.map(({ startMs, endMs }) => [startMs, endMs]),
      [
        [0, 600],
        [600, 1600],
        [5000, 12_000],
      ],
    );
  });

  it("of a text of a hundred thousand letters are complete", () => {
    for (const text of ["a ".repeat(50_000), "中".repeat(50_000), "a中".repeat(25_000), "（".repeat(50_000)]) {
      const cues = cuesOf([{ start: 0, end: 100, text, words: words("b b b") }], twoLines);
      assert.equal(squeezed(cues.map((cue) => cue.text).join("")), squeezed(text));
    }
  });
});

const squeezed = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, "");

const latinWord = fc.stringMatching(/^[a-z']{1,14}[,.?!;]?$/);
const hanRun = fc.stringMatching(/^[今天我们在北京参加关于语音识别]{1,12}[，。！？]?$/);
const anyWord = fc.oneof(latinWord, hanRun, fc.string({ unit: "grapheme", maxLength: 12 }));
const text = fc
  .array(fc.tuple(anyWord, fc.constantFrom(" ", " ", "", "\n")), { maxLength: 80 })
  .map((parts) => parts.flat().join(""));

/** Segments in order, with or without word times that cover only part of the text. */
const recording = fc
  .array(
    fc.record({
      text,
      gap: fc.double({ min: -0.5, max: 4, noNaN: true }),
      length: fc.double({ min: 0, max: 30, noNaN: true }),
      said: fc.option(fc.array(fc.tuple(anyWord, fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 60 })),
    }),
    { maxLength: 6 },
  )
  .map((parts) => {
    let now = 0;
    return parts.map(({ text: written, gap, length, said }): CueSource => {
      const start = Math.max(0, now + gap);
      now = start + length;
      const each = length / ((said?.length ?? 0) || 1);
      const timed = said?.map(([word, share], index) => ({
        word,
        start: start + index * each,
        end: start + (index + share) * each,
      }));
      return { start, end: now, text: written, ...(timed && { words: timed }) };
    });
  });

function isSound(cues: readonly Cue[], segments: readonly CueSource[], lines: 1 | 2): void {
  let lastMs = 0;
  for (const cue of cues) {
    assert.ok(cue.startMs >= lastMs && cue.endMs >= cue.startMs, "times are in order and do not overlap");
    assert.ok(cue.endMs - cue.startMs <= 7000, "at most 7 s");
    assert.ok(Number.isInteger(cue.startMs) && Number.isInteger(cue.endMs));
    lastMs = cue.endMs;
    assert.ok(cue.lines.length >= 1 && cue.lines.length <= lines);
    for (const line of cue.lines) {
      assert.ok(widthOf(line) <= lineWidth || !/\s/.test(line), `too long: ${line}`);
      assert.equal(line, line.trim());
    }
    assert.equal(squeezed(cue.lines.join("")), squeezed(cue.text));
  }
  const whole = segments.map((segment) => segment.text).join("");
  assert.equal(squeezed(cues.map((cue) => cue.text).join("")), squeezed(whole), "no letter is lost");
}

describe("for any recording", () => {
  for (const lines of [1, 2] as const) {
    it(`cues of ${lines} are short, narrow, in order and complete`, () => {
      fc.assert(
        fc.property(recording, (segments) => isSound(cuesOf(segments, { lines }), segments, lines)),
        { numRuns: 300 },
      );
    });
  }

  it("no word of letters is divided", () => {
    const plain = fc.array(latinWord, { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(plain, fc.double({ min: 0.1, max: 60, noNaN: true }), (list, length) => {
        const cues = cuesOf([{ start: 0, end: length, text: list.join(" ") }], twoLines);
        assert.deepEqual(
          cues.flatMap((cue) => cue.lines.flatMap((line) => line.split(" "))),
          list,
        );
      }),
    );
  });
});
