import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { suite, type TestContext, test } from "node:test";
import type { KeyCreateRequest, KeyScope } from "@voxpool/client/contract";
import type { FastifyInstance, RouteOptions } from "fastify";
import { WebSocket } from "ws";
import { type Answer, type Guarded, startGuarded } from "./guarded.ts";
import { toneWav } from "./running.ts";

/** How a route is called, and what is to come of it. */
interface Entry {
  readonly scope: "public" | "any" | KeyScope;
  /** The path to call, where it is not the route's own. */
  readonly path?: string;
  /** A JSON body; calls that may come in need not succeed. */
  readonly body?: object;
  /** A WebSocket. */
  readonly socket?: true;
  /** It is about this model, which a key with patterns does not see: the call as it fails, or what may not be told. */
  readonly foreign?: Pick<Call, "path" | "body">;
}

interface Call {
  readonly path?: string;
  /** An object goes as JSON. */
  readonly body?: object | Uint8Array | FormData;
}

const foreign = "en/tiny";
const aboutForeign = { body: { model_path: foreign } };

function formAboutForeign(): FormData {
  const form = new FormData();
  form.set("model", foreign);
  form.set("file", new Blob([toneWav("abc")]), "a.wav");
  return form;
}

/** Every route of the server. One that is not here fails the test. */
const routes: Readonly<Record<string, Entry>> = {
  "GET /": { scope: "any" },
  "GET /livez": { scope: "public" },
  "GET /readyz": { scope: "public" },
  "GET /metrics": { scope: "read" },
  "GET /openapi.json": { scope: "any" },
  "GET /docs": { scope: "any" },
  "GET /docs/json": { scope: "any" },
  "GET /docs/yaml": { scope: "any" },
  "GET /docs/static/index.html": { scope: "any" },
  "GET /docs/static/swagger-initializer.js": { scope: "any" },
  "GET /docs/static/*": { scope: "any", path: "/docs/static/swagger-ui.css" },
  "GET /api/health": { scope: "public" },
  "GET /api/events": { scope: "read", path: "/api/events?types=none" },
  "GET /api/stream": { scope: "recognize", socket: true },
  "GET /api/models": { scope: "read", foreign: {} },
  "GET /api/models/available": { scope: "read", foreign: {} },
  "GET /api/models/aliases": { scope: "read", foreign: {} },
  "GET /api/models/stats": { scope: "read", foreign: {} },
  "GET /api/models/stats/*": {
    scope: "read",
    path: "/api/models/stats/cn",
    foreign: { path: `/api/models/stats/${foreign}` },
  },
  "GET /api/models/status/*": {
    scope: "read",
    path: "/api/models/status/cn",
    foreign: { path: `/api/models/status/${foreign}` },
  },
  "GET /api/catalog": { scope: "read" },
  "GET /api/catalog/*": { scope: "read", path: "/api/catalog/cn" },
  "POST /api/models/load": { scope: "models", foreign: aboutForeign },
  "POST /api/models/unload": { scope: "models", foreign: aboutForeign },
  "POST /api/models/renew": { scope: "models", foreign: { body: { client_id: "a", model_path: foreign } } },
  "POST /api/models/warmup": { scope: "models", foreign: aboutForeign },
  "POST /api/models/reload": { scope: "models", foreign: aboutForeign },
  "POST /api/models/pin": { scope: "models", foreign: aboutForeign },
  "POST /api/models/alias": { scope: "models", foreign: { body: { alias: "a", model_path: foreign } } },
  "POST /api/models/switch": { scope: "models", foreign: aboutForeign },
  "POST /api/models/batch": {
    scope: "models",
    foreign: { body: { operations: [{ operation: "load", model_path: foreign }] } },
  },
  "POST /api/models/pull": { scope: "admin" },
  "POST /api/transcribe": {
    scope: "recognize",
    foreign: { path: `/api/transcribe?model_path=${foreign}`, body: toneWav("abc") },
  },
  "POST /api/tickets": { scope: "any" },
  "POST /api/backup": { scope: "admin" },
  "POST /api/config/reload": { scope: "admin" },
  "GET /api/keys": { scope: "admin" },
  "POST /api/keys": { scope: "admin" },
  "POST /api/keys/rotate": { scope: "admin" },
  "POST /api/keys/revoke": { scope: "admin" },
  "GET /v1/models": { scope: "read", foreign: {} },
  "GET /v1/models/*": { scope: "read", path: "/v1/models/cn", foreign: { path: `/v1/models/${foreign}` } },
  "GET /v1/realtime": { scope: "recognize", socket: true },
  "POST /v1/audio/transcriptions": { scope: "recognize", foreign: { body: formAboutForeign() } },
  "POST /v1/audio/translations": { scope: "recognize" },
  "GET /v2": { scope: "any" },
  "GET /v2/health/live": { scope: "any" },
  "GET /v2/health/ready": { scope: "any" },
  "GET /v2/models/stats": { scope: "read", foreign: {} },
  "GET /v2/models/*": { scope: "read", path: "/v2/models/cn", foreign: { path: `/v2/models/${foreign}` } },
  "POST /v2/models/*": {
    scope: "recognize",
    path: "/v2/models/cn/infer",
    foreign: { path: `/v2/models/${foreign}/infer`, body: toneWav("abc") },
  },
  "POST /v2/repository/index": { scope: "read", foreign: { body: {} } },
  "POST /v2/repository/models/*": {
    scope: "models",
    path: "/v2/repository/models/cn/unload",
    foreign: { path: `/v2/repository/models/${foreign}/load`, body: {} },
  },
};

