import assert from "node:assert/strict";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { createPoisonMemory, type PoisonMark } from "../../dist/recognition/poison.js";
import { transcribe } from "../../dist/recognition/transcribe.js";
import type { PoisonNotice, ReplayNotice, Session } from "../../dist/recognition/types.js";
import { openFolder, openModel } from "./opened.ts";

/** The fake engine misbehaves when it hears something louder than good audio is. */
const loud = { amplitude: 0.9 };
const decodeAbove = 600;

/** A few words; those with a `!` are too loud. */
const spoken = (...texts: readonly string[]) =>
  joinedSignals(
    ...texts.map((text) =>
      joinedSignals(toneSignal(text.replace("!", ""), text.includes("!") ? loud : {}), silentSignal(1)),
    ),
  );

async function textsOf(session: Session, samples: Float32Array): Promise<string[]> {
  const chunks = async function* () {
    for (let at = 0; at < samples.length; at += 8_000) yield samples.slice(at, at + 8_000);
  };
  const texts: string[] = [];
  for await (const event of transcribe(session, chunks())) {
    if (event.type === "final") texts.push(event.segment.text);
  }
  return texts;
}

/** A model of the fake engine, with notes of what is told. */
async function openFake(t: TestContext, fake: object, seams: Parameters<typeof openModel>[2] = {}) {
  const replays: ReplayNotice[] = [];
  const poisons: PoisonNotice[] = [];
  const recognition = {
    onReplay: (notice: ReplayNotice) => replays.push(notice),
    onPoison: (notice: PoisonNotice) => poisons.push(notice),
    ...seams.recognition,
  };
  const opened = await openModel(t, { fake: { text: "{peak}", ...fake } }, { ...seams, recognition });
  const restarts = () => opened.pool.find(opened.folder)?.restarts ?? 0;
  return { ...opened, replays, poisons, restarts };
}

const places = { first: ["a!", "b", "c"], middle: ["a", "b!", "c"], last: ["a", "b", "c!"] };
const hangs = { hang: /did not answer for 1 seconds/, spin: /did not answer/, stuck: /did not answer for 1 seconds/ };
const crashes = { abort: /SIGABRT/, segfault: /SIGSEGV/, exit: /exit code 3/ };

for (const [behaviour, how] of Object.entries({ ...crashes, ...hangs })) {
  const isHang = behaviour in hangs;
  for (const [place, texts] of Object.entries(places)) {
    if (isHang && place !== "middle") continue; // they take seconds
    test(`${behaviour} in the ${place} decode: refused after two processes, and the next time at once`, async (t) => {
      const fake = await openFake(t, { decode: behaviour, decodeAbove }, { pool: { hangSeconds: 1 } });
      const samples = spoken(...texts);
      const refused = { reason: "request_poisonous" };
      const failing = textsOf(await fake.open({ client: "bad" }), samples);
      await assert.rejects(failing, (error: Error & { reason?: string; details?: { detail?: string } }) => {
        assert.equal(error.reason, "request_poisonous");
        assert.match(error.details?.detail ?? "", how);
        return true;
      });
      assert.deepEqual(
        fake.replays.map(({ blame, client }) => [blame, client]),
        [["model", "bad"]],
      );
      assert.deepEqual(
        fake.poisons.map(({ client }) => client),
        ["bad"],
      );
      await textsOf(await fake.open(), spoken("fine"));
      assert.equal(fake.restarts(), 2);
      await assert.rejects(textsOf(await fake.open(), samples), refused);
      // The same beginning: what comes after it makes no difference.
      await assert.rejects(textsOf(await fake.open(), joinedSignals(samples, spoken("more"))), refused);
      await textsOf(await fake.open(), spoken("fine"));
      assert.equal(fake.restarts(), 2, "known poison costs no process");
    });
  }
}

const good = (index: number) => joinedSignals(silentSignal(index / 100), spoken("ab", "cd", "ef"));

test("one poisonous request among thirty good ones: these are all right, and are not refused later", async (t) => {
  const fake = await openFake(t, { decode: "abort", decodeAbove });
  const expected = await textsOf(await fake.open(), good(0));
  const requests = Array.from({ length: 31 }, async (_, index) => {
    const session = await fake.open({ client: `c${index}` });
    return textsOf(session, index === 15 ? spoken("a", "b!", "c") : good(index));
  });
  for (const [index, outcome] of (await Promise.allSettled(requests)).entries()) {
    if (index === 15) assert.ok(outcome.status === "rejected" && outcome.reason.reason === "request_poisonous");
    else assert.ok(outcome.status === "fulfilled", `request ${index}: ${"reason" in outcome && outcome.reason}`);
    if (outcome.status === "fulfilled") assert.deepEqual(outcome.value, expected);
  }
  assert.equal(fake.restarts(), 2);
  assert.equal(fake.poisons.length, 1);
  for (const index of [14, 16]) assert.deepEqual(await textsOf(await fake.open(), good(index)), expected);
});

