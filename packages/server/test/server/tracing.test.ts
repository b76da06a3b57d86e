import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../dist/base/log.js";
import { openTracing } from "../../dist/observe/tracing.js";
import { startCollector } from "./collector.ts";
import { startRunning, toneWav } from "./running.ts";

const load = () => Promise.reject(new Error("Cannot find package '@opentelemetry/sdk-trace'"));
const callers = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

test("a request is traced inside of its caller's trace: the process, the waiting, each decode", async (t) => {
  const collector = await startCollector(t);
  const spoken = "the eagle lands at dawn";
  const { fetch, server, modelPath } = await startRunning(
    t,
    { en: { fake: { text: spoken } } },
    { "tracing.otlp_endpoint": collector.url },
  );
  const traceparent = `00-${callers.traceId}-${callers.spanId}-01`;
  const headers = { "content-type": "audio/wav", traceparent, authorization: "Bearer planted" };
  const answer = await fetch("/api/transcribe", { method: "POST", body: toneWav("ace"), headers });
  assert.match(await answer.text(), new RegExp(spoken));
  const none = await fetch("/api/transcribe?model_path=none", { method: "POST", body: toneWav("a"), headers });
  await none.text();
  await fetch("/readyz");
  await server.stop();
  const spans = collector.spans().filter(({ traceId }) => traceId === callers.traceId);
  const [request, failed] = spans.filter(({ name }) => name === "POST /api/transcribe");
  assert.ok(request && failed);
  assert.equal(request.parentSpanId, callers.spanId);
  const inside = spans.filter(({ parentSpanId }) => parentSpanId === request.spanId);
  assert.deepEqual(new Set(inside.map(({ name }) => name)), new Set(["host", "queue", "decode"]));
  for (const span of inside) {
    assert.ok(BigInt(span.startTimeUnixNano) <= BigInt(span.endTimeUnixNano), span.name);
    assert.ok(BigInt(span.endTimeUnixNano) <= BigInt(request.endTimeUnixNano), span.name);
  }
  const attributes = Object.fromEntries(request.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  assert.partialDeepStrictEqual(attributes, {
    "http.response.status_code": 200,
    "http.route": "/api/transcribe",
    "voxpool.model": `${modelPath("en")}@1`,
  });
  assert.equal(failed.status.message, "model_not_found");
  assert.deepEqual(new Set(collector.paths), new Set(["/v1/traces"]));
  const all = collector.bodies.join("");
  for (const secret of ["planted", "eagle", "/readyz"]) assert.ok(!all.includes(secret), secret);
});

test("a caller that does not want to be traced is not, and a forged header is no trace of anybody's", async (t) => {
  const collector = await startCollector(t);
  const { fetch, server } = await startRunning(t, { en: "tone" }, { "tracing.otlp_endpoint": collector.url });
  const ask = async (traceparent: string) => {
    await (await fetch("/api/models", { headers: { traceparent } })).text();
  };
  await ask(`00-${callers.traceId}-${callers.spanId}-00`);
  await ask(`00-${"0".repeat(32)}-${callers.spanId}-01`);
  await ask(`00-${"x".repeat(5000)}`);
  await server.stop();
  const requests = collector.spans().filter(({ name }) => name === "GET /api/models");
  assert.equal(requests.length, 2);
  for (const { parentSpanId = "" } of requests) assert.equal(parentSpanId, "");
});

test("a collector that is not there or refuses holds up neither requests nor the end, and is told once", async (t) => {
  const told: string[] = [];
  const log = { ...silentLog, warn: (_: unknown, message: string) => void told.push(message) };
  const nobody = await openTracing({ endpoint: "http://127.0.0.1:9", samplePercent: 100, version: "1", log });
  nobody.start("GET /", {}).end();
  await nobody.close();
  told.length = 0;
  const collector = await startCollector(t, 400);
  const refused = await openTracing({ endpoint: collector.url, samplePercent: 100, version: "1", log });
  // More than one message holds.
  for (let n = 0; n < 1500; n += 1) refused.start("GET /", {}).end();
  await refused.close();
  assert.ok(collector.bodies.length > 1);
  assert.deepEqual(told, ["Traces cannot be sent; they are dropped"]);
});

test("without the SDK, or with an address that is none, the setting says what to do", async () => {
  const wish = { endpoint: "http://127.0.0.1:4318", samplePercent: 100, version: "1", log: silentLog };
  await assert.rejects(openTracing({ ...wish, load }), (error: Error) => {
    assert.match(error.message, /^tracing\.otlp_endpoint: .*npm install @opentelemetry\/sdk-trace/);
    return true;
  });
  for (const endpoint of ["collector", "ftp://collector"]) {
    await assert.rejects(openTracing({ ...wish, endpoint }), { reason: "config_invalid" });
  }
});
