import assert from "node:assert/strict";
import { test } from "node:test";
import { type BatchingEvent, type BatchOperation, ModelAPIClient } from "../dist/node.js";
import { holder } from "./support/holder.ts";
import { beginEvents, bodyOf, sendJson, startServer } from "./support/server.ts";
import { busy, entries, soon } from "./support/wire.ts";

const calls = [
  ["warmUp", ["cn"], "/models/warmup", { model_path: "cn" }],
  ["reload", ["cn"], "/models/reload", { model_path: "cn" }],
  ["pin", ["cn"], "/models/pin", { model_path: "cn", pinned: true }],
  ["pin", ["cn", false], "/models/pin", { model_path: "cn", pinned: false }],
  ["setAlias", ["dictation", "cn@2"], "/models/alias", { alias: "dictation", model_path: "cn@2" }],
  ["setAlias", ["dictation", null], "/models/alias", { alias: "dictation", model_path: null }],
  ["renew", [], "/models/renew", { client_id: "desk" }],
  ["switchModel", ["cn"], "/models/switch", { model_path: "cn" }],
  [
    "switchModel",
    ["dictation", { to: "cn", version: "2", gate: false, probation: { requests: 0, seconds: 0 } }],
    "/models/switch",
    { model_path: "dictation", to: "cn", version: "2", gate: false, probation: { requests: 0, seconds: 0 } },
  ],
] as const;

for (const [name, Client] of entries) {
  for (const [method, args, path, body] of calls) {
    test(`${name}: ${method}(${args.map((arg) => JSON.stringify(arg)).join()}) is one request`, async (t) => {
      let sent: unknown;
      const server = await startServer(t, async (request, response) => {
        sent = JSON.parse((await bodyOf(request)).toString());
        sendJson(response, 200, { success: true, message: "Done." });
      });
      const client = new Client(server.url, { clientId: "desk" });
      const call = client[method].bind(client) as (...given: readonly unknown[]) => Promise<object>;
      assert.deepEqual(await call(...args), { success: true, message: "Done." });
      assert.deepEqual(sent, body);
      assert.deepEqual(
        server.asked.map((asked) => `${asked.method} ${asked.url}`),
        [`POST /api${path}`],
      );
    });
  }
}

test("what may be done twice is sent again after a 503, what may not is not", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 503, busy));
  const client = new ModelAPIClient(server.url, { retry: soon });
  const attempts = async (call: Promise<unknown>) => {
    const before = server.asked.length;
    await call;
    return server.asked.length - before;
  };
  const repeated = [client.warmUp("x"), client.pin("x"), client.setAlias("a", "x"), client.renew(), client.aliases()];
  await Promise.all(repeated);
  assert.equal(server.asked.length, 15);
  const once = [() => client.reload("x"), () => client.setAlias("a", null), () => client.switchModel("x")];
  for (const call of once) assert.equal(await attempts(call()), 1);
  assert.equal(await attempts(client.batch([{ operation: "pin", model_path: "x" }])), 1);
});

const operations: readonly BatchOperation[] = [
  { operation: "load", model_path: "cn", keep_alive: "1h" },
  { operation: "load", model_path: "other", client_id: "somebody" },
  { operation: "unload", model_path: "en" },
];
const results = [
  { index: 0, operation: "load", status: "done", answer: { success: true, model_path: "model/cn" } },
  { index: 1, operation: "load", status: "failed", failure: { success: false, message: "No.", reason: "pool_full" } },
  { index: 2, operation: "unload", status: "skipped" },
];
const partly = { success: false, message: "1 of 3.", results, done: 1, failed: 1, skipped: 1 };

for (const status of [200, 409]) {
  test(`a batch of which a part failed is an answer, with HTTP ${status} too`, async (t) => {
    let sent: unknown;
    const server = await startServer(t, async (request, response) => {
      sent = JSON.parse((await bodyOf(request)).toString());
      sendJson(response, status, partly);
    });
    const client = new ModelAPIClient(server.url, { clientId: "desk" });
    t.after(() => client.close());
    const options = { order: "parallel", concurrency: 2, onError: "continue" } as const;
    assert.deepEqual(await client.batch(operations, options), partly);
    assert.deepEqual(sent, {
      operations: [{ ...operations[0], lease_ms: 90_000 }, ...operations.slice(1)],
      client_id: "desk",
      order: "parallel",
      concurrency: 2,
      on_error: "continue",
      stream: true,
    });
  });
}

