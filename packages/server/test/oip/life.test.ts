import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { oipProtocol } from "../../dist/gateway/oip/protocol.js";
import { createTestServer, parseAnswer, rawConnection } from "../gateway/harness.ts";
import { observeNothing } from "../gateway/observe-nothing.ts";

function protocols() {
  const { observation, observed } = observeNothing();
  observation.close();
  return [oipProtocol({ ...observed, jsonBytes: 1_048_576 })];
}

suite("Open Inference Protocol, as the server lives", () => {
  test("a recognition is cancelled when its caller goes away", async (t) => {
    const server = createTestServer(t, { protocols: protocols() });
    const begun = Promise.withResolvers<void>();
    server.api.scripts.set("cn", async function* (_request, { signal }) {
      begun.resolve();
      await once(signal, "abort");
      yield { type: "progress", processed_seconds: 0 };
    });
    const { port } = await server.listen();
    const { socket } = await rawConnection(t, port);
    const body = JSON.stringify({ inputs: [{ name: "a", shape: [1], datatype: "FP32", data: [0] }] });
    socket.write(`POST /v2/models/cn/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await begun.promise;
    socket.destroy();
    await server.api.seen[0]?.ended;
    const [line] = await server.requestLines(1);
    assert.deepEqual([line?.fields.status, line?.fields.route], [499, "/v2/models/*"]);
  });

  test("a recognition of a client id counts for that client, and its options arrive", async (t) => {
    const server = createTestServer(t, { protocols: protocols() });
    const inputs = [{ name: "a", shape: [2], datatype: "FP32", data: [0, 1] }];
    const parameters = { client_id: "kserve", language: "zh", punctuate: false, keep_alive: "5m" };
    const payload = JSON.stringify({ inputs, parameters });
    const answer = await server.fastify.inject({ method: "POST", url: "/v2/models/cn/versions/2/infer", payload });
    assert.equal(answer.statusCode, 200, answer.body);
    const [seen] = server.api.seen;
    assert.deepEqual([seen?.client, seen?.options, seen?.bytes], ["kserve", { ...parameters, model_path: "cn@2" }, 52]);
    const [line] = await server.requestLines(1);
    assert.partialDeepStrictEqual(line?.fields, { outcome: "ok", audio_seconds: 3.5 });
  });

  test("what nobody expected is said without its detail", async (t) => {
    const server = createTestServer(t, { protocols: protocols() });
    server.api.failNext.set("modelStatus", new TypeError("secret"));
    const answer = await server.fastify.inject("/v2/models/cn/ready");
    assert.equal(answer.statusCode, 500);
    assert.ok(!answer.body.includes("secret"));
    assert.deepEqual(Object.keys(answer.json()), ["error"]);
  });

  test("a server that is not ready says so in its probe, and one that stops to everybody", async (t) => {
    const server = createTestServer(t, { protocols: protocols(), ready: () => false });
    const { port } = await server.listen();
    const { socket, received, closed } = await rawConnection(t, port);
    socket.write("GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
    const { status, body } = parseAnswer(await received("}"));
    assert.deepEqual([status, body.ready, typeof body.error], [503, false, "string"]);
    const late = await rawConnection(t, port);
    const closing = server.fastify.close();
    late.socket.write("GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    const stopped = parseAnswer(await late.closed);
    assert.deepEqual([stopped.status, Object.keys(stopped.body)], [503, ["error"]]);
    socket.destroy();
    await Promise.all([closing, closed]);
  });
});
