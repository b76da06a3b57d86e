import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { startRunning } from "./running.ts";

const fake = { fake: { text: "hello" } };

async function holdersOf(client: ModelAPIClient, path: string): Promise<readonly string[]> {
  const answer = await client.getModelStatus(path);
  return answer.success ? answer.status.holds.map(({ client: holder }) => holder) : [];
}

/** Asks until it is so; the test's own time limit ends what never comes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}

test("two clients hold one model; each gives back its own, and close leaves the model loaded", async (t) => {
  const { server, client, modelPath } = await startRunning(t, { first: fake, cn: fake });
  const path = modelPath("cn");
  const [one, two] = ["one", "two"].map((clientId) => new ModelAPIClient(server.url, { clientId })) as [
    ModelAPIClient,
    ModelAPIClient,
  ];
  await Promise.all([one.loadModel(path), two.loadModel(path), one.loadModel(path)]);
  assert.deepEqual([...(await holdersOf(client, path))].toSorted(), ["one", "two"]);
  const given = await one.unloadModel(path);
  assert.ok(given.success && !given.unloaded);
  const again = await one.unloadModel(path);
  assert.ok(!again.success);
  assert.equal(again.reason, "model_in_use");
  await two.close();
  await until(async () => (await holdersOf(client, path)).length === 0);
  assert.ok((await client.getModelStatus(path)).success, "nobody holds it: it stays for its keep-alive");
});

test("an application that crashed holds nothing once its lease is over, one that lives holds on", async (t) => {
  const { server, client, fetch, modelPath } = await startRunning(t, { first: fake, cn: fake });
  const path = modelPath("cn");
  const living = new ModelAPIClient(server.url, { clientId: "living", leaseMs: 1000 });
  t.after(() => living.close());
  await living.loadModel(path);
  // As one that ended without a word: its lease is renewed by nobody.
  const body = JSON.stringify({ model_path: path, client_id: "crashed", lease_ms: 1500 });
  const headers = { "content-type": "application/json" };
  assert.equal((await fetch("/api/models/load", { method: "POST", headers, body })).status, 200);
  assert.deepEqual([...(await holdersOf(client, path))].toSorted(), ["crashed", "living"]);
  await until(async () => !(await holdersOf(client, path)).includes("crashed"));
  assert.deepEqual(await holdersOf(client, path), ["living"]);
});

test("after a restart of the server a client holds its model again, without a call of the application", async (t) => {
  const first = await startRunning(t, { cn: fake });
  const { port } = new URL(first.server.url);
  const path = first.modelPath("cn");
  const app = new ModelAPIClient(first.server.url, { clientId: "app", leaseMs: 1000, retry: false });
  t.after(() => app.close());
  await app.loadModel(path);
  await first.server.stop();
  const second = await startRunning(t, {}, { port: Number(port), model_dir: [first.modelDir], default_model: "" });
  await until(async () => (await holdersOf(second.client, path)).includes("app"));
});
