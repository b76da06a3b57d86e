import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Known } from "../../dist/catalog/known-models.js";
import { type PullOptions, pull } from "../../dist/catalog/pull.js";
import type { Source } from "../../dist/catalog/sources.js";
import { answer, type Behaviour, knownFrom, type Registry, startRegistry, tarOf, zipOf } from "./registry.ts";
import { makeTree, reasonOf } from "./tree.ts";

const zip = zipOf([
  { path: "vosk-small/am/final.mdl", content: "mdl" },
  { path: "vosk-small/conf/model.conf", content: "conf" },
]);
const otherZip = zipOf([{ path: "vosk-small/am/final.mdl", content: "another" }]);
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const take = [{ under: "vosk-small" }];

async function setUp(t: TestContext, more: Partial<PullOptions> = {}) {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  registry.files.set("/vosk-small.zip", zip);
  const options: PullOptions = {
    modelDir: join(cwd, "model"),
    stateDir: join(cwd, "state"),
    npmRegistry: registry.url,
    hfEndpoint: registry.url,
    modelscopeEndpoint: `${registry.url}ms/`,
    http: { retries: 1, backoffMs: 1, stallMs: 2000 },
    ...more,
  };
  return { cwd, registry, options, folder: join(cwd, "model/en/voice") };
}

const archiveAt = (
  { url }: Registry,
  more: { sha256?: string; bytes?: number; unpackedBytes?: number } = {},
): Source => ({
  kind: "archive",
  at: { url: `${url}vosk-small.zip` },
  take,
  ...more,
});

const known = (...sources: readonly [Source, ...Source[]]): readonly Known[] => [knownFrom(...sources)];

const oneDisk = (freeBytes: number) => async () => ({ disk: 1, freeBytes });
const twoDisks = async (directory: string) => ({ disk: directory.includes("state") ? 1 : 2, freeBytes: 42_000_000 });
const gzipped: Behaviour = (_request, response, body) => {
  response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(body));
  return true;
};

