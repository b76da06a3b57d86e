import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { ModelStats, StatsWindow } from "@voxpool/client";
import { startRunning } from "../server/running.ts";
import { closedUrl, failure, run, sendJson, start, startWireServer, untilSaid } from "./support.ts";

const latency = { count: 4, mean: 0.25, p50: 0.2, p95: 1.5, p99: 130, max: 131 };
const window: StatsWindow = {
  requests: 5,
  errors: 1,
  audio_seconds: 90,
  real_time_factor: 0.0521,
  queue_seconds: { ...latency, p50: 0.0042 },
  decode_seconds: latency,
  total_seconds: latency,
};
const nothing = { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };
const quiet: StatsWindow = {
  requests: 0,
  errors: 0,
  audio_seconds: 0,
  real_time_factor: 0,
  queue_seconds: nothing,
  decode_seconds: nothing,
  total_seconds: nothing,
};
const stats: ModelStats = {
  model_path: "model/cn",
  version: "1",
  state: "ready",
  last_minute: quiet,
  last_5_minutes: window,
  last_hour: window,
  life: window,
  errors_by_reason: { host_crashed: 1 },
  memory_bytes: 28_300_000,
  peak_memory_bytes: 30_000_000,
  cpu_seconds: 65,
  loads: 2,
  load_failures: 0,
  restarts: 1,
  recycles: 0,
  evictions: 0,
  failovers: 0,
  replays: 3,
  switches: 0,
  rollbacks: 0,
  holds: 4,
  sessions: 2,
  since: 1_700_000_000,
};
const { state: _state, model_path: _path, version: _version, ...total } = stats;
const answer = {
  success: true,
  total,
  models: { "model/cn@1": stats },
  queue: { running: 1, waiting: 2, waiting_audio_seconds: 61, sessions: 2 },
  uptime_seconds: 7200,
};

test("stats: a line for each version and the total, as a table, as JSON, in Chinese", async (t) => {
  const { url } = await startWireServer(t, { "GET /models/stats": answer });
  const { code, stdout } = await run(t, ["stats", "--url", url]);
  assert.equal(code, 0);
  const lines = stdout.split("\n");
  assert.match(lines[0] ?? "", /^MODEL +STATE +REQUESTS +ERRORS +AUDIO +RTF +P50 +P95 +P99 +MEMORY +CPU +RESTARTS/);
  assert.match(
    lines[1] ?? "",
    /^model\/cn@1 +ready +5 +1 +1 min 30 s +0\.052 +200 ms +1\.50 s +130 s +28\.3 MB +1 min 05 s +1 +4 +2$/,
  );
  assert.match(lines[2] ?? "", /^total +5 +1 /);
  assert.equal(lines[4], "1 decoding, 2 waiting (1 min 01 s of audio), up 2 h 00 min");
  const zh = await run(t, ["stats", "--url", url], { env: { LANG: "zh_CN.UTF-8" } });
  assert.match(zh.stdout, /^模型 +状态 +请求/);
  assert.match(zh.stdout, /^合计 /m);
  const json = await run(t, ["stats", "--json", "--url", url]);
  assert.deepEqual(JSON.parse(json.stdout), answer);
});

test("stats of one model: what it has and did, and the latencies of each window", async (t) => {
  const { url } = await startWireServer(t, {
    "GET /models/stats/cn": { success: true, model_path: "model/cn", stats },
    "GET /models/stats/none": (_received: unknown, response: Parameters<typeof sendJson>[0]) =>
      sendJson(response, 404, failure("model_not_found", "There is no none.")),
  });
  const { stdout } = await run(t, ["stats", "cn", "--url", url]);
  assert.match(stdout, /^peak memory +30\.0 MB$/m);
  assert.match(stdout, /^replays +3$/m);
  assert.match(stdout, /^host_crashed +1$/m);
  assert.match(stdout, /^1 min +0 +0 +0 s +queue$/m);
  assert.match(stdout, /^5 min +5 +1 +1 min 30 s +0\.052 +queue +250 ms +4\.2 ms +1\.50 s +130 s +131 s$/m);
  assert.match(stdout, /^ +decode +250 ms +200 ms/m);
  const zh = await run(t, ["stats", "cn", "--url", url], { env: { LANG: "zh_CN.UTF-8" } });
  assert.match(zh.stdout, /^内存峰值 +30\.0 MB$/m);
  const none = await run(t, ["stats", "none", "--url", url]);
  assert.deepEqual([none.code, none.stderr], [1, "voxpool: There is no none.\n"]);
  assert.equal((await run(t, ["stats", "--url", await closedUrl()])).code, 3);
});

