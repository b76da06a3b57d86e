import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { writePunctuationModel } from "../../../../test/fixtures/punctuation-model.ts";
import { ruleFstBytes } from "../../../../test/fixtures/rule-fst.ts";
import { joinedSignals, silentSignal, toneSignal, writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { wavBytes } from "../../../../test/fixtures/wav.ts";
import type { Config } from "../../dist/base/settings.js";
import { type Running, startRunning } from "./running.ts";

const symbols = Array.from("你好吗我很但是累了见头发后来里面干净");
const rules = { after: { 吗: "？", 了: "。" }, before: { 但: "，" } };

/** A server with a model that hears these characters, and one that punctuates. */
async function chineseServer(t: TestContext, config: Partial<Config> = {}, withPunctuation = true): Promise<Running> {
  const models = {
    zh: (directory: string) => writeToneModel(directory, { symbols, languages: ["zh"] }),
    ...(withPunctuation && { "punct/ct": (directory: string) => writePunctuationModel(directory, rules) }),
  };
  return startRunning(t, models, config);
}

/** Speech in pieces, with so many seconds of silence between them. */
function speech(pieces: readonly string[], pauseSeconds = 1.2): Uint8Array<ArrayBuffer> {
  const signals = pieces.flatMap((text) => [
    toneSignal(text, { symbols, silenceSeconds: 0.1 }),
    silentSignal(pauseSeconds - 0.2),
  ]);
  return new Uint8Array(wavBytes(joinedSignals(silentSignal(0.4), ...signals), 16_000));
}

const zh = (running: Running) => ({ model_path: running.modelPath("zh") });

async function heard(running: Running, audio: Uint8Array<ArrayBuffer>, options: object = {}) {
  const answer = await running.client.transcribe(audio, { ...zh(running), ...options });
  assert.ok(answer.success, JSON.stringify(answer));
  assert.ok("segments" in answer);
  return { text: answer.text, segments: answer.segments.map(({ text }) => text), answer };
}

test("cuts are punctuated together with their neighbours, not one by one", async (t) => {
  const running = await chineseServer(t);
  const { segments, text } = await heard(running, speech(["你好吗", "我很好", "但是累了", "见"]));
  assert.deepEqual(segments, ["你好吗？", "我很好，", "但是累了。", "见。"]);
  assert.equal(text, "你好吗？我很好，但是累了。见。");
});

test("a long pause ends a sentence, and many segments are punctuated as a few", async (t) => {
  const running = await chineseServer(t);
  assert.deepEqual((await heard(running, speech(["我很好", "但是"], 2.5))).segments, ["我很好。", "但是。"]);
  const many = Array.from({ length: 11 }, (_, index) => (index % 2 === 0 ? "我很好" : "但是累了"));
  const { segments, answer } = await heard(running, speech(many));
  assert.deepEqual(
    segments,
    many.map((piece, index) => (index % 2 === 1 ? `${piece}。` : index === 10 ? `${piece}。` : `${piece}，`)),
  );
  assert.deepEqual(
    answer.segments.map(({ id }) => id),
    many.map((_, index) => index),
  );
});

test("words stay as they were heard, and punctuation can be left out", async (t) => {
  const running = await chineseServer(t);
  const { answer } = await heard(running, speech(["你好吗"]), { words: true });
  assert.equal(answer.text, "你好吗？");
  assert.deepEqual(
    answer.segments[0]?.words?.map(({ word }) => word),
    ["你", "好", "吗"],
  );
  assert.equal((await heard(running, speech(["你好吗"]), { punctuate: false })).text, "你好吗");
});

test("events of a stream carry the punctuated segments, in order and before the end", async (t) => {
  const running = await chineseServer(t);
  const seen: string[] = [];
  const onEvent = (event: { type: string; segment?: { text: string } }): void => {
    if (event.type === "segment" && event.segment) seen.push(event.segment.text);
  };
  const { segments } = await heard(running, speech(["我很好", "但是累了"]), { onEvent });
  assert.deepEqual(seen, segments);
});

test("punctuation that is demanded and cannot be had is refused, and says what to do", async (t) => {
  const running = await chineseServer(t, {}, false);
  assert.equal((await heard(running, speech(["你好吗"]))).text, "你好吗");
  const refused = await running.client.transcribe(speech(["你好吗"]), { ...zh(running), punctuate: true });
  assert.ok(!refused.success);
  assert.equal(refused.reason, "punctuation_missing");
  assert.match(refused.message ?? "", /pull punct\/zh-en/);
});

test("text.punctuation: off means none, a path means that model", async (t) => {
  const off = await chineseServer(t, { "text.punctuation": "off" });
  assert.equal((await heard(off, speech(["你好吗"]))).text, "你好吗");
  const named = await chineseServer(t, { "text.punctuation": "punct/ct" });
  assert.equal((await heard(named, speech(["你好吗"]))).text, "你好吗？");
});

test("a configured punctuation model that is not there is said to be so, and demanded it is an error", async (t) => {
  const running = await chineseServer(t, { "text.punctuation": "punct/gone" });
  const { text, answer } = await heard(running, speech(["你好吗"]));
  assert.equal(text, "你好吗");
  assert.deepEqual(
    answer.warnings.map(({ reason }) => reason),
    ["punctuation_failed"],
  );
  const refused = await running.client.transcribe(speech(["你好吗"]), { ...zh(running), punctuate: true });
  assert.ok(!refused.success);
  assert.equal(refused.reason, "model_not_found");
});

test("a punctuation process that dies costs its punctuation and nothing else, and says so", async (t) => {
  const running = await chineseServer(t);
  await heard(running, speech(["你好吗"]));
  const list = await running.client.listModels();
  assert.ok(list.success);
  const [path, entry] = Object.entries(list.models).find(([, { family }]) => family === "ct-transformer") ?? [];
  assert.ok(path !== undefined && entry?.pid !== undefined);
  // It comes back for the next text, as long as its files are there; the tones are heard by another process.
  process.kill(entry.pid, "SIGKILL");
  assert.equal((await heard(running, speech(["你好吗"]))).text, "你好吗？");
  const again = await running.client.listModels();
  assert.ok(again.success);
  const pid = again.models[path]?.pid;
  assert.ok(pid !== undefined);
  rmSync(join(running.modelDir, "punct", "ct", "model.onnx"));
  process.kill(pid, "SIGKILL");
  const { text, answer } = await heard(running, speech(["你好吗"]));
  assert.equal(text, "你好吗");
  assert.deepEqual(
    answer.warnings.map(({ reason }) => reason),
    ["punctuation_failed"],
  );
});

test("a punctuation model recognises no speech, and is never chosen for it", async (t) => {
  const running = await chineseServer(t);
  const asked = await running.client.transcribe(speech(["你好吗"]), { model_path: running.modelPath("punct/ct") });
  assert.ok(!asked.success);
  assert.equal(asked.reason, "capability_missing");
  const chosen = await running.client.transcribe(speech(["你好吗"]), { language: "zh-CN" });
  assert.ok(chosen.success && "model_path" in chosen);
  assert.equal(chosen.model_path, running.modelPath("zh"));
});

test("script writes text, segments and words in simplified or traditional characters", async (t) => {
  const running = await chineseServer(t);
  const pieces = speech(["后来头发里面干净"]);
  const { text, answer } = await heard(running, pieces, { script: "hant", words: true });
  assert.equal(text, "後來頭髮裡面乾淨。");
  assert.equal(answer.segments[0]?.words?.map(({ word }) => word).join(""), "後來頭髮裡面乾淨");
  assert.equal((await heard(running, pieces, { language: "zh-TW" })).text, "後來頭髮裡面乾淨。");
  assert.equal((await heard(running, pieces, { language: "zh-TW", script: "hans" })).text, "后来头发里面干净。");
  assert.equal((await heard(running, pieces, { language: "Chinese" })).text, "后来头发里面干净。");
});

test("text that cannot be written in its script comes as it is, and the answer says so", async (t) => {
  const endless = "后来".repeat(60_000);
  const running = await startRunning(t, { zh: { fake: { text: endless, languages: ["zh"] } } });
  const { text, answer } = await heard(running, speech(["你好"]), { script: "hant", punctuate: false });
  assert.equal(text, endless);
  assert.deepEqual(
    answer.warnings.map(({ reason }) => reason),
    ["script_failed"],
  );
  assert.match(answer.warnings[0]?.message ?? "", /longer than 100000 characters/);
});

test("text.script is what requests get that say nothing", async (t) => {
  const running = await chineseServer(t, { "text.script": "hant" });
  assert.equal((await heard(running, speech(["后来"]))).text, "後來。");
});

test("itn=false leaves numbers in words; a model that cannot choose is said to be so only if it was asked", async (t) => {
  const numbers = Array.from("有二十三只");
  const running = await startRunning(t, {
    zh(directory) {
      writeToneModel(directory, { symbols: numbers, languages: ["zh"] });
      writeFileSync(join(directory, "itn.fst"), ruleFstBytes({ 二十三: "23" }));
    },
    plain: (directory) => writeToneModel(directory, { symbols: numbers, languages: ["zh"] }),
  });
  const audio = new Uint8Array(wavBytes(toneSignal("有二十三只", { symbols: numbers }), 16_000));
  assert.equal((await heard(running, audio)).text, "有23只");
  const { answer } = await heard(running, audio, { itn: false });
  assert.deepEqual([answer.text, answer.warnings], ["有二十三只", []]);
  const plain = await heard(running, audio, { model_path: running.modelPath("plain"), itn: true });
  assert.deepEqual(
    [plain.text, plain.answer.warnings.map(({ reason }) => reason)],
    ["有二十三只", ["itn_unavailable"]],
  );
});
