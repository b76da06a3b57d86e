import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type ExtractTask, extract } from "../../dist/catalog/extract/extract.js";
import { lyingZip, tarOf, zipOf } from "./archives.ts";
import { makeTree } from "./tree.ts";

async function unpack(
  t: Pick<TestContext, "after">,
  bytes: Buffer,
  more: Partial<ExtractTask> = {},
): Promise<{ readonly directory: string; readonly files: () => Promise<string[]> }> {
  const root = await makeTree(t, { "out/": "" });
  const [archive, directory] = [join(root, "a"), join(root, "out")];
  await writeFile(archive, bytes);
  await extract({ archive, take: [{ all: true }], directory, name: "x", ...more });
  assert.deepEqual((await readdir(root)).toSorted(), ["a", "out"], "nothing outside");
  return { directory, files: async () => (await readdir(directory, { recursive: true })).toSorted() };
}

const megabyte = Buffer.alloc(1_000_000);

test("a zip whose entries share their bytes is refused", async (t) => {
  const content = Buffer.from("same".repeat(100));
  const shared = Array.from({ length: 50 }, (_, index) => ({ path: `m/${index}.onnx`, content, says: { offset: 0 } }));
  const archive = lyingZip([{ path: "m/first.onnx", content }, ...shared]);
  await assert.rejects(unpack(t, archive), /overlap/);
});

test("what unpacks to a hundred times its size is refused, in zip and in gzip", async (t) => {
  const files = Array.from({ length: 60 }, (_, index) => ({ path: `m/${index}.onnx`, content: megabyte }));
  await assert.rejects(unpack(t, lyingZip(files)), /more than it may/);
  await assert.rejects(unpack(t, gzipSync(tarOf(files))), /more than it may/);
  const unwanted = { take: [{ under: "other" }] };
  await assert.rejects(unpack(t, gzipSync(tarOf(files)), unwanted), /more than it may/, "also what nobody wants");
});

test("a zip that says less than it holds is refused", async (t) => {
  const archive = lyingZip([{ path: "m/a.onnx", content: megabyte, says: { size: 10 } }]);
  await assert.rejects(unpack(t, archive), /bytes|size/);
});

test("more files or entries than a model has are refused", async (t) => {
  const entries = Array.from({ length: 30 }, (_, index) => ({ path: `m/${index}.onnx`, content: "x" }));
  for (const archive of [zipOf(entries), tarOf(entries)]) {
    await assert.rejects(unpack(t, archive, { limits: { files: 20 } }), /more than it may/);
    await assert.rejects(unpack(t, archive, { limits: { entries: 20 }, take: [{ under: "z" }] }), /more than/);
  }
});

test("an archive that is packed twice is refused", async (t) => {
  const tar = tarOf([{ path: "m/a.onnx", content: "x" }]);
  await assert.rejects(unpack(t, gzipSync(gzipSync(tar))), /packed twice/);
});

test("names that are one file on some systems are refused, whichever comes first", async (t) => {
  const pairs = [
    ["m/Model.onnx", "m/model.onnx"],
    ["m/caf\u00e9.txt", "m/cafe\u0301.txt"],
    ["M/a.onnx", "m/a.onnx"],
  ];
  for (const paths of pairs) {
    const entries = paths.map((path) => ({ path, content: "x" }));
    await assert.rejects(unpack(t, tarOf(entries)), /take for one/, paths.join());
    await assert.rejects(unpack(t, zipOf(entries)), /take for one/, paths.join());
  }
});

test("names that no system, or not every system, can have are passed over", async (t) => {
  const hostile = [
    "/etc/a",
    "C:/a",
    "m/../../a",
    "m/..\\a",
    "m/con",
    "m/aux.txt",
    "m/a.",
    "m/a ",
    "m/a:b",
    "m/.a",
    "m/\u202ea",
  ];
  const entries = [{ path: "m/good.onnx", content: "x" }, ...hostile.map((path) => ({ path, content: "y" }))];
  const { files } = await unpack(t, tarOf(entries));
  assert.deepEqual(await files(), ["m", "m/good.onnx"]);
  const zipped = entries.filter(({ path }) => /^m\/[^.\\]*(\.txt)?$|good/.test(path));
  assert.deepEqual(await (await unpack(t, zipOf(zipped))).files(), ["m", "m/good.onnx"]);
});

test("folders that are left out stay out, and a leading ./ does no harm", async (t) => {
  const entries = ["./m/a.onnx", "m/test_wavs/0.wav", "./m/test_wavs/1.wav", "m/sub/test_wavs"].map((path) => ({
    path,
    content: "x",
  }));
  const { files } = await unpack(t, tarOf(entries), { take: [{ under: "m", except: ["test_wavs"] }] });
  assert.deepEqual(await files(), ["a.onnx", "sub", "sub/test_wavs"]);
});

test("a tar that ends in the middle of a file, and one with a damaged header, are errors", async (t) => {
  const tar = tarOf([{ path: "m/a.onnx", content: "x".repeat(5000) }]);
  await assert.rejects(unpack(t, tar.subarray(0, 2000)));
  const damaged = Buffer.from(tar);
  damaged[10] = 0xff;
  await assert.rejects(unpack(t, damaged));
});

test("a good archive of each kind gives its files", async (t) => {
  const entries = [{ path: "m/a.onnx", content: "weights" }];
  for (const archive of [tarOf(entries), gzipSync(tarOf(entries)), zipOf(entries)]) {
    const { directory } = await unpack(t, archive);
    assert.equal(await readFile(join(directory, "m/a.onnx"), "utf8"), "weights");
  }
});