const scopes = ["recognize", "read", "models", "admin"] as const satisfies readonly KeyScope[];

interface Matrix extends Guarded {
  /** As Fastify knows them: `GET /api/models`. */
  readonly found: ReadonlySet<string>;
}

/** Starts a server, and takes down the routes that it registers. */
async function startMatrix(t: TestContext): Promise<Matrix> {
  const found = new Set<string>();
  const onFastify = (message: unknown): void => {
    (message as { fastify: FastifyInstance }).fastify.addHook("onRoute", ({ method, url }: RouteOptions) => {
      for (const one of [method].flat()) if (one !== "HEAD") found.add(`${one} ${url}`);
    });
  };
  subscribe("fastify.initialization", onFastify);
  t.after(() => unsubscribe("fastify.initialization", onFastify));
  return { ...(await startGuarded(t)), found };
}

interface Outcome {
  readonly status: number;
  readonly text: string;
}

/** Calls a route with a key, or without one. A connection that is taken counts as 101. */
async function call(
  server: Guarded,
  name: string,
  secret: string | undefined,
  { path, body }: Call = {},
): Promise<Outcome> {
  const [method = "", url = ""] = name.split(" ");
  const headers = { ...(secret !== undefined && { authorization: `Bearer ${secret}` }), connection: "close" };
  const target = path ?? url;
  if (routes[name]?.socket === true) return dial(`${server.server.url}${target}`, headers);
  const answer = await server.fetch(target, { method, ...(method === "POST" ? posted(body, headers) : { headers }) });
  return { status: answer.status, text: await answer.text() };
}

function posted(body: Call["body"], headers: Record<string, string>): RequestInit {
  if (body instanceof FormData) return { body, headers };
  if (!(body instanceof Uint8Array)) {
    return { body: JSON.stringify(body ?? {}), headers: { ...headers, "content-type": "application/json" } };
  }
  // The second is what says in Open Inference that a body is bare audio.
  const types = { "content-type": "audio/wav", "inference-header-content-length": "0" };
  return { body: body as Uint8Array<ArrayBuffer>, headers: { ...headers, ...types } };
}

async function dial(url: string, headers: Record<string, string>): Promise<Outcome> {
  const socket = new WebSocket(url.replace("http", "ws"), { headers });
  const opened = once(socket, "open").then(() => ({ status: 101, text: "" }));
  const refused = once(socket, "unexpected-response").then(async ([, response]) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const { statusCode } = response as { statusCode: number };
    return { status: statusCode, text: Buffer.concat(chunks).toString("utf8") };
  });
  socket.on("error", () => undefined);
  const outcome = await Promise.race([opened, refused.catch(() => opened)]);
  socket.terminate();
  return outcome;
}

/** The name of what went wrong, in whatever form a protocol says it; Open Inference has a text alone. */
function assertRefused(name: string, { status, text }: Outcome, reason: string, said: RegExp): void {
  const body = JSON.parse(text) as Answer & { readonly error?: unknown };
  assert.match(text, said, name);
  if (name.includes(" /v2")) assert.deepEqual(Object.keys(body), ["error"], name);
  else if (name.includes(" /v1")) assert.equal((body.error as { code: string }).code, reason, name);
  else assert.equal(body.reason, reason, name);
  assert.equal(status, reason === "scope_missing" ? 403 : 401, name);
}

