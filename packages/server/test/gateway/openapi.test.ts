import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue } from "@voxpool/client/contract";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createTestServer, field, file, formBody, formType, type TestServer, transcriptOf, wav } from "./harness.ts";

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

interface Operation {
  readonly responses: Record<
    string,
    { readonly description: string; readonly content: Record<string, { readonly schema: object }> }
  >;
  readonly "x-websocket-messages"?: object;
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
}

const documentOf = async (server: TestServer): Promise<Document> =>
  (await server.fastify.inject({ url: "/openapi.json" })).json();

/** Whether a value fits a schema of the document, references and all. */
function fits(document: Document, schema: object, value: unknown): boolean {
  return Compile({ ...schema, components: document.components } as TSchema).Check(value);
}

interface Call {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly path?: string;
  readonly payload?: Buffer | object;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly prepare?: (server: TestServer) => void;
}

const load = { method: "POST", url: "/api/models/load", payload: { model_path: "model/cn" } } as const;
const status = { method: "GET", url: "/api/models/status/model/cn", path: "/api/models/status/{model_path}" } as const;
const stats = { method: "GET", path: "/api/models/stats/{model_path}" } as const;
const batch = {
  method: "POST",
  url: "/api/models/batch",
  payload: { operations: [{ operation: "load", model_path: "model/cn" }] },
} as const;
const pull = { method: "POST", url: "/api/models/pull", payload: { name: "cn" } } as const;
const catalogEntry = { method: "GET", path: "/api/catalog/{name}" } as const;
const audio = { method: "POST", url: "/api/transcribe", payload: Buffer.from("RIFF"), headers: wav } as const;
const fail = (name: Parameters<TestServer["api"]["failNext"]["set"]>[0], error: unknown) => (server: TestServer) => {
  server.api.failNext.set(name, error);
};

