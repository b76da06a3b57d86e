import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it, test } from "node:test";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { joinedSignals, silentSignal } from "../../../../test/fixtures/tone-model.ts";
import { soundsLike, streamingFixtures } from "../../../../test/fixtures/tone-streaming.ts";
import { detect } from "../../dist/engine/detect/detect.js";
import { preflight } from "../../dist/engine/detect/preflight.js";
import type { FrameEngine, LiveSettings, RecognizedSpan, SessionOptions } from "../../dist/engine/engine.js";
import { Batches } from "../../dist/engine/sherpa-online/batches.js";
import { Halved } from "../../dist/engine/sherpa-online/halved.js";
import { unitsOf } from "../../dist/engine/sherpa-online/hotwords.js";
import { loadSherpaOnline } from "../../dist/engine/sherpa-online/sherpa-online.js";
import { OnlineUtterance } from "../../dist/engine/sherpa-online/utterance.js";
import { folderWith } from "./model-files.ts";

const assets = { sileroFile: "", voskLibraryFile: "" };
const live: LiveSettings = { partials: true, manual: false };

for (const fixture of streamingFixtures) {
  describe(`sherpa-online: ${fixture.family} (a tone model)`, () => {
    let engine: FrameEngine;
    const written = (letters: string): string => fixture.writes?.(letters) ?? letters;
    const hello = fixture.signal("hello");
    const fox = fixture.signal("fox");

    before(async () => {
      const folder = newFolder();
      fixture.write(folder);
      const spec = await detect(folder);
      await preflight(spec);
      const loaded = await loadSherpaOnline(spec, assets);
      assert.ok(loaded.input === "frames");
      engine = loaded;
    });

    it("ends an utterance after the pause that the session wishes", async () => {
      const signal = joinedSignals(hello, silentSignal(1), fox, silentSignal(3));
      const texts = async (settings: Partial<LiveSettings>) =>
        (await recognise(signal, { words: false, live: { ...live, ...settings } })).map(({ text }) => text);
      assert.deepEqual(await texts({ silenceSeconds: 0.5 }), ["hello", "fox"].map(written));
      assert.deepEqual(await texts({}), ["hello", "fox"].map(written));
      assert.deepEqual(await texts({ silenceSeconds: 2.2 }), ["hellofox"].map(written));
      assert.deepEqual(await texts({ manual: true }), ["hellofox"].map(written));
    });

    it("places utterances in the session, across pauses, ends by hand and silence", async () => {
      const recognizer = engine.open({ words: true, live });
      const spans: RecognizedSpan[] = [];
      await recognizer.accept(silentSignal(10));
      spans.push(...(await recognizer.accept(hello)));
      const flushed = await recognizer.flush?.();
      if (flushed !== undefined) spans.push(flushed);
      spans.push(...(await recognizer.accept(joinedSignals(silentSignal(5), fox, silentSignal(2)))));
      const rest = await recognizer.finish();
      recognizer.close();
      assert.equal(rest, undefined);
      assert.deepEqual(
        spans.map(({ text }) => text),
        ["hello", "fox"].map(written),
      );
      const helloAt = 10 + 0.5;
      const foxAt = 10 + hello.length / 16_000 + 5 + 0.5;
      for (const [index, at] of [helloAt, foxAt].entries()) {
        const span = spans[index];
        assert.ok(span);
        const { startSeconds, endSeconds, words = [] } = span;
        assert.ok(Math.abs(startSeconds - at) < 0.1, `${startSeconds} for ${at}`);
        assert.equal(words[0]?.startSeconds, startSeconds);
        assert.ok(endSeconds > startSeconds && endSeconds < at + 1.2);
      }
    });

    it("says more and more of an utterance, and nothing of one that is over", async () => {
      const recognizer = engine.open({ words: true, live });
      const signal = joinedSignals(fixture.signal("thequickbrownfox"), silentSignal(2));
      let last = "";
      for (let at = 0; at < signal.length; at += 1600) {
        const ended = await recognizer.accept(signal.subarray(at, at + 1600));
        const { text = "", startSeconds = 0, endSeconds = 0 } = recognizer.hypothesis?.() ?? {};
        if (ended.length > 0) {
          assert.equal(ended[0]?.text, written("thequickbrownfox"));
          assert.equal(text, "");
          last = "";
        }
        assert.ok(text.startsWith(last) && startSeconds <= endSeconds, `${last} became ${text}`);
        last = text;
      }
      recognizer.close();
    });

    it("ends an utterance without a pause after 20 s", async () => {
      const letters = "abcdefghij".repeat(15);
      const spans = await recognise(fixture.signal(letters), { words: false, live: { ...live, manual: true } });
      assert.ok(spans.length === 2 && spans.every(({ startSeconds, endSeconds }) => endSeconds - startSeconds <= 20.7));
      // A letter that is under way at the seam may be heard on both sides of it, or on none.
      const heard = spans.map(({ text }) => text).join("");
      assert.ok(Math.abs(heard.length - letters.length) <= 1, heard);
    });

    it("decodes many streams together without mixing them up", async () => {
      const texts = ["hello", "fox", "abc", "quick", ""];
      const many = Array.from({ length: 60 }, (_, index) => texts[index % texts.length] ?? "");
      const heard = await Promise.all(many.map((text) => recognise(fixture.signal(text), { words: true })));
      assert.deepEqual(
        heard.map((spans) => spans.map(({ text }) => text).join(" ")),
        many.map(written),
      );
    });

    it("refuses calls that overlap, and calls after the end, and survives being closed in the middle", async () => {
      const recognizer = engine.open({ words: true });
      const running = recognizer.accept(hello);
      await assert.rejects(recognizer.accept(hello), /overlap/);
      await running;
      recognizer.close();
      recognizer.close();
      await assert.rejects(recognizer.finish(), /closed/);
      const left = Array.from({ length: 20 }, () => engine.open({ words: true }));
      const decodes = left.map((one) => one.accept(joinedSignals(hello, fox, hello)));
      for (const one of left) one.close();
      await Promise.all(decodes);
      assert.deepEqual(
        (await recognise(hello, { words: false })).map(({ text }) => text),
        [written("hello")],
      );
    });

    async function recognise(signal: Float32Array, options: SessionOptions): Promise<RecognizedSpan[]> {
      const recognizer = engine.open(options);
      const spans: RecognizedSpan[] = [];
      for (let at = 0; at < signal.length; at += 3200) {
        spans.push(...(await recognizer.accept(signal.subarray(at, at + 3200))));
      }
      const rest = await recognizer.finish();
      recognizer.close();
      return rest === undefined ? spans : [...spans, rest];
    }
  });
}

