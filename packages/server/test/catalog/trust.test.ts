import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Known } from "../../dist/catalog/known-models.js";
import { type PullOptions, pull } from "../../dist/catalog/pull.js";
import type { Place, Source } from "../../dist/catalog/sources.js";
import { createTrust, type Unpinned } from "../../dist/catalog/trust.js";
import { answer, knownFrom, startRegistry, zipOf } from "./registry.ts";
import { makeTree, reasonOf } from "./tree.ts";

const zipWith = (content: string) => zipOf([{ path: "voice/am/final.mdl", content }]);
const [ours, theirs] = [zipWith("ours"), zipWith("theirs")];

async function setUp(t: TestContext) {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  const options: PullOptions = {
    modelDir: join(cwd, "model"),
    stateDir: join(cwd, "state"),
    hfEndpoint: registry.url,
    http: { retries: 1, backoffMs: 1, stallMs: 2000 },
  };
  const again = () => rm(join(cwd, "model/en"), { recursive: true, force: true });
  return { cwd, registry, options, again, hashes: join(cwd, "state/hashes") };
}

const at = (place: Place): Source => ({ kind: "archive", at: place, take: [{ under: "voice" }] });
const known = (...sources: readonly [Source, ...Source[]]): readonly Known[] => [knownFrom(...sources)];

test("archives of the same name from two publishers have nothing to do with each other", async (t) => {
  const { registry, options, cwd } = await setUp(t);
  registry.files.set("/one/model.zip", theirs);
  registry.files.set("/two/model.zip", ours);
  await pull(`${registry.url}one/model.zip`, { ...options, as: "one" });
  await pull(`${registry.url}two/model.zip`, { ...options, as: "two" });
  await pull("en/voice", { ...options, models: known(at({ url: `${registry.url}three/../two/model.zip` })) });
  assert.equal(await readFile(join(cwd, "model/en/voice/am/final.mdl"), "utf8"), "ours");
});

test("addresses that differ in their signs or in what they ask for are two", async (t) => {
  const { registry, options } = await setUp(t);
  registry.files.set("/a/b.zip", ours);
  registry.files.set("/a-b.zip", theirs);
  await pull(`${registry.url}a/b.zip`, { ...options, as: "one" });
  await pull(`${registry.url}a-b.zip`, { ...options, as: "two" });

  registry.files.set("/get.zip", ours);
  await pull(`${registry.url}get.zip?model=one`, { ...options, as: "three" });
  registry.files.set("/get.zip", theirs);
  await pull(`${registry.url}get.zip?model=two`, { ...options, as: "four" });
});

test("one address with two passwords or signatures is one, and none of them is written down", async (t) => {
  const { registry, options, hashes, cwd } = await setUp(t);
  registry.files.set("/m.zip", ours);
  const secret = registry.url.replace("//", "//user:password@");
  await pull(`${secret}m.zip?X-Amz-Signature=signed1&token=abc`, { ...options, as: "one" });
  registry.files.set("/m.zip", theirs);
  await assert.rejects(
    pull(`${registry.url}m.zip?X-Amz-Signature=signed2`, { ...options, as: "two" }),
    (error: Error) => {
      assert.match(error.message, /is not what came the first time/);
      return true;
    },
  );
  for (const name of await readdir(hashes)) {
    assert.doesNotMatch(name + (await readFile(join(hashes, name), "utf8")), /password|signed|abc/);
  }
  assert.doesNotMatch(await readFile(join(cwd, "model/one/voxpool.json"), "utf8"), /password|signed/);
});

test("a mirror of a hub is compared with what its other mirror gave", async (t) => {
  const { registry, options, again } = await setUp(t);
  const models = known(at({ hub: "huggingface", repo: "own/voice", path: "m.zip" }));
  registry.files.set("/own/voice/resolve/main/m.zip", ours);
  await pull("en/voice", { ...options, models });
  await again();
  const mirror = await startRegistry(t);
  mirror.files.set("/own/voice/resolve/main/m.zip", theirs);
  const mirrored = { ...options, models, hfEndpoint: mirror.url };
  assert.equal(await reasonOf(pull("en/voice", mirrored)), "download_changed");
  mirror.files.set("/own/voice/resolve/main/m.zip", ours);
  await pull("en/voice", mirrored);
});

