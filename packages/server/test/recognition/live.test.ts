import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import type { OpenSession, Session, SessionEvent } from "../../dist/recognition/types.js";
import { readEvents } from "../fixtures/heard.ts";
import { openModel } from "./opened.ts";

v8.setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

const auto = { partials: true, manual: false } as const;
const manual = { partials: true, manual: true } as const;

const live = (settings: OpenSession["live"] = auto): Partial<OpenSession> => ({
  live: settings,
  priority: "live_final",
});

/** Reads all events, which have to be numbered without gaps. */
const reader = (session: Session) =>
  readEvents(session.events(), ({ number }, index) => assert.equal(number, index + 1));

/** As a microphone gives it: 100 ms at a time. */
async function say(session: Session, samples: Float32Array): Promise<void> {
  for (let at = 0; at < samples.length; at += 1600) await session.write(samples.slice(at, at + 1600));
}

const finals = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === "final" ? [event.segment.text] : []));

const outline = (events: readonly SessionEvent[]) =>
  events.flatMap((event) =>
    event.type === "partial" ? [] : [event.type === "final" ? event.segment.text : event.type],
  );

const opened = async (t: TestContext, content: Parameters<typeof openModel>[1] = "tone") => openModel(t, content);

test("an utterance ends with a pause; its beginning, its end and its text are told in order", async (t) => {
  const { open } = await opened(t);
  const session = await open(live());
  const { until, finished } = reader(session);
  await say(session, joinedSignals(silentSignal(0.4), toneSignal("hello"), silentSignal(0.7)));
  await until(({ type }) => type === "final");
  await say(session, joinedSignals(toneSignal("world"), silentSignal(0.7)));
  session.end();
  const events = await finished;
  const edges = ["speech_started", "speech_ended"];
  assert.deepEqual(outline(events), [...edges, "hello", ...edges, "world"]);
  const [started] = events;
  assert.ok(started?.type === "speech_started" && Math.abs(started.atSeconds - 0.9) < 0.1, JSON.stringify(started));
});

test("partials show what is said so far, and are never of a segment that is final", async (t) => {
  const { open } = await opened(t);
  const session = await open(live(manual));
  const { until, finished } = reader(session);
  const words = ["ab", "cde", "fg", "hij", "kl", "mno"];
  for (const [at, word] of words.entries()) {
    const signal = toneSignal(at === 0 ? word : ` ${word}`, { silenceSeconds: 0 });
    await say(session, joinedSignals(signal, silentSignal(0.25)));
    // In a pause all is shown.
    const said = words.slice(0, at + 1).join(" ");
    await until((event) => event.type === "partial" && event.text === said);
  }
  session.flush();
  await until(({ type }) => type === "flushed");
  session.end();
  const events = await finished;
  const text = words.join(" ");
  assert.deepEqual(finals(events), [text]);
  const place = events.findIndex(({ type }) => type === "final");
  const partials = events.filter((event) => event.type === "partial");
  assert.ok(events.slice(place).every(({ type }) => type !== "partial"));
  for (const partial of partials) {
    assert.equal(partial.id, 0);
    assert.ok(text.startsWith(partial.stable), partial.stable);
  }
  assert.ok((partials.at(-1)?.stable ?? "").length > 0);
});

/** Sound in which the tone model hears nothing. */
const hum = (seconds: number): Float32Array =>
  Float32Array.from({ length: seconds * 16_000 }, (_, at) => 0.3 * Math.sin((2 * Math.PI * 120 * at) / 16_000));

test("an utterance in which nothing was heard is heard once more with the next one", async (t) => {
  const { open } = await opened(t);
  const session = await open(live());
  const { seen, until, finished } = reader(session);
  const nothings = () => seen.filter((event) => event.type === "partial" && event.text === "").length;
  const texts = () => finals(seen).length;
  const hello = joinedSignals(toneSignal("hello", { silenceSeconds: 0.1 }), silentSignal(0.7));
  await say(session, joinedSignals(silentSignal(1), hum(0.5), silentSignal(0.8)));
  await until(() => nothings() === 1);
  await say(session, hello);
  await until(() => texts() === 1);
  // Too long ago; ended by hand.
  await say(session, joinedSignals(hum(0.5), silentSignal(2.5)));
  await until(() => nothings() === 2);
  await say(session, hello);
  await until(() => texts() === 2);
  await say(session, hum(0.5));
  session.flush();
  await until(() => nothings() === 3);
  await say(session, hello);
  session.end();
  const segments = (await finished).flatMap((event) => (event.type === "final" ? [event.segment] : []));
  assert.deepEqual(
    segments.map(({ text }) => text),
    ["hello", "hello", "hello"],
  );
  const [joined, alone, afterFlush] = segments;
  assert.ok(joined && Math.abs(joined.start - 1) < 0.1, "it begins where the first begins");
  for (const one of [alone, afterFlush]) assert.ok(one && one.end - one.start < 1, "it is alone");
});