describe("hotwords", () => {
  const fixture = streamingFixtures.find(({ family }) => family === "transducer");
  let engine: FrameEngine;
  const { heard, alike } = soundsLike;

  before(async () => {
    const folder = newFolder();
    fixture?.write(folder);
    const loaded = await loadSherpaOnline(await detect(folder), assets);
    assert.ok(loaded.input === "frames");
    engine = loaded;
  });

  const textWith = async (hotwords?: readonly string[]): Promise<string | undefined> => {
    assert.ok(fixture);
    const recognizer = engine.open({ words: false, ...(hotwords && { hotwords }) });
    await recognizer.accept(fixture.signal("a"));
    const span = await recognizer.finish();
    recognizer.close();
    return span?.text;
  };

  it("decide between what sounds alike, in their own session alone", async () => {
    assert.equal(engine.info.hotwords, true);
    assert.equal(await textWith(), heard);
    const both = await Promise.all([
      textWith([alike]),
      textWith(),
      textWith([`${alike}${alike}`, alike]),
      textWith([]),
    ]);
    assert.deepEqual(both, [alike, heard, alike, heard]);
  });

  it("that the model cannot write, or that mean something to the library, change nothing", async () => {
    const marks = [
      ":x",
      `${alike} :abc`,
      "#1",
      "@",
      "/",
      `${alike}/:z`,
      "\u0000",
      `${alike}\n:q`,
      "",
      "  ",
      "hello",
      "\ud800",
    ];
    assert.equal(await textWith(marks), heard);
    assert.equal(await textWith([...marks, ` ${alike} `]), alike);
    const long = Array.from({ length: 1000 }, () => alike.repeat(200));
    assert.equal(await textWith(long), alike, "the beginning of a long one counts");
  });
});

test("hotwords are written as the model's tokens are, and need a table of pieces unless they are characters", async (t) => {
  const words = "THE OF AND TO IN IS THAT FOR IT WAS ON ARE AS WITH HIS THEY AT BE THIS FROM HAVE OR BY ONE".split(" ");
  const characters = Array.from("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏");
  const folder = await folderWith(t, {
    "english.txt": table(words.map((word) => `▁${word}`)),
    "both.txt": table([...characters, ...words]),
    "few.txt": table(["a", "b"]),
  });
  const units = (name: string, bpe?: string) => unitsOf(join(folder, name), bpe);
  assert.equal(await units("english.txt"), undefined);
  assert.equal(await units("few.txt", "bpe.vocab"), undefined);
  const english = await units("english.txt", "bpe.vocab");
  assert.equal(english?.modelingUnit, "bpe");
  assert.equal(english.encode(["that one", "that  one ", "quick", "洪荒"]), "THAT ONE");
  assert.equal(english.encode(["quick"]), undefined);
  const both = await units("both.txt", "bpe.vocab");
  assert.equal(both?.modelingUnit, "cjkchar+bpe");
  assert.equal(both.encode(["洪荒 that", "龙", "天地"]), "洪荒 THAT/天地");
  assert.equal((await units("both.txt"))?.encode(["洪荒 that", "天地"]), "天地");
});

