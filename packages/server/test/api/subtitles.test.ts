import assert from "node:assert/strict";
import { test } from "node:test";
import { toSrt, toVtt } from "../../dist/api/subtitles.js";

const times: readonly (readonly [number, string])[] = [
  [0, "00:00:00,000"],
  [0.0004, "00:00:00,000"],
  [0.0005, "00:00:00,001"],
  [1.5, "00:00:01,500"],
  [59.9994, "00:00:59,999"],
  [59.9996, "00:01:00,000"],
  [3599.9999, "01:00:00,000"],
  [3661.001, "01:01:01,001"],
  [359_999.999, "99:59:59,999"],
  [360_000, "100:00:00,000"],
  [-1, "00:00:00,000"],
];

test("times are clocks, rounded once, with hours that may grow", () => {
  for (const [seconds, clock] of times) {
    const cue = [{ start: seconds, end: seconds, text: "x" }];
    assert.equal(toSrt(cue), `1\n${clock} --> ${clock}\nx\n\n`, String(seconds));
    const vttClock = clock.replace(",", ".");
    assert.equal(toVtt(cue), `WEBVTT\n\n${vttClock} --> ${vttClock}\nx\n\n`);
  }
});

const texts: readonly (readonly [string, string, string])[] = [
  ["plain", "plain", "plain"],
  ["你好，世界", "你好，世界", "你好，世界"],
  ["a & b", "a & b", "a &amp; b"],
  ["<i>x</i>", "<i>x</i>", "&lt;i&gt;x&lt;/i&gt;"],
  ["a --> b", "a --> b", "a --&gt; b"],
  ["&lt;", "&lt;", "&amp;lt;"],
  ["one\ntwo", "one\ntwo", "one\ntwo"],
  ["one\r\n\r\n two \r\rthree\u2028", "one\ntwo\nthree", "one\ntwo\nthree"],
  ["  padded  ", "padded", "padded"],
];

test("texts cannot break out of their cue", () => {
  for (const [text, srt, vtt] of texts) {
    const cue = [{ start: 0, end: 1, text }];
    assert.equal(toSrt(cue), `1\n00:00:00,000 --> 00:00:01,000\n${srt}\n\n`);
    assert.equal(toVtt(cue), `WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n${vtt}\n\n`);
  }
});

test("segments without text make no cue, and no gap in the numbers; an end is never before its start", () => {
  const segments = [
    { start: 0, end: 1, text: " \n " },
    { start: 2, end: 1, text: "a" },
    { start: 3, end: 4, text: "b" },
  ];
  assert.equal(toSrt(segments), "1\n00:00:02,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n\n");
  assert.equal(toSrt([]), "");
  assert.equal(toVtt([]), "WEBVTT\n\n");
});
