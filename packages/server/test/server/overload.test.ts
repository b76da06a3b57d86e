import assert from "node:assert/strict";
import { test } from "node:test";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { wavBytes } from "../../../../test/fixtures/wav.ts";
import { startRunning, threeSegments } from "./running.ts";

const minutes = new Uint8Array(
  wavBytes(joinedSignals(...Array.from({ length: 40 }, () => [toneSignal("bead"), silentSignal(2)]).flat()), 16_000),
);

test("a client is refused by its own queue with a time to come again, while another is let in", async (t) => {
  const slow = { fake: { text: "part {index}", decodeMs: 200 } };
  const limits = { "schedule.cores": 1, "limits.queue_seconds": 4 };
  const { client, fetch } = await startRunning(t, { slow }, limits);
  const known = await client.transcribe(threeSegments(), { client_id: "measure" });
  assert.ok(known.success, "its speed is measured");
  const leave = new AbortController();
  const begun = Promise.withResolvers<void>();
  const options = { client_id: "greedy", signal: leave.signal, onEvent: () => begun.resolve() };
  const running = client.transcribe(minutes, options);
  await begun.promise;
  const body = { method: "POST", headers: { "content-type": "audio/wav" } };
  const refused = await fetch("/api/transcribe?client_id=greedy", { ...body, body: minutes });
  assert.equal(refused.status, 429);
  const failure = (await refused.json()) as { reason: string; retryable: boolean; details: Record<string, unknown> };
  assert.deepEqual([failure.reason, failure.retryable], ["over_capacity", true]);
  assert.equal(failure.details.setting, "limits.queue_seconds");
  assert.ok(Number(failure.details.wait_seconds) > 4);
  assert.equal(refused.headers.get("retry-after"), String(failure.details.retry_after_seconds));
  const other = await client.transcribe(threeSegments(), { client_id: "modest" });
  assert.ok(other.success, "another client is let in");
  leave.abort();
  assert.ok(!(await running).success);
  const again = await client.transcribe(threeSegments(), { client_id: "greedy" });
  assert.ok(again.success, "whoever leaves takes its work with it");
});

test("a client has its share of the places and no more", async (t) => {
  const slow = { fake: { text: "part {index}", decodeMs: 200 } };
  const { client } = await startRunning(t, { slow }, { "limits.sessions_per_client": 1, "limits.queue_seconds": 0 });
  const leave = new AbortController();
  const begun = Promise.withResolvers<void>();
  const options = { client_id: "greedy", signal: leave.signal, onEvent: () => begun.resolve() };
  const running = client.transcribe(minutes, options);
  await begun.promise;
  const refused = await client.transcribe(threeSegments(), { client_id: "greedy" });
  assert.ok(!refused.success);
  assert.deepEqual([refused.error_code, refused.reason], [429, "client_sessions_full"]);
  assert.ok((refused.retry_after_seconds ?? 0) >= 1);
  assert.ok((await client.transcribe(threeSegments(), { client_id: "modest" })).success);
  leave.abort();
  await running;
});
