import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import type { LiveSettings } from "../../dist/engine/engine.js";
import type { HostStep, HostWork } from "../../dist/host/parent/types.js";
import { startLoaded, tone } from "./harness.ts";

const auto: LiveSettings = { partials: true, manual: false };

/** A live session of the fake engine, whose text is the number of the decode. */
async function listening(t: TestContext, live: LiveSettings, script: Record<string, unknown> = {}) {
  const host = await startLoaded(t, { text: "{index}", ...script });
  const session = host.open({ words: false, live });
  const steps = session.steps()[Symbol.asyncIterator]();
  const next = async (kind: HostStep["kind"]): Promise<HostStep> => {
    for (;;) {
      const { value, done } = await steps.next();
      if (done) throw new Error(`the session is over before ${kind}`);
      if (value.kind === kind) return value;
    }
  };
  const nextWork = async (kind: "work" | "partial"): Promise<HostWork> => {
    const step = await next(kind);
    assert.ok("work" in step);
    return step.work;
  };
  return { session, next, nextWork };
}

const textOf = async (work: HostWork) => (await work.run()).results.map(({ text }) => text).join("|");

const said = joinedSignals(tone(0.5), silentSignal(0.3));

test("what was decoded in the pause that ends an utterance is its final, and no decode of it", async (t) => {
  const { session, nextWork } = await listening(t, auto);
  await session.write(said);
  const { results } = await (await nextWork("partial")).run();
  assert.deepEqual(
    results.map(({ text, isPaused }) => [text, isPaused]),
    [["0", true]],
  );
  await session.write(silentSignal(0.4));
  const final = await (await nextWork("work")).run();
  assert.deepEqual(
    final.results.map(({ text, isPaused }) => [text, isPaused]),
    [["0", undefined]],
  );
  assert.equal(final.decodeSeconds, 0);
  // Of the next one nothing was decoded before its end.
  await session.write(joinedSignals(tone(0.5), silentSignal(0.7)));
  assert.equal(await textOf(await nextWork("work")), "1");
});

test("a decode that runs still when the utterance ends is waited for, and shown to nobody before", async (t) => {
  const { session, nextWork } = await listening(t, auto, { decodeMs: 200 });
  await session.write(said);
  const partial = (await nextWork("partial")).run();
  await session.write(silentSignal(0.4));
  assert.equal(await textOf(await nextWork("work")), "0");
  assert.deepEqual((await partial).results, []);
});

test("what was said before it went on after a pause is decoded anew", async (t) => {
  const { session, nextWork } = await listening(t, auto);
  await session.write(said);
  assert.equal(await textOf(await nextWork("partial")), "0");
  await session.write(joinedSignals(tone(0.2), silentSignal(0.7)));
  assert.equal(await textOf(await nextWork("work")), "1");
});

test("what was decoded before the end was heard is not taken for all of it", async (t) => {
  const { session, nextWork } = await listening(t, auto);
  await session.write(tone(0.512));
  assert.equal(await textOf(await nextWork("partial")), "0");
  await session.write(silentSignal(0.7));
  assert.equal(await textOf(await nextWork("work")), "1");
});

test("who asks for the final in a pause has it at once", async (t) => {
  const { session, next, nextWork } = await listening(t, { ...auto, manual: true });
  await session.write(said);
  assert.equal(await textOf(await nextWork("partial")), "0");
  session.flush();
  assert.equal(await textOf(await nextWork("work")), "0");
  await next("flushed");
});

test("who wants no partials gets none, and finals as early", async (t) => {
  const { session, nextWork } = await listening(t, { ...auto, partials: false });
  await session.write(tone(0.5));
  await session.write(silentSignal(0.3));
  assert.equal(await textOf(await nextWork("partial")), "");
  await session.write(silentSignal(0.4));
  assert.equal(await textOf(await nextWork("work")), "0");
});

test("of nothing heard in the pause, the whole pause is decoded", async (t) => {
  const { session, nextWork } = await listening(t, auto, { text: "" });
  await session.write(said);
  await (await nextWork("partial")).run();
  await session.write(silentSignal(0.4));
  assert.ok((await (await nextWork("work")).run()).decodeSeconds > 0);
});
