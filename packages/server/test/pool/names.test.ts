import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { type NameChange, Names, type NamesOptions } from "../../dist/pool/names.js";
import { scratchDirectory } from "../base/scratch.ts";
import { writeModel } from "../server/running.ts";

/** Names over real folders: `cn` in versions 1, 2 and 10, `one` without any, and one whose name looks like a version. */
function namesOf(t: TestContext, options: Omit<NamesOptions, "catalog"> = {}) {
  const directory = scratchDirectory(t);
  for (const id of ["cn/1", "cn/2", "cn/10", "one", "wide@16000"]) {
    writeModel(join(directory, "model", id), { fake: { text: id } });
  }
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  return { names: new Names({ catalog, ...options }), directory };
}

/** What names resolve to: the path that is shown and the version. */
async function resolved(names: Names, path: string): Promise<string> {
  const { modelPath, version } = await names.resolve(path);
  return `${modelPath} ${version}`;
}

const spellings: [string, string][] = [
  ["cn", "model/cn 10"],
  ["model/cn", "model/cn 10"],
  ["cn@10", "model/cn 10"],
  ["cn@2", "model/cn@2 2"],
  ["cn/2", "model/cn@2 2"],
  ["one", "model/one 1"],
  ["one@1", "model/one 1"],
  ["wide@16000", "model/wide@16000 1"],
];

for (const [path, expected] of spellings) {
  test(`without a choice ${path} means ${expected}`, async (t) => {
    assert.equal(await resolved(namesOf(t).names, path), expected);
  });
}

const chosen: [string, string][] = [
  ["cn", "model/cn 2"],
  ["cn/", "model/cn 2"],
  ["model%2Fcn", "model/cn 2"],
  ["cn@2", "model/cn 2"],
  ["cn@10", "model/cn@10 10"],
  ["cn@10/", "model/cn@10 10"],
  ["cn%4010", "model/cn@10 10"],
  ["model%2Fcn%4010", "model/cn@10 10"],
  ["cn/10", "model/cn@10 10"],
  ["cn\\10", "model/cn@10 10"],
  ["cn/1", "model/cn@1 1"],
];

for (const [path, expected] of chosen) {
  test(`where version 2 was chosen, ${path} means ${expected}`, async (t) => {
    const { names } = namesOf(t, { versions: [["model/cn", "2"]] });
    assert.equal(await resolved(names, path), expected);
  });
}

for (const [path, meant] of [
  ["model/cn@2", "model/cn 10"],
  ["model/cn", "model/cn 2"],
] as const) {
  test(`without a choice, version 2 being loaded as ${path}: cn means ${meant}`, async (t) => {
    const { names, directory } = namesOf(t, {
      loaded: () => [{ state: "ready", folder: { id: "cn", modelPath: path, version: "2", directory: second() } }],
    });
    const second = () => join(directory, "model", "cn", "2");
    assert.equal(await resolved(names, "cn"), meant);
  });
}

test("what a name resolves to, sent back, names the same files", async (t) => {
  const { names } = namesOf(t, { versions: [["model/cn", "2"]], aliases: [["talk", "model/cn@1"]] });
  for (const path of ["cn", "cn@1", "cn@2", "cn@10", "cn/10", "talk", "one", "wide@16000"]) {
    const folder = await names.resolve(path);
    assert.equal((await names.resolve(folder.modelPath)).directory, folder.directory, path);
  }
});

test("a choice is made, shows, and is taken back", async (t) => {
  const { names } = namesOf(t);
  const changes: NameChange[] = [];
  const stop = names.subscribe((change) => changes.push(change));
  const folder = await names.resolve("cn@1");
  names.choose(folder, "1");
  assert.equal(names.chosenVersion(folder), "1");
  assert.equal(await resolved(names, "cn"), "model/cn 1");
  assert.equal(await resolved(names, "cn@10"), "model/cn@10 10");
  names.choose(folder, undefined);
  assert.equal(await resolved(names, "cn"), "model/cn 10");
  stop();
  names.choose(folder, "1");
  assert.deepEqual(changes, [
    { kind: "version", modelPath: "model/cn", version: "1" },
    { kind: "version", modelPath: "model/cn", version: undefined },
  ]);
});

