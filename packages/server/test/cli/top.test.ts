import assert from "node:assert/strict";
import { test } from "node:test";
import { startRunning, toneWav } from "../server/running.ts";
import { closedUrl, noTerminal, onTerminal, run, shellCommand, startWireServer } from "./support.ts";

test("top --once: the load in a line, then a line for each model, busiest first; also in Chinese and as JSON", async (t) => {
  const { client, server, modelPath } = await startRunning(t, { en: "tone", cn: "tone" });
  const url = `${server.url}/api`;
  assert.equal((await client.loadModel("cn")).success, true);
  assert.equal((await client.transcribe(toneWav("ace"))).success, true);
  const { code, stdout, stderr } = await run(t, ["top", "--once", "--url", url]);
  assert.deepEqual([code, stderr], [0, ""]);
  const [load = "", blank, titles = "", ...rows] = stdout.trimEnd().split("\n");
  assert.match(load, /^up \d+ s +sessions 0 +decoding 0 +waiting 0 \(0 s of audio\) +memory \d/);
  assert.equal(blank, "");
  assert.match(titles, /^MODEL +STATE +SESSIONS +REQ\/MIN +ERRORS +AUDIO +RTF +WAIT P95 +P50 +P95 +MEMORY$/);
  assert.deepEqual(
    rows.map((row) => row.split(/ +/, 4)),
    [
      [`${modelPath("en")}@1`, "ready", "0", "2"],
      [`${modelPath("cn")}@1`, "ready", "0", "0"],
      ["total", "0", "2", "0"],
    ],
  );
  const zh = await run(t, ["top", "--once", "--url", url], { env: { LANG: "zh_CN.UTF-8" } });
  assert.match(zh.stdout, /^已运行 .*\n\n模型 +状态/);
  // Where nothing can be drawn anew it is shown once.
  const json = await run(t, ["top", "--json", "--url", url]);
  assert.equal((JSON.parse(json.stdout) as { success: boolean }).success, true);
  assert.equal((await run(t, ["top", "--url", await closedUrl()])).code, 3);
});

test("top on a terminal is drawn anew, with what happens below it, until Ctrl-C", { skip: noTerminal() }, async (t) => {
  const { client, server } = await startRunning(t, { en: "tone", cn: "tone" });
  const shell = `${shellCommand("top", "--url", `${server.url}/api`)} & trap '' INT; echo pid $!; wait $!; echo ended $?`;
  let loading: Promise<unknown> | undefined;
  let isEnding = false;
  const watch = (text: string) => {
    if (text.includes("MODEL")) loading ??= client.loadModel("cn");
    if (isEnding || !/cn@1 {2}\w+ → ready/.test(text)) return;
    isEnding = true;
    process.kill(Number(/pid (\d+)/.exec(text)?.[1]), "SIGINT");
  };
  const { stdout } = await onTerminal(t, shell, { watch, env: { COLUMNS: "160" } });
  await loading;
  assert.match(stdout, /\n(total .*\r\n)ended 130\r\n$/);
});

test("top shows names from a server that would drive the terminal as plain text", async (t) => {
  const nothing = { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };
  const quiet = {
    requests: 1,
    errors: 0,
    audio_seconds: 0,
    real_time_factor: 0,
    queue_seconds: nothing,
    decode_seconds: nothing,
    total_seconds: nothing,
  };
  const total = { last_minute: quiet, last_hour: quiet, sessions: 0, memory_bytes: 0 };
  const stats = {
    success: true,
    total,
    models: { "model/a\u001b[31m\nx@1": { ...total, state: "ready" } },
    queue: { running: 0, waiting: 0, waiting_audio_seconds: 0, sessions: 0 },
    uptime_seconds: 5,
  };
  const { url } = await startWireServer(t, { "GET /models/stats": stats });
  const { stdout } = await run(t, ["top", "--once", "--url", url]);
  assert.ok(!stdout.includes("\u001b"));
});
