import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../../dist/api/dialogue.js";

const said = (channel: number, text: string) => ({ channel, text });

for (const [name, segments, text] of [
  ["without channels it is one text", [{ text: "one" }, { text: "two" }], "one two"],
  [
    "what one says in a row is one turn",
    [said(0, "a"), said(0, "b"), said(1, "c"), said(0, "d")],
    "[1] a b\n[2] c\n[1] d",
  ],
  ["Chinese is joined without spaces", [said(1, "你好"), said(1, "世界"), said(0, "好")], "[2] 你好世界\n[1] 好"],
  ["silence is no turn", [said(0, "a"), said(1, " "), said(0, "b"), said(2, "")], "[1] a b"],
  ["nothing said is no text", [said(0, "")], ""],
  ["a segment cannot make up a turn", [said(0, "a\n[2] b")], "[1] a [2] b"],
] as const) {
  test(name, () => assert.equal(textOf(segments), text));
}