async function closedPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}/`;
}

test("a source that cannot be reached makes way for the next at once", async (t) => {
  const { registry, options, folder } = await setUp(t);
  const away = await closedPort();
  const first: Source = { kind: "archive", at: { url: `${away}vosk-small.zip` }, take, sha256: sha256(zip) };
  await pull("en/voice", { ...options, models: known(first, archiveAt(registry, { sha256: sha256(zip) })) });
  assert.equal(await readFile(join(folder, "am/final.mdl"), "utf8"), "mdl");
});

test("a source with other bytes than the published makes way for the next, and nothing of it stays", async (t) => {
  const { registry, options, folder, cwd } = await setUp(t);
  registry.files.set("/bad/vosk-small.zip", otherZip);
  const bad: Source = { kind: "archive", at: { url: `${registry.url}bad/vosk-small.zip` }, take, sha256: sha256(zip) };
  await pull("en/voice", { ...options, models: known(bad, archiveAt(registry, { sha256: sha256(zip) })) });
  assert.equal(await readFile(join(folder, "am/final.mdl"), "utf8"), "mdl");
  assert.deepEqual(await readdir(join(cwd, "state/downloads")), []);
});

test("where no source works, each is named with its reason, and how to bring the file by hand", async (t) => {
  const { registry, options } = await setUp(t);
  registry.files.clear();
  const away = await closedPort();
  const models = known(
    { kind: "archive", at: { url: `${away}vosk-small.zip` }, take, sha256: sha256(zip) },
    archiveAt(registry, { sha256: sha256(zip) }),
  );
  await assert.rejects(pull("en/voice", { ...options, models }), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, "download_by_hand");
    assert.match(
      error.message,
      /:\n {2}http\S+vosk-small\.zip: nothing answers there\n {2}http\S+vosk-small\.zip: the server answered with status 404\nBy hand/,
    );
    assert.match(
      error.message,
      /\n {2}vosk-small\.zip \(http\S+ , http\S+\)\nThen run:\n {2}voxpool pull en\/voice --from vosk-small\.zip$/,
    );
    return true;
  });
});

test("an archive that was brought by hand is checked against its hash and laid out like a download", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const models = known(archiveAt(registry, { sha256: sha256(zip) }));
  const file = join(cwd, "from a stick.zip");
  await writeFile(file, otherZip);
  assert.equal(await reasonOf(pull("en/voice", { ...options, models, from: [file] })), "download_corrupt");
  assert.deepEqual(await readdir(join(cwd, "model")), []);
  assert.equal(await reasonOf(pull("en/voice", { ...options, models, from: [join(cwd, "none")] })), "config_invalid");

  await writeFile(file, zip);
  await pull("en/voice", { ...options, models, from: [file] });
  assert.deepEqual((await readdir(folder)).toSorted(), ["am", "conf", "voxpool.json"]);
  assert.deepEqual(await readFile(file), zip, "the file stays");
  assert.deepEqual(registry.requests, []);
});

test("an unknown archive by hand needs a name, and has to look like a model", async (t) => {
  const { cwd, options } = await setUp(t);
  const [good, bad] = [join(cwd, "good.zip"), join(cwd, "bad.zip")];
  await writeFile(good, zip);
  await writeFile(bad, zipOf([{ path: "a/readme.txt", content: "x" }]));
  assert.equal(await reasonOf(pull("", { ...options, from: [good] })), "pull_target_invalid");
  for (const as of ["../out", "a//b", ".hidden", "1", "a/1", "a@1", "con", "", "x".repeat(300)]) {
    assert.equal(await reasonOf(pull("", { ...options, from: [good], as })), "pull_target_invalid", as);
  }
  assert.equal(await reasonOf(pull("", { ...options, from: [bad], as: "mine" })), "model_files_invalid");
  assert.deepEqual(await readdir(join(cwd, "model")), []);
  await pull("", { ...options, from: [good], as: "my/own" });
  assert.deepEqual((await readdir(join(cwd, "model/my/own"))).toSorted(), ["am", "conf", "voxpool.json"]);
});

test("an unpublished hash is written down once the files proved good, and enforced from then on", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const models = known(archiveAt(registry));
  registry.files.set("/vosk-small.zip", Buffer.from("PK nothing"));
  assert.equal(await reasonOf(pull("en/voice", { ...options, models })), "download_by_hand");
  assert.deepEqual(await readdir(join(cwd, "state/hashes")).catch(() => []), [], "what was no archive is not believed");

  registry.files.set("/vosk-small.zip", zip);
  await pull("en/voice", { ...options, models });
  await rm(folder, { recursive: true });
  registry.files.set("/vosk-small.zip", otherZip);
  await assert.rejects(pull("en/voice", { ...options, models }), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, "download_changed");
    assert.match(error.message, new RegExp(`${sha256(otherZip)}.*${sha256(zip)}.*remove .*hashes`));
    return true;
  });
  const file = join(cwd, "vosk-small.zip");
  await writeFile(file, otherZip);
  assert.equal(
    await reasonOf(pull("en/voice", { ...options, models, from: [file] })),
    "download_changed",
    "by hand, too",
  );
  assert.deepEqual(await readdir(join(cwd, "model/en")), []);

  await rm(join(cwd, "state/hashes"), { recursive: true });
  await pull("en/voice", { ...options, models });
  assert.equal(await readFile(join(folder, "am/final.mdl"), "utf8"), "another");
});

test("a disk without room is refused before the first byte, with what is missing", async (t) => {
  const { registry, options, cwd } = await setUp(t);
  const hash = sha256(zip);
  const published = known(archiveAt(registry, { sha256: hash, bytes: 5_000_000, unpackedBytes: 9_000_000 }));
  await assert.rejects(
    pull("en/voice", { ...options, models: published, freeSpace: oneDisk(40_000_000) }),
    /needs 46 MB .*: 6 MB are missing/,
  );
  assert.deepEqual(registry.requests, [], "a published size needs no request");

  const unpublished = known(archiveAt(registry));
  assert.equal(
    await reasonOf(pull("en/voice", { ...options, models: unpublished, freeSpace: oneDisk(1000) })),
    "disk_space_short",
  );
  assert.deepEqual(await readdir(join(cwd, "model")), []);
  await pull("en/voice", { ...options, models: unpublished, freeSpace: twoDisks });
});

test("an answer that was compressed on its way is not taken for the file", async (t) => {
  const { registry, options } = await setUp(t);
  registry.behaviours.push(gzipped);
  await assert.rejects(pull("en/voice", { ...options, models: known(archiveAt(registry)) }), /sends it as gzip/);
});

test("a redirect from HTTPS to HTTP is not followed by a token, and a token goes to its own host alone", async (t) => {
  const { registry, options, folder } = await setUp(t);
  const cdn = await startRegistry(t);
  cdn.files.set("/blob", zip);
  registry.behaviours.push(answer(302, { location: `${cdn.url}blob?sig=secret` }));
  const at = { hub: "huggingface", repo: "own/voice", path: "zh/vosk-small.zip" } as const;
  process.env.HF_TOKEN = "hf_secret";
  t.after(() => delete process.env.HF_TOKEN);
  await pull("en/voice", { ...options, models: known({ kind: "archive", at, take, sha256: sha256(zip) }) });
  assert.equal(registry.requests[0], "/own/voice/resolve/main/zh/vosk-small.zip");
  assert.equal(registry.headers[0]?.authorization, "Bearer hf_secret");
  assert.equal(cdn.headers[0]?.authorization, undefined);
  assert.equal(await readFile(join(folder, "am/final.mdl"), "utf8"), "mdl");
});

test("single files of a hub are fetched one by one, resumed and checked", async (t) => {
  const { registry, options, folder } = await setUp(t);
  const weights = Buffer.alloc(300_000, "w");
  registry.files.set("/ms/models/own/voice/resolve/master/model.int8.onnx", weights);
  registry.files.set("/ms/models/own/voice/resolve/master/tokens.txt", Buffer.from("a 0"));
  const at = { hub: "modelscope", repo: "own/voice" } as const;
  const models = known({
    kind: "files",
    files: [
      { at: { ...at, path: "model.int8.onnx" }, to: "model.int8.onnx", sha256: sha256(weights), bytes: weights.length },
      { at: { ...at, path: "tokens.txt" }, to: "tokens.txt" },
    ],
  });
  registry.behaviours.push((_request, response, body) => {
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, 100_000), () => response.socket?.destroy());
    return true;
  });
  await pull("en/voice", { ...options, models });
  assert.deepEqual((await readdir(folder)).toSorted(), ["model.int8.onnx", "tokens.txt", "voxpool.json"]);
  assert.ok((await readFile(join(folder, "model.int8.onnx"))).equals(weights));
});

test("the address of an archive lands under its name, its one folder taken for the model", async (t) => {
  const { cwd, registry, options } = await setUp(t);
  registry.files.set("/x/my-model.tar.gz", gzipSync(tarOf([{ path: "top/inner/model.onnx", content: "w" }])));
  const result = await pull(`${registry.url}x/my-model.tar.gz?token=secret`, options);
  assert.equal(result.name, "my-model");
  assert.deepEqual((await readdir(join(cwd, "model/my-model"))).toSorted(), ["model.onnx", "voxpool.json"]);
  const manifest = await readFile(join(cwd, "model/my-model/voxpool.json"), "utf8");
  assert.doesNotMatch(manifest, /secret/);
  assert.equal((await pull(`${registry.url}x/my-model.tar.gz`, options)).alreadyThere, true);

  registry.files.set("/x/no-model.zip", zipOf([{ path: "readme.txt", content: "x" }]));
  assert.equal(await reasonOf(pull(`${registry.url}x/no-model.zip`, options)), "model_files_invalid");
  for (const bad of ["http://", registry.url, `${registry.url}...zip`, `${registry.url}a/datasets/../`]) {
    assert.match(
      String(await reasonOf(pull(bad, options))),
      /^(pull_target_invalid|download_unknown|download_by_hand)$/,
      bad,
    );
  }
});

test("the page of a repository gives its model's files, without recordings, scripts and larger formats", async (t) => {
  const { cwd, registry, options } = await setUp(t);
  const files: Record<string, string> = {
    "model.int8.onnx": "small",
    "model.onnx": "large",
    "tokens.txt": "a 0",
    "test_wavs/0.wav": "wav",
    "export.py": "import os",
    "README.md": "#",
    ".gitattributes": "x",
    "../../evil.onnx": "x",
  };
  const listing = Object.entries(files).map(([path, content]) => ({
    type: "file",
    path,
    size: content.length,
    ...(path.endsWith(".onnx") && { lfs: { oid: sha256(Buffer.from(content)) } }),
  }));
  registry.files.set("/api/models/own/voice/tree/main", Buffer.from(JSON.stringify(listing)));
  for (const [path, content] of Object.entries(files)) {
    registry.files.set(`/own/voice/resolve/main/${path}`, Buffer.from(content));
  }
  await pull(`${registry.url}own/voice`, { ...options, as: "hub/voice" });
  assert.deepEqual((await readdir(join(cwd, "model/hub/voice"))).toSorted(), [
    "model.int8.onnx",
    "tokens.txt",
    "voxpool.json",
  ]);

  const entries = listing.map(({ path, size }) => ({ Type: "blob", Path: path, Size: size }));
  registry.files.set(
    "/ms/api/v1/models/own/voice/repo/files",
    Buffer.from(JSON.stringify({ Data: { Files: entries } })),
  );
  for (const [path, content] of Object.entries(files)) {
    registry.files.set(`/ms/models/own/voice/resolve/master/${path}`, Buffer.from(content));
  }
  await pull(`https://www.modelscope.cn/models/own/voice/summary`, options);
  assert.ok((await readdir(join(cwd, "model/voice"))).includes("model.int8.onnx"));
});

