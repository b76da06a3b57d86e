import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { ModelAPIClient, TransportError } from "@voxpool/client";
import { createLocalTransport, type LocalOptions } from "../../dist/local.js";
import { gone } from "../host/harness.ts";
import { isAlive, startRunning, threeSegments, toneWav } from "../server/running.ts";
import { startLocal } from "./support.ts";

const hanging = { fake: { decode: "hang" } };

test("a recording is recognised, with its events, by a process below this one", async (t) => {
  const { client, modelPath } = await startLocal(t, { tone: "tone" });
  const events: string[] = [];
  const result = await client.transcribe(threeSegments(), { onEvent: ({ type }) => events.push(type) });
  assert.ok(result.success, JSON.stringify(result));
  assert.equal(result.text, "abc abc abc");
  assert.equal(events.filter((type) => type === "segment").length, 3);
  const status = await client.getModelStatus(modelPath("tone"));
  assert.ok(status.success);
  assert.notEqual(status.status.pid, process.pid);
  assert.ok(isAlive(status.status.pid));
});

test("a model that crashes costs its own process and request, not the application", async (t) => {
  const { client, modelPath } = await startLocal(t, { tone: "tone", bad: { fake: { decode: "abort" } } });
  const failed = await client.transcribe(threeSegments(), { model_path: modelPath("bad") });
  assert.ok(!failed.success);
  assert.equal(failed.reason, "request_poisonous");
  const fine = await client.transcribe(toneWav("bead"));
  assert.equal(fine.success && fine.text, "bead");
});

test("an upload is read no faster than it is used, and is let go of when the caller aborts", async (t) => {
  const { client } = await startLocal(t, { slow: { fake: { decodeMs: 100_000 } } });
  const abort = new AbortController();
  const chunk = toneSeconds(10);
  let pulled = 0;
  let released = false;
  async function* endless() {
    try {
      for (;;) {
        yield chunk;
        pulled++;
      }
    } finally {
      released = true;
    }
  }
  const options = { contentType: "audio/pcm;rate=16000;channels=1", signal: abort.signal };
  const running = client.transcribe(endless(), options);
  // A session takes two minutes of audio in; a reader without a limit would never leave this loop.
  let before = -1;
  for (let still = 0; still < 200; still = pulled === before && pulled > 0 ? still + 1 : 0) {
    before = pulled;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(pulled < 200, `${pulled} pieces of ten seconds`);
  abort.abort();
  const result = await running;
  assert.equal(!result.success && result.reason, "request_cancelled");
  assert.ok(released);
});

test("pools of several applications and a server share one state directory", async (t) => {
  const { server, client } = await startRunning(t, { tone: "tone" });
  const { stateDir } = server;
  const locals = await Promise.all([1, 2, 3].map(() => startLocal(t, { tone: "tone" }, { stateDir })));
  const all = [client, ...locals.map((local) => local.client)];
  const results = await Promise.all(all.map((each) => each.transcribe(toneWav("cab"))));
  assert.deepEqual(
    results.map((result) => (result.success ? result.text : result.error_message)),
    all.map(() => "cab"),
  );
});

test("close() ends everything: processes, requests in progress, folders; later requests find nobody", async (t) => {
  const { client, transport, modelPath, stateDir } = await startLocal(t, { hangs: hanging });
  const loaded = await client.loadModel(modelPath("hangs"));
  assert.ok(loaded.success, JSON.stringify(loaded));
  const status = await client.getModelStatus(modelPath("hangs"));
  assert.ok(status.success);
  const running = client.transcribe(threeSegments());
  await client.checkHealth();
  await Promise.all([transport.close(), transport.close()]);
  const failed = await running;
  assert.ok(!failed.success);
  await gone(status.status.pid);
  const later = await client.checkHealth();
  assert.equal(!later.success && later.reason, "server_unreachable");
  const request = { method: "GET", path: "/health", headers: {}, signal: new AbortController().signal } as const;
  await assert.rejects(transport.send(request), (error) => error instanceof TransportError && !error.mayHaveArrived);
  assert.deepEqual(filesBelow(stateDir), []);
});

test("a form is kept in a folder of this pool while it arrives, and removed", async (t) => {
  const { transport, stateDir } = await startLocal(t, { tone: "tone" });
  let seen: string[] = [];
  const [head = "", tail = ""] = formOf("tone.wav").split("|");
  async function* form() {
    yield Buffer.from(head);
    // More than is kept in memory.
    for (let n = 0; n < 40; n++) yield Buffer.alloc(100_000);
    seen = filesBelow(stateDir).filter((name) => !name.endsWith(".lock"));
    yield Buffer.from(tail);
  }
  const answer = await transport.send({
    method: "POST",
    path: "/transcribe",
    headers: { "content-type": "multipart/form-data; boundary=b" },
    body: Readable.toWeb(Readable.from(form())) as ReadableStream<Uint8Array>,
    signal: new AbortController().signal,
  });
  assert.equal(answer.status, 415, "zeros are no recording");
  await answer.body?.cancel();
  assert.equal(seen.length, 1);
  assert.match(seen[0] ?? "", new RegExp(`^local.${process.pid}-[0-9a-f]{12}.upload-`));
  await transport.close();
  assert.deepEqual(filesBelow(stateDir), []);
});

test("folders that nobody has are removed at the next start, whoever has their number now, and nothing else", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const lent = await startLocal(t, { tone: "tone" }, { stateDir: root });
  const [living = ""] = readdirSync(join(root, "local"));
  assert.match(living, new RegExp(`^${process.pid}-[0-9a-f]{12}\\.lock$`));
  const own = living.replace(".lock", "");
  const dead = spawnSync(process.execPath, ["--version"]).pid;
  for (const name of [`${dead}-0123456789ab`, `${process.pid}-0123456789ab`, own, "my notes", "1-0123456789abc"]) {
    mkdirSync(join(root, "local", name), { recursive: true });
    writeFileSync(join(root, "local", name, "upload-1"), "audio");
  }
  writeFileSync(join(root, "local", `${dead}-0123456789ab.lock`), "");
  writeFileSync(join(root, "local", `${dead}-0123456789ff.lock`), "no database");
  const { transport } = await startLocal(t, {}, { stateDir: root });
  await transport.close();
  const left = ["1-0123456789abc", own, `${own}.lock`, "my notes"];
  assert.deepEqual(readdirSync(join(root, "local")).toSorted(), left.toSorted());
  await lent.transport.close();
  assert.equal(existsSync(join(root, "local", own)), false);
});

