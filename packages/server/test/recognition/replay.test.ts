import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { VoxpoolError } from "../../dist/base/errors.js";
import { transcribeChannels } from "../../dist/recognition/channels.js";
import { transcribe } from "../../dist/recognition/transcribe.js";
import type { ReplayNotice, Segment, Session, SessionEvent } from "../../dist/recognition/types.js";
import { somebody } from "../pool/pool-parts.ts";
import { openModel } from "./opened.ts";

type Opened = Awaited<ReturnType<typeof openModel>>;

const letters = "abcdefghijklmnopqrstuvwxyz";

/** No two are alike, so that a loss or a repeat shows. */
const wordOf = (index: number) => `${letters[index % 26]}${letters[Math.floor(index / 26)]}x`;

/** So many words, a pause after each. */
const words = (count: number, pauseSeconds = 1) =>
  joinedSignals(
    ...Array.from({ length: count }, (_, index) =>
      joinedSignals(toneSignal(wordOf(index)), silentSignal(pauseSeconds)),
    ),
  );

async function* inChunks(samples: Float32Array, size = 8_000): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; at += size) yield samples.slice(at, at + size);
}

const textOf = (segments: readonly Segment[]) => segments.map(({ text }) => text).join("");

function signal({ pool, folder }: Opened, name: NodeJS.Signals): void {
  const pid = pool.find(folder)?.pid;
  if (pid !== undefined && pool.find(folder)?.state === "ready") process.kill(pid, name);
}

/** The segments of a session; `seen` is told of each. Events are numbered without gaps, progress never goes back. */
async function read(
  session: Session,
  samples: AsyncIterable<Float32Array>,
  seen: (segment: Segment) => void = () => undefined,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  let number = 0;
  let processedSeconds = 0;
  for await (const event of transcribe(session, samples)) {
    assert.equal(event.number, ++number);
    if (event.type === "progress") {
      assert.ok(event.processedSeconds >= processedSeconds);
      ({ processedSeconds } = event);
      continue;
    }
    assert.ok(event.type === "final");
    assert.equal(event.segment.id, segments.length);
    segments.push(event.segment);
    seen(event.segment);
  }
  return segments;
}

for (const vad of ["on", "off", "trim"] as const) {
  test(`vad=${vad}: a long recording whose process is killed again and again is read as if nothing had happened`, async (t) => {
    const opened = await openModel(t, "tone");
    // Without pauses long enough to cut at, so that what grows too long is cut as well.
    const samples = joinedSignals(words(20), words(30, 0), silentSignal(3), words(10));
    const options = { vad, words: "wanted" } as const;
    const undisturbed = await read(await opened.open(options), inChunks(samples));
    const session = await opened.open(options);
    const every = Math.ceil(undisturbed.length / 8);
    const segments = await read(session, inChunks(samples), ({ id }) => {
      if (id % every === 0) signal(opened, "SIGKILL");
    });
    // Where silence is cut off, a pause at the place where it is taken up is taken for the beginning.
    if (vad === "trim") assert.equal(textOf(segments), textOf(undisturbed));
    else assert.deepEqual(segments, undisturbed);
    assert.ok(session.summary().replays >= 3, `${session.summary().replays} replays`);
  });
}

test("an engine that follows the stream is taken up behind its last utterance", async (t) => {
  const content = { fake: { input: "frames", text: "{samples} {peak}", spanSeconds: 1.5, words: true } };
  const opened = await openModel(t, content);
  const samples = Float32Array.from({ length: 60 * 16_000 }, (_, at) => Math.floor(at / 16_000) / 100);
  const undisturbed = await read(await opened.open({ words: "wanted" }), inChunks(samples));
  assert.equal(undisturbed.length, 40);
  const session = await opened.open({ words: "wanted" });
  const segments = await read(session, inChunks(samples), ({ id }) => {
    if (id % 9 === 3) signal(opened, "SIGKILL");
  });
  assert.deepEqual(segments, undisturbed);
  assert.ok(session.summary().replays >= 2);
});

test("a process that is stopped is replaced, and nobody is blamed", async (t) => {
  const notices: ReplayNotice[] = [];
  const recognition = { onReplay: (notice: ReplayNotice) => notices.push(notice) };
  const opened = await openModel(t, "tone", { pool: { hangSeconds: 1 }, recognition });
  const segments = await read(await opened.open(), inChunks(words(12)), ({ id }) => {
    if (id === 4) signal(opened, "SIGSTOP");
  });
  assert.deepEqual(
    segments.map(({ text }) => text),
    Array.from({ length: 12 }, (_, index) => wordOf(index)),
  );
  assert.deepEqual(
    notices.map(({ blame, client, folder }) => [blame, client, folder.id]),
    [["outside", "a", "one"]],
  );
});

test("twenty sessions at once while their process is killed ten times: every word, and no word twice", async (t) => {
  const opened = await openModel(t, "tone");
  const count = 8;
  let given = 0;
  let kills = 0;
  const seen = () => {
    if (++given % 15 !== 0 || kills === 10) return;
    kills++;
    signal(opened, "SIGKILL");
  };
  const all = Array.from({ length: 20 }, async (_, client) => {
    const session = await opened.open({ client: `c${client}` });
    return (await read(session, inChunks(words(count)), seen)).map(({ text }) => text);
  });
  const expected = Array.from({ length: count }, (_, index) => wordOf(index));
  for (const texts of await Promise.all(all)) assert.deepEqual(texts, expected);
  assert.equal(kills, 10);
  assert.deepEqual(opened.scheduler.snapshot(), { running: 0, waiting: 0, waitingAudioSeconds: 0 });
});

