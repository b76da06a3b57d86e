import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { layouts } from "../../dist/engine/detect/layouts.js";
import { sherpaFamilies } from "../../dist/engine/sherpa-offline/families.js";
import { onlineFamilies } from "../../dist/engine/sherpa-online/families.js";
import { type Archive, archives, filesOf } from "./archives.ts";
import { folderWith } from "./model-files.ts";

for (const archive of archives) {
  const { name, is, takes, languages } = archive;
  test(`detect knows what ${name} is`, async (t) => {
    const files = Object.fromEntries(
      Object.entries(filesOf(archive)).map(([file, content]) => [`${name}/${file}`, content]),
    );
    const folder = await folderWith(t, files);
    if (is instanceof RegExp) {
      await assert.rejects(detect(folder), (error) => {
        assert.ok(error instanceof VoxpoolError, String(error));
        assert.equal(error.reason, "model_unrecognised");
        assert.match(String(error.details.detail), is);
        return true;
      });
      return;
    }
    const spec = await detect(folder);
    assert.equal(`${spec.engine} ${spec.family}`, is);
    const found = Object.entries(spec.files).map(([role, path]) => [role, relative(join(folder, name), path)]);
    if (takes !== undefined) assert.deepEqual(Object.fromEntries(found), takes);
    if (languages !== undefined) assert.deepEqual(spec.languages, languages);
  });
}

test("the archives show every family that can be loaded", () => {
  const shown = new Set(archives.map(({ is }) => is));
  const families = [
    ...Object.keys(sherpaFamilies).map((family) => `sherpa-offline ${family}`),
    ...Object.keys(onlineFamilies).map((family) => `sherpa-online ${family}`),
  ];
  assert.deepEqual(
    families.filter((family) => !shown.has(family)),
    [],
  );
});

test("every kind of model that is recognised has what the engine needs, and no engine waits for a kind", () => {
  for (const [name, families] of [
    ["sherpa-offline", sherpaFamilies],
    ["sherpa-online", onlineFamilies],
  ] as const) {
    const recognised = layouts.filter(({ engine, isRefused }) => engine === name && isRefused !== true);
    assert.deepEqual(new Set(recognised.map(({ family }) => family)), new Set(Object.keys(families)));
    for (const { family, roles } of recognised) {
      assert.deepEqual(new Set(Object.keys(roles)), new Set(families[family]?.roles), family);
    }
  }
});

test("weights beside an ONNX file count as its own", async (t) => {
  const archive = archiveNamed("sherpa-onnx-funasr-nano-2025-12-30");
  const small = await detect(await folderWith(t, filesOf(archive)));
  const large = await detect(await folderWith(t, { ...filesOf(archive), "llm.fp32.data": "x".repeat(100_001) }));
  assert.equal(large.sizeBytes - small.sizeBytes, 100_000);
});

test("two models in one folder are asked for by name, and the name of one file is enough", async (t) => {
  const tiny = filesOf(archiveNamed("sherpa-onnx-whisper-tiny"));
  const english = filesOf(archiveNamed("sherpa-onnx-whisper-tiny.en"));
  const both = { ...tiny, ...english };
  await assert.rejects(detect(await folderWith(t, both)), (error: VoxpoolError) => {
    assert.match(
      String(error.details.detail),
      /encoder could be .*tiny-encoder\.onnx.* \(files in voxpool\.json says\)/,
    );
    return true;
  });
  const named = { ...both, "voxpool.json": '{"files":{"encoder":"tiny.en-encoder.onnx"}}' };
  const spec = await detect(await folderWith(t, named));
  assert.equal(relative(spec.directory, spec.files.decoder ?? ""), "tiny.en-decoder.int8.onnx");
  assert.equal(relative(spec.directory, spec.files.tokens ?? ""), "tiny.en-tokens.txt");
  assert.deepEqual(spec.languages, ["en"]);
});

test("voxpool.json says engine and family over all that metadata says", async (t) => {
  const files = filesOf(archiveNamed("sherpa-onnx-zh-wenet-aishell"));
  const said = { family: "zipformer-ctc", languages: ["zh"], files: { model: "model-streaming.onnx" } };
  const spec = await detect(await folderWith(t, { ...files, "voxpool.json": JSON.stringify(said) }));
  assert.equal(spec.family, "zipformer-ctc");
  assert.equal(relative(spec.directory, spec.files.model ?? ""), "model-streaming.onnx");
});

function archiveNamed(wanted: string): Archive {
  const archive = archives.find(({ name }) => name === wanted);
  assert.ok(archive, wanted);
  return archive;
}

test("a family that exists for streams, too, is told by the metadata where voxpool.json does not say the engine", async (t) => {
  const files = filesOf(archiveNamed("sherpa-onnx-streaming-zipformer-en-2023-06-26"));
  const family = async (more: object) => {
    const said = { family: "transducer", ...more };
    return (await detect(await folderWith(t, { ...files, "voxpool.json": JSON.stringify(said) }))).engine;
  };
  assert.equal(await family({}), "sherpa-online");
  assert.equal(await family({ engine: "sherpa-online" }), "sherpa-online");
  assert.equal(await family({ engine: "sherpa-offline" }), "sherpa-offline");
});