const short = (index: number) => joinedSignals(silentSignal(index / 100), spoken("ab"));

test("two poisonous requests of one piece among twenty: whoever waits for its turn when a process ends is not to blame", async (t) => {
  const fake = await openFake(t, { decode: "segfault", decodeAbove, decodeMs: 100 });
  const requests = Array.from({ length: 22 }, async (_, index) => {
    const session = await fake.open({ client: `c${index}` });
    return textsOf(session, index % 11 === 5 ? joinedSignals(silentSignal(index / 100), spoken("b!")) : short(index));
  });
  const refused = (await Promise.allSettled(requests)).flatMap(({ status }, index) =>
    status === "rejected" ? [index] : [],
  );
  assert.deepEqual(refused, [5, 16]);
});

test("the same poison sent many times at once ends two processes, not two for each", async (t) => {
  const fake = await openFake(t, { decode: "abort", decodeAbove });
  const samples = spoken("a", "b!", "c");
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, async () => textsOf(await fake.open(), samples)),
  );
  for (const outcome of outcomes) {
    assert.ok(outcome.status === "rejected" && outcome.reason.reason === "request_poisonous");
  }
  await textsOf(await fake.open(), spoken("fine"));
  assert.ok(fake.restarts() <= 3, `${fake.restarts()} restarts`);
});

test("a session that is alone again after a crash that was not its own goes on side by side", async (t) => {
  const fake = await openFake(t, { decode: "abort", decodeAt: 4, decodeMs: 20 });
  const texts = await textsOf(await fake.open(), spoken("a", "b", "c", "d", "e", "f", "a", "b", "c", "d"));
  assert.equal(texts.length, 10);
  assert.ok(fake.restarts() >= 1);
  assert.equal(fake.poisons.length, 0);
});

test("poison that was kept from before is refused without a process that ends, for the same files only", async (t) => {
  const samples = spoken("a", "b!", "c");
  const kept: PoisonMark[] = [];
  const recognition = { poison: createPoisonMemory({ onAdd: (mark) => kept.push(mark) }) };
  const first = await openFake(t, { decode: "abort", decodeAbove }, { recognition });
  await assert.rejects(textsOf(await first.open(), samples), { reason: "request_poisonous" });
  assert.deepEqual(
    first.poisons.map(({ mark }) => mark),
    kept,
  );
  const restartsWith = async (initial: readonly PoisonMark[]) => {
    const seams = { recognition: { poison: createPoisonMemory({ initial }) } };
    const next = await openFolder(t, dirname(first.folder.directory), "one", undefined, seams);
    await assert.rejects(textsOf(await next.open(), samples), { reason: "request_poisonous" });
    return (await next.pool.load(next.folder)).restarts;
  };
  assert.equal(await restartsWith(kept), 0);
  assert.equal(await restartsWith(kept.map((mark) => ({ ...mark, files: "others" }))), 2);
});

test("a live session is refused in its write, before what is poisonous is decoded", async (t) => {
  const fake = await openFake(t, { decode: "abort", decodeAbove });
  const samples = spoken("a", "b!", "c");
  await assert.rejects(textsOf(await fake.open(), samples), { reason: "request_poisonous" });
  const session = await fake.open();
  const reading = assert.rejects(Array.fromAsync(session.events()), { reason: "request_poisonous" });
  await assert.rejects(
    async () => {
      for (let at = 0; at < samples.length; at += 320) await session.write(samples.subarray(at, at + 320));
    },
    { reason: "request_poisonous" },
  );
  await reading;
  await assert.rejects(session.write(samples), { reason: "request_poisonous" });
  assert.equal(fake.restarts(), 2);
});

test("an engine that follows the stream is refused as well", async (t) => {
  const fake = await openFake(t, { input: "frames", decode: "abort", decodeAbove, text: "{samples}" });
  const samples = spoken("a", "b", "c!", "d");
  await assert.rejects(textsOf(await fake.open(), samples), { reason: "request_poisonous" });
  await assert.rejects(textsOf(await fake.open(), samples), { reason: "request_poisonous" });
  await textsOf(await fake.open(), spoken("fine"));
  assert.equal(fake.restarts(), 2);
});