test("split channels survive as well, in one timeline", async (t) => {
  const opened = await openModel(t, "tone");
  const channels = [words(8), joinedSignals(silentSignal(0.7), words(8))];
  const chunks = async function* () {
    for (let at = 0; at < Math.max(...channels.map(({ length }) => length)); at += 16_000) {
      yield channels.map((samples) => samples.slice(at, at + 16_000));
    }
  };
  const readBoth = async (seen: (event: SessionEvent) => void) => {
    const sessions = [await opened.open(), await opened.open({ isPart: true })];
    const finals: Segment[] = [];
    for await (const event of transcribeChannels(sessions, chunks())) {
      seen(event);
      if (event.type === "final") finals.push(event.segment);
    }
    return finals;
  };
  const undisturbed = await readBoth(() => undefined);
  assert.equal(undisturbed.length, 16);
  const finals = await readBoth((event) => {
    if (event.type === "final" && event.segment.id % 5 === 2) signal(opened, "SIGKILL");
  });
  assert.deepEqual(finals, undisturbed);
});

test("a writer waits while its session is taken up, and an end that comes meanwhile is kept", async (t) => {
  const opened = await openModel(t, "tone", { pool: { warmUp: async () => undefined } });
  const session = await opened.open();
  const reading = Array.fromAsync(session.events());
  await session.write(words(3));
  signal(opened, "SIGKILL");
  const more = session.write(words(2));
  session.end();
  await more;
  const texts = (await reading).flatMap((event) => (event.type === "final" ? [event.segment.text] : []));
  assert.deepEqual(texts, [0, 1, 2, 0, 1].map(wordOf));
  await assert.rejects(session.write(words(1)), TypeError);
});

/** A session whose process was killed, and does not come back before `comeBack`; a writer waits. */
async function openInterrupted(t: TestContext) {
  let loads = 0;
  const gate = Promise.withResolvers<void>();
  const restarting = Promise.withResolvers<void>();
  const warmUp = async () => {
    if (++loads === 1) return;
    restarting.resolve();
    await gate.promise;
  };
  const opened = await openModel(t, "tone", { pool: { warmUp } });
  const leaving = new AbortController();
  const session = await opened.open({ signal: leaving.signal });
  const events = session.events()[Symbol.asyncIterator]();
  await session.write(words(2));
  await events.next();
  signal(opened, "SIGKILL");
  await restarting.promise;
  const writing = session.write(words(1));
  return { ...opened, session, events, leaving, writing, comeBack: gate.resolve };
}

/** Nothing of a session is left. */
async function assertGone({ pool, folder, scheduler }: Opened): Promise<void> {
  await pool.load(folder);
  assert.equal(pool.find(folder)?.sessions, 0);
  assert.equal(scheduler.snapshot().running + scheduler.snapshot().waiting, 0);
}

for (const [how, reason] of [
  ["is cancelled", "audio_too_long"],
  ["loses its caller", "request_cancelled"],
] as const) {
  test(`a session that ${how} while it is taken up ends at once`, async (t) => {
    const interrupted = await openInterrupted(t);
    const { session, events, leaving, writing, comeBack } = interrupted;
    const refused = Promise.all([
      assert.rejects(writing, { reason }),
      assert.rejects(Array.fromAsync({ [Symbol.asyncIterator]: () => events }), { reason }),
    ]);
    if (reason === "audio_too_long") session.cancel(new VoxpoolError(reason, {}));
    else leaving.abort();
    await refused;
    comeBack();
    await assertGone(interrupted);
  });
}

test("a reader that stops while its session is taken up ends it", async (t) => {
  const interrupted = await openInterrupted(t);
  const { events, writing, comeBack } = interrupted;
  const refused = assert.rejects(writing, { reason: "request_cancelled" });
  await events.return?.();
  await refused;
  comeBack();
  await assertGone(interrupted);
});

test("a session whose model is unloaded by force and then dies goes on in a new instance", async (t) => {
  const opened = await openModel(t, "tone");
  const { pool, folder } = opened;
  const { pid } = { pid: 0, ...(await pool.load(folder)) };
  let unloaded: Promise<unknown> | undefined;
  const segments = await read(await opened.open(), inChunks(words(12)), ({ id }) => {
    if (id !== 3) return;
    unloaded = pool.unload(folder, somebody, { force: true });
    process.kill(pid, "SIGKILL");
  });
  await unloaded;
  assert.deepEqual(
    segments.map(({ text }) => text),
    Array.from({ length: 12 }, (_, index) => wordOf(index)),
  );
  assert.equal(pool.find(folder)?.sessions, 0);
});

test("a model that keeps ending ends a session with what its breaker says", async (t) => {
  const opened = await openModel(t, { fake: { decode: "abort", decodeMs: 50 } });
  const sessions = await Promise.all(Array.from({ length: 8 }, () => opened.open()));
  const outcomes = await Promise.allSettled(
    sessions.map((session, index) => read(session, inChunks(joinedSignals(silentSignal(index / 10), words(1))))),
  );
  for (const outcome of outcomes) {
    assert.equal(outcome.status, "rejected");
    assert.match(outcome.reason.reason, /^(request_poisonous|model_unavailable)$/);
  }
});
