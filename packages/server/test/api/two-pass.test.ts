import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { LiveOptions, ModelStatsAnswer, Stats } from "@voxpool/client/contract";
import { familyFixtures } from "../../../../test/fixtures/tone-families.ts";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import { streamingFixtures } from "../../../../test/fixtures/tone-streaming.ts";
import type { LiveOutput, LiveSession } from "../../dist/api/types.js";
import type { Parts } from "../../dist/compose/compose.js";
import { caller, composed, listen, openWith, s16le, textsOf } from "./live-api.ts";

const fixture = (fixtures: typeof familyFixtures, name: string) => {
  const found = fixtures.find(({ family }) => family === name);
  assert.ok(found);
  return found;
};
/** Both hear the same tones; one writes letters, the other characters: so it is seen who heard what. */
const offline = fixture(familyFixtures, "zipformer-ctc");
const streaming = fixture(streamingFixtures, "transducer");
const written = (letters: string): string => streaming.writes?.(letters) ?? letters;
const sung = (letters: string): Float32Array => streaming.signal(letters);

const models = {
  main(directory: string) {
    offline.write(directory);
    // Tones are no speech to a detector that knows voices.
    writeFileSync(join(directory, "voxpool.json"), JSON.stringify({ segmenter: "energy" }));
  },
  fast: (directory: string) => streaming.write(directory),
  small: { fake: { text: "small {seconds}", languages: ["en"] } },
  chinese: { fake: { text: "中文", languages: ["zh"] } },
  crashing: { fake: { input: "frames", text: "one two three four", spanSeconds: 60, decode: "abort", decodeAt: 2 } },
} as const;

const partialsOf = (events: readonly LiveOutput[]) => events.filter((event) => event.type === "partial");
const finalsOf = (events: readonly LiveOutput[]) => events.filter((event) => event.type === "final");
const warningsOf = (events: readonly LiveOutput[]) => events.filter((event) => event.type === "warning");
const isText = (text: string) => (event: LiveOutput) => event.type === "partial" && event.text === text;

/** As a microphone gives it, 100 ms at a time. */
async function say(session: LiveSession, samples: Float32Array): Promise<void> {
  for (let at = 0; at < samples.length; at += 1600) await session.write(s16le(samples.slice(at, at + 1600)));
}