test("another revision of a repository is another file", async (t) => {
  const { registry, options, again } = await setUp(t);
  const place = { hub: "huggingface", repo: "own/voice", path: "m.zip" } as const;
  registry.files.set("/own/voice/resolve/main/m.zip", ours);
  registry.files.set("/own/voice/resolve/v2/m.zip", theirs);
  await pull("en/voice", { ...options, models: known(at(place)) });
  await again();
  await pull("en/voice", { ...options, models: known(at({ ...place, revision: "v2" })) });
});

test("a copy has to be what its maker gave, but what a copy gave says nothing of the maker's", async (t) => {
  const { registry, options, again } = await setUp(t);
  const models = known(at({ url: `${registry.url}maker/m.zip` }), at({ url: `${registry.url}copy/m.zip` }));
  registry.files.set("/maker/m.zip", ours);
  registry.files.set("/copy/m.zip", theirs);
  registry.behaviours.push(answer(404));
  await pull("en/voice", { ...options, models });
  await again();
  await pull("en/voice", { ...options, models });
  await again();
  registry.behaviours.push(answer(404));
  await assert.rejects(
    pull("en/voice", { ...options, models }),
    /copy\/m\.zip: its sha256 is [0-9a-f]{64}, the first time it was /,
  );
});

test("a file by hand that is another than the first time is named by its path", async (t) => {
  const { cwd, registry, options, again } = await setUp(t);
  registry.files.set("/m.zip", ours);
  const models = known(at({ url: `${registry.url}m.zip` }));
  await pull("en/voice", { ...options, models });
  await again();
  const file = join(cwd, "m.zip");
  await writeFile(file, theirs);
  await assert.rejects(pull("en/voice", { ...options, models, from: [file] }), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, "download_changed");
    assert.ok(error.message.startsWith(`What came from ${file} for en/voice `), error.message);
    return true;
  });
});

test("an archive that turned out to hold no model is not remembered: once it is repaired it is taken", async (t) => {
  const { cwd, registry, options } = await setUp(t);
  const none = zipOf([{ path: "voice/readme.txt", content: "nothing" }]);
  const models = known(at({ url: `${registry.url}known.zip` }));
  const handModels = known(at({ url: `${registry.url}hand.zip` }));
  const file = join(cwd, "hand.zip");
  const pulls = {
    "/m.zip": () => pull(`${registry.url}m.zip`, { ...options, as: "one" }),
    "/known.zip": () => pull("en/voice", { ...options, models }),
    "/hand.zip": () => pull("en/voice", { ...options, models: handModels, as: "two", from: [file] }),
  };
  for (const [path, again] of Object.entries(pulls)) {
    for (const [content, reason] of [
      [none, "model_files_invalid"],
      [ours, undefined],
    ] as const) {
      registry.files.set(path, content);
      await writeFile(file, content);
      assert.equal(
        await again().then(
          () => undefined,
          (error: { reason?: string }) => error.reason,
        ),
        reason,
        path,
      );
    }
  }
});

const unpinned = (sha256: string, more: Partial<Unpinned> = {}): Unpinned => ({
  identity: "https://maker/m.zip",
  name: "en/voice",
  shown: "m.zip",
  sha256: sha256.repeat(64),
  ...more,
});

test("of two processes that fetch other bytes at the same time one is refused", async (t) => {
  const { options } = await setUp(t);
  for (let round = 0; round < 20; round++) {
    const identity = `https://maker/${round}.zip`;
    const ends = await Promise.allSettled(
      ["a", "b"].map((bytes) => createTrust(options.stateDir).remember(unpinned(bytes, { identity }))),
    );
    const refused = ends.flatMap((end) =>
      end.status === "rejected" ? [(end.reason as { reason?: string }).reason] : [],
    );
    assert.deepEqual(refused, ["download_changed"]);
  }
});

test("what the maker gave while a copy was fetched counts when the copy is remembered", async (t) => {
  const { options, hashes } = await setUp(t);
  const [mine, other] = [createTrust(options.stateDir), createTrust(options.stateDir)];
  const copy = unpinned("b", { identity: "https://copy/m.zip", original: "https://maker/m.zip" });
  await mine.check(copy);
  await other.remember(unpinned("a"));
  assert.equal(await reasonOf(mine.remember(copy)), "download_changed");
  assert.equal((await readdir(hashes)).length, 1);
});
