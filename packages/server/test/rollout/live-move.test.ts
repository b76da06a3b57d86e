import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import type { Session, SessionEvent } from "../../dist/recognition/types.js";
import { rolloutOf } from "./rollout-parts.ts";

const none = { requests: 0, seconds: 0 };
const one = { fake: { text: "one {seconds}" } };
const two = { fake: { text: "two {seconds}" } };

/** Says utterances one after the other; each is 0.8 s longer than the one before, so that a loss or a repeat shows. */
function speaker(session: Session) {
  const texts: string[] = [];
  const ids: number[] = [];
  let wake = Promise.withResolvers<void>();
  let flushes = 0;
  const hear = (event: SessionEvent) => {
    if (event.type === "flushed") flushes += 1;
    if (event.type === "final") {
      texts.push(event.segment.text);
      ids.push(event.segment.id);
    }
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const finished = (async () => {
    for await (const event of session.events()) hear(event);
  })();
  finished.catch(() => undefined); // who waits for it is told
  let said = 0;
  return {
    texts,
    ids,
    begin: () => session.write(toneSignal("a".repeat(5 * ++said), { silenceSeconds: 0 })),
    /** Resolves when what was said is final. */
    over: async () => {
      const before = flushes;
      session.flush();
      for (;;) {
        if (flushes > before) return;
        await Promise.race([wake.promise, finished]);
      }
    },
    end: async () => {
      session.end();
      await finished;
    },
  };
}

const manual = { live: { partials: true, manual: true }, priority: "live_final" } as const;

test("a live session goes over to the new version with its next final; the old one ends, and nothing is lost", async (t) => {
  const rollout = await rolloutOf(t, { "cn/1": one });
  const { switches, write, until, openLive, untilSessions } = rollout;
  const session = await openLive("cn", manual);
  const { begin, over, end, texts, ids } = speaker(session);
  await begin();
  await over();
  await begin(); // it speaks while the switch is made
  write("cn/2", two);
  const stopped = until("stopped");
  await switches.switch({ model_path: "cn", probation: none });
  await untilSessions("cn@2", 1);
  assert.equal(session.folder.version, "1");
  await over();
  assert.equal((await stopped).instance.folder.version, "1");
  await begin();
  await over();
  assert.equal(session.folder.version, "2");
  await end();
  assert.deepEqual(texts, ["one 0.8", "one 1.6", "two 2.4"]);
  assert.deepEqual(ids, [0, 1, 2]);
});

test("who speaks without a pause goes over after a time, and says the sentence to the new version as a whole", async (t) => {
  const { switches, write, until, openLive } = await rolloutOf(t, { "cn/1": one }, { moveSeconds: 0 });
  const session = await openLive("cn", manual);
  const { begin, over, end, texts } = speaker(session);
  await begin();
  write("cn/2", two);
  const stopped = until("stopped");
  await switches.switch({ model_path: "cn", probation: none });
  assert.equal((await stopped).instance.folder.version, "1");
  await over();
  await end();
  assert.deepEqual(texts, ["two 0.8"]);
});

test("a version on probation that is rolled back gives its live sessions back", async (t) => {
  const { switches, write, until, openLive, untilSessions } = await rolloutOf(t, { "cn/1": one });
  const session = await openLive("cn", manual);
  const { begin, over, end, texts } = speaker(session);
  await begin();
  write("cn/2", two);
  await switches.switch({ model_path: "cn" });
  await untilSessions("cn@2", 1);
  await over();
  await begin();
  await untilSessions("cn@1", 0);
  const stopped = until("stopped");
  await switches.switch({ model_path: "cn", version: "1" });
  await untilSessions("cn@1", 1);
  await over();
  assert.equal((await stopped).instance.folder.version, "2");
  await begin();
  await over();
  await end();
  assert.deepEqual(texts, ["one 0.8", "two 1.6", "one 2.4"]);
});

test("while its files are read anew a live session goes over to the fresh process", async (t) => {
  const { pool, write, openLive } = await rolloutOf(t, { cn: one });
  const session = await openLive("cn", manual);
  const { begin, over, end, texts } = speaker(session);
  await begin();
  const before = pool.find(session.folder);
  write("cn", two);
  await pool.reload(session.folder);
  while (pool.find(session.folder)?.sessions !== 2) await new Promise((resolve) => setImmediate(resolve));
  await over();
  await begin();
  await over();
  assert.notEqual(pool.find(session.folder)?.pid, before?.pid);
  assert.equal(pool.find(session.folder)?.sessions, 1);
  await end();
  assert.deepEqual(texts, ["one 0.8", "two 1.6"]);
  assert.equal(pool.find(session.folder)?.sessions, 0);
});

test("an unload does not wait for who speaks on: the model goes with the next final, and is loaded anew for them", async (t) => {
  const { pool, until, openLive } = await rolloutOf(t, { cn: one });
  const session = await openLive("cn", manual);
  const { begin, over, end, texts } = speaker(session);
  await begin();
  const gone = new AbortController();
  void until("stopped").then(() => gone.abort());
  const unloaded = pool.unload(session.folder, { client: "b", kind: "client" });
  while (!gone.signal.aborted) {
    await over();
    await begin();
  }
  assert.deepEqual(await unloaded, { unloaded: true, holds: [] });
  await over();
  await end();
  const expected = texts.map((_, index) => `one ${(0.8 * (index + 1)).toFixed(1)}`);
  assert.deepEqual(texts, expected);
});

test("a new version that cannot serve it leaves a live session where it is", async (t) => {
  const frames = { fake: { text: "two", input: "frames" } };
  const { switches, write, openLive, states } = await rolloutOf(t, { "cn/1": one }, { moveSeconds: 0 });
  const session = await openLive("cn", manual);
  const { begin, over, end, texts } = speaker(session);
  await begin();
  write("cn/2", frames);
  await switches.switch({ model_path: "cn" });
  await over();
  await begin();
  await over();
  assert.deepEqual(states(), ["cn@1 ready", "cn@2 ready"]);
  await end();
  assert.deepEqual(texts, ["one 0.8", "one 1.6"]);
});
