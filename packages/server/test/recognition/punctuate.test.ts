import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { punctuated } from "../../dist/recognition/punctuate.js";
import type { SessionEvent } from "../../dist/recognition/types.js";

interface Said {
  readonly text: string;
  /** Seconds since the one before; little if it is left out. */
  readonly pause?: number;
  readonly channel?: number;
}

/** Events of a second for each, with a progress event behind it. */
async function* eventsOf(said: readonly Said[]): AsyncGenerator<SessionEvent> {
  let number = 0;
  let at = 0;
  for (const [id, { text, pause = 0.5, channel }] of said.entries()) {
    const start = at + pause;
    at = start + 1;
    const segment = { id, start, end: at, text, ...(channel !== undefined && { channel }) };
    yield { type: "final", number: ++number, segment };
    yield { type: "progress", number: ++number, processedSeconds: at, settledSeconds: at };
  }
}

/** Punctuates by a rule that shows what was punctuated together: a full stop at the end, commas at spaces. */
async function run(said: readonly Said[], answer?: (text: string) => string | undefined) {
  const asked: string[] = [];
  const punctuate = async (text: string) => {
    asked.push(text);
    return answer ? answer(text) : `${text}。`;
  };
  const events = await Array.fromAsync(punctuated(eventsOf(said), punctuate));
  const texts = events.flatMap((event) => (event.type === "final" ? [event.segment.text] : []));
  return { asked, texts, events };
}

const pieces = (count: number): Said[] => Array.from({ length: count }, (_, index) => ({ text: `第${index}` }));

const markedWords = (text: string): string => text.replace("you", "you？").replace("world", "world，");

suite("punctuation of neighbours", () => {
  test("shows the model a few at a time, with the one before them, and gives each out once", async () => {
    const { asked, texts } = await run(pieces(8));
    assert.deepEqual(asked, ["第0第1第2第3", "第2第3第4第5第6", "第5第6第7"]);
    assert.deepEqual(texts, ["第0", "第1", "第2", "第3", "第4", "第5", "第6", "第7。"]);
  });

  test("numbers events without gaps, and keeps the segments' own numbers in order", async () => {
    const { events } = await run(pieces(8));
    assert.deepEqual(
      events.map(({ number }) => number),
      events.map((_, index) => index + 1),
    );
    const ids = events.flatMap((event) => (event.type === "final" ? [event.segment.id] : []));
    assert.deepEqual(ids, [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("ends at a long pause, at another channel, and at text that has marks of its own", async () => {
    assert.deepEqual((await run([{ text: "一" }, { text: "二", pause: 2 }])).asked, ["一", "二"]);
    const turns = [
      { text: "一", channel: 0 },
      { text: "二", channel: 1 },
      { text: "三", channel: 1 },
    ];
    assert.deepEqual((await run(turns)).asked, ["一", "二三"]);
    const mixed = await run([{ text: "一" }, { text: "好的。" }, { text: "三" }]);
    assert.deepEqual(
      [mixed.asked, mixed.texts],
      [
        ["一", "三"],
        ["一。", "好的。", "三。"],
      ],
    );
  });

  test("is bounded: a text that is too long is left alone and not shown to its neighbours", async () => {
    const long = "啊".repeat(501);
    const { asked, texts } = await run([{ text: "一" }, { text: long }, { text: "三" }]);
    assert.deepEqual(
      [asked, texts],
      [
        ["一", "三"],
        ["一。", long, "三。"],
      ],
    );
    const dense = await run(Array.from({ length: 20 }, () => ({ text: "好".repeat(400) })));
    assert.ok(dense.asked.every((text) => text.length <= 800));
    assert.equal(dense.texts.length, 20);
  });

  test("leaves texts as they are when the model fails or rewrites them", async () => {
    for (const answer of [() => undefined, () => "别的。", () => ""]) {
      assert.deepEqual((await run(pieces(6), answer)).texts, ["第0", "第1", "第2", "第3", "第4", "第5"]);
    }
  });

  test("writes plain marks in text without Chinese, full-width ones beside Chinese", async () => {
    const said = [{ text: "how are you" }, { text: "hello world again" }];
    assert.deepEqual((await run(said, markedWords)).texts, ["how are you?", "hello world, again"]);
    assert.deepEqual((await run([...said, { text: "你好" }], markedWords)).texts, [
      "how are you？",
      "hello world，again",
      "你好",
    ]);
  });
});
