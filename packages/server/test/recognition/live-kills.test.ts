import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { nativeParts, recordings, wordErrorRate } from "../../../../test/fixtures/speech.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { type Clock, systemClock } from "../../dist/pool/system-clock.js";
import type { OpenSession, Session } from "../../dist/recognition/types.js";
import { openFolder, openModel } from "./opened.ts";

type Opened = Awaited<ReturnType<typeof openModel>>;

const live = {
  live: { partials: true, manual: false },
  priority: "live_final",
} as const satisfies Partial<OpenSession>;

/** By default who speaks is at most so far ahead of what is decoded. */
const aheadSamples = 3 * 16_000;

/** A process comes back at once: how long the pool pauses is told by its own tests. */
const restless: Clock = { ...systemClock, after: (seconds, call) => systemClock.after(Math.min(seconds, 0.05), call) };

/** Numbers in [0, 1) that are the same in each run: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const letters = "abcdefghijklmnopqrstuvwxyz";

/** Words of one to six letters with a pause of 0.7 to 0.9 s behind each. */
function speechOf(random: () => number, count: number) {
  const letter = () => letters[Math.floor(random() * letters.length)] ?? "a";
  const words = Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random() * 6) }, letter).join(""),
  );
  const parts = words.flatMap((word) => [toneSignal(word, { silenceSeconds: 0 }), silentSignal(0.7 + random() / 5)]);
  return { words, samples: joinedSignals(silentSignal(0.3), ...parts) };
}

/** One who speaks. */
interface Speaker {
  /** So much was spoken. */
  readonly spoke: (samples: number) => void;
  /** A final came. */
  readonly served: () => void;
  readonly left: () => void;
}

const nothing = () => undefined;
const nobody: Speaker = { spoke: nothing, served: nothing, left: nothing };

/** Kills in a row, without a final between them, that a speaker is to bear. With six a session may give up the model. */
const mostKillsInARow = 3;

/** Ends the process of a model when all that speak to it have come to the next of its places. */
function killer(t: TestContext, { pool, folder }: Opened, places: readonly number[]) {
  const left = places.toSorted((a, b) => a - b);
  /** Of each who speaks: the kills since its last final. */
  const borne = new Map<object, number>();
  let spoken = 0;
  let kills = 0;
  const look = () => {
    const { state, pid } = pool.find(folder) ?? {};
    if (spoken < (left[0] ?? Number.POSITIVE_INFINITY) || state !== "ready" || pid === undefined) return;
    if (Math.max(...borne.values()) >= mostKillsInARow) return;
    left.shift();
    kills += 1;
    for (const [speaker, count] of borne) borne.set(speaker, count + 1);
    process.kill(pid, "SIGKILL");
  };
  t.after(pool.subscribe(look));
  return {
    join(): Speaker {
      const speaker = {
        spoke: (samples: number) => {
          spoken += samples;
          look();
        },
        served: () => {
          borne.set(speaker, 0);
          look();
        },
        left: () => void borne.delete(speaker),
      };
      borne.set(speaker, 0);
      return speaker;
    },
    get kills() {
      return kills;
    },
  };
}

/** The finals of a session whose speaker speaks 100 ms at a time, and waits for those that have come that far. */
async function hear(
  session: Session,
  samples: Float32Array,
  { spoke, served, left }: Speaker,
  ahead = aheadSamples,
): Promise<string[]> {
  const texts: string[] = [];
  let heardTo = 0;
  let wake = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const event of session.events()) {
      if (event.type === "speech_ended") heardTo = event.atSeconds * 16_000;
      if (event.type === "final") {
        assert.equal(event.segment.id, texts.length);
        texts.push(event.segment.text);
        heardTo = Math.max(heardTo, event.segment.end * 16_000);
        served();
      }
      wake.resolve();
      wake = Promise.withResolvers();
    }
  })();
  const until = async (isThere: () => boolean) => {
    while (!isThere()) await Promise.race([wake.promise, reading]);
  };
  for (let at = 0; at < samples.length; at += 1600) {
    const chunk = samples.slice(at, at + 1600);
    await session.write(chunk);
    spoke(chunk.length);
    await until(() => at - heardTo <= ahead);
  }
  session.end();
  await reading;
  left();
  return texts;
}

test("a hundred kills at random points of twenty live sessions: every final once, with its own number", async (t) => {
  const models = 4;
  const sessions = 5;
  const all = Array.from({ length: models }, async (_, model) => {
    const random = seeded(61 + model);
    const speeches = Array.from({ length: sessions }, () => speechOf(random, 12));
    const opened = await openModel(t, "tone", { pool: { clock: restless } });
    const length = speeches.reduce((sum, { samples }) => sum + samples.length, 0);
    const places = Array.from({ length: 100 / models }, () => random() * 0.8 * length);
    const killing = killer(t, opened, places);
    const heard = speeches.map(async ({ samples }) => hear(await opened.open(live), samples, killing.join()));
    assert.deepEqual(
      await Promise.all(heard),
      speeches.map(({ words }) => words),
    );
    return killing.kills;
  });
  const kills = await Promise.all(all);
  assert.equal(
    kills.reduce((sum, count) => sum + count, 0),
    100,
  );
});

test("kills in the middle of people's sentences cost no words", async (t) => {
  const [model, sound, { sileroFile }] = [await testModel("en/tiny"), recordings()?.slice(0, 3), await nativeParts()];
  if ("skip" in model) return t.skip(model.skip);
  if (!sound) return t.skip("the recordings are not there");
  if (sileroFile === "") return t.skip("the detector of speech is not there");
  const assets = { sileroFile, voskLibraryFile: "" };
  const { directory } = model;
  const seams = { pool: { clock: restless } };
  const opened = await openFolder(t, dirname(directory), basename(directory), assets, seams);
  const samples = joinedSignals(...sound.flatMap((one) => [one.samples, silentSignal(1)]));
  const said = sound.map(({ text }) => text).join(" ");
  const random = seeded(7);
  const killing = killer(
    t,
    opened,
    Array.from({ length: 5 }, () => random() * 0.9 * samples.length * 2),
  );
  const errors = async (speaker: Speaker) =>
    wordErrorRate(said, (await hear(await opened.open(live), samples, speaker, 20 * 16_000)).join(" "));
  const undisturbed = await errors(nobody);
  for (const disturbed of await Promise.all([errors(killing.join()), errors(killing.join())])) {
    assert.ok(disturbed <= undisturbed + 0.01, `${disturbed} after ${undisturbed}`);
  }
  assert.equal(killing.kills, 5);
});
