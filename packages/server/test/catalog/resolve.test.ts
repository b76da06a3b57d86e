import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { makeTree, reasonOf } from "./tree.ts";

test("every spelling of a model is the one folder", async (t) => {
  const cwd = await makeTree(t, {
    "model/cn/am/final.mdl": "",
    "model/cn/conf/model.conf": "",
    "model/en/tiny/encoder.onnx": "",
    "model/en/base/encoder.onnx": "",
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const spellings = [
    "model/cn",
    "./model/cn",
    "model/cn/",
    "model\\cn",
    ".\\model\\cn\\",
    "model%2Fcn",
    "model%5Ccn",
    "model%2fcn%2f",
    "cn",
    "cn/",
    "./cn",
    "%63n",
    "model//cn",
    "model///cn//",
    "model/./cn",
    "model/cn/.",
    `${cwd}/model/cn`,
    `/${cwd}/model/cn`,
    `${cwd}//model/./cn/`,
    encodeURIComponent(`${cwd}/model/cn`),
    "cn@1",
    "model/cn@1",
  ];
  for (const spelling of spellings) {
    assert.deepEqual(
      await catalog.resolve(spelling),
      { id: "cn", modelPath: "model/cn", version: "1", directory: join(cwd, "model/cn") },
      spelling,
    );
  }
  assert.equal((await catalog.resolve("en/tiny")).modelPath, "model/en/tiny");
  assert.equal((await catalog.resolve("model/en%2Ftiny")).id, "en/tiny");
});

test("a path that could leave the model directories, or is no path, is refused", async (t) => {
  const cwd = await makeTree(t, { "model/cn/am/final.mdl": "", "secret/am/final.mdl": "", "model-2/x.onnx": "" });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const refused = [
    "",
    "   ",
    "..",
    "../secret",
    "model/../secret",
    "model/../model/cn",
    "model/cn/..",
    "model\\..\\secret",
    "model/%2e%2e/secret",
    "model/%2E./secret",
    "model%2f..%2fsecret",
    "..%5Csecret",
    "/etc/passwd",
    "/",
    "//etc",
    "\\\\server\\share\\cn",
    `${cwd}/secret`,
    `${cwd}/model-2`,
    cwd,
    "%2Fetc%2Fpasswd",
    "C:\\model\\cn",
    "c:model",
    "C:",
    "\\\\?\\C:\\model\\cn",
    "cn\0",
    "cn%00",
    "model/cn\n",
    "cn\u001b[31m",
    "cn\u0085",
    "cn\u2028",
    "cn\ud800",
    "a/".repeat(3000),
    "a".repeat(256),
    `model/${"中".repeat(256)}`,
    "a/".repeat(70),
  ];
  for (const path of refused) {
    assert.equal(await reasonOf(catalog.resolve(path)), "model_path_invalid", JSON.stringify(path.slice(0, 60)));
  }
});

test("what is not there is not found, and nothing hostile is asked of the operating system", async (t) => {
  const cwd = await makeTree(t, {
    "model/cn/am/final.mdl": "",
    "model/cn/conf/model.conf": "",
    "model/.hidden/x.onnx": "",
    "model/half.part/x.onnx": "",
    "model/file.onnx.txt": "",
  });
  const catalog = createCatalog({ modelDirs: ["model", "absent"], workingDirectory: cwd });
  const absent = [
    "model",
    ".",
    "xx",
    "model/xx",
    "model/cn/xx",
    "model/cn/am",
    "model/cn/conf",
    "model/cn/am/final.mdl",
    "model/file.onnx.txt",
    "cn@2",
    "cn@0",
    "cn@latest",
    "cn@",
    "@1",
    ".hidden",
    "half.part",
    "HALF.PART",
    "NUL",
    "cn.",
    "cn ",
    "cn::$DATA",
    "%252e%252e/secret",
    "100%",
    "absent/cn",
    join(cwd, "absent/cn"),
    join(cwd, "model/xx"),
    "~/cn",
    "http://example.org/model/cn",
    "__proto__",
    "constructor",
  ];
  for (const path of absent) {
    assert.equal(await reasonOf(catalog.resolve(path)), "model_not_found", path);
  }
});

test("messages show hostile paths shortened and printable, and name the model directories", async (t) => {
  const cwd = await makeTree(t, { "model/": "" });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  await assert.rejects(catalog.resolve(`\u001b[31m\u202e${"x".repeat(5000)}`), (error: Error) => {
    assert.match(error.message, /^\\u\{1b\}\[31m\\u\{202e\}x+… is no path of a model/);
    assert.match(error.message, /Models live in model\.$/);
    assert.ok(error.message.length < 300);
    return true;
  });
});

test("names in Chinese, with spaces and with a percent sign work; both Unicode forms are one", async (t) => {
  const cwd = await makeTree(t, {
    "model/中文 模型/am/final.mdl": "",
    "model/100%/x.onnx": "",
    "model/a%20b/x.onnx": "",
    [`model/${"modèle".normalize("NFD")}/x.onnx`]: "",
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  assert.equal((await catalog.resolve(`model/${encodeURIComponent("中文 模型")}`)).id, "中文 模型");
  assert.equal((await catalog.resolve("中文 模型")).modelPath, "model/中文 模型");
  assert.equal((await catalog.resolve("model/100%")).id, "100%");
  assert.equal((await catalog.resolve("model/a%20b")).id, "a%20b");
  const onDisk = (await readdir(join(cwd, "model"))).find((name) => name.startsWith("mod"));
  for (const form of ["NFC", "NFD"] as const) {
    assert.equal((await catalog.resolve(`model/${"modèle".normalize(form)}`)).id, onDisk);
  }
});

test("case counts where the disk tells it apart, and is that of the disk where it does not", async (t) => {
  const cwd = await makeTree(t, { "model/cn/am/final.mdl": "" });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const ignoresCase = await readdir(join(cwd, "MODEL")).then(
    () => true,
    () => false,
  );
  if (ignoresCase) {
    assert.equal((await catalog.resolve("model/CN")).modelPath, "model/cn");
  } else {
    assert.equal(await reasonOf(catalog.resolve("model/CN")), "model_not_found");
    await mkdir(join(cwd, "model/CN"));
    await writeFile(join(cwd, "model/CN/x.onnx"), "");
    assert.equal((await catalog.resolve("model/CN")).modelPath, "model/CN");
    assert.equal((await catalog.resolve("model/cn")).modelPath, "model/cn");
  }
});

test("a model directory can be given as an absolute, a climbing or the current directory", async (t) => {
  const cwd = await makeTree(t, { "work/": "", "data/model/cn/x.onnx": "" });
  const data = join(cwd, "data/model");
  const cases = [
    { modelDir: data, workingDirectory: cwd, shown: `${data}/cn` },
    { modelDir: "../data/model", workingDirectory: join(cwd, "work"), shown: `${data}/cn` },
    { modelDir: "./data//model/", workingDirectory: cwd, shown: "data/model/cn" },
    { modelDir: ".", workingDirectory: data, shown: "cn" },
    { modelDir: "", workingDirectory: data, shown: "cn" },
  ];
  for (const { modelDir, workingDirectory, shown } of cases) {
    const catalog = createCatalog({ modelDirs: [modelDir], workingDirectory });
    for (const spelling of ["cn", "model/cn", shown, `${data}/cn`]) {
      assert.equal((await catalog.resolve(spelling)).modelPath, shown, `${spelling} in ${modelDir}`);
    }
  }
});

test("the first model directory that has a model wins, and the others can still be named", async (t) => {
  const cwd = await makeTree(t, { "a/cn/": "", "a/only-a/x.onnx": "", "b/cn/x.onnx": "", "c/cn/x.onnx": "" });
  const catalog = createCatalog({ modelDirs: ["missing", "a", "b", "c"], workingDirectory: cwd });
  assert.equal((await catalog.resolve("cn")).modelPath, "b/cn");
  assert.equal((await catalog.resolve("c/cn")).modelPath, "c/cn");
  assert.equal((await catalog.resolve("only-a")).modelPath, "a/only-a");
  const listed = (await catalog.list()).map((model) => model.modelPath);
  assert.deepEqual(listed, ["b/cn", "c/cn", "a/only-a"]);
});

test("a model directory that is itself a model is that one model", async (t) => {
  const cwd = await makeTree(t, { "model/cn/am/final.mdl": "", "model/cn/conf/mfcc.conf": "" });
  const catalog = createCatalog({ modelDirs: ["model/cn"], workingDirectory: cwd });
  const expected = { id: "cn", modelPath: "model/cn", version: "1", directory: join(cwd, "model/cn") };
  for (const spelling of ["model/cn", "cn", "model\\cn/", join(cwd, "model/cn"), "cn@1"]) {
    assert.deepEqual(await catalog.resolve(spelling), expected, spelling);
  }
  assert.deepEqual(await catalog.list(), [expected]);
  assert.equal(await reasonOf(catalog.resolve("model/cn/am")), "model_not_found");
  assert.equal(await reasonOf(catalog.resolve("cn@2")), "model_not_found");
});

test("a folder that is there but is no model is given, and description says what is wrong by its model path", async (t) => {
  const cwd = await makeTree(t, { "model/foreign/readme.txt": "hello", "model/foreign/b.txt": "" });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const folder = await catalog.resolve("foreign");
  assert.equal(folder.id, "foreign");
  await assert.rejects(catalog.describe(folder), (error: Error & { reason?: string }) => {
    assert.match(error.reason ?? "", /^model_(unrecognised|files_invalid)$/);
    assert.match(error.message, /model\/foreign/);
    assert.ok(!error.message.includes(cwd), error.message);
    return true;
  });
  assert.deepEqual(await catalog.list(), []);
});

test("an empty folder is no model in any of the model directories, and a model in a later one is found", async (t) => {
  const cwd = await makeTree(t, { "model/empty/": "", "model/cn/inner/": "", "model/en/": "", "more/en/x.onnx": "" });
  const catalog = createCatalog({ modelDirs: ["model", "more"], workingDirectory: cwd });
  for (const [path, command] of [
    ["empty", "pull NAME --as empty"],
    ["model/cn", "pull cn"],
  ] as const) {
    await assert.rejects(catalog.resolve(path), (error: Error & { reason?: string }) => {
      assert.equal(error.reason, "model_folder_empty");
      assert.ok(error.message.endsWith(`: voxpool ${command}`) && !error.message.includes(cwd), error.message);
      return true;
    });
  }
  assert.equal((await catalog.resolve("en")).modelPath, "more/en");
});
