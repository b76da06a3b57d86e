import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { silentLog } from "../../dist/base/log.js";
import { createScriptConverter } from "../../dist/recognition/script.js";
import { createScriptWriter, inScript } from "../../dist/recognition/script-text.js";
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
  const converted = await Array.fromAsync(inScript(events, createScriptWriter({ converter, script: "hant" })));
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
  assert.deepEqual(
    await Array.fromAsync(inScript(eventsOf(...events), createScriptWriter({ converter, script: "hant" }))),
    events,
  );
});

test("a closed converter refuses, and those that wait are told", async () => {
  const converter = createScriptConverter();
  const waiting = converter.convert(["头发"], "hant");
  await Promise.all([converter.close(), assert.rejects(waiting, { reason: "server_stopping" })]);
  await assert.rejects(converter.convert(["头发"], "hant"), { reason: "server_stopping" });
  await createScriptConverter().close();
});

/** A converter whose thread does as its texts say, and a log that keeps what went wrong. */
function misbehaving(t: TestContext, stallMs = 60_000) {
  const entry = join(newFolder(), "misbehaves.mjs");
  writeFileSync(
    entry,
    `import { parentPort, threadId } from "node:worker_threads";
     parentPort.on("message", ({ number, texts: [text] }) => {
       if (text.includes("死")) throw new Error("as told");
       if (text.includes("停")) for (;;);
       parentPort.postMessage({ number, texts: [text + threadId, ""] });
     });`,
  );
  const errors: string[] = [];
  const log = { ...silentLog, error: ({ err }: { err?: unknown }) => errors.push(String(err)) };
  const converter = createScriptConverter({ entry: pathToFileURL(entry), stallMs, log });
  t.after(() => converter.close());
  return { converter, errors };
}

test("a thread that dies fails what it was given, and the next text gets a new one", async (t) => {
  const { converter, errors } = misbehaving(t);
  const [before] = await converter.convert(["生"], "hans");
  await assert.rejects(converter.convert(["死"], "hans"), { reason: "internal" });
  assert.deepEqual(errors, ["Error: as told"]);
  const [after] = await converter.convert(["生"], "hans");
  assert.notEqual(after, before);
});

test("a thread that hangs is ended, and the next text gets a new one", async (t) => {
  const { converter, errors } = misbehaving(t, 3000);
  await assert.rejects(converter.convert(["停"], "hans"), { reason: "internal" });
  assert.deepEqual(errors, ["Error: the thread did not answer within 3 seconds"]);
  assert.match((await converter.convert(["生"], "hans"))[0] ?? "", /^生/);
});

test("who does not wait any more hears of it at once, and the thread goes on for others", async (t) => {
  const converter = createScriptConverter();
  t.after(() => converter.close());
  const stop = new AbortController();
  const waiting = converter.convert(["头发"], "hant", stop.signal);
  const other = converter.convert(["头发"], "hant");
  stop.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
  assert.deepEqual(await other, ["頭髮"]);
  await assert.rejects(converter.convert(["头发"], "hant", stop.signal), /gone/);
});

test("a recognition keeps its text where the thread dies at it twice, and says so", async (t) => {
  const { converter, errors } = misbehaving(t);
  const writer = createScriptWriter({ converter, script: "hans" });
  const events = [final("生"), final("死"), final("生")];
  const texts = (await Array.fromAsync(inScript(eventsOf(...events), writer))).map(
    (event) => event.type === "final" && event.segment.text,
  );
  assert.match(String(texts[0]), /^生\d+$/);
  assert.deepEqual(texts.slice(1), ["死", "生"], "nothing is tried after that");
  assert.equal(writer.failure?.reason, "internal");
  assert.equal(errors.length, 2);
});

test("a thread that dies under somebody else's text costs a recognition nothing", async (t) => {
  const { converter } = misbehaving(t);
  const writer = createScriptWriter({ converter, script: "hans" });
  const dying = assert.rejects(converter.convert(["死"], "hans"), { reason: "internal" });
  assert.match((await writer.write(["生"]))?.[0] ?? "", /^生/);
  await dying;
  assert.equal(writer.failure, undefined);
});

test("a recognition that is cancelled ends while its text is converted", async (t) => {
  const { converter } = misbehaving(t);
  const stop = new AbortController();
  const writer = createScriptWriter({ converter, script: "hans", signal: stop.signal });
  const reading = Array.fromAsync(inScript(eventsOf(final("停")), writer));
  stop.abort(new Error("gone"));
  await assert.rejects(reading, /gone/);
});

test("a segment that is longer than speech can be stays as it is, and those after it do not", async (t) => {
  const converter = createScriptConverter();
  t.after(() => converter.close());
  const writer = createScriptWriter({ converter, script: "hant" });
  const endless = "头发".repeat(60_000);
  const events = await Array.fromAsync(inScript(eventsOf(final(endless), final("头发")), writer));
  assert.deepEqual(
    events.map((event) => event.type === "final" && event.segment.text),
    [endless, "頭髮"],
  );
  assert.match(writer.failure?.message ?? "", /longer than 100000 characters/);
});

test("a thread that has nothing to do is ended, and the next text gets a new one", async (t) => {
  const entry = join(newFolder(), "who.mjs");
  writeFileSync(
    entry,
    `import { parentPort, threadId } from "node:worker_threads";
     parentPort.on("message", ({ number }) => parentPort.postMessage({ number, texts: [String(threadId)] }));`,
  );
  const converter = createScriptConverter({ entry: pathToFileURL(entry), idleMs: 1 });
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
