import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { writePunctuationModel } from "../../../../test/fixtures/punctuation-model.ts";
import { silentLog } from "../../dist/base/log.js";
import { detect } from "../../dist/engine/detect/detect.js";
import type { ModelSpec } from "../../dist/engine/engine.js";
import { loadEngine } from "../../dist/engine/load.js";
import { startHost } from "../../dist/host/parent/host.js";
import { writeModel } from "../server/running.ts";

const assets = { sileroFile: "", voskLibraryFile: "" };
const rules = { after: { 吗: "？", world: "，" }, before: { 但: "，" } };

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

function hostOf(spec: ModelSpec, t: { after: (end: () => unknown) => void }) {
  const limits = { threads: 1, loadIdleSeconds: 30, hangSeconds: 30 };
  const host = startHost({ spec, assets, modelPath: "model/punct", log: silentLog, ...limits }, { heartbeatMs: 100 });
  t.after(() => host.end());
  return host;
}

describe("a model for punctuation", () => {
  it("is told by its metadata, and punctuates Chinese and English", async () => {
    const spec = await detect(writePunctuationModel(newFolder(), rules).directory);
    assert.deepEqual([spec.engine, spec.family], ["sherpa-punctuation", "ct-transformer"]);
    const engine = await loadEngine(spec, assets);
    assert.ok(engine.input === "text");
    assert.deepEqual(engine.info.languages, ["zh", "en"]);
    assert.equal(await engine.punctuate("你好吗我很好但是累"), "你好吗？我很好，但是累。");
    assert.equal(await engine.punctuate("hello world again"), "hello world，again。");
  });

  it("survives every text", async (t) => {
    const host = hostOf(await detect(writePunctuationModel(newFolder(), rules).directory), t);
    await host.loaded;
    const hostile = [
      "",
      " ",
      "\u3000",
      "\u0000",
      "。",
      "é",
      "\ud800",
      "🙂",
      "a".repeat(4000),
      "你".repeat(4000),
      "\u0301 x",
    ];
    for (const text of hostile) assert.equal(typeof (await host.punctuate(text)).text, "string", JSON.stringify(text));
    const answers = await Promise.all(Array.from({ length: 50 }, () => host.punctuate("你好吗")));
    assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(["你好吗？"]));
  });

  it("takes no samples, and a recogniser takes no text", async (t) => {
    const punctuation = hostOf(await detect(writePunctuationModel(newFolder(), rules).directory), t);
    await punctuation.loaded;
    const session = punctuation.open({ words: false });
    await assert.rejects(Array.fromAsync(session.works()), { reason: "capability_missing" });
    const directory = newFolder();
    writeModel(directory, { fake: {} });
    const recogniser = hostOf(await detect(directory, { fakeEngine: true }), t);
    await recogniser.loaded;
    await assert.rejects(recogniser.punctuate("你好"), { reason: "capability_missing" });
  });

  it("tells those who wait when its process ends", async (t) => {
    const host = hostOf(await detect(writePunctuationModel(newFolder(), rules).directory), t);
    await host.loaded;
    const waiting = host.punctuate("你好吗".repeat(1000));
    assert.ok(host.pid !== undefined);
    process.kill(host.pid, "SIGKILL");
    await assert.rejects(waiting, { reason: "host_crashed" });
    await assert.rejects(host.punctuate("你好"), { reason: "host_crashed" });
  });

  it("that is damaged fails to load with a reason, in its own process", async (t) => {
    const directory = newFolder();
    const { files } = writePunctuationModel(directory, rules);
    const manifest = { engine: "sherpa-punctuation", family: "ct-transformer" };
    writeFileSync(join(directory, "voxpool.json"), JSON.stringify(manifest));
    const whole = readFileSync(files.model);
    const damaged = {
      "no model at all": "no model at all",
      "cut off": whole.subarray(0, -40),
      "without the full stop": Buffer.from(whole.toString("latin1").replaceAll(latin1("。"), latin1("；")), "latin1"),
    };
    for (const [name, content] of Object.entries(damaged)) {
      writeFileSync(files.model, content);
      const host = hostOf(await detect(directory), t);
      await assert.rejects(host.loaded, { reason: /^model_(files_invalid|load_failed)$/ }, name);
    }
  });
});