test("flush makes final what was said so far, with one answer each, in order; the session goes on", async (t) => {
  const { open } = await opened(t);
  const session = await open(live(manual));
  const { finished } = reader(session);
  await session.write(toneSignal("one"));
  session.flush();
  session.flush();
  await session.write(joinedSignals(silentSignal(2), toneSignal("two"), silentSignal(2)));
  session.flush();
  session.end();
  const expected = ["one", "flushed", "flushed", "two", "flushed"];
  assert.deepEqual(
    outline(await finished).filter((one) => !one.startsWith("speech")),
    expected,
  );
});

test("an engine that follows the stream gives hypotheses as partials, and an end where it is told", async (t) => {
  const content = { fake: { input: "frames", text: "one two three four {samples}", spanSeconds: 1 } };
  const { open } = await opened(t, content);
  const session = await open(live(manual));
  const { until, finished } = reader(session);
  for (const text of ["one", "one two", "one two three", "one two three four"]) {
    await session.write(new Float32Array(3200));
    await until((event) => event.type === "partial" && event.text === text);
  }
  session.flush();
  await until(({ type }) => type === "flushed");
  await say(session, new Float32Array(16_000 + 4_000));
  session.end();
  const events = await finished;
  assert.deepEqual(finals(events), ["one two three four 12800", "one two three four 16000", "one two three four 4000"]);
  const stable = events.flatMap((event) => (event.type === "partial" && event.id === 0 ? [event.stable] : []));
  assert.equal(stable.at(-1), "one two three");
});

test("a process that crashes in a decode, of a partial or a final, costs no final and repeats none", async (t) => {
  const content = { fake: { text: "{seconds}", decode: "abort", decodeAt: 3 } };
  const { open } = await opened(t, content);
  const session = await open(live(manual));
  const { until, finished } = reader(session);
  for (let utterance = 0; utterance < 4; utterance += 1) {
    await session.write(toneSignal("a".repeat(5 + 5 * utterance), { silenceSeconds: 0 }));
    session.flush();
    await until((event) => event.type === "final" && event.segment.id === utterance);
  }
  session.end();
  const events = await finished;
  assert.deepEqual(finals(events), ["0.8", "1.6", "2.4", "3.2"]);
  assert.ok(session.summary().replays >= 1);
  assert.equal(events.filter(({ type }) => type === "flushed").length, 4);
});

test("a reader that is slow misses partials and no final, and one that does not read holds the input back", async (t) => {
  const { open } = await opened(t);
  const session = await open(live());
  const word = joinedSignals(toneSignal("abc", { silenceSeconds: 0 }), silentSignal(0.6));
  let written = 0;
  const writing = (async () => {
    for (; written < 200; written += 1) await say(session, word);
    session.end();
  })();
  const events: SessionEvent[] = [];
  for await (const event of session.events()) {
    // The first is read only when nothing moves any more: the places are taken, and so is the window of the process.
    if (events.length === 0) await held(() => written);
    events.push(event);
  }
  await writing;
  assert.equal(finals(events).length, 200);
  assert.ok(events.filter(({ type }) => type === "partial").length < 200);
});

/** Resolves when a number has not changed for a while, and is not the last one. */
async function held(read: () => number): Promise<void> {
  for (let before = -1, same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    same = read() === before ? same + 1 : 0;
    before = read();
  }
  assert.ok(read() < 200, "all was taken although nobody read");
}

const kinds = { segments: "tone", frames: { fake: { input: "frames", text: "x", spanSeconds: 30 } } } as const;
for (const [name, content] of Object.entries(kinds)) {
  test(`of much silence no more than a few minutes are kept: ${name}`, async (t) => {
    const { open } = await opened(t, content);
    const session = await open(live());
    const { finished } = reader(session);
    const before = heldBytes();
    let most = 0;
    const minute = silentSignal(60);
    for (let at = 0; at < 15; at += 1) {
      await session.write(minute);
      most = Math.max(most, heldBytes() - before);
    }
    session.end();
    await finished;
    // All of it is 58 MB.
    assert.ok(most < 25e6, `${most} bytes were held`);
  });
}
