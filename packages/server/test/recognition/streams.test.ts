import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import { soundsLike, streamingFixtures } from "../../../../test/fixtures/tone-streaming.ts";
import type { OpenSession, Session, SessionEvent } from "../../dist/recognition/types.js";
import { scratchDirectory } from "../base/scratch.ts";
import { openFolder } from "./opened.ts";

const live: Partial<OpenSession> = { live: { partials: true, manual: false }, priority: "live_final" };

/** A streaming tone model behind a real pool, in a process of its own. */
async function openStreaming(t: TestContext, family: string) {
  const fixture = streamingFixtures.find((one) => one.family === family);
  assert.ok(fixture);
  const modelDir = join(scratchDirectory(t), "model");
  fixture.write(join(modelDir, "one"));
  const opened = await openFolder(t, modelDir, "one");
  const written = (letters: string): string => fixture.writes?.(letters) ?? letters;
  return { ...opened, signal: fixture.signal, written };
}

/** As a microphone gives it, 100 ms at a time; with all that it says. */
async function eventsOf(session: Session, samples: Float32Array): Promise<SessionEvent[]> {
  const events = Array.fromAsync(session.events());
  for (let at = 0; at < samples.length; at += 1600) await session.write(samples.slice(at, at + 1600));
  session.end();
  return events;
}

const finals = (events: readonly SessionEvent[]): string[] =>
  events.flatMap((event) => (event.type === "final" ? [event.segment.text] : []));

for (const { family } of streamingFixtures) {
  test(`${family}: a live session tells partials and finals with their times`, async (t) => {
    const { open, signal, written } = await openStreaming(t, family);
    const speech = joinedSignals(signal("thequickbrown"), silentSignal(1.5), signal("fox"), silentSignal(1.5));
    const events = await eventsOf(await open({ ...live, words: "wanted" }), speech);
    assert.deepEqual(finals(events), ["thequickbrown", "fox"].map(written));
    const first = events.findIndex(({ type }) => type === "final");
    const partials = events.slice(0, first).flatMap((event) => (event.type === "partial" ? [event.text] : []));
    assert.ok(partials.length > 1 && partials.every((text) => written("thequickbrown").startsWith(text)));
    const segments = events.flatMap((event) => (event.type === "final" ? [event.segment] : []));
    for (const { start, end, words = [] } of segments) {
      assert.ok(start < end && words[0]?.start === start);
    }
    const begins = (segments[1]?.start ?? 0) - (joinedSignals(signal("thequickbrown")).length / 16_000 + 2);
    assert.ok(Math.abs(begins) < 0.1, `${begins} s beside its place`);
  });
}

test("a recording goes through a streaming model as well", async (t) => {
  const { open, signal } = await openStreaming(t, "nemo-ctc");
  const session = await open();
  const events = Array.fromAsync(session.events());
  await session.write(joinedSignals(signal("hello"), silentSignal(30), signal("fox")));
  session.end();
  assert.deepEqual(finals(await events), ["hello", "fox"]);
});

test("sixty live sessions at once hear each their own, and give all permits back", async (t) => {
  const { open, signal, written, scheduler } = await openStreaming(t, "transducer");
  const texts = ["hello", "fox", "quick", "abc"];
  const many = Array.from({ length: 60 }, (_, index) => texts[index % texts.length] ?? "");
  const heard = await Promise.all(
    many.map(async (text, index) =>
      finals(await eventsOf(await open({ ...live, client: `${index % 7}` }), signal(text))),
    ),
  );
  assert.deepEqual(heard.flat(), many.map(written));
  assert.deepEqual(scheduler.snapshot(), { running: 0, waiting: 0, waitingAudioSeconds: 0 });
});

test("hotwords reach the model, each session's own", async (t) => {
  const { open, signal } = await openStreaming(t, "transducer");
  const heard = await Promise.all(
    [undefined, [soundsLike.alike]].map(async (hotwords) =>
      finals(await eventsOf(await open({ ...live, ...(hotwords && { hotwords }) }), signal("a"))),
    ),
  );
  assert.deepEqual(heard, [[soundsLike.heard], [soundsLike.alike]]);
});
