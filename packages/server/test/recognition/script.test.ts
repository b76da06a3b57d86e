import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { createScriptConverter, inScript } from "../../dist/recognition/script.js";
import type { SessionEvent } from "../../dist/recognition/types.js";

const final = (text: string, words?: readonly string[]): SessionEvent => ({
  type: "final",
  number: 1,
  segment: {
    id: 0,
    start: 0,
    end: 1,
    text,
    ...(words && { words: words.map((word, index) => ({ word, start: index, end: index + 1 })) }),
  },
});

async function* eventsOf(...events: readonly SessionEvent[]): AsyncGenerator<SessionEvent> {
  yield* events;
}

test("texts come back in their order, in either script, many at once", async (t) => {
  const converter = createScriptConverter();
  t.after(() => converter.close());
  assert.deepEqual(await converter.convert(["头发", "发展", "", "abc"], "hant"), ["頭髮", "發展", "", "abc"]);
  assert.deepEqual(await converter.convert(["頭髮裡", "發展"], "hans"), ["头发里", "发展"]);
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, index) => converter.convert([`第${index}后面`], "hant")),
  );
  assert.deepEqual(
    many.flat(),
    many.map((_, index) => `第${index}後面`),
  );
});

test("a long text does not keep the thread that serves requests", async (t) => {
  const converter = createScriptConverter();
  t.after(() => converter.close());
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns++;
    if (!over) setImmediate(turn);
  };
  turn();
  const [text] = await converter.convert(["我们在北京的头发展览会上".repeat(20_000)], "hant");
  over = true;
  assert.equal(text?.length, 240_000);
  assert.ok(turns > 10, `${turns} turns`);
});

test("words are written as in their line, where a character alone would be written otherwise", async (t) => {
  const converter = createScriptConverter();
  t.after(() => converter.close());
  const events = eventsOf(final("头发。", ["头", "发"]), final("ok 发展", ["ok", "发展"]));
  const converted = await Array.fromAsync(inScript(events, converter, "hant"));
  assert.deepEqual(
    converted.map(
      (event) => event.type === "final" && [event.segment.text, event.segment.words?.map(({ word }) => word)],
    ),
    [
      ["頭髮。", ["頭", "髮"]],
      ["ok 發展", ["ok", "發展"]],
    ],
  );
});

test("Japanese, text without Chinese, and other events pass as they are", async (t) => {
  const converter = createScriptConverter();
  t.after(() => converter.close());
  const events = [
    final("学校に行く"),
    final("hello"),
    { type: "progress", number: 2, processedSeconds: 1, settledSeconds: 1 } as const,
  ];
  assert.deepEqual(await Array.fromAsync(inScript(eventsOf(...events), converter, "hant")), events);
});

test("a closed converter refuses, and those that wait are told", async () => {
  const converter = createScriptConverter();
  const waiting = converter.convert(["头发"], "hant");
  await Promise.all([converter.close(), assert.rejects(waiting, { reason: "server_stopping" })]);
  await assert.rejects(converter.convert(["头发"], "hant"), { reason: "server_stopping" });
  await createScriptConverter().close();
});

test("a thread that dies fails what it was given, and the next text gets a new one", async (t) => {
  const entry = join(newFolder(), "dies.mjs");
  writeFileSync(
    entry,
    `import { parentPort } from "node:worker_threads";
     parentPort.on("message", ({ number, texts }) => {
       if (texts[0] === "die") throw new Error("as told");
       parentPort.postMessage({ number, texts });
     });`,
  );
  const converter = createScriptConverter(pathToFileURL(entry));
  t.after(() => converter.close());
  await assert.rejects(converter.convert(["die"], "hans"), { reason: "internal" });
  assert.deepEqual(await converter.convert(["live"], "hans"), ["live"]);
});

test("a thread that has nothing to do is ended, and the next text gets a new one", async (t) => {
  const entry = join(newFolder(), "who.mjs");
  writeFileSync(
    entry,
    `import { parentPort, threadId } from "node:worker_threads";
     parentPort.on("message", ({ number }) => parentPort.postMessage({ number, texts: [String(threadId)] }));`,
  );
  const converter = createScriptConverter(pathToFileURL(entry), 1);
  t.after(() => converter.close());
  const [first] = await converter.convert([""], "hans");
  let other = first;
  // Turns of the loop, in one of which the idle thread's time is over.
  while (other === first) {
    for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
    [other] = await converter.convert([""], "hans");
  }
  assert.notEqual(other, first);
});
