import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { chooseModel } from "../../dist/api/choose-model.js";
import { type Catalog, createCatalog } from "../../dist/catalog/catalog.js";
import { Names } from "../../dist/pool/names.js";
import type { Pool } from "../../dist/pool/types.js";
import { scratchDirectory } from "../base/scratch.ts";
import { writeModel } from "../server/running.ts";

const nothingLoaded: Pick<Pool, "find" | "list"> = { find: () => undefined, list: () => [] };

const models = { cn: ["zh"], en: ["en"], both: ["en", "zh"], unknown: undefined };

interface Case {
  readonly wish: { readonly modelPath?: string; readonly language?: string };
  readonly configured?: string;
  readonly chosen?: string;
  readonly language?: string;
  readonly reason?: string;
}

const cases: readonly Case[] = [
  { wish: {}, chosen: "model/cn" },
  { wish: {}, configured: "model/en", chosen: "model/en" },
  { wish: {}, configured: "model/gone", reason: "no_model" },
  { wish: { language: "zh-CN" }, chosen: "model/cn", language: "zh" },
  { wish: { language: "Chinese" }, configured: "both", chosen: "model/both", language: "zh" },
  { wish: { language: "en" }, chosen: "model/both", language: "en" },
  { wish: { language: "wo" }, reason: "no_model_for_language" },
  { wish: { language: "Klingonish" }, reason: "option_invalid" },
  { wish: { modelPath: "en" }, chosen: "model/en" },
  { wish: { modelPath: "model/unknown", language: "fr" }, chosen: "model/unknown", language: "fr" },
  { wish: { modelPath: "model/gone" }, reason: "model_not_found" },
  { wish: { modelPath: "../etc" }, reason: "model_path_invalid" },
];

const partsOf = (catalog: Catalog) => ({ catalog, names: new Names({ catalog }), pool: nothingLoaded as Pool });

for (const { wish, configured = "", chosen, language, reason } of cases) {
  test(`${JSON.stringify(wish)} with default "${configured}": ${chosen ?? reason}`, async (t) => {
    const directory = scratchDirectory(t);
    for (const [id, languages] of Object.entries(models)) {
      const manifest = JSON.stringify({ engine: "fake", ...(languages && { languages }) });
      writeModel(join(directory, "model", id), { files: { "fake.json": "{}", "voxpool.json": manifest } });
    }
    const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
    const choice = chooseModel({ ...partsOf(catalog), configuredDefault: configured }, wish);
    if (reason !== undefined) {
      await assert.rejects(choice, { reason });
      return;
    }
    const found = await choice;
    assert.deepEqual([found.folder.modelPath, found.language], [chosen, language]);
  });
}

test("a language that no model on disk knows: the error names what to pull for it", async (t) => {
  const directory = scratchDirectory(t);
  writeModel(join(directory, "model", "de"), { fake: { languages: ["de"] } });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  const parts = { ...partsOf(catalog), configuredDefault: "" };
  await assert.rejects(chooseModel(parts, { language: "中文" }), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, "no_model");
    assert.match(error.message, /voxpool pull cn\./);
    return true;
  });
  await assert.rejects(chooseModel(parts, { language: "wo" }), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, "no_model_for_language");
    assert.doesNotMatch(error.message, /voxpool pull|NAME/);
    return true;
  });
});

test("an empty folder is no model: the default is what it is without it, and a named one says what to do", async (t) => {
  const directory = scratchDirectory(t);
  writeModel(join(directory, "model/en/tiny"), { fake: { languages: ["en"] } });
  writeModel(join(directory, "model/en/base"), { fake: { languages: ["en"] } });
  await mkdir(join(directory, "model/cn/vosk-model-small-cn-0.22"), { recursive: true });
  await writeFile(join(directory, "model/cn/.DS_Store"), "");
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  const parts = { ...partsOf(catalog), configuredDefault: "" };
  assert.equal((await chooseModel(parts, {})).folder.modelPath, "model/en/tiny");

  const told = { reason: "model_folder_empty", message: /^The folder model\/cn is empty\..*voxpool pull cn$/ };
  await assert.rejects(chooseModel(parts, { modelPath: "cn" }), told);
  await assert.rejects(chooseModel({ ...parts, configuredDefault: "model/cn" }, {}), told);

  await writeFile(join(directory, "model/cn/readme.txt"), "half a copy");
  assert.equal(
    (await chooseModel(parts, {})).folder.modelPath,
    "model/cn",
    "what is there but broken is not passed over",
  );
});