const calls: readonly Call[] = [
  { method: "GET", url: "/", status: 200 },
  { method: "GET", url: "/livez", status: 200 },
  { method: "GET", url: "/readyz", status: 200 },
  { method: "GET", url: "/metrics", status: 200 },
  { method: "GET", url: "/api/health", status: 200 },
  { method: "GET", url: "/api/health", status: 500, prepare: fail("health", new Error("boom")) },
  { method: "GET", url: "/api/health", status: 503, prepare: fail("health", new VoxpoolError("server_stopping")) },
  { ...status, status: 404 },
  { ...load, status: 200 },
  { ...status, status: 200 },
  { ...status, status: 400, prepare: fail("modelStatus", new VoxpoolError("model_path_invalid", { model_path: "x" })) },
  { method: "GET", url: "/api/models", status: 200 },
  { method: "GET", url: "/api/models/available", status: 200 },
  { method: "GET", url: "/api/models/stats", status: 200 },
  { method: "POST", url: "/api/tickets", status: 200 },
  { ...stats, url: "/api/models/stats/model/cn", status: 200 },
  { ...stats, url: "/api/models/stats/model/none", status: 404 },
  // Its success has no end; events.test.ts reads it.
  { method: "GET", url: "/api/events?types=none", status: 400 },
  // So is that of a WebSocket.
  { method: "GET", url: "/api/stream", status: 426 },
  { ...load, payload: {}, status: 400 },
  { ...load, payload: Buffer.alloc(2_000_000), headers: { "content-type": "application/json" }, status: 413 },
  { ...load, payload: Buffer.from("<a/>"), headers: { "content-type": "text/xml" }, status: 415 },
  { ...load, status: 400, prepare: fail("loadModel", new VoxpoolError("model_load_timeout", { model_path: "a" })) },
  { ...load, status: 503, prepare: fail("loadModel", new VoxpoolError("server_stopping")) },
  { ...load, status: 507, prepare: fail("loadModel", new VoxpoolError("disk_full")) },
  { ...load, status: 500, prepare: fail("loadModel", new Error("boom")) },
  { ...load, url: "/api/models/unload", status: 200 },
  { ...load, url: "/api/models/unload", status: 400 },
  { ...load, url: "/api/models/renew", payload: { client_id: "a" }, status: 404 },
  { ...load, url: "/api/models/renew", payload: {}, status: 400 },
  { ...load, url: "/api/models/warmup", status: 200 },
  { ...load, url: "/api/models/reload", status: 200 },
  { ...load, url: "/api/models/pin", status: 200 },
  { ...load, url: "/api/models/pin", payload: { model_path: "model/cn", pinned: "yes" }, status: 400 },
  { method: "GET", url: "/api/models/aliases", status: 200 },
  { ...load, url: "/api/models/alias", payload: { alias: "a", model_path: null }, status: 200 },
  {
    ...load,
    url: "/api/models/alias",
    payload: { alias: "a", model_path: null },
    status: 404,
    prepare: fail("setAlias", new VoxpoolError("alias_not_found", { alias: "a" })),
  },
  { ...load, url: "/api/models/switch", status: 200 },
  { ...load, url: "/api/models/switch", payload: { model_path: "model/cn", gate: "no" }, status: 400 },
  {
    ...load,
    url: "/api/models/switch",
    status: 404,
    prepare: fail("switchModel", new VoxpoolError("version_not_found", { model_path: "model/cn" })),
  },
  { ...load, url: "/api/models/switch", status: 409, prepare: fail("switchModel", new VoxpoolError("gate_failed")) },
  { ...batch, status: 200 },
  { ...batch, status: 200, prepare: fail("loadModel", new VoxpoolError("pool_full", { model_path: "model/cn" })) },
  { ...batch, payload: { operations: [{ operation: "fly" }] }, status: 400 },
  { method: "GET", url: "/api/catalog?query=vosk", status: 200 },
  { method: "GET", url: "/api/catalog?query=a&query=b", status: 400 },
  { ...catalogEntry, url: "/api/catalog/cn", status: 200 },
  { ...catalogEntry, url: "/api/catalog/none", status: 404 },
  { ...pull, status: 200 },
  { ...pull, payload: { name: 5 }, status: 400 },
  {
    ...pull,
    status: 404,
    prepare: fail("pullModel", new VoxpoolError("download_unknown", { name: "x", names: "cn" })),
  },
  { ...pull, status: 502, prepare: fail("pullModel", new VoxpoolError("download_by_hand")) },
  { ...pull, status: 507, prepare: fail("pullModel", new VoxpoolError("disk_space_short")) },
  { ...audio, status: 200 },
  { ...audio, url: "/api/transcribe?response_format=verbose_json", status: 200 },
  { ...audio, url: "/api/transcribe?response_format=text", status: 200 },
  { ...audio, url: "/api/transcribe?response_format=srt", status: 200 },
  { ...audio, url: "/api/transcribe?response_format=vtt", status: 200 },
  { ...audio, url: "/api/transcribe?response_format=tsv", status: 200 },
  { ...audio, url: "/api/transcribe?response_format=lrc", status: 200 },
  { ...audio, payload: formBody([file, field("words", "true")]), headers: formType, status: 200 },
  { ...audio, url: "/api/transcribe?words=x", status: 400 },
  { ...audio, headers: { "content-type": "text/html" }, status: 415 },
  { ...audio, payload: Buffer.alloc(9_000_000), status: 413 },
];

test("every answer of every route fits the served document", async (t) => {
  const server = createTestServer(t);
  server.statistics.failover({ modelPath: "model/cn", version: "1" });
  const document = await documentOf(server);
  assert.equal(document.openapi, "3.1.0");
  const reached = new Set<string>();
  for (const call of calls) {
    const { method, url, payload, headers } = call;
    call.prepare?.(server);
    const answer = await server.fastify.inject({
      method,
      url,
      ...(payload && { payload }),
      ...(headers && { headers }),
    });
    const name = `${method} ${url} ${call.status}`;
    assert.equal(answer.statusCode, call.status, `${name}: ${answer.body}`);
    const path = call.path ?? url.split("?")[0] ?? "";
    reached.add(`${method.toLowerCase()} ${path}`);
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[call.status];
    assert.ok(described, `${name} is not in the document`);
    const type = String(answer.headers["content-type"]).split(";")[0] ?? "";
    const schema = described.content[type]?.schema;
    assert.ok(schema, `${name} does not say ${type}`);
    const value = type === "application/json" ? answer.json() : answer.body;
    assert.ok(fits(document, schema, value), `${name}: ${answer.body}`);
  }
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of Object.keys(operations)) assert.ok(reached.has(`${method} ${path}`), `${method} ${path}`);
  }
});

