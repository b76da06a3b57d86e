import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { ruleFstBytes } from "../../../../test/fixtures/rule-fst.ts";
import { toneSignal, writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { silentLog } from "../../dist/base/log.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { loadEngine } from "../../dist/engine/load.js";
import { textFromTokens } from "../../dist/engine/sherpa/words.js";
import { startHost } from "../../dist/host/parent/host.js";

const symbols = Array.from("我有二十三百个只鸡");
const assets = { sileroFile: "", voskLibraryFile: "" };
const rules = ruleFstBytes({ 二十三: "23", 三百: "300" });

function chineseModel(files: Readonly<Record<string, Uint8Array | string>>, manifest: object = {}): string {
  const directory = newFolder();
  writeToneModel(directory, { symbols, languages: ["zh"] });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  const all = { engine: "sherpa-offline", family: "nemo-ctc", languages: ["zh"], segmenter: "energy", ...manifest };
  writeFileSync(join(directory, "voxpool.json"), JSON.stringify(all));
  return directory;
}

describe("numbers in figures, by rules of the model folder", () => {
  const speech = toneSignal("我有二十三只鸡三百个", { symbols });

  it("are in the text unless they are not wanted, and never in the words", async () => {
    const engine = await loadEngine(await detect(chineseModel({ "itn_zh_number.fst": rules })), assets);
    assert.ok(engine.input === "segments");
    assert.equal(engine.info.itn, true);
    const decode = (itn?: boolean) => engine.decode(speech, { words: true, ...(itn !== undefined && { itn }) });
    assert.equal((await decode()).text, "我有23只鸡300个");
    assert.equal((await decode(true)).text, "我有23只鸡300个");
    assert.equal((await decode(false)).text, "我有二十三只鸡三百个");
    assert.equal((await decode()).words?.map(({ word }) => word).join(""), "我有二十三只鸡三百个");
  });

  it("are written by several files in the order of their names", async () => {
    const files = { "itn-1.fst": rules, "itn-2.fst": ruleFstBytes({ "23": "XXIII" }) };
    const engine = await loadEngine(await detect(chineseModel(files)), assets);
    assert.ok(engine.input === "segments");
    assert.equal((await engine.decode(speech, { words: false })).text, "我有XXIII只鸡300个");
  });

  it("are not touched by transducers of another name, unless voxpool.json names them", async () => {
    const plain = await detect(chineseModel({ "replace.fst": rules }));
    assert.equal(plain.ruleFsts, undefined);
    const named = await detect(
      chineseModel({ "numbers.fst": rules, "itn.fst": rules }, { rule_fsts: ["numbers.fst"] }),
    );
    assert.deepEqual(named.ruleFsts, [join(named.directory, "numbers.fst")]);
    assert.equal((await detect(chineseModel({ "itn.fst": rules }, { rule_fsts: [] }))).ruleFsts, undefined);
  });
});

describe("rules that cannot be used are refused with a reason", () => {
  it("when they are not there or lie outside of the folder", async () => {
    const outside = join(newFolder(), "itn.fst");
    writeFileSync(outside, rules);
    const linked = chineseModel({});
    symlinkSync(outside, join(linked, "itn.fst"));
    await assert.rejects(detect(linked), { reason: "model_files_invalid" });
    for (const name of ["gone.fst", "../itn.fst", outside]) {
      await assert.rejects(detect(chineseModel({}, { rule_fsts: [name] })), { reason: "model_files_invalid" }, name);
    }
  });

  it("when a comma in their path would make two paths of them", async () => {
    const directory = join(newFolder(), "a,b");
    mkdirSync(directory);
    const model = join(directory, "cn");
    renameSync(chineseModel({ "itn.fst": rules }), model);
    await assert.rejects(detect(model), { reason: "model_files_invalid" });
  });

  const damaged: Readonly<Record<string, Uint8Array | string>> = {
    "a web page": "<!doctype html><html></html>",
    nothing: "",
    zeros: new Uint8Array(5000),
    "a transducer that is cut off": rules.subarray(0, 400),
    "a head that promises more than there is": Buffer.concat([rules.subarray(0, 64), Buffer.alloc(24, 0x7f)]),
  };
  for (const [name, content] of Object.entries(damaged)) {
    it(`when the file is ${name}: the load fails, in its own process`, async (t) => {
      const spec = await detect(chineseModel({ "itn.fst": content }));
      const limits = { threads: 1, loadIdleSeconds: 30, hangSeconds: 30 };
      const host = startHost({ spec, assets, modelPath: "model/cn", log: silentLog, ...limits });
      t.after(() => host.end());
      await assert.rejects(host.loaded, (error: { reason?: string }) => {
        assert.match(error.reason ?? "", /^model_(files_invalid|load_failed)$/);
        return true;
      });
    });
  }
});

describe("text from tokens", () => {
  const cases = [
    { name: "pieces with their own spaces", tokens: [" hel", "lo", " you"], wordTokens: false, text: " hello you" },
    { name: "characters", tokens: ["你", "好"], wordTokens: false, text: "你好" },
    { name: "single bytes", tokens: ["<0xE4>", "<0xBD>", "<0xA0>", "好"], wordTokens: false, text: "你好" },
    { name: "words that go on", tokens: ["我", "hel@@", "lo", "world"], wordTokens: true, text: "我 hello world" },
    { name: "nothing", tokens: [], wordTokens: true, text: "" },
  ];
  for (const { name, tokens, wordTokens, text } of cases) {
    it(`is right for ${name}`, () => assert.equal(textFromTokens(tokens, wordTokens), text));
  }
});