test("a chosen version that vanished from the disk: the newest serves; when it is back, it does", async (t) => {
  const { names, directory } = namesOf(t, { versions: [["model/cn", "2"]] });
  rmSync(join(directory, "model", "cn", "2"), { recursive: true });
  assert.equal(await resolved(names, "cn"), "model/cn 10");
  await assert.rejects(names.resolve("cn@2"), { reason: "model_not_found" });
  writeModel(join(directory, "model", "cn", "2"), { fake: {} });
  assert.equal(await resolved(names, "cn"), "model/cn 2");
});

test("a folder that only begins to be a version serves nobody who did not ask for it", async (t) => {
  const { names, directory } = namesOf(t, { versions: [["model/cn", "10"]] });
  mkdirSync(join(directory, "model", "cn", "11"));
  assert.equal(await resolved(names, "cn"), "model/cn 10");
});

test("aliases: one step, moved and removed, and what they mean is shown", async (t) => {
  const { names } = namesOf(t, { aliases: [["talk", "model/one"]] });
  assert.equal(await resolved(names, "talk"), "model/one 1");
  names.setAlias("talk", "model/cn@2");
  assert.equal(await resolved(names, "talk"), "model/cn@2 2");
  assert.deepEqual(names.aliasesOf("model/cn@2"), ["talk"]);
  assert.deepEqual(names.aliasesOf("model/one"), []);
  names.setAlias("also", "talk");
  await assert.rejects(names.resolve("also"), { reason: "model_not_found" });
  names.setAlias("loop", "loop");
  await assert.rejects(names.resolve("loop"), { reason: "model_not_found" });
  names.setAlias("talk", undefined);
  await assert.rejects(names.resolve("talk"), { reason: "model_not_found" });
  assert.equal(names.target("talk"), undefined);
});

test("names that every object has are no aliases", async (t) => {
  const { names } = namesOf(t);
  for (const name of ["constructor", "__proto__", "toString"]) {
    await assert.rejects(names.resolve(name), { reason: "model_not_found" });
    assert.equal(names.target(name), undefined);
  }
});

test("an alias out of the model directories is refused like any path", async (t) => {
  const { names } = namesOf(t, { aliases: [["out", "../../etc"]] });
  await assert.rejects(names.resolve("out"), { reason: "model_path_invalid" });
});

const versionSets: [string, readonly string[], readonly string[]][] = [
  ["the newest alone", ["cn"], ["model/cn"]],
  ["an older one alone", ["cn@2"], ["model/cn@2"]],
  ["all three", ["cn", "cn@1", "cn@2"], ["model/cn", "model/cn@1", "model/cn@2"]],
  ["models without versions", ["one", "wide@16000"], ["model/one", "model/wide@16000"]],
];

for (const [what, paths, expected] of versionSets) {
  test(`how folders are shown: ${what}`, async (t) => {
    const { names } = namesOf(t);
    const folders = await Promise.all(paths.map((path) => names.resolve(path)));
    assert.deepEqual([...names.shown(folders).values()], expected);
  });
}

test("two versions of one model are never shown by the same path, whatever was newest when they were loaded", async (t) => {
  const { names, directory } = namesOf(t);
  const loadedBefore = await names.resolve("cn");
  writeModel(join(directory, "model", "cn", "11"), { fake: {} });
  const loadedAfter = await names.resolve("cn");
  const older = await names.resolve("cn@2");
  const sets = [
    [loadedBefore, loadedAfter],
    [loadedAfter, loadedBefore, older],
    [older, loadedBefore],
  ];
  for (const choice of [undefined, "2", "10", "11", "99"]) {
    names.choose(older, choice);
    for (const folders of sets) {
      const paths = names.shown(folders);
      assert.equal(new Set(paths.values()).size, folders.length, `${choice}: ${[...paths.values()].join(", ")}`);
    }
  }
});
