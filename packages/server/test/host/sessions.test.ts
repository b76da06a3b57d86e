import assert from "node:assert/strict";
import { test } from "node:test";
import { windowSamples } from "../../dist/host/parent/window.js";
import { all, burstSeconds, bursts, feed, nextWork, oneWork, rate, startLoaded, tone, transcribe } from "./harness.ts";

const near = (actual: number | undefined, expected: number): void => {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 0.35, `${actual} is not near ${expected}`);
};

test("a loaded host says what its engine can do", async (t) => {
  const host = await startLoaded(t, { words: true, languages: ["zh", "en"], maxSegmentSeconds: 12 });
  assert.deepEqual(await host.loaded, {
    engine: "fake",
    family: "fake",
    languages: ["zh", "en"],
    input: "segments",
    words: true,
    maxSegmentSeconds: 12,
  });
});

test("segments come out in order, with times of the session and words inside them", async (t) => {
  const host = await startLoaded(t, { text: "one two", words: true });
  const spans = await transcribe(host, bursts(4), true);
  assert.equal(spans.length, 4);
  for (const [at, span] of spans.entries()) {
    assert.equal(span.text, "one two");
    near(span.startSeconds, burstSeconds * at);
    near(span.endSeconds, burstSeconds * at + 1);
    assert.deepEqual(
      span.words?.map((word) => word.word),
      ["one", "two"],
    );
    assert.ok((span.words?.[0]?.startSeconds ?? -1) >= burstSeconds * at - 0.5);
    assert.ok((span.words?.[1]?.endSeconds ?? 99) <= burstSeconds * at + 2);
  }
});

test("words that nobody asked for are not given", async (t) => {
  const host = await startLoaded(t, { words: true });
  const [span] = await transcribe(host, bursts(1), false);
  assert.equal(span?.words, undefined);
});

test("an engine of frames gets the stream in its order, a stretch at a time", async (t) => {
  const host = await startLoaded(t, { input: "frames", text: "{index} {samples} {peak}", spanSeconds: 1.5 });
  const samples = new Float32Array(7 * rate);
  for (let second = 0; second < 7; second += 1) samples.set(tone(1, (second + 1) / 10), second * rate);
  const spans = await transcribe(host, samples);
  assert.deepEqual(
    spans.map(({ text, startSeconds, endSeconds }) => [text, startSeconds, endSeconds]),
    [
      ["0 24000 200", 0, 1.5],
      ["1 24000 300", 1.5, 3],
      ["2 24000 500", 3, 4.5],
      ["3 24000 600", 4.5, 6],
      ["4 16000 700", 6, 7],
    ],
  );
});

test("calls of one recogniser of frames never overlap", async (t) => {
  const host = await startLoaded(t, { input: "frames" });
  const session = host.open({ words: false });
  await feed(session, tone(3));
  const works = session.works()[Symbol.asyncIterator]();
  const first = await works.next();
  assert.ok(!first.done);
  let secondIsThere = false;
  const second = works.next().then((result) => {
    secondIsThere = true;
    return result;
  });
  // Another session goes all the way meanwhile: the second piece of this one was not announced before.
  await transcribe(host, tone(1));
  assert.equal(secondIsThere, false);
  await first.value.run();
  assert.equal((await second).done, false);
  session.cancel();
});

test("input without speech is no work, and empty input neither", async (t) => {
  const host = await startLoaded(t, {});
  assert.deepEqual(await transcribe(host, new Float32Array(5 * rate)), []);
  assert.deepEqual(await transcribe(host, new Float32Array(0)), []);
});

test("an engine of frames gets the end of empty input", async (t) => {
  const host = await startLoaded(t, { input: "frames" });
  const session = host.open({ words: false });
  session.end();
  const works = await all(session);
  assert.deepEqual(
    works.map((work) => work.audioSeconds),
    [0],
  );
  assert.deepEqual((await works[0]?.run())?.results, []);
});

test("a sample that is no number does no harm", async (t) => {
  const host = await startLoaded(t, { input: "frames", text: "{samples}" });
  const spans = await transcribe(host, new Float32Array(rate).fill(Number.NaN));
  assert.deepEqual(
    spans.map((span) => span.text),
    ["16000"],
  );
});

for (const input of ["segments", "frames"] as const) {
  test(`a hundred sessions at once, mixed on one pipe, keep their own samples and order: ${input}`, async (t) => {
    const host = await startLoaded(t, { input, text: "{peak}", decodeMs: 3, spanSeconds: burstSeconds });
    const sessions = Array.from({ length: 100 }, async (_, at) => {
      const spans = await transcribe(host, bursts(3, (at + 20) / 200));
      assert.deepEqual(
        spans.map((span) => span.text),
        Array.from({ length: 3 }, () => String((at + 20) * 5)),
      );
      for (const [place, span] of spans.entries()) near(span.startSeconds, burstSeconds * place);
    });
    await Promise.all(sessions);
  });
}