test("a state directory that cannot be written is no reason not to start", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "file"), "");
  const { client } = await startLocal(t, { tone: "tone" }, { stateDir: join(root, "file", "state") });
  assert.equal((await client.transcribe(toneWav("cab"))).success, true);
});

test("a pool that cannot be put together leaves nothing behind", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const options: LocalOptions = {
    stateDir: root,
    modelDir: root,
    get log(): never {
      throw new Error("no log");
    },
  };
  const opening = createLocalTransport(options);
  await assert.rejects(opening, /no log/);
  assert.deepEqual(filesBelow(root), []);
});

test("a setting that is wrong ends nothing but the start: no thread and no timer keeps the application", (t) => {
  const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const entry = new URL("../../dist/local.js", import.meta.url).href;
  const options = { stateDir: root, modelDir: root, settings: { "failover.chains": ["model/a"] } };
  const script = `
    import { createLocalTransport } from ${JSON.stringify(entry)};
    await createLocalTransport(${JSON.stringify(options)}).catch(({ reason }) => console.log(reason));`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", timeout: 20_000 });
  assert.deepEqual([run.status, run.stdout], [0, "config_invalid\n"], run.stderr);
});

test("what is to be loaded from the start is loaded", async (t) => {
  const models = { tone: "tone", early: { fake: {} } } as const;
  const { client, modelPath } = await startLocal(t, models, { settings: { "pool.preload": ["early"] } });
  for (;;) {
    const status = await client.getModelStatus(modelPath("early"));
    if (status.success) break;
    assert.equal(status.reason, "model_not_loaded");
  }
});

test("bare ids name models wherever the model directory is", async (t) => {
  const { client } = await startLocal(t, { "en/tone": "tone" });
  const result = await client.transcribe(toneWav("cab"), { model_path: "en/tone" });
  assert.ok(result.success, JSON.stringify(result));
});

test("the log hears of requests, and nobody else does", async (t) => {
  const lines: string[] = [];
  const write = (_: object, message: string) => void lines.push(message);
  const log = { debug: write, info: write, warn: write, error: write };
  const { client } = await startLocal(t, { tone: "tone" }, { log });
  await client.listModels();
  assert.ok(lines.includes("request"));
});

for (const [options, message] of [
  [{ settings: { "schedule.cores": "many" } }, /schedule\.cores cannot be "many"/],
  [{ settings: { "schedule.core": 1 } }, /schedule\.core.*schedule\.cores/],
  [{ modelDir: [] }, /model_dir/],
  [{ stateDir: "a\0b" }, /state_dir/],
] as const) {
  test(`a wrong option is refused: ${JSON.stringify(options)}`, async () => {
    const opening = createLocalTransport(options as unknown as LocalOptions);
    await assert.rejects(opening, { name: "VoxpoolError", reason: "config_invalid", message });
  });
}

test("settings of the environment are not those of the application", async (t) => {
  process.env.VOXPOOL_LIMITS_AUDIO_SECONDS = "1";
  t.after(() => delete process.env.VOXPOOL_LIMITS_AUDIO_SECONDS);
  const { client } = await startLocal(t, { tone: "tone" });
  assert.ok((await client.transcribe(threeSegments())).success);
});

test("it is a fallback of the client", async (t) => {
  const { server, modelDir } = await startRunning(t, { tone: "tone" });
  const fallback = () =>
    createLocalTransport({ modelDir, defaultModel: `${modelDir}/tone`, stateDir: server.stateDir });
  const client = new ModelAPIClient(server.url, { fallback });
  t.after(() => client.close());
  const first = await client.transcribe(toneWav("cab"));
  await server.stop();
  const second = await client.transcribe(toneWav("cab"));
  assert.deepEqual(
    [first, second].map((result) => result.success && [result.text, result.answered_by]),
    [
      ["cab", "service"],
      ["cab", "fallback"],
    ],
  );
});

const formOf = (name: string): string =>
  `--b\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n|\r\n--b--\r\n`;

/** Files other than native parts, relative to the directory. */
function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((name) => !name.startsWith("assets"));
}

/** 16-bit samples of a loud tone. */
function toneSeconds(seconds: number): Uint8Array {
  const samples = Int16Array.from({ length: seconds * 16_000 }, (_, n) => 10_000 * Math.sin(n / 5));
  return new Uint8Array(samples.buffer);
}
