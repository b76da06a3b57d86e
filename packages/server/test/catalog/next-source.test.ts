import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Known } from "../../dist/catalog/known-models.js";
import { type PullOptions, pull } from "../../dist/catalog/pull.js";
import type { Source } from "../../dist/catalog/sources.js";
import { answer, bigContent, cutAfter, knownFrom, type Registry, startRegistry, tarOf } from "./registry.ts";
import { makeTree, reasonOf } from "./tree.ts";

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const tokens = Buffer.from("a 0");
const archive = tarOf([
  { path: "voice/model.onnx", content: bigContent },
  { path: "voice/tokens.txt", content: tokens },
]);

async function setUp(t: TestContext) {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  registry.files.set("/model.onnx", bigContent);
  registry.files.set("/tokens.txt", tokens);
  registry.files.set("/voice.tar", archive);
  const options: PullOptions = {
    modelDir: join(cwd, "model"),
    stateDir: join(cwd, "state"),
    http: { retries: 1, backoffMs: 1, stallMs: 2000 },
  };
  return { cwd, registry, options, folder: join(cwd, "model/en/voice") };
}

const filesAt = ({ url }: Registry): Source => ({
  kind: "files",
  files: [
    { at: { url: `${url}model.onnx` }, to: "model.onnx", sha256: sha256(bigContent), bytes: bigContent.length },
    { at: { url: `${url}tokens.txt` }, to: "tokens.txt", sha256: sha256(tokens) },
  ],
});

const archiveAt = ({ url }: Registry, path = "voice.tar", content = archive): Source => ({
  kind: "archive",
  at: { url: url + path },
  take: [{ under: "voice" }],
  sha256: sha256(content),
});

const known = (...sources: readonly [Source, ...Source[]]): readonly Known[] => [knownFrom(...sources)];

async function assertWhole(folder: string): Promise<void> {
  assert.deepEqual((await readdir(folder)).toSorted(), ["model.onnx", "tokens.txt", "voxpool.json"]);
  assert.ok((await readFile(join(folder, "model.onnx"))).equals(bigContent));
  assert.ok((await readFile(join(folder, "tokens.txt"))).equals(tokens));
}

test("single files of which one cannot be had make way for the archive", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  registry.files.delete("/tokens.txt");
  await pull("en/voice", { ...options, models: known(filesAt(registry), archiveAt(registry)) });
  await assertWhole(folder);
  assert.equal(registry.requests.filter((path) => path === "/voice.tar").length, 1);
  assert.deepEqual(await readdir(join(cwd, "model")), ["en"]);
});

test("an archive that ends in the middle makes way for the next, with nothing of it left", async (t) => {
  const { registry, options, folder } = await setUp(t);
  const damaged = tarOf([
    { path: "voice/tokens.txt", content: "other" },
    { path: "voice/extra.txt", content: "extra" },
    { path: "voice/model.onnx", content: bigContent },
  ]).subarray(0, 300_000);
  registry.files.set("/damaged.tar", damaged);
  const models = known(archiveAt(registry, "damaged.tar", damaged), archiveAt(registry));
  await pull("en/voice", { ...options, models });
  await assertWhole(folder);
});

test("a file that had come whole is not fetched again when another of them failed the first time", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const models = known(filesAt(registry));
  registry.files.delete("/tokens.txt");
  assert.equal(await reasonOf(pull("en/voice", { ...options, models })), "download_by_hand");
  registry.files.set("/tokens.txt", tokens);
  await pull("en/voice", { ...options, models });
  await assertWhole(folder);
  assert.deepEqual(registry.requests, ["/model.onnx", "/tokens.txt", "/tokens.txt"]);
  assert.deepEqual(await readdir(join(cwd, "state/downloads")), []);
});

test("what had come of a source is resumed by the next pull, also when another source was asked in between", async (t) => {
  const { registry, options, folder } = await setUp(t);
  const models = known(filesAt(registry), archiveAt(registry));
  registry.behaviours.push(cutAfter(300_000), answer(404), answer(404));
  assert.equal(await reasonOf(pull("en/voice", { ...options, models })), "download_by_hand");
  await pull("en/voice", { ...options, models });
  await assertWhole(folder);
  assert.match(registry.requests[3] ?? "", /^\/model\.onnx bytes=[1-9]\d*-$/);
});
