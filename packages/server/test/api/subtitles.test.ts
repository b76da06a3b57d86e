import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type SubtitleSegment, writeSubtitles } from "../../dist/api/subtitles/subtitles.js";

const one = (text: string, start = 0, end = 1): SubtitleSegment => ({ start, end, text });

describe("times in subtitles", () => {
  const times: readonly (readonly [number, string, string])[] = [
    [0, "00:00:00,000", "00:00.00"],
    [0.0004, "00:00:00,000", "00:00.00"],
    [0.0005, "00:00:00,001", "00:00.00"],
    [1.509, "00:00:01,509", "00:01.50"],
    [59.9994, "00:00:59,999", "00:59.99"],
    [59.9996, "00:01:00,000", "01:00.00"],
    [3599.9999, "01:00:00,000", "60:00.00"],
    [3661.001, "01:01:01,001", "61:01.00"],
    [359_999.999, "99:59:59,999", "5999:59.99"],
    [360_000, "100:00:00,000", "6000:00.00"],
    [-1, "00:00:00,000", "00:00.00"],
  ];
  for (const [seconds, clock, lyrics] of times) {
    it(`are clocks, rounded once, with hours or minutes that may grow: ${seconds}`, () => {
      const cue = [one("x", seconds, seconds + 2)];
      assert.ok(writeSubtitles("srt", cue).startsWith(`1\n${clock} --> `));
      assert.ok(writeSubtitles("vtt", cue).startsWith(`WEBVTT\n\n${clock.replace(",", ".")} --> `));
      assert.ok(writeSubtitles("lrc", cue).startsWith(`[${lyrics}]x\n`));
      assert.equal(writeSubtitles("tsv", cue).split(/[\n\t]/)[3], String(Math.max(0, Math.round(seconds * 1000))));
    });
  }
});

describe("texts cannot break out of their cue", () => {
  const texts: readonly (readonly [text: string, plain: string, markup: string])[] = [
    ["plain", "plain", "plain"],
    ["你好，世界", "你好，世界", "你好，世界"],
    ["a & b", "a & b", "a &amp; b"],
    ["<i>x</i>", "<i>x</i>", "&lt;i&gt;x&lt;/i&gt;"],
    ["a --> b", "a --> b", "a --&gt; b"],
    ["&lt;", "&lt;", "&amp;lt;"],
    ["one\ntwo", "one two", "one two"],
    ["one\r\n\r\n two \r\rthree\u2028", "one two three", "one two three"],
    ["tab\there \u0000\u001b[0m", "tab here [0m", "tab here [0m"],
    ["  padded  ", "padded", "padded"],
  ];
  for (const [text, plain, markup] of texts) {
    it(JSON.stringify(text), () => {
      const cue = [one(text)];
      assert.equal(writeSubtitles("srt", cue), `1\n00:00:00,000 --> 00:00:01,000\n${plain}\n\n`);
      assert.equal(writeSubtitles("vtt", cue), `WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n${markup}\n\n`);
      assert.equal(writeSubtitles("tsv", cue), `start\tend\ttext\n0\t1000\t${plain}\n`);
      assert.equal(writeSubtitles("lrc", cue), `[00:00.00]${plain}\n[00:01.00]\n`);
    });
  }

  it("a tag in lyrics is no time of theirs", () => {
    assert.equal(writeSubtitles("lrc", [one("[00:09.00]x")]), "[00:00.00] [00:09.00]x\n[00:01.00]\n");
  });
});

describe("cues", () => {
  it("of segments without text are left out, with no gap in the numbers; an end is never before its start", () => {
    const segments = [one(" \n ", 0, 1), one("a", 2, 1), one("b", 3, 4)];
    const srt = "1\n00:00:02,000 --> 00:00:03,000\na\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n\n";
    assert.equal(writeSubtitles("srt", segments), srt);
  });

  for (const [format, nothing] of [
    ["srt", ""],
    ["vtt", "WEBVTT\n\n"],
    ["tsv", "start\tend\ttext\n"],
    ["lrc", ""],
  ] as const) {
    it(`of nothing are a valid ${format}`, () => assert.equal(writeSubtitles(format, []), nothing));
  }

  it("in lyrics are cleared only where a pause follows", () => {
    const lines = [one("a", 0, 2), one("b", 2.5, 4), one("c", 9, 10)];
    assert.equal(writeSubtitles("lrc", lines), "[00:00.00]a\n[00:02.50]b\n[00:04.00]\n[00:09.00]c\n[00:10.00]\n");
  });
});

describe("channels in subtitles", () => {
  const call: readonly SubtitleSegment[] = [
    { channel: 0, start: 0, end: 3, text: "Who is there?" },
    { channel: 1, start: 2, end: 4, text: "<Me>" },
    { channel: 0, start: 4.5, end: 6, text: "Come in." },
  ];
  const expected = {
    srt:
      "1\n00:00:00,000 --> 00:00:03,000\n[1] Who is there?\n\n2\n00:00:02,000 --> 00:00:04,000\n[2] <Me>\n\n" +
      "3\n00:00:04,500 --> 00:00:06,000\n[1] Come in.\n\n",
    vtt:
      "WEBVTT\n\n00:00:00.000 --> 00:00:03.000\n<v Channel 1>Who is there?\n\n" +
      "00:00:02.000 --> 00:00:04.000\n<v Channel 2>&lt;Me&gt;\n\n00:00:04.500 --> 00:00:06.000\n<v Channel 1>Come in.\n\n",
    tsv: "start\tend\ttext\n0\t3000\t[1] Who is there?\n2000\t4000\t[2] <Me>\n4500\t6000\t[1] Come in.\n",
    lrc: "[00:00.00] [1] Who is there?\n[00:02.00] [2] <Me>\n[00:04.50] [1] Come in.\n[00:06.00]\n",
  };
  for (const format of ["srt", "vtt", "tsv", "lrc"] as const) {
    it(`are named in ${format}, and may overlap`, () => assert.equal(writeSubtitles(format, call), expected[format]));
  }
});