test("work that was granted together runs together", async (t) => {
  const host = await startLoaded(t, { decode: "ok", decodeMs: 100, text: "{index}" });
  const session = host.open({ words: false });
  await feed(session, bursts(3));
  const works = await all(session);
  const order: string[] = [];
  await Promise.all(
    works.toReversed().map(async (work) => {
      const { results } = await work.run();
      order.push(`${work.number}:${results[0]?.text}`);
    }),
  );
  assert.deepEqual(order.toSorted(), ["0:2", "1:1", "2:0"]);
});

test("running the same work twice is one run", async (t) => {
  const host = await startLoaded(t, { text: "{index}" });
  const { work } = await oneWork(host);
  const [once, again] = await Promise.all([work.run(), work.run()]);
  assert.equal(once, again);
  assert.equal(once.results[0]?.text, "0");
});

test("a writer whose work nobody runs is held back, and goes on when it is run", async (t) => {
  const host = await startLoaded(t, {});
  const session = host.open({ words: false });
  const window = windowSamples(1, await host.loaded);
  const totalSamples = 60 * 60 * rate;
  const chunk = bursts(10);
  let sent = 0;
  let peakBytes = 0;
  let ended = false;
  const writing = (async () => {
    while (sent < totalSamples) {
      await session.write(chunk);
      sent += chunk.length;
      peakBytes = Math.max(peakBytes, host.memoryBytes);
      assert.ok(sent - session.consumedSamples <= window, "no more is under way than the window");
    }
    session.end();
    ended = true;
  })();
  const works = session.works()[Symbol.asyncIterator]();
  const held = [];
  // As many as there are in a full window; the last ones may still be open at its edge.
  while (held.length < window / rate / burstSeconds - 3) {
    const next = await works.next();
    assert.ok(!next.done);
    held.push(next.value);
  }
  assert.equal(ended, false);
  assert.ok(sent <= window);
  for (const work of held) await work.run();
  for (let next = await works.next(); !next.done; next = await works.next()) await next.value.run();
  await writing;
  assert.equal(session.consumedSamples, totalSamples);
  assert.ok(peakBytes < 200e6, `an hour of samples is 230 MB, the host never had more than ${peakBytes}`);
});

test("an error in one decode fails its session alone", async (t) => {
  const host = await startLoaded(t, { decode: "throw", decodeAt: 2, text: "{index}" });
  const good = await oneWork(host);
  const bad = await oneWork(host);
  const other = await oneWork(host);
  assert.equal((await good.work.run()).results[0]?.text, "0");
  await assert.rejects(bad.work.run(), {
    reason: "decode_failed",
    details: { model_path: "model/fake", detail: "this engine throws, as its fake.json says" },
  });
  await assert.rejects(bad.session.write(tone(1)), { reason: "decode_failed" });
  await assert.rejects(all(bad.session), { reason: "decode_failed" });
  assert.equal((await other.work.run()).results[0]?.text, "2");
  assert.equal((await transcribe(host, bursts(2))).length, 2);
});

test("an error of a recogniser of frames fails its session alone", async (t) => {
  const host = await startLoaded(t, { input: "frames", decode: "throw", decodeAt: 1 });
  await assert.rejects(transcribe(host, tone(2)), { reason: "decode_failed" });
  assert.equal((await transcribe(host, tone(2))).length, 2);
});

test("write() after end() is misuse", async (t) => {
  const host = await startLoaded(t, {});
  const session = host.open({ words: false });
  session.end();
  await assert.rejects(session.write(tone(1)), TypeError);
});

for (const input of ["segments", "frames"] as const) {
  test(`a session can be cancelled at any time, twice, and the host goes on: ${input}`, async (t) => {
    const host = await startLoaded(t, { input, decodeMs: 50, text: "{peak}" });
    const cancelled = { reason: "request_cancelled" };

    const untouched = host.open({ words: false });
    untouched.cancel();
    untouched.cancel();
    await assert.rejects(all(untouched), cancelled);
    await assert.rejects(untouched.write(tone(1)), cancelled);

    const writing = host.open({ words: false });
    const blocked = writing.write(tone(500));
    const waiting = all(writing);
    writing.cancel();
    await assert.rejects(blocked, cancelled);
    await assert.rejects(waiting, cancelled);

    const announced = await oneWork(host);
    announced.session.cancel();
    await assert.rejects(announced.work.run(), cancelled);

    const running = await oneWork(host);
    const run = running.work.run();
    running.session.cancel();
    await assert.rejects(run, cancelled);

    const finished = host.open({ words: false });
    await feed(finished, bursts(1));
    await Promise.all((await all(finished, (work) => void work.run())).map((work) => work.run()));
    finished.cancel();

    const spans = await transcribe(host, bursts(2, 0.25));
    assert.equal(spans.filter((span) => span.text === "250").length, 2);
  });
}

test("a cancelled session that was held back by its window frees what it held", async (t) => {
  const host = await startLoaded(t, {});
  const samples = bursts(80);
  for (let round = 0; round < 30; round += 1) {
    const session = host.open({ words: false });
    const blocked = session.write(samples);
    await nextWork(session);
    session.cancel();
    await assert.rejects(blocked, { reason: "request_cancelled" });
  }
  await transcribe(host, bursts(1));
  assert.ok(host.memoryBytes < 250e6, `thirty windows are 230 MB, the host has ${host.memoryBytes}`);
});
