import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Failure, GateResult, ModelEntry, SwitchAnswer } from "@voxpool/client/contract";
import { writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { type FakeVersion, writeVersion } from "../rollout/rollout-parts.ts";
import { type Running, startRunning, toneWav } from "./running.ts";

const version = (content: FakeVersion) => (directory: string) => writeVersion(directory, content);

async function post(running: Running, path: string, body: object) {
  const headers = { "content-type": "application/json", "accept-language": "en" };
  const answer = await running.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function entries(running: Running): Promise<Record<string, ModelEntry>> {
  const { models } = (await (await running.fetch("/api/models")).json()) as { models: Record<string, ModelEntry> };
  return Object.fromEntries(
    Object.entries(models).map(([path, entry]) => [path.replace(running.modelDir, "model"), entry]),
  );
}

interface Heard {
  readonly text: string;
  readonly version: string;
}

/** Clients that recognise one recording after the other until they are told to stop; failures are thrown. */
function traffic(t: TestContext, running: Running, clients: number, modelPath: string) {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const heard: Heard[] = [];
  const waiting: { readonly fits: (one: Heard) => boolean; readonly found: () => void }[] = [];
  const wav = toneWav("abc");
  const client = async () => {
    while (!stop.signal.aborted) {
      const result = await running.client.transcribe(wav, { model_path: modelPath, contentType: "audio/wav" });
      assert.ok(result.success, JSON.stringify(result));
      assert.equal(result.model_path, modelPath);
      const one = { text: result.text, version: result.model_version };
      heard.push(one);
      for (const { fits, found } of waiting) if (fits(one)) found();
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    heard,
    /** Resolves after so many further answers of that kind. */
    more: async (count: number, fits: (one: Heard) => boolean = () => true) => {
      const enough = Promise.withResolvers<void>();
      let missing = count;
      waiting.push({ fits, found: () => --missing === 0 && enough.resolve() });
      await Promise.race([enough.promise, all]);
    },
    end: async () => {
      stop.abort();
      await all;
    },
  };
}

test("twenty clients go on while the version is switched there and back: none fails, none gets half of each", async (t) => {
  const models = { tone: "tone", "cn/1": version({ fake: { text: "one" } }) } as const;
  const running = await startRunning(t, models, { "switch.probation": "0", "switch.probation_requests": 0 });
  const path = running.modelPath("cn");
  const { heard, more, end } = traffic(t, running, 20, path);
  await more(40);
  writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "two" }, golden: [{ text: "two" }] });
  for (const to of ["2", "1", "2"]) {
    const { status, body } = await post(running, "/api/models/switch", { model_path: path, version: to });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body["to"], `${path}@${to}`);
    await more(60, ({ version: by }) => by === to);
  }
  await end();
  assert.ok(heard.length > 200);
  const words = new Map([
    ["1", "one"],
    ["2", "two"],
  ]);
  for (const { text, version: by } of heard) assert.equal(text, words.get(by));
});

test("what is sent after the answer of a switch is served by the new version", async (t) => {
  const running = await startRunning(t, { "cn/1": (directory) => writeToneModel(directory) });
  const path = running.modelPath("cn");
  const { more, end } = traffic(t, running, 4, path);
  await more(8);
  writeToneModel(`${running.modelDir}/cn/2`);
  const { status, body } = await post(running, "/api/models/switch", { model_path: path });
  assert.equal(status, 200, JSON.stringify(body));
  const result = await running.client.transcribe(toneWav("bead"), { model_path: path, contentType: "audio/wav" });
  assert.ok(result.success);
  assert.deepEqual([result.text, result.model_version, result.model_path], ["bead", "2", path]);
  await end();
});

test("an alias is moved from one model to another under traffic", async (t) => {
  const running = await startRunning(t, {
    a: version({ fake: { text: "one" } }),
    b: version({ fake: { text: "two" } }),
  });
  const [a, b] = [running.modelPath("a"), running.modelPath("b")];
  assert.equal((await post(running, "/api/models/alias", { alias: "talk", model_path: a })).status, 200);
  const headers = { "content-type": "audio/wav" };
  const stop = new AbortController();
  const seen: string[] = [];
  const enough = new Map([a, b].map((path) => [path, Promise.withResolvers<void>()]));
  const client = async () => {
    while (!stop.signal.aborted) {
      const answer = await running.fetch("/api/transcribe?model_path=talk", {
        method: "POST",
        headers,
        body: toneWav("abc"),
      });
      const { text, model_path = "" } = (await answer.json()) as Record<string, string>;
      assert.equal(answer.status, 200);
      assert.equal(text, model_path === a ? "one" : "two");
      seen.push(model_path);
      if (seen.filter((one) => one === model_path).length === 20) enough.get(model_path)?.resolve();
    }
  };
  const all = Promise.all(Array.from({ length: 10 }, client));
  await Promise.race([enough.get(a)?.promise, all]);
  const { status, body } = await post(running, "/api/models/switch", { model_path: "talk", to: b });
  assert.equal(status, 200, JSON.stringify(body));
  await Promise.race([enough.get(b)?.promise, all]);
  stop.abort();
  await all;
  const first = seen.indexOf(b);
  assert.ok(
    seen.slice(first + 10).every((path) => path === b),
    "only what was under way before is served by the old one",
  );
});