test("events of a real server: a line each, or JSON each, until Ctrl-C", async (t) => {
  const { server, client, modelPath } = await startRunning(t, { en: "tone", cn: "tone" });
  const url = `${server.url}/api`;
  const lines = start(t, ["events", "--since", "0", "--model", "cn", "--url", url]);
  const json = start(t, ["events", "--since", "0", "--types", "model.state", "--json", "--url", url]);
  const zh = start(t, ["events", "--since", "0", "--url", url], { env: { LANG: "zh_CN.UTF-8" } });
  const said = [
    untilSaid(lines, "stdout", new RegExp(`^[-0-9]+ [:0-9]+  ${modelPath("cn")}@1  (warming|loading) → ready`, "m")),
    untilSaid(json, "stdout", /"model_path":"[^"]*cn".*"state":"ready"/),
    untilSaid(zh, "stdout", /cn@1 {2}正在(预热|加载) → 就绪/),
  ];
  await Promise.all([lines, json].map((running) => untilSaid(running, "stdout", /gap|no longer known/)));
  assert.equal((await client.loadModel("cn")).success, true);
  await Promise.all(said);
  for (const { child } of [lines, json, zh]) child.kill("SIGINT");
  for (const running of [lines, json, zh]) {
    const { code, stderr } = await running.done;
    assert.deepEqual([code, stderr], [130, ""]);
  }
  const { stdout } = await json.done;
  for (const line of stdout.trimEnd().split("\n")) assert.equal(typeof JSON.parse(line), "object");
});

test("events: a lost connection is said and made anew; what the server refuses ends it", async (t) => {
  let asked = 0;
  const { url } = await startWireServer(t, {
    "GET /events": (_received: unknown, response: Parameters<typeof sendJson>[0]) => {
      asked += 1;
      if (asked > 1) return sendJson(response, 400, failure("option_invalid", "types: no."));
      const hostile = { id: "e:1", type: "alias.changed", at: 0, message: "a\nb\u001b[31m" };
      response.writeHead(200, { "content-type": "text/event-stream" }).end(`data: ${JSON.stringify(hostile)}\n\n`);
    },
  });
  const { code, stdout, stderr } = await run(t, ["events", "--url", url]);
  assert.equal(code, 1);
  assert.match(stdout, /^[-0-9]+ [:0-9]+ {2}alias changed {2}a b/);
  assert.equal(stdout.trimEnd().split("\n").length, 1);
  assert.equal(stderr, "voxpool: the connection was lost; connecting again\nvoxpool: types: no.\n");
  assert.equal((await run(t, ["events", "--url", await closedUrl()])).code, 3);
});

test("events end quietly when nobody reads them any more", async (t) => {
  const { url } = await startWireServer(t, {
    "GET /events": (_received: unknown, response: Parameters<typeof sendJson>[0]) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let number = 0;
      const write = (): void => {
        number += 1;
        const event = { id: `e:${number}`, type: "pin.changed", at: 0 };
        if (!response.destroyed) response.write(`data: ${JSON.stringify(event)}\n\n`, () => setImmediate(write));
      };
      write();
    },
  });
  const running = start(t, ["events", "--url", url]);
  assert.ok(running.child.stdout);
  await once(running.child.stdout, "data");
  running.child.stdout.destroy();
  const { code, stderr } = await running.done;
  assert.deepEqual([code, stderr], [0, ""]);
});
