import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../dist/observe/metrics.js";

const done = { audioSeconds: 10, queueSeconds: 0.2, decodeSeconds: 0.7, totalSeconds: 0.9 };
const make = () => createMetrics({ version: "1.2.3", loadedInstances: () => 0 });
const cn = { modelPath: "model/cn", version: "2" };

test("recognitions are counted by model, version and outcome; times and audio of those that succeeded", async () => {
  const metrics = make();
  metrics.recognition({ folder: cn, ...done });
  // However its path was written.
  metrics.recognition({ folder: { modelPath: "model/cn@2", version: "2" }, ...done });
  metrics.recognition({ folder: cn, ...done, reason: "decode_failed" });
  metrics.recognition({ folder: cn, ...done, reason: "over_capacity" });
  metrics.recognition({ folder: cn, ...done, reason: "request_cancelled" });
  const text = await metrics.text();
  const labels = 'model="model/cn",version="2",kind="recording"';
  for (const [outcome, count] of Object.entries({ ok: 2, failed: 1, refused: 1, cancelled: 1 })) {
    assert.ok(text.includes(`voxpool_recognitions_total{${labels},outcome="${outcome}"} ${count}\n`), outcome);
  }
  assert.ok(text.includes(`voxpool_audio_seconds_total{${labels}} 20\n`));
  assert.ok(text.includes(`voxpool_recognition_duration_seconds_count{${labels}} 2\n`));
  assert.ok(text.includes(`voxpool_recognition_decode_seconds_bucket{le="0.5",${labels}} 0\n`));
  assert.ok(text.includes(`voxpool_recognition_queue_seconds_bucket{le="0.25",${labels}} 2\n`));
  assert.ok(text.includes('voxpool_admission_refusals_total{reason="over_capacity"} 1\n'));
  assert.ok(text.includes('voxpool_admission_refusals_total{reason="too_many_sessions"} 0\n'));
});

test("models without end do not grow the metrics without end", async () => {
  const metrics = make();
  for (let n = 0; n < 1000; n += 1) metrics.recognition({ folder: { modelPath: `model/${n}`, version: "1" }, ...done });
  const text = await metrics.text();
  const models = new Set(text.match(/voxpool_recognition_duration_seconds_count\{model="[^"]*"/g));
  assert.equal(models.size, 129);
  assert.ok(
    text.includes('voxpool_recognition_duration_seconds_count{model="(other)",version="",kind="recording"} 872\n'),
  );
});

test("a model's name cannot forge a line of the text", async () => {
  const metrics = make();
  metrics.recognition({ folder: { modelPath: 'model/a"} 1\nforged_total{x="', version: "1" }, ...done });
  assert.doesNotMatch(await metrics.text(), /^forged_total/m);
});

test("the server's own process is shown by the usual names", async () => {
  const text = await make().text();
  for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"]) {
    const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(text) ?? [];
    assert.ok(Number(value) > 0, name);
  }
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
});
