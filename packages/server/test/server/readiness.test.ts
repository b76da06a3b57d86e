import assert from "node:assert/strict";
import { test } from "node:test";
import { startRunning } from "./running.ts";

interface Answer {
  readonly reason?: string;
  readonly parts?: Record<string, unknown>;
  readonly details?: { readonly parts: Record<string, { readonly status: string; readonly detail?: string }> };
}

test("a server that runs says that each of its parts is well", async (t) => {
  const { fetch } = await startRunning(t, { en: "tone" });
  const answer = await fetch("/readyz");
  assert.equal(answer.status, 200);
  const { parts = {} } = (await answer.json()) as Answer;
  const names = ["default_model", "preloads", "store", "disk", "event_loop"];
  assert.deepEqual(Object.keys(parts), names);
  for (const name of names.filter((part) => part !== "disk")) assert.deepEqual(parts[name], { status: "ok" }, name);
});

test("a default model that cannot be loaded is a warning, in the caller's language: all others can be used", async (t) => {
  const { fetch } = await startRunning(t, { bad: { fake: { load: "throw" } } });
  const answer = await fetch("/readyz", { headers: { "accept-language": "zh" } });
  assert.equal(answer.status, 200);
  const { parts = {} } = (await answer.json()) as Answer;
  assert.partialDeepStrictEqual(parts["default_model"], { status: "warning" });
});

test("a canary that cannot decode any more keeps requests away, and says why", async (t) => {
  const fake = { decode: "throw" };
  const { fetch, client } = await startRunning(t, { sick: { fake } }, { "ready.canary_seconds": 1 });
  assert.equal((await client.loadModel("sick")).success, true);
  let answer: Answer;
  do answer = (await (await fetch("/readyz")).json()) as Answer;
  while (answer.details?.parts["canary"]?.status !== "failed");
  assert.equal(answer.reason, "not_ready");
  assert.match(answer.details.parts["canary"]?.detail ?? "", /sick/);
  assert.match(await (await fetch("/metrics")).text(), /^voxpool_ready 0$/m);
});

test("a canary that decodes leaves the server ready", async (t) => {
  const { fetch, client, modelPath } = await startRunning(t, { en: "tone" }, { "ready.canary_seconds": 1 });
  const requests = async () => {
    const stats = await client.stats();
    assert.ok(stats.success);
    return stats.models[`${modelPath("en")}@1`]?.life.requests ?? 0;
  };
  const before = await requests();
  while ((await requests()) === before);
  assert.equal((await fetch("/readyz")).status, 200);
});