test("a batch that was refused as a whole is a failure", async (t) => {
  const refusal = { success: false, message: "Too many.", reason: "request_invalid", retryable: false };
  const server = await startServer(t, (_, response) => sendJson(response, 400, refusal));
  const client = new ModelAPIClient(server.url);
  const answer = await client.batch(operations);
  assert.ok(!("results" in answer));
  assert.equal(answer.error_message, "Too many.");
  const events: BatchingEvent[] = [];
  for await (const event of client.batchEvents(operations)) events.push(event);
  assert.deepEqual(events, [{ type: "error", failure: answer }]);
});

test("the events of a batch come as they are sent, unknown ones are skipped, and what it loads is renewed", async (t) => {
  const service = holder();
  const { url } = await startServer(t, service.handler);
  service.instead.set("/models/batch", (_, response) => {
    const send = beginEvents(response);
    send({ type: "started", index: 0, operation: "load" });
    send({ type: "news" });
    for (const result of results) send({ type: "result", result });
    send({ type: "done", answer: partly });
    response.end();
  });
  const client = new ModelAPIClient(url, { clientId: "desk", leaseMs: 1001 });
  t.after(() => client.close());
  const events: BatchingEvent[] = [];
  for await (const event of client.batchEvents(operations)) events.push(event);
  assert.deepEqual(events, [
    { type: "started", index: 0, operation: "load" },
    ...results.map((result) => ({ type: "result", result })),
    { type: "done", answer: partly },
  ]);
  assert.equal(service.calls[0]?.body.stream, true);
  const renewal = await service.next("/models/renew");
  assert.deepEqual(renewal.body, { client_id: "desk", model_path: "cn", lease_ms: 1001 });
});

test("a server that streams nothing answers a batch with all events at once", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, partly));
  const client = new ModelAPIClient(server.url);
  t.after(() => client.close());
  const types: string[] = [];
  for await (const event of client.batchEvents(operations)) types.push(event.type);
  assert.deepEqual(types, ["result", "result", "result", "done"]);
});

test("a batch whose stream is cut off or broken ends with one error", async (t) => {
  for (const [broken, reason] of [
    [{ type: "result" }, "answer_invalid"],
    [{ type: "done" }, "answer_invalid"],
    [{ type: "started" }, "connection_lost"],
  ] as const) {
    const server = await startServer(t, (_, response) => {
      beginEvents(response)(broken);
      response.end();
    });
    const events: BatchingEvent[] = [];
    for await (const event of new ModelAPIClient(server.url).batchEvents(operations)) events.push(event);
    const last = events.at(-1);
    assert.ok(last?.type === "error");
    assert.equal(last.failure.reason, reason);
    assert.equal(server.asked.length, 1, "what may have begun is not sent again");
  }
});

test("misuse is a rejection with a TypeError", async () => {
  const client = new ModelAPIClient("http://127.0.0.1:9");
  const one: BatchOperation = { operation: "pin", model_path: "x" };
  const wrong: readonly (() => Promise<unknown>)[] = [
    () => client.warmUp(""),
    () => client.reload(5 as unknown as string),
    () => client.pin("x", "yes" as unknown as boolean),
    () => client.setAlias("", "x"),
    () => client.setAlias("a", ""),
    () => client.switchModel("x", { gate: 1 } as object),
    () => client.batch([]),
    () => client.batch(["load"] as unknown as BatchOperation[]),
    () => client.batch([one], { order: "random" } as object),
    () => client.batch([one], { onError: "cry" } as object),
    () => client.batch([one], { concurrency: 0 }),
    () => client.batchEvents([]).next(),
  ];
  for (const call of wrong) await assert.rejects(call(), TypeError);
});
