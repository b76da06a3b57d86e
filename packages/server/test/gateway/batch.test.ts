import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchAnswer, BatchEvent } from "@voxpool/client/contract";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createTestServer, rawConnection, type TestServer } from "./harness.ts";

const load = (path: string, fields: object = {}) => ({ operation: "load", model_path: path, ...fields });

async function send(server: TestServer, payload: object | string) {
  const headers = { "content-type": "application/json" };
  const answer = await server.fastify.inject({ method: "POST", url: "/api/models/batch", headers, payload });
  return { status: answer.statusCode, body: answer.json() as BatchAnswer & { reason?: string; message: string } };
}

const outcomes = ({ results }: BatchAnswer) => results.map(({ operation, status }) => `${operation} ${status}`);

test("each operation gives one result, in order, with the answer or the failure of its own route", async (t) => {
  const server = createTestServer(t);
  server.api.failNext.set("setAlias", new VoxpoolError("alias_not_found", { alias: "x" }));
  const { status, body } = await send(server, {
    on_error: "continue",
    operations: [
      load("model/cn"),
      { operation: "warmup", model_path: "model/cn" },
      { operation: "pin", model_path: "model/cn", pinned: false },
      { operation: "alias", alias: "x", model_path: null },
      { operation: "switch", model_path: "model/cn", version: "3" },
      { operation: "reload", model_path: "model/cn" },
      load("model/none"),
      { operation: "unload", model_path: "model/cn" },
    ],
  });
  assert.equal(status, 200);
  assert.deepEqual([body.success, body.done, body.failed, body.skipped], [false, 6, 2, 0]);
  assert.deepEqual(outcomes(body), [
    "load done",
    "warmup done",
    "pin done",
    "alias failed",
    "switch done",
    "reload done",
    "load failed",
    "unload done",
  ]);
  const own = await server.fastify.inject({
    method: "POST",
    url: "/api/models/load",
    payload: { model_path: "model/none" },
  });
  assert.deepEqual(body.results[6]?.failure, own.json());
  assert.deepEqual(body.results[3]?.failure?.details, { alias: "x" });
  assert.deepEqual(body.results[4]?.answer, {
    success: true,
    message: "switched",
    model_path: "model/cn",
    from: "model/cn@1",
    to: "model/cn@3",
    gate: [],
    probation: null,
  });
});

test("the first error stops a batch unless it says to go on", async (t) => {
  const server = createTestServer(t);
  const operations = [load("model/a"), load("model/none"), load("model/b")];
  const { body } = await send(server, { operations });
  assert.deepEqual(outcomes(body), ["load done", "load failed", "load skipped"]);
  assert.equal(body.message, "1 done, 1 failed, 1 skipped");
  assert.deepEqual(
    server.api.loads.map(({ path }) => path),
    ["model/a", "model/none"],
  );
});

test("in parallel at most so many run at once, and results keep the order of the request", async (t) => {
  const server = createTestServer(t);
  let running = 0;
  let most = 0;
  const loadModel = server.api.loadModel.bind(server.api);
  const gates = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
  const begun = Promise.withResolvers<void>();
  server.api.loadModel = async (request, caller) => {
    most = Math.max(most, ++running);
    if (running === 3) begun.resolve();
    await gates[Number(request.model_path.at(-1))]?.promise;
    running--;
    return loadModel(request, caller);
  };
  const operations = Array.from({ length: 10 }, (_, index) => load(`model/${index}`));
  const sent = send(server, { operations, order: "parallel", concurrency: 3 });
  await begun.promise;
  for (const gate of gates.toReversed()) gate.resolve();
  const { body } = await sent;
  assert.equal(most, 3);
  assert.equal(body.success, true);
  assert.deepEqual(
    body.results.map(({ index, answer }) => [index, (answer as { model_path: string }).model_path]),
    operations.map(({ model_path }, index) => [index, model_path]),
  );
});

