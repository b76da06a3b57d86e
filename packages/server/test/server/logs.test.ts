import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLogger } from "../../dist/base/logger.js";
import { scratchDirectory } from "../base/scratch.ts";
import { connect } from "../ws/socket.ts";
import { type ModelContent, startRunning, toneWav } from "./running.ts";

type Line = Readonly<Record<string, unknown>>;

/** A server that logs everything into files; `lines` stops its logging and reads them. */
async function startLogged(t: TestContext, models: Readonly<Record<string, ModelContent>>) {
  const directory = scratchDirectory(t);
  const files = { "log.file": join(directory, "voxpool.log"), "audit.file": join(directory, "audit.log") };
  const log = createLogger({ "log.level": "debug", "log.format": "json", ...files });
  const running = await startRunning(t, models, {}, { log, audit: log.audit });
  const text = async () => {
    await running.server.stop();
    await log.close();
    return { log: readFileSync(files["log.file"], "utf8"), audit: readFileSync(files["audit.file"], "utf8") };
  };
  return { ...running, text };
}

const linesIn = (text: string): Line[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

const spoken = "the eagle lands at dawn on platform nine";
const secrets = [
  "sk-planted-bearer",
  "planted-cookie",
  "planted-basic",
  "planted-query",
  "planted-body",
  "planted-name",
  "planted-marker",
];

/** A recording with a marker in its samples, and another one in a chunk that no decoder reads. */
function markedWav(): Buffer {
  const wav = Buffer.from(toneWav("ace"));
  wav.write("planted-marker", wav.length - 40);
  return wav;
}

test("neither audio, nor transcripts, nor secrets are in anything that is written", async (t) => {
  const { server, fetch, text } = await startLogged(t, {
    en: { fake: { text: spoken } },
    bad: { fake: { load: "throw" } },
  });
  const headers = {
    authorization: "Bearer sk-planted-bearer",
    "x-api-key": "sk-planted-bearer",
    cookie: "session=planted-cookie",
    "accept-language": "planted-query",
  };
  const post = (path: string, body: BodyInit, more: Record<string, string> = {}) =>
    fetch(path, { method: "POST", body, headers: { ...headers, ...more } }).then((answer) => answer.text());
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(markedWav())]), "planted-name.wav");
  form.set("prompt", "planted-body");
  form.set("model_path", "en");
  const json = { "content-type": "application/json" };
  assert.match(await post("/api/transcribe?hotwords=planted-query", form), new RegExp(spoken));
  const wav = { "content-type": "audio/wav", authorization: `Basic ${btoa("a:planted-basic")}` };
  assert.match(await post("/api/transcribe?model_path=en&stream=true", new Uint8Array(markedWav()), wav), /eagle/);
  await post("/api/transcribe", new TextEncoder().encode("planted-marker, which is no audio"), wav);
  await post("/api/models/load?token=planted-query", JSON.stringify({ model_path: "en", key: "planted-body" }), json);
  await post("/api/models/load", '{"planted-body": ', json);
  await post("/api/models/load", JSON.stringify({ model_path: "bad" }), json);
  await post("/api/planted-query/none", "planted-body");
  const live = await connect(t, `${server.url.replace("http", "ws")}/api/stream`);
  live.send({ type: "start", model_path: "en", hotwords: ["planted-body"] });
  await live.until("ready");
  live.socket.send(markedWav().subarray(44));
  live.send({ type: "end" });
  assert.match((await live.until("final")).segment.text, /eagle/);
  await live.closed;
  const written = await text();
  const all = written.log + written.audit;
  const found = [...secrets, ...secrets.map((secret) => btoa(secret)), "eagle", "platform nine"].filter((secret) =>
    all.includes(secret),
  );
  assert.deepEqual(found, []);
  assert.equal(linesIn(written.log).filter(({ msg }) => msg === "request").length, 8);
});

