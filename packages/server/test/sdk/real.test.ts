import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ModelAPIClient, type SessionOptions } from "@voxpool/client";
import { run } from "../cli/support.ts";
import { startLocal } from "../local/support.ts";
import { startRunning, toneWav } from "../server/running.ts";
import { startWire } from "./letters.ts";
import { collect, finalsOf, openSession } from "./sessions.ts";

const soon = { baseMs: 1, capMs: 50 };

/** What is said as it is said: tones, each word followed by silence. */
function spoken(...words: string[]): Uint8Array {
  const silence = new Uint8Array(32_000);
  return Buffer.concat(words.flatMap((word) => [toneWav(word).subarray(44), silence]));
}

const opened = (t: TestContext, url: string, options: SessionOptions = {}) =>
  openSession(t, url, { retry: soon }, options);

/** In pieces of 100 ms, as a microphone gives them. */
async function* pieces(bytes: Uint8Array) {
  for (let at = 0; at < bytes.byteLength; at += 3200) yield bytes.subarray(at, at + 3200);
}

test("what is said comes back live, and at the end in whole", async (t) => {
  const { server } = await startRunning(t, { tone: "tone" });
  const session = await opened(t, `${server.url}/api`);
  const events = collect(session);
  await session.pipeFrom(pieces(spoken("abc", "bead")));
  assert.deepEqual(await session.finalize(), { success: true, text: "abc bead" });
  await session.pipeFrom(pieces(spoken("face")));
  const end = await session.end();
  assert.deepEqual(end, { success: true, text: "abc bead face", duration: 7.76, segments: 3 });
  const seen = await events;
  assert.deepEqual(finalsOf(seen), ["abc", "bead", "face"]);
  assert.deepEqual([seen.at(0)?.type, seen.at(-1)?.type], ["ready", "ended"]);
});

test("wherever the connection to a real server breaks, every word comes once", async (t) => {
  const { server } = await startRunning(t, { tone: "tone" });
  const wire = await startWire(t, `${server.url}/api`);
  const said = ["abc", "bead", "face", "cab", "dad"];
  const audio = spoken(...said);
  let lost = 0;
  for (const at of [4, 5, 6, 7, 8, 9, 11, 13, 17, 23]) {
    let count = 0;
    let back = 0;
    const session = await opened(t, wire.url, { onLost: () => void lost++ });
    // Each connection begins with two pieces: the request for it, and what it resumes.
    wire.watch = () => ++count % at === 0;
    wire.watchBack = () => ++back === at;
    const events = collect(session);
    await session.pipeFrom(pieces(audio));
    const finalized = await session.finalize();
    assert.equal(finalized.success && finalized.text, said.join(" "), `cut at ${at}`);
    await session.write(spoken("ace"));
    const end = await session.end();
    assert.equal(end.success && end.text, [...said, "ace"].join(" "), `cut at ${at}`);
    assert.equal(end.success && end.duration, (audio.byteLength + spoken("ace").byteLength) / 32_000);
    assert.deepEqual(finalsOf(await events), [...said, "ace"], `cut at ${at}`);
  }
  assert.ok(lost >= 8, `${lost} cuts`);
});

test("a refusal of the server says why; a session that it forgot ends so", async (t) => {
  const { server } = await startRunning(t, { tone: "tone" }, { "live.resume_seconds": 1 });
  const url = `${server.url}/api`;
  const client = new ModelAPIClient(url, { retry: soon, headers: { "accept-language": "zh" } });
  t.after(() => client.close());
  const missing = await client.openSession({ model_path: "none" });
  assert.ok(!missing.success);
  assert.equal(missing.reason, "model_not_found");
  assert.match(missing.message, /模型/);
  const wrong = await client.openSession({ sample_rate: 1 });
  assert.equal(!wrong.success && wrong.reason, "option_invalid");
});

test("the pool of an application has live sessions too, and ends them with it", async (t) => {
  const { client, transport } = await startLocal(t, { tone: "tone" });
  const session = await client.openSession();
  assert.ok(session.success, JSON.stringify(session));
  await session.pipeFrom(pieces(spoken("abc", "bead")));
  const end = await session.end();
  assert.equal(end.success && end.text, "abc bead");
  const cut = await client.openSession();
  assert.ok(cut.success);
  const events = collect(cut);
  await transport.close();
  const last = (await events).at(-1);
  assert.ok(last?.type === "error");
  assert.ok(["server_stopping", "connection_lost", "server_unreachable"].includes(last.failure.reason));
});

test("a model that dies under a session costs no word", async (t) => {
  const { client } = await startLocal(t, { tone: "tone" });
  const session = await client.openSession();
  assert.ok(session.success);
  await session.pipeFrom(pieces(spoken("abc")));
  const { modelPath } = session;
  const status = await client.getModelStatus(modelPath);
  assert.ok(status.success);
  process.kill(status.status.pid, "SIGKILL");
  await session.pipeFrom(pieces(spoken("bead")));
  const end = await session.end();
  assert.equal(end.success && end.text, "abc bead");
});

test("the command line writes what is piped in, with a real server and without one", async (t) => {
  const { server, modelDir } = await startRunning(t, { tone: "tone" });
  const input = spoken("abc", "bead");
  const ran = await run(t, ["listen", "--raw", "--url", server.url], { input });
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "abc\nbead\n", ""]);
  const env = { VOXPOOL_MODEL_DIR: modelDir, VOXPOOL_ENGINE_FAKE: "true", VOXPOOL_DEFAULT_MODEL: "tone" };
  const local = await run(t, ["listen", "--raw", "--local"], {
    input,
    env: { ...env, VOXPOOL_STATE_DIR: server.stateDir },
  });
  assert.deepEqual([local.code, local.stdout], [0, "abc\nbead\n"], local.stderr);
});