test("every route says what it asks for, and keeps everybody else out", async (t) => {
  const server = await startMatrix(t);
  assert.deepEqual([...server.found].toSorted(), Object.keys(routes).toSorted());
  const secretOf = new Map<KeyScope, string>();
  for (const scope of scopes) secretOf.set(scope, await server.make({ name: scope, scopes: [scope] }));
  const all: KeyCreateRequest = { name: "", scopes: [...scopes] };
  const revoked = await server.make({ ...all, name: "revoked" });
  await server.asOwner("/api/keys/revoke", { key: "revoked" });
  const expired = await server.make({ ...all, name: "expired", expires_in_seconds: 0.001 });
  const wrong = `${revoked.slice(0, -4)}AAAA`;
  for (const [name, entry] of Object.entries(routes)) {
    const asking = (secret: string | undefined) => call(server, name, secret, entry);
    const isPublic = entry.scope === "public";
    for (const [secret, reason, said] of [
      [undefined, "key_missing", /API key is needed/],
      [wrong, "key_invalid", /none of this server/],
      [revoked, "key_invalid", /none of this server/],
      [expired, "key_expired", /expired has expired/],
    ] as const) {
      const outcome = await asking(secret);
      if (isPublic) assert.ok(outcome.status === 200 || outcome.status === 503, `${name} ${reason} ${outcome.status}`);
      else assertRefused(name, outcome, reason, said);
    }
    if (!isPublic && entry.socket !== true) {
      const [method = "", url = ""] = name.split(" ");
      const others = [entry.path ?? url].flatMap((path) => [`${path}/`, `/${path}`, path.toUpperCase()]);
      for (const path of others) {
        const { status } = await server.fetch(path, { method });
        assert.equal(status, 401, `${method} ${path}`);
      }
    }
    for (const [scope, secret] of secretOf) {
      const mayCome = isPublic || entry.scope === "any" || scope === "admin" || scope === entry.scope;
      const outcome = await asking(secret);
      if (mayCome) assert.ok(![401, 403].includes(outcome.status), `${name} ${scope}: ${outcome.status}`);
      else assertRefused(name, outcome, "scope_missing", new RegExp(`${scope} may not.*scope ${entry.scope}`));
    }
  }
});

suite("a key with patterns", () => {
  test("learns nothing of other models from any route", async (t) => {
    const server = await startMatrix(t);
    await server.asOwner("/api/models/load", { model_path: foreign });
    await server.asOwner("/api/models/alias", { alias: "of-others", model_path: foreign });
    const secret = await server.make({ name: "limited", scopes: ["recognize", "read", "models"], models: ["cn"] });
    const tellsForeign = /tiny"|of-others|tiny@/;
    for (const [name, { foreign: attempt }] of Object.entries(routes)) {
      if (attempt === undefined) continue;
      const outcome = await call(server, name, secret, attempt);
      if (attempt.path === undefined && attempt.body === undefined) {
        assert.equal(outcome.status, 200, name);
        assert.doesNotMatch(outcome.text, tellsForeign, name);
      } else if (name === "POST /v2/repository/index") {
        assert.doesNotMatch(outcome.text, tellsForeign, name);
      } else if (name === "POST /api/models/batch") {
        assert.match(outcome.text, /"failed":1.*"?model_not_found|model_not_found.*"failed":1/, name);
      } else {
        assert.ok([400, 404].includes(outcome.status), `${name}: ${outcome.status}`);
        assert.match(outcome.text, /no model (at|called)|[Tt]here is no|none of/, `${name}: ${outcome.text}`);
      }
    }
  });

  test("that is revoked while it speaks is heard no longer", async (t) => {
    const server = await startMatrix(t);
    const secret = await server.make({ name: "speaker", scopes: ["recognize"] });
    const headers = { authorization: `Bearer ${secret}` };
    const socket = new WebSocket(`${server.server.url.replace("http", "ws")}/api/stream?model_path=cn`, { headers });
    t.after(() => socket.terminate());
    await once(socket, "message");
    await server.asOwner("/api/keys/revoke", { key: "speaker" });
    const said: Buffer[] = [];
    socket.on("message", (data: Buffer) => said.push(data));
    socket.send(Buffer.alloc(3200));
    const [code] = (await once(socket, "close")) as [number];
    assert.equal(code, 1008);
    assert.equal(JSON.parse(said.at(-1)?.toString("utf8") ?? "")["reason"], "key_invalid");
  });

  test("cannot speak to another model over a WebSocket, nor go on with the session of another key", async (t) => {
    const server = await startMatrix(t);
    const one = await server.make({ name: "one", scopes: ["recognize"], models: ["cn"] });
    const two = await server.make({ name: "two", scopes: ["recognize"] });
    const say = async (
      secret: string,
      message: object,
    ): Promise<{ readonly type: string } & Record<string, unknown>> => {
      const headers = { authorization: `Bearer ${secret}` };
      const socket = new WebSocket(`${server.server.url.replace("http", "ws")}/api/stream`, { headers });
      t.after(() => socket.terminate());
      await once(socket, "open");
      const answer = once(socket, "message");
      socket.send(JSON.stringify(message));
      const [data] = (await answer) as [Buffer];
      return JSON.parse(data.toString("utf8"));
    };
    const refused = await say(one, { type: "start", model_path: foreign });
    assert.deepEqual([refused.type, refused["reason"]], ["error", "model_not_found"]);
    const ready = await say(one, { type: "start", model_path: "cn" });
    assert.equal(ready.type, "ready");
    const stolen = await say(two, { type: "resume", session_id: ready["session_id"], after: 1 });
    assert.deepEqual([stolen.type, stolen["reason"]], ["error", "session_unknown"]);
    const resumed = await say(one, { type: "resume", session_id: ready["session_id"], after: 1 });
    assert.equal(resumed.type, "ready");
  });
});
