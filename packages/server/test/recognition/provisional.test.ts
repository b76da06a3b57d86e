import assert from "node:assert/strict";
import { test } from "node:test";
import {
  nothingHeard,
  type Provisional,
  placeOf,
  shownOf,
  withOpen,
  withoutReplaced,
  withPiece,
} from "../../dist/recognition/provisional.js";

const piece = (startSeconds: number, endSeconds: number, text: string) => (before: Provisional) =>
  withPiece(before, { startSeconds, endSeconds, text });
const open = (startSeconds: number, text: string) => (before: Provisional) => withOpen(before, startSeconds, text);
const replaced = (seconds: number) => (before: Provisional) => withoutReplaced(before, seconds);

const shown = (startSeconds: number, text: string) => ({ startSeconds, text });

const table = [
  { what: "nothing", steps: [], shows: undefined },
  { what: "what is heard", steps: [open(1, "he")], shows: shown(1, "he") },
  { what: "no empty text", steps: [open(1, "he"), open(1, "")], shows: undefined },
  { what: "an utterance that is over, as long as it waits", steps: [piece(1, 2, "hello")], shows: shown(1, "hello") },
  {
    what: "what waits, and what is heard behind it",
    steps: [piece(1, 2, "hello"), open(3, "wor")],
    shows: shown(1, "hello wor"),
  },
  { what: "Chinese without a space", steps: [piece(1, 2, "你好"), open(3, "世")], shows: shown(1, "你好世") },
  { what: "nothing that is replaced", steps: [piece(1, 2, "hello"), replaced(2)], shows: undefined },
  {
    what: "what comes behind that",
    steps: [piece(1, 2, "hello"), open(3, "wor"), replaced(2)],
    shows: shown(3, "wor"),
  },
  {
    what: "nothing of an utterance in the midst of which that ends",
    steps: [open(1, "hello"), replaced(2)],
    shows: undefined,
  },
  { what: "nothing that comes too late", steps: [replaced(2), piece(1, 1.9, "hello")], shows: undefined },
  { what: "what begins a little before that ends", steps: [replaced(2), open(1.96, "wor")], shows: shown(1.96, "wor") },
  {
    what: "nothing anew when an older one is replaced",
    steps: [replaced(2), replaced(1), open(1.5, "a")],
    shows: undefined,
  },
] as const;

for (const { what, steps, shows } of table) {
  test(`of two models' words it shows ${what}`, () => {
    const heard = steps.reduce<Provisional>((before, step) => step(before), nothingHeard);
    assert.deepEqual(shownOf(heard, false), shows);
  });
}

test("spaces between Chinese words stay where the text is to be as the engine writes it", () => {
  const heard = [piece(1, 2, "你 好"), open(3, "世")].reduce((before, step) => step(before), nothingHeard);
  assert.equal(shownOf(heard, true)?.text, "你 好 世");
});

test("what waits is bounded, and the oldest is left out", () => {
  let heard = nothingHeard;
  for (let at = 0; at < 10_000; at += 1) heard = piece(at, at + 0.5, `${at}`)(heard);
  assert.equal(heard.pieces.length, 50);
  assert.equal(heard.pieces.at(-1)?.text, "9999");
});

test("places behind audio that was left out are those of the recording", () => {
  const gaps = [
    { at: 100, skipped: 50 },
    { at: 300, skipped: 80 },
  ];
  assert.deepEqual(
    [0, 9.9, 10, 29.9, 30].map((seconds) => placeOf(gaps, seconds, 10)),
    [0, 9.9, 15, 34.9, 38],
  );
});