test("a table of pieces that is none is an error before the library sees it", async (t) => {
  const fixture = streamingFixtures.find(({ family }) => family === "transducer");
  const folder = newFolder();
  fixture?.write(folder);
  for (const table of ["no numbers", "", "▁a -1\n\u0000", "<html> 1 2", "a\t-1\nb"]) {
    const files = { "bpe.vocab": table };
    const beside = await folderWith(t, files);
    const spec = await detect(folder);
    const broken = { ...spec, files: { ...spec.files, bpeVocabulary: join(beside, "bpe.vocab") } };
    await assert.rejects(async () => loadSherpaOnline(broken, assets), /bpe\.vocab/, table);
  }
});

test("half the rate: what fits stays as it is, what does not is gone, however the samples are cut", () => {
  for (const hz of [100, 1000, 3000]) {
    const halved = new Halved().push(wave(hz));
    assert.equal(halved.length, 8000);
    assert.ok(Math.abs(loudness(halved) - 1) < 0.01, `${hz} Hz: ${loudness(halved)}`);
  }
  for (const hz of [5200, 6000, 7900]) assert.ok(loudness(new Halved().push(wave(hz))) < 0.002, `${hz} Hz`);
  const signal = wave(1234);
  const whole = new Halved().push(signal);
  for (const sizes of [[1], [2, 3], [0, 7, 1], [1000, 1, 999]]) {
    const halved = new Halved();
    const pieces: number[] = [];
    for (let at = 0, turn = 0; at < 16_000; turn++) {
      const size = sizes[turn % sizes.length] ?? 1;
      pieces.push(...halved.push(signal.subarray(at, at + size)));
      at += size;
    }
    assert.deepEqual(Float32Array.from(pieces), whole, `pieces of ${sizes.join(", ")}`);
  }
});

test("an utterance is over by its own pause, its length, or because it never began", () => {
  assert.equal(isOverAfter(undefined, [1.7, 1]), false);
  assert.equal(isOverAfter(undefined, [1.9, 1]), true);
  assert.equal(isOverAfter({ silenceSeconds: 0.3 }, [1.4, 1]), true);
  assert.equal(isOverAfter({ silenceSeconds: 3 }, [3.9, 1]), false);
  assert.equal(isOverAfter({ manual: true, silenceSeconds: 0.3 }, [19, 1]), false);
  assert.equal(isOverAfter({ manual: true }, [19, 1], [21, 20.9]), true);
  assert.equal(isOverAfter({ manual: true }, [2.5, -1]), true);
  assert.equal(isOverAfter(undefined, [2.3, -1]), false);
});

test("an utterance of a family without token times is placed by the chunks that brought its tokens", () => {
  const utterance = new OnlineUtterance({ manual: false, silenceSeconds: 0.5 });
  const hear = (tokens: number, decodedSeconds: number) =>
    utterance.hear({ tokens, firstTokenSeconds: undefined, lastTokenSeconds: undefined, decodedSeconds });
  hear(0, 0.6);
  hear(2, 1.2);
  assert.equal(utterance.firstSeconds, 0.6);
  hear(3, 1.8);
  assert.equal(utterance.lastSeconds, 1.2);
  hear(3, 1.9);
  assert.equal(utterance.isOver, true);
});

test("streams that wait while others decode are decoded together, and one alone waits for nobody", async () => {
  const batches: number[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const decoding = new Batches<number>(async (streams) => {
    batches.push([...streams]);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
  }, 1);
  const first = decoding.step(1);
  await turn();
  const others = Array.from({ length: 70 }, (_, index) => decoding.step(2 + index));
  await turn();
  assert.deepEqual(batches, [[1]]);
  gates[0]?.resolve();
  await first;
  await turn();
  assert.deepEqual(
    batches.map(({ length }) => length),
    [1, 64],
  );
  gates[1]?.reject(new Error("broken"));
  const failed = await Promise.allSettled(others.slice(0, 64));
  assert.ok(failed.every(({ status }) => status === "rejected"));
  await turn();
  assert.deepEqual(batches[2], [66, 67, 68, 69, 70, 71]);
  gates[2]?.resolve();
  await Promise.all(others.slice(64));
});

const table = (tokens: readonly string[]) => tokens.map((token, id) => `${token} ${id}\n`).join("");

const turn = () => new Promise((resolve) => setImmediate(resolve));

const isOverAfter = (
  settings: Partial<LiveSettings> | undefined,
  ...chunks: readonly (readonly [number, number])[]
) => {
  const utterance = new OnlineUtterance(settings && { ...live, ...settings });
  for (const [decodedSeconds, lastTokenSeconds] of chunks) {
    const tokens = lastTokenSeconds < 0 ? 0 : 1;
    const times = tokens === 0 ? undefined : lastTokenSeconds;
    utterance.hear({ tokens, firstTokenSeconds: times && 1, lastTokenSeconds: times, decodedSeconds });
  }
  return utterance.isOver;
};

const wave = (hz: number) =>
  Float32Array.from({ length: 16_000 }, (_, at) => Math.sin((2 * Math.PI * hz * at) / 16_000));
const loudness = (samples: Float32Array) =>
  Math.sqrt((2 * samples.subarray(1000, 7000).reduce((sum, sample) => sum + sample ** 2, 0)) / 6000);
