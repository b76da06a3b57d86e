import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { createCatalog } from "../../dist/catalog/catalog.js";

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

test("the default model comes from the real registry, with the token table that is made for it", async (t) => {
  const model = await testModel("en/tiny");
  if ("skip" in model) {
    return t.skip(model.skip);
  }
  const files = ["decoder_model_merged.onnx", "encoder_model.onnx", "tokens.txt", "voxpool.json"];
  assert.deepEqual((await readdir(model.directory)).toSorted(), files);
  const table = await readFile(join(model.directory, "tokens.txt"), "utf8");
  assert.equal(table.split("\n").length, 32_001);
  assert.equal(
    await sha256(join(model.directory, "tokens.txt")),
    "b1a2f5ff71326ccd86af5ebb796a5af27f4e8ea4d3fc7367607be070acd61117",
  );
  const catalog = createCatalog({ modelDirs: [model.modelDir] });
  const folder = await catalog.resolve("en/tiny");
  assert.equal(folder.directory, model.directory);
  const { engine, family, languages } = await catalog.describe(folder);
  assert.deepEqual({ engine, family, languages }, { engine: "sherpa-offline", family: "moonshine", languages: ["en"] });
});

test("Silero comes from the real registry", async (t) => {
  const part = await testModel("silero-vad");
  if ("skip" in part) {
    return t.skip(part.skip);
  }
  const expected = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3";
  assert.equal(await sha256(part.file ?? ""), expected);
});

test("libvosk comes from the real index, for this platform", async (t) => {
  const part = await testModel("libvosk");
  if ("skip" in part) {
    return t.skip(part.skip);
  }
  assert.match(part.file ?? "", /libvosk\.(so|dll|dyld)$/);
  assert.ok((await readFile(part.file ?? "")).length > 5_000_000);
});