test("a load and an unload in the midst of a switch: the hold is with the new version, and given back there", async (t) => {
  const running = await startRunning(t, { tone: "tone", "cn/1": version({ fake: { text: "one", loadMs: 300 } }) });
  const path = running.modelPath("cn");
  assert.equal((await post(running, "/api/models/load", { model_path: path, client_id: "app" })).status, 200);
  writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "two" } });
  const { body } = await post(running, "/api/models/switch", {
    model_path: path,
    probation: { requests: 5, seconds: 0 },
  });
  const { probation, message } = body as unknown as SwitchAnswer;
  assert.equal(message, `${path} is now ${path}@2, on probation`);
  assert.equal(probation?.limit_requests, 5);
  const models = await entries(running);
  assert.deepEqual(Object.keys(models).toSorted(), ["model/cn", "model/cn@1", "model/tone"]);
  const [fresh, old] = [models["model/cn"], models["model/cn@1"]];
  assert.deepEqual(
    fresh?.holds.map(({ client }) => client),
    ["app"],
  );
  assert.deepEqual(
    old?.holds.map(({ client }) => client),
    [`switch of ${path}`],
  );
  assert.deepEqual(
    [fresh?.probation?.from, fresh?.probation?.until, fresh?.probation?.requests],
    [`${path}@1`, null, 0],
  );
  assert.equal(old?.probation, undefined);
  const given = await post(running, "/api/models/unload", { model_path: path, client_id: "app" });
  assert.deepEqual([given.status, given.body["unloaded"]], [200, true]);
});

test("a gate that fails is a 409 that says what was heard wrong, in the caller's language", async (t) => {
  const running = await startRunning(t, { "cn/1": version({ fake: { text: "今天" } }) });
  const path = running.modelPath("cn");
  writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "明天" }, golden: [{ text: "今天" }] });
  const headers = { "content-type": "application/json", "accept-language": "zh" };
  const body = JSON.stringify({ model_path: path });
  const answer = await running.fetch("/api/models/switch", { method: "POST", headers, body });
  const { reason, message, details } = (await answer.json()) as Failure;
  assert.deepEqual([answer.status, reason], [409, "gate_failed"]);
  const { gate } = details as unknown as { readonly gate: readonly GateResult[] };
  assert.deepEqual(
    gate.map(({ recording, passed }) => [recording, passed]),
    [["golden/0.wav", false]],
  );
  assert.match(message, /golden\/0\.wav：词错误率 0\.500，上限为 0\.1/);
  const status = await running.client.getModelStatus(`${path}@2`);
  assert.ok(!status.success);
});

const german = (text: string) => ({ fake: { text, languages: ["de"] } });

test("a request for a language is served by the version that its model's path means", async (t) => {
  const running = await startRunning(t, { tone: "tone", "de/1": version({ fake: { text: "eins" } }) });
  writeVersion(`${running.modelDir}/de/1`, german("eins"));
  const hear = async () => {
    const result = await running.client.transcribe(toneWav("abc"), {
      language: "de",
      contentType: "audio/wav",
      model_path: running.modelPath("de"),
    });
    assert.ok(result.success);
    return result.text;
  };
  assert.equal(await hear(), "eins");
  writeVersion(`${running.modelDir}/de/2`, german("zwei"));
  const byLanguage = async () => {
    const result = await running.client.transcribe(toneWav("abc"), { language: "de", contentType: "audio/wav" });
    assert.ok(result.success, JSON.stringify(result));
    return result.text;
  };
  assert.equal(await byLanguage(), "eins");
  assert.equal((await post(running, "/api/models/switch", { model_path: running.modelPath("de") })).status, 200);
  assert.equal(await byLanguage(), "zwei");
});

test("all versions of a model are listed", async (t) => {
  const running = await startRunning(t, {
    tone: "tone",
    "cn/1": version({ fake: {} }),
    "cn/10": version({ fake: {} }),
  });
  const answer = await running.fetch("/api/models/available");
  const { models } = (await answer.json()) as { models: Record<string, { versions: string[] }> };
  assert.deepEqual(models[running.modelPath("cn")]?.versions, ["10", "1"]);
  assert.deepEqual(models[running.modelPath("tone")]?.versions, ["1"]);
});

