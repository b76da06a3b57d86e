import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { suite, type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import type { Config } from "../../dist/base/settings.js";
import { startGuarded } from "./guarded.ts";
import { startRunning, toneWav } from "./running.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Asks as a browser would, whose headers no other client of HTTP lets us write. */
async function ask(url: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  const asking = request(url, { method, headers, agent: false });
  asking.end(body);
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}

const reasonOf = ({ body }: Answer): unknown => {
  const parsed = JSON.parse(body) as { reason?: string; error?: { code?: string } };
  return parsed.reason ?? parsed.error?.code ?? parsed.error;
};

/** The status of a handshake, 101 if it is taken. */
async function dial(t: TestContext, url: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(url, { headers });
  t.after(() => socket.terminate());
  socket.on("error", () => undefined);
  const refused = once(socket, "unexpected-response").then(([, answer]) => {
    (answer as IncomingMessage).resume();
    return (answer as IncomingMessage).statusCode ?? 0;
  });
  return Promise.race([refused, once(socket, "open").then(() => 101)]);
}

async function start(t: TestContext, config: Partial<Config> = {}) {
  const voskPort = await freePort();
  const running = await startRunning(t, { cn: "tone", other: "tone" }, { "vosk.port": voskPort, ...config });
  const { host, port } = new URL(running.server.url);
  return { ...running, host, port, url: running.server.url, voskPort };
}

const evil = "https://evil.example";

suite("without configuration", () => {
  test("no page of another origin changes or reads anything, also not by what a form can send", async (t) => {
    const { url, host, client } = await start(t);
    const wav = toneWav("abc");
    const form = "multipart/form-data; boundary=x";
    const multipart = '--x\r\nContent-Disposition: form-data; name="model_path"\r\n\r\nother\r\n--x--\r\n';
    const simple: readonly (readonly [path: string, type: string | undefined, body?: string | Uint8Array])[] = [
      ["/api/models/load", "text/plain", '{"model_path":"other"}'],
      ["/api/models/load", "application/x-www-form-urlencoded", "model_path=other"],
      ["/api/models/load", form, multipart],
      ["/api/models/load", "application/json", '{"model_path":"other"}'],
      ["/api/models/unload", undefined, '{"model_path":"cn","force":true}'],
      ["/api/models/pull", "text/plain", '{"name":"en/base"}'],
      ["/api/config/reload", undefined],
      ["/api/backup", undefined],
      ["/api/tickets", undefined],
      ["/api/transcribe", "audio/wav", wav],
      ["/api/transcribe", form, multipart],
      ["/v1/audio/transcriptions", form, multipart],
      ["/v2/repository/models/other/load", "text/plain", "{}"],
    ];
    const state = async () => {
      const list = await client.listModels();
      assert.ok(list.success);
      return Object.entries(list.models).map(([path, { usage_count, pid, holds }]) => [path, usage_count, pid, holds]);
    };
    const before = await state();
    for (const [path, type, body] of simple) {
      for (const origin of [evil, "null", "http://127.0.0.1:1", `http://127.0.0.1.evil.example`]) {
        const headers = { host, origin, ...(type !== undefined && { "content-type": type }) };
        const answer = await ask(url + path, { method: "POST", headers, ...(body !== undefined && { body }) });
        assert.equal(answer.status, 403, `${path} ${origin}`);
        assert.match(answer.body, /origin|来源/, path);
        assert.ok(!Object.keys(answer.headers).some((name) => name.startsWith("access-control")), path);
      }
    }
    const readable = ["/api/health", "/api/models", "/metrics", "/openapi.json", "/docs", "/api/events", "/nowhere"];
    for (const path of readable) {
      assert.equal((await ask(url + path, { headers: { host, origin: evil } })).status, 403, path);
      assert.equal((await ask(url + path, { headers: { host, "sec-fetch-site": "cross-site" } })).status, 403, path);
    }
    assert.deepEqual(await state(), before);
  });

  test("a name that was pointed here by its owner opens nothing, and a plain client comes by any name", async (t) => {
    const { url, port, voskPort } = await start(t);
    const load = { method: "POST", body: '{"model_path":"cn"}' };
    const json = { "content-type": "application/json" };
    const at = (name: string, origin?: string) => ({ host: `${name}:${port}`, ...(origin && { origin }), ...json });
    const rebound = await ask(`${url}/api/models/load`, {
      ...load,
      headers: at("evil.example", `http://evil.example:${port}`),
    });
    assert.deepEqual([rebound.status, reasonOf(rebound)], [403, "host_not_allowed"]);
    assert.match(rebound.body, /evil\.example.*http\.hosts/);
    for (const name of ["evil.example", "voxpool", "asr.lan", "192.0.2.7"]) {
      assert.equal((await ask(`${url}/api/models/load`, { ...load, headers: at(name) })).status, 200, name);
    }
    for (const name of ["127.0.0.1", "localhost", "voxpool", "nas.local"]) {
      const headers = at(name, `http://${name}:${port}`);
      assert.equal((await ask(`${url}/api/models/load`, { ...load, headers })).status, 200, name);
    }
    const ws = url.replace("http", "ws");
    const dials: readonly (readonly [url: string, port: string | number])[] = [
      [`${ws}/api/stream`, port],
      [`${ws}/v1/realtime?intent=transcription`, port],
      [`ws://127.0.0.1:${voskPort}`, voskPort],
    ];
    for (const [socketUrl, its] of dials) {
      const dialled = (headers: Record<string, string>) => dial(t, socketUrl, headers);
      assert.equal(await dialled({ origin: evil }), 403, socketUrl);
      assert.equal(await dialled({ origin: "null" }), 403, socketUrl);
      assert.equal(
        await dialled({ origin: `http://evil.example:${its}`, host: `evil.example:${its}` }),
        403,
        socketUrl,
      );
      assert.equal(await dialled({ origin: `http://voxpool:${its}`, host: `voxpool:${its}` }), 101, socketUrl);
      assert.equal(await dialled({ host: `evil.example:${its}` }), 101, socketUrl);
    }
  });

  test("each protocol says it in its own form, and each language in its own", async (t) => {
    const { url, host } = await start(t);
    const headers = { host, origin: evil, "accept-language": "zh" };
    const native = await ask(`${url}/api/models`, { headers });
    assert.partialDeepStrictEqual(JSON.parse(native.body), { success: false, reason: "origin_not_allowed" });
    assert.match(native.body, /evil\.example.*cors\.origins 允许/);
    const openai = JSON.parse((await ask(`${url}/v1/models`, { headers })).body);
    assert.partialDeepStrictEqual(openai, { error: { type: "permission_error", code: "origin_not_allowed" } });
    const oip = JSON.parse((await ask(`${url}/v2/health/live`, { headers })).body);
    assert.match(oip.error, /cors\.origins/);
  });

  test("every answer has the headers that keep browsers from harm, and none tells what the server is made of", async (t) => {
    const { url, voskPort } = await start(t);
    const answers = await Promise.all([
      ask(`${url}/api/models`),
      ask(`${url}/nowhere`),
      ask(`${url}/api/%zz`),
      ask(`${url}/v1/models`),
      ask(`${url}/api/transcribe?stream=true`, { method: "POST", body: toneWav("abc") }),
      ask(`${url}/api/models/load`, { method: "POST", body: "{" }),
      ask(`http://127.0.0.1:${voskPort}/`),
    ]);
    for (const { headers, body } of answers) {
      assert.equal(headers["x-content-type-options"], "nosniff", body);
      assert.equal(headers["referrer-policy"], "no-referrer", body);
      assert.equal(headers["cache-control"], "no-store", body);
      assert.match(
        headers["content-security-policy"]?.toString() ?? "",
        /default-src 'none'.*frame-ancestors 'none'/,
        body,
      );
      for (const name of ["x-powered-by", "server", "strict-transport-security", "vary"]) {
        assert.equal(headers[name], undefined, `${name}: ${body}`);
      }
    }
    const page = await ask(`${url}/docs`);
    assert.match(
      page.headers["content-security-policy"]?.toString() ?? "",
      /script-src 'self';.*frame-ancestors 'none'/,
    );
    const script = await ask(`${url}/docs/static/swagger-ui-bundle.js`);
    assert.equal(script.headers["x-content-type-options"], "nosniff");
    assert.doesNotMatch(script.headers["cache-control"] ?? "", /no-store/);
  });
});

suite("with origins that are let in", () => {
  test("a page asks first, without a key, and reads answers and refusals; others do not", async (t) => {
    const { server, make } = await startGuarded(t, { "cors.origins": ["https://app.example"] });
    const { url } = server;
    const origin = "https://app.example";
    const key = await make({ name: "page", scopes: ["recognize", "read"] });
    const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "authorization" };
    const asked = await ask(`${url}/api/transcribe`, { method: "OPTIONS", headers: { origin, ...preflight } });
    assert.equal(asked.status, 204);
    assert.partialDeepStrictEqual(asked.headers, {
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers": "authorization",
      "access-control-max-age": "600",
      vary: "Origin",
    });
    const refused = await ask(`${url}/api/models`, { headers: { origin } });
    assert.deepEqual([refused.status, refused.headers["access-control-allow-origin"]], [401, origin]);
    const answer = await ask(`${url}/api/models`, { headers: { origin, authorization: `Bearer ${key}` } });
    assert.equal(answer.status, 200);
    assert.match(answer.headers["access-control-expose-headers"] ?? "", /X-Request-Id, Retry-After/);
    const authorization = `Bearer ${key}`;
    const recognised = await ask(`${url}/api/transcribe?stream=true`, {
      method: "POST",
      headers: { origin, authorization, "content-type": "audio/wav" },
      body: toneWav("abc"),
    });
    assert.match(recognised.body, /"text":"abc"/);
    assert.equal(recognised.headers["access-control-allow-origin"], origin);
    const foreign = await ask(`${url}/api/transcribe`, { method: "OPTIONS", headers: { origin: evil, ...preflight } });
    assert.deepEqual([foreign.status, foreign.headers["access-control-allow-origin"]], [403, undefined]);
    assert.equal(foreign.headers.vary, "Origin");
    const socketUrl = `${url.replace("http", "ws")}/api/stream`;
    assert.equal(await dial(t, socketUrl, { origin }), 401);
    assert.equal(await dial(t, socketUrl, { origin, authorization }), 101);
    assert.equal(await dial(t, socketUrl, { origin: evil, authorization }), 403);
  });

  test("* lets all pages in, and none with credentials", async (t) => {
    const { url, voskPort } = await start(t, { "cors.origins": ["*"] });
    for (const origin of [evil, "null"]) {
      const { status, headers } = await ask(`${url}/api/models`, { headers: { origin } });
      assert.deepEqual([status, headers["access-control-allow-origin"]], [200, "*"]);
      assert.equal(headers["access-control-allow-credentials"], undefined);
      assert.equal(await dial(t, `ws://127.0.0.1:${voskPort}`, { origin }), 101);
    }
    const asked = {
      origin: evil,
      "access-control-request-method": "POST",
      "access-control-request-headers": "a\u00fc",
    };
    const { status, headers } = await ask(`${url}/nowhere`, { method: "OPTIONS", headers: asked });
    assert.deepEqual([status, headers["access-control-allow-headers"]], [204, undefined]);
  });

  test("behind a trusted proxy the server is known as the browser knows it", async (t) => {
    const { url, host } = await start(t, { "proxy.trusted": ["127.0.0.1"] });
    const reads = async (origin: string, forwarded: Record<string, string>) =>
      (await ask(`${url}/api/models`, { headers: { host, origin, ...forwarded } })).status;
    const named = { "x-forwarded-host": "asr.example.com", "x-forwarded-proto": "https" };
    assert.equal(await reads("https://asr.example.com", named), 200);
    assert.equal(await reads("http://asr.example.com", named), 403);
    assert.equal(await reads("https://asr.example.com", {}), 403);
    assert.equal(await reads(`http://${host}`, named), 403);
    assert.equal(await reads("https://other.example.com", named), 403);
    const plain = { ...named, "x-forwarded-proto": "http" };
    assert.equal(await reads("http://asr.example.com", plain), 403);
    assert.equal(await reads("https://asr.example.com", plain), 403);
  });

  test("origins and names are taken up by a reload, and a wrong one changes nothing", async (t) => {
    let more: Partial<Config> = {};
    const { server } = await startRunning(t, { cn: "tone" }, {}, undefined, (config) => ({ ...config, ...more }));
    const { url } = server;
    const { port } = new URL(url);
    const reads = async (headers: Record<string, string>) => (await ask(`${url}/api/models`, { headers })).status;
    const named = { host: `asr.example.com:${port}`, origin: `http://asr.example.com:${port}` };
    const reload = () => ask(`${url}/api/config/reload`, { method: "POST" });
    assert.deepEqual([await reads({ origin: evil }), await reads(named)], [403, 403]);
    more = { "cors.origins": [evil], "http.hosts": ["asr.example.com"] };
    assert.match((await reload()).body, /cors\.origins/);
    assert.deepEqual([await reads({ origin: evil }), await reads(named)], [200, 200]);
    more = { "cors.origins": ["null"] };
    assert.equal(reasonOf(await reload()), "config_invalid");
    assert.deepEqual([await reads({ origin: evil }), await reads(named)], [200, 200]);
  });
});