test("listings that are none, empty or endless are refused", async (t) => {
  const { registry, options, cwd } = await setUp(t);
  const many = Array.from({ length: 300 }, (_, index) => ({ type: "file", path: `${index}.onnx`, size: 1 }));
  const huge = [{ type: "file", path: "a.onnx", size: 1e15 }];
  for (const body of ["", "{}", "[]", "[null,5]", '{"Data":5}', JSON.stringify(many), JSON.stringify(huge)]) {
    registry.files.set("/api/models/own/voice/tree/main", Buffer.from(body));
    assert.equal(await reasonOf(pull(`${registry.url}own/voice`, options)), "download_page_by_hand", body.slice(0, 40));
  }
  assert.deepEqual(await readdir(join(cwd, "model")), []);
});

test("two archives by hand make a model of two parts, in whichever order they are named", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const second = zipOf([{ path: "more/tokens.txt", content: "a 0" }]);
  const part: Source = {
    kind: "archive",
    at: { url: `${registry.url}more.zip` },
    take: [{ from: "more/tokens.txt", to: "tokens.txt" }],
    sha256: sha256(second),
  };
  const models = [
    {
      ...knownFrom(archiveAt(registry, { sha256: sha256(zip) })),
      parts: [[archiveAt(registry, { sha256: sha256(zip) })], [part]] as const,
    },
  ];
  const paths = [join(cwd, "2.zip"), join(cwd, "1.zip")];
  await mkdir(cwd, { recursive: true });
  await writeFile(paths[0] ?? "", second);
  await writeFile(paths[1] ?? "", zip);
  await pull("en/voice", { ...options, models, from: paths });
  assert.deepEqual((await readdir(folder)).toSorted(), ["am", "conf", "tokens.txt", "voxpool.json"]);
});
