import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { makeTree, reasonOf } from "./tree.ts";

test("a folder that holds nothing but one model folder stands for it", async (t) => {
  const cwd = await makeTree(t, {
    "model/cn/vosk-model-small-cn-0.22/am/final.mdl": "",
    "model/cn/.DS_Store": "",
    "model/cn/__MACOSX/x": "",
    "model/two/a/x.onnx": "",
    "model/two/b/x.onnx": "",
    "model/mixed/a/x.onnx": "",
    "model/mixed/notes.txt": "",
    "model/deep/a/b/c/x.onnx": "",
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const directory = join(cwd, "model/cn/vosk-model-small-cn-0.22");
  for (const spelling of ["cn", "model/cn", "model/cn/vosk-model-small-cn-0.22", directory]) {
    assert.deepEqual(await catalog.resolve(spelling), { id: "cn", modelPath: "model/cn", version: "1", directory });
  }
  assert.deepEqual(
    (await catalog.list()).map(({ id }) => id),
    ["cn", "deep", "mixed/a", "two/a", "two/b"],
  );
});

test("networks in ORT format, and those that icefall keeps in exp, make a folder a model", async (t) => {
  const cwd = await makeTree(t, {
    "model/moonshine/encoder_model.ort": "",
    "model/icefall/exp/encoder-epoch-1-avg-1.onnx": "",
    "model/icefall/data/lang_char/tokens.txt": "",
    "model/recipe/exp/tri3b/final.txt": "",
    "model/recipe/data/train/text": "",
    "model/alone/exp/x.onnx": "",
    "model/alone/readme.txt": "",
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  assert.deepEqual(
    (await catalog.list()).map(({ id }) => id),
    ["alone/exp", "icefall", "moonshine"],
  );
});

test("a model whose manifest says its name keeps it while it is alone in its folder", async (t) => {
  const cwd = await makeTree(t, {
    "model/en/tiny/voxpool.json": JSON.stringify({ name: "en/tiny" }),
    "model/cn/inner/voxpool.json": JSON.stringify({ engine: "vosk" }),
    "model/de/inner/voxpool.json": "{ not json",
    "model/fr/inner/voxpool.json": JSON.stringify({ name: "../../secret" }),
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const before = await catalog.resolve("en/tiny");
  assert.equal(before.modelPath, "model/en/tiny");
  assert.equal((await catalog.resolve("en")).modelPath, "model/en/tiny");
  assert.deepEqual(
    (await catalog.list()).map(({ id }) => id),
    ["cn", "de", "en/tiny", "fr"],
  );
  await mkdir(join(cwd, "model/en/base"));
  await writeFile(join(cwd, "model/en/base/x.onnx"), "");
  assert.deepEqual(await catalog.resolve("en/tiny"), before);
});

test("whole-number folders are versions: the newest by number, or the one after @", async (t) => {
  const cwd = await makeTree(t, {
    "model/cn/2/am/final.mdl": "",
    "model/cn/9/vosk-model-cn/am/final.mdl": "",
    "model/cn/10/x.onnx": "",
    "model/cn/11/empty.txt": "",
    "model/cn/01/x.onnx": "",
    "model/cn@9/x.onnx": "",
    "model/one/7/x.onnx": "",
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const newest = { id: "cn", modelPath: "model/cn", version: "10", directory: join(cwd, "model/cn/10") };
  for (const spelling of ["cn", "model/cn", "cn@10", "model/cn/10"]) {
    assert.deepEqual(await catalog.resolve(spelling), newest, spelling);
  }
  const second = { id: "cn", modelPath: "model/cn@2", version: "2", directory: join(cwd, "model/cn/2") };
  for (const spelling of ["cn@2", "model\\cn@2", "cn%402", "model/cn/2", join(cwd, "model/cn@2")]) {
    assert.deepEqual(await catalog.resolve(spelling), second, spelling);
  }
  assert.equal((await catalog.resolve("cn@9")).id, "cn@9", "a folder of that very name comes first");
  assert.equal((await catalog.resolve("cn/9")).directory, join(cwd, "model/cn/9/vosk-model-cn"));
  assert.equal((await catalog.resolve("one")).version, "7");
  for (const absent of ["cn@11", "cn@1", "one@1", "cn@99999999999999999999"]) {
    assert.equal(await reasonOf(catalog.resolve(absent)), "model_not_found", absent);
  }
  assert.deepEqual(
    (await catalog.list()).map(({ modelPath }) => modelPath),
    ["model/cn", "model/cn@9", "model/one"],
  );
});

test("links inside the model directories are fine and name the folder that they lead to", async (t) => {
  const cwd = await makeTree(t, {
    "model/cn/am/final.mdl": "",
    "other/en/x.onnx": "",
    "model/alias": { link: "cn" },
    "model/across": { link: "../other/en" },
    "model/versions/1": { link: "../cn" },
    "model/loop": { link: "loop" },
    "model/up": { link: "." },
    "model/broken": { link: "nowhere" },
    "link-to-model": { link: "model" },
  });
  const catalog = createCatalog({ modelDirs: ["model", "other"], workingDirectory: cwd });
  for (const spelling of ["alias", "model/alias/", "versions", "versions@1", "model/up/up/cn", "link-to-model/cn"]) {
    const expected = spelling === "link-to-model/cn" ? join(cwd, spelling) : spelling;
    assert.equal((await catalog.resolve(expected)).modelPath, "model/cn", spelling);
  }
  assert.equal((await catalog.resolve("across")).modelPath, "other/en");
  for (const absent of ["loop", "broken", "up"]) {
    assert.equal(await reasonOf(catalog.resolve(absent)), "model_not_found", absent);
  }
  assert.deepEqual(
    (await catalog.list()).map(({ modelPath }) => modelPath),
    ["model/cn", "other/en"],
  );
});

test("links that lead out of the model directories are refused and never listed", async (t) => {
  const cwd = await makeTree(t, {
    "secret/x.onnx": "",
    "secret/inner/x.onnx": "",
    "model-2/x.onnx": "",
    "model/out": { link: "../secret" },
    "model/absolute": { link: "/etc" },
    "model/sibling": { link: "../model-2" },
    "model/group/inner": { link: "../../secret/inner" },
    "model/versions/1": { link: "../../secret" },
    "model/cn/x.onnx": "",
    "model/chain": { link: "out" },
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  for (const path of ["out", "model/out/inner", "absolute", "sibling", "group/inner", "versions/1", "chain"]) {
    assert.equal(await reasonOf(catalog.resolve(path)), "model_path_invalid", path);
  }
  assert.deepEqual(
    (await catalog.list()).map(({ id }) => id),
    ["cn"],
  );
  const viaLink = createCatalog({ modelDirs: ["linked"], workingDirectory: cwd });
  await symlink("model", join(cwd, "linked"));
  assert.equal((await viaLink.resolve("linked/cn")).modelPath, "linked/cn");
});

test("a listing skips what is hidden or half fetched, keeps its depth and does not enter models", async (t) => {
  const cwd = await makeTree(t, {
    "model/cn/am/final.mdl": "",
    "model/cn/graph/x.onnx": "",
    "model/.voxpool.part/en/x.onnx": "",
    "model/.hidden/x.onnx": "",
    "model/en.part/x.onnx": "",
    "model/back\\slash/x.onnx": "",
    "model/line\nbreak/x.onnx": "",
    "model/a/b/c/d/x.onnx": "",
    "model/a/b/c/other": "",
    "model/a/b/f": "",
    "model/a/f": "",
    "model/p/q/r/s/t/x.onnx": "",
    "model/p/q/r/s/other": "",
    "model/p/q/r/other": "",
    "model/p/q/other": "",
    "model/p/other": "",
    "model/group/de/small/x.onnx": "",
    "model/group/de/big/x.onnx": "",
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const listed = await catalog.list();
  assert.deepEqual(
    listed.map(({ id }) => id),
    ["a/b/c/d", "cn", "group/de/big", "group/de/small"],
  );
  for (const model of listed) {
    assert.deepEqual(await catalog.resolve(model.modelPath), model);
  }
});

test("a listing of a folder with very many entries ends, and names each model once", async (t) => {
  const cwd = await makeTree(t, { "model/cn/x.onnx": "" });
  await Promise.all(Array.from({ length: 1000 }, (_, index) => mkdir(join(cwd, "model", `empty-${index}`))));
  await Promise.all(Array.from({ length: 50 }, (_, index) => symlink("cn", join(cwd, "model", `link-${index}`))));
  const listed = await createCatalog({ modelDirs: ["model"], workingDirectory: cwd }).list();
  assert.deepEqual(
    listed.map(({ id }) => id),
    ["cn"],
  );
});
