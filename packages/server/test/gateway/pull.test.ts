import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createTestServer } from "./harness.ts";

async function setUp(t: Parameters<typeof createTestServer>[0], heartbeatMs?: number) {
  const server = createTestServer(t, heartbeatMs === undefined ? {} : { heartbeatMs });
  const url = await server.fastify.listen({ host: "127.0.0.1", port: 0 });
  const pull = (body: object, init: RequestInit = {}) =>
    fetch(`${url}/api/models/pull`, { method: "POST", body: JSON.stringify(body), ...init });
  return { api: server.api, pull };
}

test("a pull answers once it is there, or tells its progress as events", async (t) => {
  const { pull } = await setUp(t);
  assert.deepEqual(await (await pull({ name: "cn" })).json(), {
    success: true,
    message: "fetched",
    name: "cn",
    already_there: false,
  });
  const streamed = await pull({ name: "cn", stream: true });
  assert.match(String(streamed.headers.get("content-type")), /^text\/event-stream/);
  const lines = (await streamed.text()).split("\n\n").filter((line) => line !== "");
  assert.deepEqual(
    lines.map((line) => line.split("\n")[0]),
    ["event: progress", "event: done"],
  );
});

test("a failure before the first event is a plain answer, later one is an event", async (t) => {
  const { api, pull } = await setUp(t);
  api.failNext.set("pullModel", new VoxpoolError("download_by_hand", { name: "cn" }));
  const early = await pull({ name: "cn", stream: true });
  assert.equal(early.status, 502);
  assert.equal(((await early.json()) as { reason: string }).reason, "download_by_hand");

  api.pulling = Promise.withResolvers();
  const late = await pull({ name: "cn", stream: true });
  assert.equal(late.status, 200);
  api.failNext.set("pullModel", new VoxpoolError("download_corrupt", { name: "cn" }));
  api.pulling.resolve();
  assert.match(await late.text(), /event: error\ndata: .*"reason":"download_corrupt"/);
});

test("a silent pull shows that it lives, and a caller that leaves is told to the pull", async (t) => {
  const { api, pull } = await setUp(t, 5);
  api.pulling = Promise.withResolvers();
  const gone = new AbortController();
  const answer = await pull({ name: "cn", stream: true }, { signal: gone.signal });
  let text = "";
  assert.ok(answer.body);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  while (!text.includes(":\n\n")) text += (await reader.read()).value ?? "";
  const left = once(api.pullsLeft, "left");
  gone.abort();
  await left;
});