test("what a switch decided outlives the server, and so does what served before one that did not come off", async (t) => {
  const running = await startRunning(t, {
    tone: "tone",
    "cn/1": version({ fake: { text: "one" } }),
    "de/1": version({ fake: {} }),
  });
  const [cn, de] = [running.modelPath("cn"), running.modelPath("de")];
  for (const path of [cn, de])
    assert.equal((await post(running, "/api/models/load", { model_path: path })).status, 200);
  writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "two" } });
  writeVersion(`${running.modelDir}/de/2`, { fake: { load: "exit" } });
  assert.equal((await post(running, "/api/models/switch", { model_path: cn })).status, 200);
  assert.equal((await post(running, "/api/models/switch", { model_path: de })).status, 400);
  writeVersion(`${running.modelDir}/cn/3`, { fake: { text: "three" } });
  await running.server.stop();
  const again = await startRunning(
    t,
    {},
    {
      model_dir: [running.modelDir],
      state_dir: running.server.stateDir,
      default_model: running.modelPath("tone"),
    },
  );
  const hear = async (path: string) => {
    const result = await again.client.transcribe(toneWav("abc"), { model_path: path, contentType: "audio/wav" });
    assert.ok(result.success, JSON.stringify(result));
    return [result.model_version, result.model_path];
  };
  assert.deepEqual(await hear(cn), ["2", cn]);
  assert.deepEqual(await hear(de), ["1", de]);
  const models = await entries(again);
  assert.ok(
    Object.values(models).every(({ probation }) => probation === undefined),
    "its probation is over",
  );
});

test("a new version that crashes under traffic is rolled back, and no request fails", async (t) => {
  const running = await startRunning(t, { tone: "tone", "cn/1": version({ fake: { text: "one" } }) });
  const path = running.modelPath("cn");
  const { heard, more, end } = traffic(t, running, 6, path);
  await more(12);
  const events = await running.fetch("/api/events");
  writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "two", decode: "abort", decodeAt: 6 } });
  assert.equal((await post(running, "/api/models/switch", { model_path: path })).status, 200);
  const told = await untilEvent(events, "model.rolled_back");
  assert.match(told, /"why":"\d+ errors in \d+ requests"/);
  await more(12, ({ version: by }) => by === "1");
  await end();
  assert.ok(heard.some(({ text, version: by }) => by === "2" && text === "two"));
});

/** The text of a stream of events up to the first of a type. */
async function untilEvent({ body }: Response, type: string): Promise<string> {
  assert.ok(body);
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const [, found] = new RegExp(`event: ${type}\\ndata: (.*)\\n\\n`).exec(text) ?? [];
    if (found !== undefined) return found;
  }
  assert.fail(`the events ended before ${type}`);
}

test("an alias of an alias keeps the version, and a model whose older version serves is loaded", async (t) => {
  const running = await startRunning(t, { tone: "tone", "cn/1": version({ fake: { text: "one" } }) });
  const path = running.modelPath("cn");
  assert.equal((await post(running, "/api/models/load", { model_path: path, client_id: "app" })).status, 200);
  writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "two" } });
  const available = async (): Promise<boolean | undefined> => {
    const answer = await running.client.listAvailableModels();
    assert.ok(answer.success, JSON.stringify(answer));
    return answer.models[path]?.loaded;
  };
  assert.equal(await available(), true);
  await post(running, "/api/models/alias", { alias: "first", model_path: `${path}@1` });
  const { body } = await post(running, "/api/models/alias", { alias: "again", model_path: "first" });
  assert.equal(body["model_path"], `${path}@1`);
});

test("a new version that cannot start again leaves its recognitions to the old one: none fails", async (t) => {
  const running = await startRunning(t, { "cn/1": version({ fake: { text: "one" } }) });
  const path = running.modelPath("cn");
  writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "two", decode: "hang" } });
  assert.equal((await post(running, "/api/models/switch", { model_path: path })).status, 200);
  const hear = () => running.client.transcribe(toneWav("abc"), { model_path: path, contentType: "audio/wav" });
  const underWay = hear();
  for (;;) {
    const entry = (await entries(running))["model/cn"];
    if (entry?.sessions !== 1) continue;
    writeVersion(`${running.modelDir}/cn/2`, { fake: { text: "two", load: "exit" } });
    process.kill(entry.pid, "SIGKILL");
    break;
  }
  for (const result of await Promise.all([underWay, hear()])) {
    assert.ok(result.success, JSON.stringify(result));
    assert.deepEqual([result.text, result.model_version, result.model_path], ["one", "1", path]);
  }
});
