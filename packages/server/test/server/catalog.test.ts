import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { answer, startRegistry } from "../catalog/registry.ts";
import { startRunning, toneWav, writeModel } from "./running.ts";

test("the catalogue is searched by word and language, in the language of the caller", async (t) => {
  const { client, fetch, modelDir } = await startRunning(t, { cn: "tone" });
  const chinese = await client.searchCatalog({ language: "Chinese" });
  assert.ok(chinese.success);
  assert.ok(chinese.models.length >= 8);
  assert.ok(chinese.models.every(({ languages }) => languages.length === 0 || languages.includes("zh")));
  const cn = chinese.models.find(({ name }) => name === "cn");
  assert.partialDeepStrictEqual(cn, {
    installed: true,
    model_path: `${modelDir}/cn`,
    pinned: true,
    size_bytes: 43_898_754,
  });

  const whisper = await client.searchCatalog({ query: "WHISPER  tiny" });
  assert.ok(whisper.success);
  assert.deepEqual(
    whisper.models.map(({ name, installed }) => [name, installed]),
    [["whisper-tiny", false]],
  );
  const nothing = await client.searchCatalog({ query: "no such thing" });
  assert.ok(nothing.success && nothing.count === 0);
  const wrong = await client.searchCatalog({ language: "klingonish" });
  assert.ok(!wrong.success && wrong.reason === "option_invalid");

  const zh = await fetch("/api/catalog/en%2Ftiny", { headers: { "accept-language": "zh" } });
  const details = (await zh.json()) as { model: { title: string; sources: string[] } };
  assert.match(details.model.title, /英语/);
  assert.ok(details.model.sources.length > 0);
  const unknown = await client.getCatalogModel("../cn");
  assert.ok(!unknown.success && unknown.reason === "download_unknown" && unknown.error_code === 404);
  for (const query of ["query=a&query=b", `query=${"x".repeat(201)}`, "language=a&language=b"]) {
    assert.equal((await fetch(`/api/catalog?${query}`)).status, 400, query.slice(0, 20));
  }
});

test("a pull by API tells its progress and why it failed; one of the same name joins it", async (t) => {
  const registry = await startRegistry(t);
  const asked = Promise.withResolvers<() => void>();
  registry.behaviours.push((request, response, body) => {
    asked.resolve(() => answer(404)(request, response, body));
    return true;
  });
  const { client } = await startRunning(t, { tone: "tone" }, { "download.npm_registry": registry.url });
  const phases: string[] = [];
  const streamed = client.pullModel("en/base", { onEvent: ({ phase }) => phases.push(phase) });
  const goOn = await asked.promise;
  const joined = client.pullModel("en/base");
  goOn();
  for (const result of await Promise.all([streamed, joined])) {
    assert.ok(!result.success && result.reason === "download_by_hand" && result.retryable);
    assert.match(result.error_message, /moonshine-js-0\.1\.16\.tgz/);
  }
  assert.deepEqual(phases, ["connect"]);
  const tarballs = registry.requests.filter((line) => line.endsWith(".tgz"));
  assert.equal(tarballs.length, 1, "one download for both");

  const wrong = await client.pullModel("https://huggingface.co/a/b");
  assert.ok(!wrong.success && wrong.reason === "download_unknown");
});

test("a model that is there is not fetched again", async (t) => {
  const { client, modelDir } = await startRunning(t, { cn: "tone" });
  const result = await client.pullModel("cn", { onEvent: () => assert.fail("nothing is fetched") });
  assert.ok(result.success && result.already_there && result.model_path === `${modelDir}/cn`);
});

test("a model that appears while the server runs is listed, loaded and used", async (t) => {
  const { client, modelDir, modelPath } = await startRunning(t, { tone: "tone" });
  assert.ok(!(await client.loadModel(modelPath("new"))).success);
  writeModel(join(modelDir, "new"), "tone");
  const listed = await client.listAvailableModels();
  assert.ok(listed.success && modelPath("new") in listed.models);
  const heard = await client.transcribe(toneWav("abc"), { model_path: modelPath("new") });
  assert.ok(heard.success && heard.text === "abc");
});

test("files of a loaded model that change are said; it serves on, and the new ones are loaded after an unload", async (t) => {
  const { client, modelDir, modelPath } = await startRunning(t, { tone: "tone", m: { fake: { text: "old" } } });
  const path = modelPath("m");
  const say = async () => {
    const result = await client.transcribe(toneWav("abc"), { model_path: path });
    return result.success ? result.text : result.reason;
  };
  const changed = async () => {
    const [status, list] = await Promise.all([client.getModelStatus(path), client.listModels()]);
    assert.ok(status.success && list.success);
    assert.equal(status.status.files_changed, list.models[path]?.files_changed);
    return status.status.files_changed;
  };
  assert.ok((await client.loadModel(path)).success);
  assert.equal(await changed(), undefined);

  const before = await say();
  await writeFile(join(modelDir, "m/fake.json.new"), JSON.stringify({ text: "new words" }));
  await rename(join(modelDir, "m/fake.json.new"), join(modelDir, "m/fake.json"));
  assert.equal(await changed(), true);
  assert.equal(await say(), before, "the loaded instance serves on");

  await rm(join(modelDir, "m"), { recursive: true });
  assert.equal(await changed(), true, "also when they are gone");
  assert.equal(await say(), before);

  await mkdir(join(modelDir, "m"));
  await writeFile(join(modelDir, "m/fake.json"), JSON.stringify({ text: "newer words" }));
  assert.ok((await client.unloadModel(path)).success);
  assert.ok((await client.loadModel(path)).success);
  assert.equal(await changed(), undefined);
  assert.notEqual(await say(), before);
});

test("an empty folder of a model answers status, load and use with what to do, in the caller's language", async (t) => {
  const { client, fetch, modelDir, modelPath } = await startRunning(t, { tone: "tone" });
  await mkdir(join(modelDir, "cn"));
  const loaded = await client.loadModel(modelPath("cn"));
  assert.ok(!loaded.success && loaded.reason === "model_folder_empty" && loaded.error_code === 400);
  assert.match(loaded.error_message, /is empty\. Put the files of a model into it, or fetch one .*: voxpool pull cn$/);
  const status = await fetch(`/api/models/status/${modelPath("cn")}`, { headers: { "accept-language": "zh" } });
  const body = (await status.json()) as Record<string, unknown>;
  assert.equal(body["success"], false);
  assert.equal(body["model_path"], modelPath("cn"));
  assert.match(String(body["message"]), /是空的.*voxpool pull cn/);
  const gone = await fetch(`/api/models/status/${modelPath("gone")}`);
  assert.equal(status.status, gone.status);
  const heard = await client.transcribe(toneWav("one"));
  assert.ok(heard.success, "the default model still serves");
});
