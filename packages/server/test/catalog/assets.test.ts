import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AssetStoreOptions, createAssetStore } from "../../dist/catalog/assets.js";
import { findAsset } from "../../dist/catalog/known-assets.js";
import type { ModelSpec } from "../../dist/engine/engine.js";
import { answer, publishPackage, startRegistry, tarOf } from "./registry.ts";
import { makeTree, reasonOf } from "./tree.ts";

const spec = (engine: ModelSpec["engine"], segmenter: ModelSpec["segmenter"]): ModelSpec => ({
  engine,
  segmenter,
  family: "x",
  directory: "/",
  files: {},
  languages: [],
  sizeBytes: 0,
});

async function setUp(t: TestContext) {
  const stateDir = join(await makeTree(t, {}), "state");
  const registry = await startRegistry(t);
  const archive = tarOf([{ path: "package/lib.so", content: "library" }]);
  const take = [{ from: "package/lib.so", to: "lib.so" }];
  const source = { ...publishPackage(registry, archive), take };
  const find: AssetStoreOptions["find"] = (name) => ({
    name,
    version: "1.0",
    licence: "MIT",
    sources: [source],
    file: "lib.so",
  });
  const options: AssetStoreOptions = { stateDir, npmRegistry: registry.url, find, http: { retries: 0 } };
  return { stateDir, registry, options };
}

test("a part that many ask for at once is fetched once, and later found without network", async (t) => {
  const { stateDir, registry, options } = await setUp(t);
  const store = createAssetStore(options);
  const wanted = Array.from({ length: 20 }, () => store.ensure(spec("vosk", "silero")));
  const file = join(stateDir, "assets/libvosk-1.0/lib.so");
  for (const assets of await Promise.all(wanted)) {
    assert.deepEqual(assets, { sileroFile: "", voskLibraryFile: file });
  }
  assert.equal(await readFile(file, "utf8"), "library");
  assert.deepEqual(await createAssetStore(options).ensure(spec("vosk", "energy")), {
    sileroFile: "",
    voskLibraryFile: file,
  });
  assert.equal(registry.requests.length, 1);
});

test("each model gets the parts that it needs and no others", async (t) => {
  const { stateDir, registry, options } = await setUp(t);
  const store = createAssetStore(options);
  for (const needsNothing of [spec("fake", "energy"), spec("sherpa-offline", "energy")]) {
    assert.deepEqual(await store.ensure(needsNothing), { sileroFile: "", voskLibraryFile: "" });
  }
  assert.deepEqual(registry.requests, []);
  const { sileroFile } = await store.ensure(spec("sherpa-offline", "silero"));
  assert.equal(sileroFile, join(stateDir, "assets/silero-vad-1.0/lib.so"));
  assert.deepEqual(await readdir(join(stateDir, "assets")), ["silero-vad-1.0"]);
});

test("a failed fetch is told to all who waited, and tried again by the next", async (t) => {
  const { registry, options } = await setUp(t);
  registry.behaviours.push(answer(500));
  const store = createAssetStore(options);
  const reasons = await Promise.all([1, 2, 3].map(() => reasonOf(store.ensure(spec("vosk", "energy")))));
  assert.deepEqual(reasons, ["download_by_hand", "download_by_hand", "download_by_hand"]);
  assert.notEqual((await store.ensure(spec("vosk", "energy"))).voskLibraryFile, "");
  assert.equal(registry.requests.length, 2);
});

test("who stops waiting does not stop the others", async (t) => {
  const { registry, options } = await setUp(t);
  const controller = new AbortController();
  const asked = Promise.withResolvers<() => void>();
  registry.behaviours.push((_request, response, body) => {
    asked.resolve(() => response.writeHead(200, { "content-length": body.length }).end(body));
    return true;
  });
  const store = createAssetStore(options);
  const leaving = store.ensure(spec("vosk", "energy"), controller.signal);
  const staying = store.ensure(spec("vosk", "energy"), new AbortController().signal);
  const goOn = await asked.promise;
  controller.abort(new Error("gone"));
  await assert.rejects(leaving, /gone/);
  goOn();
  assert.notEqual((await staying).voskLibraryFile, "");
  await assert.rejects(store.ensure(spec("vosk", "energy"), controller.signal), /gone/);
});

test("a server that stops ends its downloads", async (t) => {
  const { registry, options } = await setUp(t);
  const controller = new AbortController();
  const asked = Promise.withResolvers<void>();
  registry.behaviours.push(() => {
    asked.resolve();
    return true;
  });
  const wanted = createAssetStore({ ...options, signal: controller.signal }).ensure(spec("vosk", "energy"));
  await asked.promise;
  controller.abort(new Error("stopping"));
  await assert.rejects(wanted, /stopping/);
});

test("a libvosk of the user's own is taken as it is, and has to be there", async (t) => {
  const { stateDir, registry, options } = await setUp(t);
  const own = `${stateDir}-libvosk.so`;
  const store = createAssetStore({ ...options, voskLibrary: own });
  assert.equal(await reasonOf(store.ensure(spec("vosk", "energy"))), "config_invalid");
  await writeFile(own, "");
  assert.equal((await store.ensure(spec("vosk", "energy"))).voskLibraryFile, own);
  assert.deepEqual(registry.requests, []);
});

test("libvosk is known for each platform that it is published for, and refused for others", () => {
  const published = [
    ["linux", "x64", "libvosk.so", 1],
    ["linux", "arm64", "libvosk.so", 1],
    ["linux", "arm", "libvosk.so", 1],
    ["darwin", "x64", "libvosk.dyld", 1],
    ["darwin", "arm64", "libvosk.dyld", 1],
    ["win32", "x64", "libvosk.dll", 4],
  ] as const;
  for (const [os, arch, file, files] of published) {
    const asset = findAsset("libvosk", { os, arch, glibc: os === "linux" });
    assert.equal(asset.file, file);
    const [source] = asset.sources;
    assert.equal(source.kind === "wheel" && source.take.length, files);
  }
  for (const [os, arch, glibc] of [
    ["linux", "x64", false],
    ["linux", "riscv64", true],
    ["win32", "arm64", false],
    ["freebsd", "x64", false],
    ["__proto__", "", false],
  ] as const) {
    assert.throws(() => findAsset("libvosk", { os, arch, glibc }), /libvosk is not published for .*vosk\.library/);
  }
});
