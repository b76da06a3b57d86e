import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelStatsAnswer, Stats } from "@voxpool/client/contract";
import { createTestServer } from "./harness.ts";

const recognition = { audioSeconds: 10, queueSeconds: 0.5, decodeSeconds: 2, totalSeconds: 3 };

test("statistics of everything, of one model and of one version", async (t) => {
  const { fastify, statistics } = createTestServer(t);
  statistics.recognition({ modelPath: "model/cn", version: "1", ...recognition });
  statistics.recognition({ modelPath: "model/cn", version: "2", ...recognition, reason: "decode_failed" });
  const all = (await fastify.inject("/api/models/stats")).json() as Stats;
  assert.equal(all.total.life.requests, 2);
  assert.deepEqual(Object.keys(all.models), ["model/cn@1", "model/cn@2"]);
  assert.deepEqual(all.queue, { running: 1, waiting: 2, waiting_audio_seconds: 3.5, sessions: 0 });
  assert.ok(all.uptime_seconds >= 0);
  for (const url of ["/api/models/stats/model/cn", "/api/models/stats/model%2Fcn"]) {
    const { stats } = (await fastify.inject(url)).json() as ModelStatsAnswer;
    assert.deepEqual([stats.life.requests, stats.life.errors, stats.version], [2, 1, undefined]);
  }
  const { stats } = (await fastify.inject("/api/models/stats/model/none/yet")).json() as ModelStatsAnswer;
  assert.deepEqual([stats.life.requests, stats.model_path, stats.state], [0, "model/none/yet", undefined]);
});

test("a model that is not there is a failure, and so is none at all", async (t) => {
  const { fastify } = createTestServer(t);
  const missing = await fastify.inject("/api/models/stats/model/none");
  assert.deepEqual([missing.statusCode, missing.json().reason], [404, "model_not_found"]);
  const none = await fastify.inject("/api/models/stats/");
  assert.deepEqual([none.statusCode, none.json().reason], [400, "model_path_missing"]);
});
