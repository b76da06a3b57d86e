import assert from "node:assert/strict";
import { test } from "node:test";
import { configFrom } from "../../dist/base/config.js";
import { silentLog } from "../../dist/base/log.js";
import type { Config } from "../../dist/base/settings.js";
import { startRunning } from "./running.ts";

test("limits and pool settings that are read again count for what comes next", async (t) => {
  let written: Partial<Config> = {};
  const running = await startRunning(t, { tone: "tone", other: "tone" }, {}, { log: silentLog }, (config) =>
    configFrom({ ...config, ...written }, "test"),
  );
  const { client, modelPath, fetch } = running;
  const take = async (settings: Partial<Config>) => {
    written = settings;
    const answer = await client.reloadConfig();
    assert.ok(answer.success, JSON.stringify(answer));
    assert.deepEqual(answer.needs_restart, []);
    return answer.changed;
  };

  const first = await client.openSession({ model_path: modelPath("tone") });
  assert.ok(!("reason" in first), JSON.stringify(first));
  assert.deepEqual(await take({ "limits.live_sessions": 1 }), ["limits.live_sessions"]);
  assert.partialDeepStrictEqual(await client.openSession({ model_path: modelPath("tone") }), {
    reason: "too_many_sessions",
  });
  await first.close();

  await take({ "limits.holds": 1 });
  const load = (id: string) =>
    fetch("/api/models/load", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model_path: modelPath("tone"), client_id: id }),
    });
  assert.equal((await load("one")).status, 200);
  assert.partialDeepStrictEqual(await (await load("two")).json(), { reason: "holds_full" });

  await take({ "pool.instances": 1 });
  assert.partialDeepStrictEqual(await client.loadModel(modelPath("other")), { reason: "pool_full" });
  await take({});
  assert.partialDeepStrictEqual(await client.warmUp(modelPath("other")), { success: true });

  // Nobody holds `other`: it goes as soon as it may.
  const gone = (async () => {
    for await (const event of client.events()) {
      if (event.type === "model.state" && event.model_path === modelPath("other") && event.state === "stopped") return;
    }
  })();
  await take({ "pool.keep_alive": "0" });
  await gone;
});
