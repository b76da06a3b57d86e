import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { writePunctuationModel } from "../../../../test/fixtures/punctuation-model.ts";
import { toneSignal, writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { wavBytes } from "../../../../test/fixtures/wav.ts";
import { normaliseLanguage, scriptOf } from "../../dist/engine/text/language.js";
import { bin } from "../cli/support.ts";
import { startRunning } from "./running.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const page = (file: string): string => readFileSync(join(root, "docs", file), "utf8");
const english = page("chinese.md");
const symbols = Array.from("你好吗头发里面");

function commands(holds: string): string {
  const blocks = Array.from(english.matchAll(/^```sh\n(.*?)^```$/gms), ([, code = ""]) => code);
  const found = blocks.find((code) => code.includes(holds));
  assert.ok(found, holds);
  return found;
}

test("the commands of the Chinese page work as they are written", async (t) => {
  const running = await startRunning(t, {
    cn: (directory) => writeToneModel(directory, { symbols, languages: ["zh"] }),
    "punct/ct": (directory) => writePunctuationModel(directory, { after: { 吗: "？" } }),
  });
  const cwd = newFolder();
  writeFileSync(join(cwd, "speech.wav"), wavBytes(toneSignal("你好吗头发里面", { symbols }), 16_000));
  const sh = async (code: string): Promise<string> => {
    const here = code.replaceAll("http://127.0.0.1:5000", running.server.url);
    const env = { ...process.env, VOXPOOL_URL: `${running.server.url}/api`, LANG: "zh_CN.UTF-8" };
    const { stdout } = await run("sh", ["-ec", here.replaceAll("npx voxpool", `'${process.execPath}' '${bin}'`)], {
      cwd,
      env,
    });
    return stdout.trim();
  };
  assert.equal(await sh(commands("voxpool transcribe speech.wav")), "你好吗？头发里面。");
  assert.equal(await sh(commands("language=zh")), "你好吗？头发里面。");
  assert.equal(await sh(commands("script=hant")), "你好嗎？頭髮裡面。");
  assert.match(await sh(commands("Accept-Language")), /没有模型/);
  for (const [flag, text] of [
    ["--script hant", "你好嗎？頭髮裡面。"],
    ["--no-punctuate", "你好吗头发里面"],
  ] as const) {
    assert.equal(await sh(`npx voxpool transcribe ${flag} speech.wav`), text);
  }
});

for (const file of ["chinese.md", "chinese.zh-CN.md"]) {
  test(`the languages that ${file} lists are what it says`, () => {
    const rows = Array.from(page(file).matchAll(/^\| (`.*?) \| .*? \| (.*?) \|$/gm), ([, names = "", script = ""]) => ({
      names: Array.from(names.matchAll(/`([^`]+)`/g), ([, name = ""]) => name),
      script: { simplified: "hans", 简体: "hans", traditional: "hant", 繁体: "hant" }[script],
    }));
    assert.equal(rows.length, 4);
    for (const { names, script } of rows) {
      for (const name of names) {
        assert.equal(scriptOf(name), script, name);
        assert.equal(normaliseLanguage(name), names.includes("yue") ? "yue" : "zh", name);
      }
    }
  });
}