test("every reason that the document names is in the catalogue", async (t) => {
  const { paths } = await documentOf(createTestServer(t));
  const names = Object.values(paths)
    .flatMap((operations) => Object.values(operations))
    .flatMap(({ responses }) => Object.values(responses))
    .filter(({ content }) => JSON.stringify(content).includes("schemas/Failure"))
    .flatMap(({ description }) => description.split(", "));
  assert.ok(names.length > 20);
  assert.deepEqual(
    names.filter((name) => !Object.hasOwn(catalogue, name)),
    [],
  );
});

test("each event of a stream fits the document, and so do unknown routes", async (t) => {
  const server = createTestServer(t);
  const document = await documentOf(server);
  const event = document.paths["/api/transcribe"]?.post?.responses[200]?.content["text/event-stream"]?.schema;
  assert.ok(event);
  server.api.scripts.set("dies", async function* () {
    yield { type: "progress", processed_seconds: 1 };
    yield { type: "segment", segment: transcriptOf().segments[0] ?? assert.fail() };
    throw new VoxpoolError("host_crashed");
  });
  for (const query of ["?stream=1", "?stream=1&model_path=dies"]) {
    const answer = await server.fastify.inject({ ...audio, url: `${audio.url}${query}` });
    const events = [...answer.body.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
    assert.ok(events.length > 2);
    for (const each of events) assert.ok(fits(document, event, each), JSON.stringify(each));
  }
  for (const [method, url] of [
    ["GET", "/nope"],
    ["PUT", "/api/health"],
  ] as const) {
    const answer = await server.fastify.inject({ method, url });
    assert.ok(fits(document, { $ref: "#/components/schemas/RouteFailure" }, answer.json()));
  }
});

test("the messages of the WebSocket are described, by name", async (t) => {
  const document = await documentOf(createTestServer(t));
  assert.deepEqual(document.paths["/api/stream"]?.get?.["x-websocket-messages"], {
    client: { $ref: "#/components/schemas/LiveMessage" },
    server: { $ref: "#/components/schemas/LiveEvent" },
  });
  const event = { $ref: "#/components/schemas/LiveEvent" };
  assert.equal(fits(document, event, { type: "finalized", number: 2 }), true);
  assert.equal(fits(document, event, { type: "finalized" }), false);
});

test("the check would see an answer that does not fit", async (t) => {
  const document = await documentOf(createTestServer(t));
  const health = { $ref: "#/components/schemas/Health" };
  assert.equal(
    fits(document, health, { success: true, status: "running", loaded_models_count: 0, version: "1" }),
    true,
  );
  assert.equal(
    fits(document, health, { success: true, status: "running", loaded_models_count: "0", version: "1" }),
    false,
  );
});

test("the document refers to components that exist, and describes the bodies", async (t) => {
  const server = createTestServer(t);
  const text = (await server.fastify.inject({ url: "/openapi.json" })).body;
  const document: Document = JSON.parse(text);
  for (const [, name = ""] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    assert.ok(document.components.schemas[name], name);
  }
  assert.doesNotMatch(text, /"\$id"/);
  const bodies = document.paths["/api/transcribe"]?.post?.requestBody?.content ?? {};
  assert.ok("multipart/form-data" in bodies && "audio/wav" in bodies && "audio/pcm" in bodies);
  assert.ok(document.components.schemas.TranscribeForm);
  assert.deepEqual(document.paths["/api/models/load"]?.post?.requestBody?.content["application/json"]?.schema, {
    $ref: "#/components/schemas/LoadRequest",
  });
});