describe("a fast model for partials", () => {
  let parts: Parts;
  const closing: (() => unknown)[] = [];
  before(async () => {
    parts = await composed({ after: (close: () => unknown) => closing.push(close) }, models, {
      "live.partials_model": "fast",
    });
  });
  after(async () => {
    for (const close of closing.toReversed()) await close();
  });

  const pathOf = (id: string): string => join(parts.configuredDefault, "..", id);
  const open = (options: LiveOptions = {}, id = "main") =>
    openWith(parts, id, { partials_model: pathOf("fast"), endpointing: { silence_ms: 2000 }, ...options });
  const lifeOfAll = async () => (await parts.http.inject("/api/models/stats")).json<Stats>().total.life;
  const lifeOf = async (id: string) =>
    (await parts.http.inject(`/api/models/stats/${pathOf(id)}`)).json<ModelStatsAnswer>().stats.life;
  const used = async (id: string): Promise<number> => {
    const { api } = parts;
    const status = await api.modelStatus(pathOf(id), caller);
    return status.success ? status.status.usage_count : 0;
  };

  test("gives the text while somebody speaks, and the session's own model the finals that replace it", async () => {
    const [mainUses, fastUses] = [await used("main"), await used("fast")];
    const session = await open();
    assert.equal(session.model.model_path, pathOf("main"));
    assert.equal(session.model.partials_model_path, pathOf("fast"));
    const { until, finished } = listen(session);
    for (const word of ["hello", "fox"]) {
      await say(session, joinedSignals(sung(word), silentSignal(1)));
      await until(isText(written(word)));
      await say(session, silentSignal(2));
      await until((event) => event.type === "final" && event.segment.text === word);
    }
    session.end();
    const events = await finished;
    assert.deepEqual(textsOf(events), ["hello", "fox"]);
    assert.deepEqual(warningsOf(events), []);
    for (const [at, final] of finalsOf(events).entries()) {
      assert.equal(final.segment.id, at);
      const own = partialsOf(events).filter((partial) => partial.segment_id === at);
      assert.ok(own.length > 0);
      for (const { text, stable, start } of own) {
        assert.ok(written(final.segment.text).startsWith(text), text);
        assert.equal(stable, "");
        assert.ok(Math.abs(start - final.segment.start) < 0.5, `${start} is not ${final.segment.start}`);
      }
      const place = events.indexOf(final);
      assert.ok(own.every((partial) => events.indexOf(partial) < place));
    }
    assert.deepEqual([await used("main"), await used("fast")], [mainUses + 1, fastUses + 1]);
  });

  test("is a small model that decodes whole utterances as well", async () => {
    const session = await open({ partials_model: pathOf("small") });
    const { until, finished } = listen(session);
    await say(session, joinedSignals(sung("hello"), silentSignal(1)));
    await until((event) => event.type === "partial" && event.text.startsWith("small"));
    session.end();
    assert.deepEqual(textsOf(await finished), ["hello"]);
  });

  test("gives none to who wants none, or wants the own model's", async () => {
    for (const options of [{ partials: false }, { partials_model: "" }, { partials_model: pathOf("main") }]) {
      const session = await open(options);
      assert.equal(session.model.partials_model_path, undefined);
      const { finished } = listen(session);
      await say(session, joinedSignals(sung("hello"), silentSignal(1)));
      session.end();
      const events = await finished;
      assert.deepEqual(textsOf(events), ["hello"]);
      assert.deepEqual(warningsOf(events), []);
      assert.ok(partialsOf(events).every(({ text }) => "hello".startsWith(text)));
    }
  });

  const unusable = [
    { why: "is not there", id: "absent", says: /no model/ },
    { why: "does not know the language", id: "chinese", says: /zh/ },
  ];
  for (const { why, id, says } of unusable) {
    test(`that ${why} is told once, and the session's own gives the partials`, async () => {
      const session = await open({ partials_model: pathOf(id), language: "en" }, "small");
      assert.equal(session.model.partials_model_path, undefined);
      const { until, finished } = listen(session);
      await say(session, joinedSignals(sung("hello"), silentSignal(1)));
      await until((event) => event.type === "partial" && event.text.startsWith("small"));
      session.end();
      const warned = warningsOf(await finished);
      assert.deepEqual(
        warned.map(({ reason }) => reason),
        ["partials_model_unavailable"],
      );
      assert.match(warned[0]?.message ?? "", says);
    });
  }

  test("that crashes in mid-sentence is told once, and takes nothing with it", async () => {
    const session = await open({ partials_model: pathOf("crashing") });
    const { until, finished } = listen(session);
    await say(session, sung("hello"));
    await until(({ type }) => type === "warning");
    await say(session, silentSignal(1));
    await until(isText("hello"));
    session.end();
    const events = await finished;
    assert.deepEqual(textsOf(events), ["hello"]);
    assert.deepEqual(
      warningsOf(events).map(({ reason }) => reason),
      ["partials_model_unavailable"],
    );
  });

  test("whose process stops holds up neither partials that were nor the final", async () => {
    const session = await open();
    const folder = parts.pool.list().find(({ folder: { modelPath } }) => modelPath === pathOf("fast"))?.folder;
    assert.ok(folder);
    const pid = parts.pool.find(folder)?.pid as number;
    process.kill(pid, "SIGSTOP");
    const { until, finished } = listen(session);
    await say(session, joinedSignals(sung("hello"), silentSignal(5), sung("fox"), silentSignal(5)));
    await until((event) => event.type === "final" && event.segment.text === "fox");
    process.kill(pid, "SIGCONT");
    session.end();
    assert.deepEqual(textsOf(await finished), ["hello", "fox"]);
  });

  test("that is unloaded by force gives its place back", async () => {
    const session = await open();
    const { until, finished } = listen(session);
    await say(session, joinedSignals(sung("hello"), silentSignal(1)));
    await until(isText(written("hello")));
    await parts.api.unloadModel({ model_path: pathOf("fast"), force: true }, caller);
    await say(session, sung("fox"));
    await until(({ type }) => type === "warning");
    session.end();
    const events = await finished;
    assert.equal(textsOf(events).join(""), "hellofox");
    assert.equal(warningsOf(events).length, 1);
  });

  test("counts for itself in the statistics, and is no recognition more", async () => {
    const [all, main, fast] = [await lifeOfAll(), await lifeOf("main"), await lifeOf("fast")];
    const session = await open();
    const { until, finished } = listen(session);
    const audio = joinedSignals(sung("hello"), silentSignal(1));
    await say(session, audio);
    await until(isText(written("hello")));
    session.end();
    await finished;
    for (const [id, earlier] of [["main", main] as const, ["fast", fast] as const]) {
      const now = await lifeOf(id);
      assert.equal(now.requests, earlier.requests + 1, id);
      assert.ok(Math.abs(now.audio_seconds - earlier.audio_seconds - audio.length / 16_000) < 0.01, id);
    }
    assert.equal((await lifeOfAll()).requests, all.requests + 1);
  });

  test("may be switched while somebody speaks", async () => {
    await parts.api.setAlias({ alias: "quick", model_path: pathOf("fast") }, caller);
    const session = await open({ partials_model: "quick" });
    const { until, finished } = listen(session);
    await say(session, joinedSignals(sung("hello"), silentSignal(1)));
    await until(isText(written("hello")));
    await parts.api.setAlias({ alias: "quick", model_path: pathOf("small") }, caller);
    await say(session, silentSignal(2));
    await until(({ type }) => type === "final");
    await say(session, joinedSignals(sung("fox"), silentSignal(1)));
    await until((event) => event.type === "partial" && event.segment_id === 1);
    session.end();
    const events = await finished;
    assert.deepEqual(textsOf(events), ["hello", "fox"]);
    assert.deepEqual(warningsOf(events), []);
  });
});