test("the client_id of the batch is that of its operations, unless they have their own", async (t) => {
  const server = createTestServer(t);
  await send(server, { client_id: "all", operations: [load("model/a"), load("model/b", { client_id: "own" })] });
  await send(server, { operations: [load("model/c")] });
  assert.deepEqual(
    server.api.loads.map(({ caller }) => [caller.client, caller.kind]),
    [
      ["all", "client"],
      ["own", "client"],
      ["127.0.0.1", "address"],
    ],
  );
});

test("a streamed batch tells what has begun and each result, then the whole answer", async (t) => {
  const server = createTestServer(t);
  const payload = { stream: true, operations: [load("model/a"), load("model/none"), load("model/b")] };
  const answer = await server.fastify.inject({ method: "POST", url: "/api/models/batch", payload });
  assert.match(String(answer.headers["content-type"]), /text\/event-stream/);
  const events = [...answer.body.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, name, data = ""]) => {
    const event: BatchEvent = JSON.parse(data);
    assert.equal(event.type, name);
    return event;
  });
  assert.deepEqual(
    events.map((event) => (event.type === "result" ? `${event.result.index} ${event.result.status}` : event.type)),
    ["started", "0 done", "started", "1 failed", "2 skipped", "done"],
  );
  const last = events.at(-1);
  assert.ok(last?.type === "done" && last.answer.results.length === 3);
});

test("when the caller goes away, what has begun is finished and nothing more is begun", async (t) => {
  const server = createTestServer(t);
  const begun = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const loadModel = server.api.loadModel.bind(server.api);
  server.api.loadModel = async (request, caller) => {
    caller.signal.addEventListener("abort", () => gone.resolve());
    begun.resolve();
    await gone.promise;
    const answer = await loadModel(request, caller);
    finished.resolve();
    return answer;
  };
  const { port } = await server.listen();
  const { socket } = await rawConnection(t, port);
  const body = JSON.stringify({ operations: [load("model/a"), load("model/b"), load("model/c")] });
  socket.write(
    `POST /api/models/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await begun.promise;
  socket.destroy();
  await finished.promise;
  await server.requestLines(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    server.api.loads.map(({ path }) => path),
    ["model/a"],
  );
});

const refused: readonly (readonly [what: string, body: object, message: RegExp])[] = [
  ["no operations", {}, /^operations: it is missing/],
  ["none", { operations: [] }, /^operations: /],
  ["too many", { operations: Array.from({ length: 1001 }, () => load("a")) }, /^operations: .*1000/],
  ["no list", { operations: "load" }, /^operations: /],
  ["one that is no object", { operations: ["load"] }, /^operations\.0: /],
  ["one without a name", { operations: [{ model_path: "a" }] }, /^operations\.0\.operation: it is missing/],
  [
    "an unknown name",
    { operations: [load("a"), { operation: "fly" }] },
    /^operations\.1\.operation: there is no such operation; there are load, unload, reload, warmup, pin, switch, alias\.$/,
  ],
  ["a name of Object", { operations: [{ operation: "constructor" }] }, /there is no such operation/],
  [
    "a field that is missing",
    { operations: [load("a"), { operation: "load" }] },
    /^operations\.1\.model_path: it is missing/,
  ],
  ["a field of the wrong kind", { operations: [load("a", { lease_ms: "x" })] }, /^operations\.0\.lease_ms: /],
  ["an alias without a target", { operations: [{ operation: "alias", alias: "a" }] }, /^operations\.0\.model_path: /],
  ["too much at once", { operations: [load("a")], order: "parallel", concurrency: 65 }, /^concurrency: /],
  ["an unknown order", { operations: [load("a")], order: "random" }, /^order: /],
  ["an unknown option", { operations: [load("a")], on_errors: "stop" }, /on_errors.*Did you mean on_error\?/],
];

for (const [what, body, message] of refused) {
  test(`a batch with ${what} is refused, and nothing of it is begun`, async (t) => {
    const server = createTestServer(t);
    const { status, body: answer } = await send(server, body);
    assert.equal(status, 400, JSON.stringify(answer));
    assert.match(answer.message, message);
    assert.deepEqual(server.api.loads, []);
  });
}
