import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import { Type } from "typebox";
import type { VoxpoolError } from "../../dist/base/errors.js";
import { acceptJsonBodies } from "../../dist/gateway/http/json-body.js";

const body = Type.Object({
  model_path: Type.String({ minLength: 1, maxLength: 10 }),
  lease_ms: Type.Optional(Type.Integer({ minimum: 1 })),
  "odd/na~me": Type.Optional(Type.Boolean()),
  inner: Type.Optional(Type.Object({ name: Type.String() })),
});

test("what is wrong with a field is said of that field", async (t) => {
  const fastify = Fastify();
  t.after(() => fastify.close());
  const stopping = new AbortController().signal;
  acceptJsonBodies(fastify, { maxBytes: 1000, maxBytesSetting: "limits.json_bytes", idleSeconds: 30, stopping });
  fastify.setErrorHandler((error: VoxpoolError) => ({ reason: error.reason, ...error.details }));
  fastify.post("/", { schema: { body } }, () => "fine");
  const post = async (payload: object) => (await fastify.inject({ method: "POST", url: "/", payload })).body;

  assert.equal(await post({ model_path: "model/cn", lease_ms: 5, unknown: 1 }), "fine");
  for (const [payload, option, detail] of [
    [{ model_path: "a".repeat(11) }, "model_path", /10 characters/],
    [{ model_path: "a", lease_ms: "5" }, "lease_ms", /integer/],
    [{ model_path: "a", lease_ms: 0 }, "lease_ms", />= 1/],
    [{ model_path: "a", "odd/na~me": 1 }, "odd/na~me", /boolean/],
    [{ model_path: "a", inner: {} }, "inner.name", /missing/],
    [{ model_path: "a", inner: { name: 1 } }, "inner.name", /string/],
  ] as const) {
    const answer = JSON.parse(await post(payload));
    assert.equal(answer.reason, "option_invalid");
    assert.equal(answer.option, option);
    assert.match(answer.detail, detail);
  }
  for (const payload of [{}, { model_path: "" }, { model_path: 5 }, { lease_ms: "x" }]) {
    assert.equal(JSON.parse(await post(payload)).reason, "model_path_missing");
  }
});
