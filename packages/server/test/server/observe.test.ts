import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelAPIClient, type ModelStatsAnswer, type PoolEvent } from "@voxpool/client";
import { openEvents } from "../gateway/sse-reader.ts";
import { startRunning, toneWav } from "./running.ts";

const epochOf = ({ id }: PoolEvent): string | undefined => id.split(":")[0];
const statesOf = (events: readonly PoolEvent[]): string[] => events.map(({ state = "" }) => state);

test("the life of an instance is told with paths as they are, however the reader writes its model", async (t) => {
  const { client, modelPath, server } = await startRunning(t, { en: "tone", cn: "tone" });
  const readers = await Promise.all(
    ["cn", "cn@1", modelPath("cn"), `${modelPath("cn")}@1`].map((path) =>
      openEvents(`${server.url}/api/events?model_path=${encodeURIComponent(path)}`),
    ),
  );
  assert.equal((await client.loadModel("cn")).success, true);
  assert.equal((await client.unloadModel("cn")).success, true);
  for (const reader of readers) {
    const events: PoolEvent[] = [];
    while (events.at(-1)?.state !== "stopped") {
      const event = await reader.next();
      assert.ok(event);
      events.push(event);
    }
    assert.deepEqual([statesOf(events)[0], statesOf(events).includes("ready")], ["loading", true]);
    for (const event of events) assert.deepEqual([event.model_path, event.version], [modelPath("cn"), "1"]);
    reader.leave();
  }
});

test("a load that failed says why, in the reader's language, and is counted", async (t) => {
  const running = await startRunning(t, { en: "tone", bad: { fake: { load: "throw" } } });
  const { client, server, fetch } = running;
  const reader = await openEvents(`${server.url}/api/events`, { "accept-language": "zh" });
  const failed = await client.loadModel("bad");
  assert.equal(failed.success, false);
  let event: PoolEvent | undefined;
  do event = await reader.next();
  while (event?.state !== "failed");
  assert.equal(event.reason, failed.reason);
  assert.match(event.message ?? "", /\p{Script=Han}/u);
  reader.leave();
  const stats = await client.modelStats("bad");
  assert.ok(stats.success);
  assert.equal(stats.stats.load_failures, 1);
  const metrics = await (await fetch("/metrics")).text();
  assert.match(metrics, /^voxpool_load_failures_total 1$/m);
  assert.match(metrics, /^voxpool_instances\{state="ready"\} 1$/m);
  assert.match(metrics, /^voxpool_model_memory_bytes\{model=".*en",version="1"\} [1-9]/m);
});

test("statistics know loads and memory of real processes; a model on disk that did nothing has zeros", async (t) => {
  const { client, modelPath } = await startRunning(t, { en: "tone", idle: "tone" });
  assert.equal((await client.transcribe(toneWav("ace"))).success, true);
  const all = await client.stats();
  assert.ok(all.success);
  const stats = all.models[`${modelPath("en")}@1`];
  assert.ok(stats);
  assert.deepEqual([stats.loads, stats.state, stats.version], [1, "ready", "1"]);
  assert.ok(stats.memory_bytes > 1_000_000 && all.total.peak_memory_bytes >= stats.memory_bytes);
  const idle = await client.modelStats("idle");
  assert.ok(idle.success);
  assert.deepEqual([idle.stats.loads, idle.stats.state, idle.stats.memory_bytes], [0, undefined, 0]);
  const none = await client.modelStats("none");
  assert.deepEqual([none.success, !none.success && none.reason], [false, "model_not_found"]);
});

test("holds and a process that was killed are told, and counted", async (t) => {
  const { client, modelPath, server, fetch } = await startRunning(t, { en: "tone", cn: "tone" });
  const reader = await openEvents(`${server.url}/api/events?model_path=cn`);
  assert.equal((await client.loadModel("cn")).success, true);
  const added = (await reader.until("hold.added")).at(-1);
  assert.equal(added?.model_path, modelPath("cn"));
  const status = await client.getModelStatus("cn");
  assert.ok(status.success && status.status.pid !== undefined);
  process.kill(status.status.pid, "SIGKILL");
  const restarted = (await reader.until("model.restarted")).at(-1);
  assert.equal(restarted?.reason, "host_crashed");
  assert.match(restarted.message ?? "", /SIGKILL/);
  let state: string | undefined;
  while (state !== "ready") ({ state } = (await reader.next()) ?? assert.fail("it ended"));
  const { stats } = (await client.modelStats("cn")) as ModelStatsAnswer;
  assert.deepEqual([stats.restarts, stats.loads, stats.holds, stats.state], [1, 2, 1, "ready"]);
  assert.match(await (await fetch("/metrics")).text(), /^voxpool_restarts_total 1$/m);
  assert.equal((await client.unloadModel("cn")).success, true);
  const end = await reader.until("model.unloading");
  assert.ok(end.some(({ type }) => type === "hold.returned"));
  assert.equal(end.at(-1)?.details?.cause, "asked");
  reader.leave();
});

test("a reader goes on over a restart of the server: a gap, then all of the new life", async (t) => {
  const first = await startRunning(t, { en: "tone" });
  const port = Number(new URL(first.server.url).port);
  const client = new ModelAPIClient(first.server.url, { retry: { baseMs: 5, capMs: 50 } });
  t.after(() => client.close());
  let lost = 0;
  const events = client.events({ lastEventId: "0", onLost: () => void lost++ });
  const until = async (type: string, state?: string): Promise<readonly PoolEvent[]> => {
    const seen: PoolEvent[] = [];
    for (;;) {
      const { value } = await events.next();
      assert.ok(value && !("failure" in value), JSON.stringify(value));
      seen.push(value);
      if (value.type === type && value.state === state) return seen;
    }
  };
  const before = await until("model.state", "ready");
  assert.equal(before[0]?.type, "gap", "an id that never was is a gap, too");
  await first.server.stop();
  await startRunning(t, { en: "tone" }, { port });
  const gap = (await until("gap")).at(-1);
  assert.ok(gap && before[0]);
  assert.notEqual(epochOf(gap), epochOf(before[0]));
  const after = await until("model.state", "ready");
  assert.equal(after[0]?.state, "loading", "nothing of the new life is missing");
  assert.deepEqual(new Set([gap, ...after].map(epochOf)).size, 1);
  assert.ok(lost >= 1);
});
