import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ServerSentEvent, SseParser } from "../dist/sse.js";

function parse(pieces: readonly string[], limitChars = 1000): ServerSentEvent[] {
  const parser = new SseParser(limitChars);
  return pieces.flatMap((piece) => parser.push(piece));
}

for (const [what, text, events] of [
  ["a named event", "event: done\ndata: 1\n\n", [["done", "1"]]],
  ["an event without a name", "data: 1\n\n", [["message", "1"]]],
  ["no space, one space, two spaces after the colon", "data:a\ndata: b\ndata:  c\n\n", [["message", "a\nb\n c"]]],
  [
    "lines in CRLF",
    "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n",
    [
      ["a", "1"],
      ["message", "2"],
    ],
  ],
  [
    "lines in CR",
    "event: a\rdata: 1\r\rdata: 2\r\r",
    [
      ["a", "1"],
      ["message", "2"],
    ],
  ],
  ["comments and keep-alives", ": hi\n\n:\n\ndata: 1\n: in between\n\n", [["message", "1"]]],
  ["unknown fields, id and retry", "id: 7\nretry: 10\ncolour: red\ndata: 1\n\n", [["message", "1"]]],
  ["a field without a colon", "data\ndata\n\n", [["message", "\n"]]],
  ["a name without data", "event: a\n\ndata: 1\n\n", [["message", "1"]]],
  ["an event that is cut off", "data: 1\n\ndata: 2\n", [["message", "1"]]],
  ["a colon in the data", 'data: {"a":1}\n\n', [["message", '{"a":1}']]],
] as const) {
  test(`server-sent events: ${what}`, () => {
    assert.deepEqual(
      parse([text]),
      events.map(([name, data]) => ({ name, data })),
    );
  });
}

test("server-sent events are the same wherever the text is cut", () => {
  const line = fc.oneof(
    fc.constantFrom("", "data: 你好", "data:", "event: segment", ": comment", "data", "id: 1", ":", "x"),
    fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, "")),
  );
  const lines = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")), { maxLength: 30 });
  const cuts = fc.array(fc.nat(200), { maxLength: 20 });
  fc.assert(
    fc.property(lines, cuts, (given, at) => {
      const text = given.flat().join("");
      const edges = [0, ...at.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length];
      const pieces = edges.slice(1).map((edge, n) => text.slice(edges[n], edge));
      assert.deepEqual(parse(pieces), parse([text]));
    }),
  );
});

test("an event without end is not kept without end, in one line or in many", () => {
  assert.throws(() => parse(Array<string>(200).fill("data: 123456")), RangeError);
  assert.throws(() => parse(Array<string>(200).fill("data: 123456\n")), RangeError);
  assert.throws(() => parse(Array<string>(2000).fill("data\n")), RangeError);
  assert.equal(parse(Array<string>(200).fill("data: 123456\n\n")).length, 200);
});