test("a recognition leaves one line: the model, its times, its audio, and how it ended", async (t) => {
  const { fetch, text, modelPath } = await startLogged(t, { en: "tone" });
  const headers = { "content-type": "audio/wav", "x-request-id": "mine-1" };
  const answer = await fetch("/api/transcribe", { method: "POST", body: toneWav("ace"), headers });
  assert.equal(answer.headers.get("x-request-id"), "mine-1");
  await answer.text();
  const forged = { "content-type": "audio/wav", "x-request-id": 'x","level":"error' };
  const refused = await fetch("/api/transcribe?model_path=none", {
    method: "POST",
    body: toneWav("a"),
    headers: forged,
  });
  assert.equal(refused.status, 404);
  await refused.text();
  const [first, second] = linesIn((await text()).log).filter(({ msg }) => msg === "request");
  assert.partialDeepStrictEqual(first, {
    level: "info",
    id: "mine-1",
    route: "/api/transcribe",
    status: 200,
    outcome: "ok",
    address: "127.0.0.1",
    model: `${modelPath("en")}@1`,
  });
  for (const name of ["ms", "queue_ms", "decode_ms", "audio_seconds"]) assert.ok(Number(first?.[name]) >= 0, name);
  assert.ok(Number(first?.audio_seconds) > 0);
  assert.partialDeepStrictEqual(second, { status: 404, outcome: "failed", reason: "model_not_found" });
  assert.match(String(second?.id), /^[\w-]+$/);
});

test("a live session leaves a line of its own at its end, and so does one that could not begin", async (t) => {
  const { server, fetch, text, modelPath } = await startLogged(t, { en: "tone" });
  const url = `${server.url.replace("http", "ws")}/api/stream`;
  const client = await connect(t, url);
  client.send({ type: "start", model_path: "en", client_id: "mic" });
  await client.until("ready");
  assert.match(await (await fetch("/metrics")).text(), /^voxpool_live_sessions 1$/m);
  client.socket.send(toneWav("ace").subarray(44));
  client.send({ type: "end" });
  const { duration } = await client.until("ended");
  await client.closed;
  const refused = await connect(t, url);
  refused.send({ type: "start", model_path: "none" });
  await refused.closed;
  const metrics = await (await fetch("/metrics")).text();
  assert.match(metrics, /^voxpool_live_sessions 0$/m);
  assert.match(metrics, /^voxpool_recognitions_total\{model=".*en",version="1",kind="live",outcome="ok"\} 1$/m);
  const [first, second] = linesIn((await text()).log).filter(({ msg }) => msg === "live session");
  assert.partialDeepStrictEqual(first, { client: "mic", model: `${modelPath("en")}@1`, outcome: "ok" });
  assert.ok(Math.abs(Number(first?.audio_seconds) - duration) < 0.02);
  for (const name of ["ms", "queue_ms", "decode_ms", "dropped_partials"]) assert.ok(Number(first?.[name]) >= 0, name);
  assert.match(String(first?.id), /^[\w-]+$/);
  assert.partialDeepStrictEqual(second, { address: "127.0.0.1", outcome: "failed", reason: "model_not_found" });
});

test("administrative acts leave a line in the audit file, in a batch too: who, what, and how it ended", async (t) => {
  const { fetch, text } = await startLogged(t, { en: "tone", cn: "tone" });
  const headers = { "content-type": "application/json", "x-request-id": "desk-1" };
  const post = async (call: string, body: object): Promise<void> => {
    const answer = await fetch(`/api/models/${call}`, { method: "POST", body: JSON.stringify(body), headers });
    await answer.text();
  };
  await post("load", { model_path: "cn", client_id: "desk" });
  await post("pin", { model_path: "cn" });
  await post("alias", { alias: "daily", model_path: "cn" });
  await post("unload", { model_path: "none", force: true });
  const operations = [
    { operation: "pin", model_path: "cn", pinned: false },
    { operation: "unload", model_path: "cn", force: true },
  ];
  await post("batch", { operations });
  await post("pull", { name: "never" });
  const { log, audit } = await text();
  const acts = linesIn(audit);
  assert.deepEqual(
    acts.map(({ act, what, outcome, reason }) => [act, what, outcome, reason].filter((part) => part !== undefined)),
    [
      ["model.load", { model_path: "cn" }, "ok"],
      ["model.pin", { model_path: "cn", pinned: true }, "ok"],
      ["alias.set", { alias: "daily", model_path: "cn" }, "ok"],
      ["model.unload", { model_path: "none", force: true }, "failed", "model_not_found"],
      ["model.pin", { model_path: "cn", pinned: false }, "ok"],
      ["model.unload", { model_path: "cn", force: true }, "ok"],
      ["model.pull", { name: "never" }, "failed", "download_unknown"],
    ],
  );
  assert.deepEqual(acts[0]?.who, { client: "desk" });
  assert.deepEqual([acts[4]?.who, acts[4]?.id], [{ client: "127.0.0.1" }, "desk-1"]);
  assert.ok(acts.every(({ audit: isAudit, time }) => isAudit === true && typeof time === "string"));
  assert.ok(!log.includes('"audit"'));
});
