import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { catalogue } from "@voxpool/client/contract";
import { WebSocket } from "ws";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { configFrom } from "../../dist/base/config.js";
import { settingKeys } from "../../dist/base/setting-names.js";
import type { Config, SettingKey } from "../../dist/base/settings.js";
import { type Guarded, startGuarded } from "../server/guarded.ts";
import { toneWav } from "../server/running.ts";
import { openClient } from "../wyoming/support.ts";
import { type LimitRow, limitTable } from "./table.ts";

const root = join(import.meta.dirname, "../../../..");

/** One server for all: each limit is made small for its trial by a reload, or was so from the start. */
interface Limited extends Guarded {
  readonly key: string;
  readonly ports: { readonly vosk: number; readonly wyoming: number };
  /** Puts other limits in force; over the owner's socket, which has none. */
  readonly limit: (config: Partial<Config>) => Promise<void>;
}

async function start(t: TestContext): Promise<Limited> {
  let written: Partial<Config> = {};
  const ports = { vosk: await freePort(), wyoming: await freePort() };
  const config: Partial<Config> = {
    "vosk.port": ports.vosk,
    "wyoming.port": ports.wyoming,
    "auth.keyless": ["127.0.0.1"],
    "limits.head_bytes": 4096,
    "limits.message_bytes": 65_536,
    "openai.message_bytes": 65_536,
    "oip.json_bytes": 2048,
    "limits.event_readers": 1,
    "limits.failed_attempts": 1,
    "wyoming.connections": 1,
    "wyoming.idle_seconds": 1,
  };
  const reread = (first: Config) => configFrom({ ...first, ...written }, "test");
  const guarded = await startGuarded(t, config, undefined, reread);
  return {
    ...guarded,
    ports,
    key: await guarded.make({ name: "probe", scopes: ["recognize", "models", "read"] }),
    async limit(next) {
      written = next;
      const { status, body } = await guarded.asOwner("/api/config/reload", {});
      assert.equal(status, 200, JSON.stringify(body));
    },
  };
}

/** What a refusal said: reason and message, whatever the protocol. */
type Refusal = readonly [reason: unknown, message: unknown];

/** Goes beyond a limit, and gives what was said; `true` where a limit without a reason did what it should. */
type Trial = (server: Limited, t: TestContext) => Promise<Refusal | true>;

const body = (value: object) => ({ method: "POST", body: JSON.stringify(value) });

async function ask(server: Limited, path: string, init: RequestInit = {}): Promise<Refusal> {
  const headers = { authorization: `Bearer ${server.key}`, "content-type": "application/json", ...init.headers };
  const answer = await server.fetch(path, { ...init, headers });
  const said = (await answer.json()) as Record<string, unknown>;
  if (answer.status === 429) assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/, path);
  return [said["reason"], said["message"]];
}

const sendWav = (server: Limited, query = "") =>
  ask(server, `/api/transcribe${query}`, {
    method: "POST",
    body: toneWav("abcdefgh"),
    headers: { "content-type": "audio/wav" },
  });

/** Keeps a request under way until the test ends. */
async function keepOne(server: Limited, t: TestContext): Promise<() => Promise<void>> {
  const leaving = new AbortController();
  t.after(() => leaving.abort());
  const headers = { authorization: `Bearer ${server.key}` };
  const answer = await server.fetch("/api/events", { headers, signal: leaving.signal });
  assert.equal(answer.status, 200);
  const end = answer.text().catch(() => undefined);
  return async () => {
    leaving.abort();
    await end;
  };
}

/** The messages of a live session, from its beginning; it is open when the first one has come. */
async function openLive(server: Limited, t: TestContext, client: string) {
  const url = `${server.server.url.replace("http", "ws")}/api/stream?model_path=${server.modelPath("cn")}&client_id=${client}`;
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${server.key}` } });
  t.after(() => socket.terminate());
  const [data] = await once(socket, "message");
  const first = JSON.parse(String(data)) as Record<string, unknown>;
  const close = async () => {
    socket.close();
    await once(socket, "close");
  };
  return { socket, first, close };
}

/** The second live session of a key, by a client of another name. */
async function twoLive(server: Limited, t: TestContext, other = "two"): Promise<Refusal> {
  const one = await openLive(server, t, "one");
  assert.equal(one.first["type"], "ready", JSON.stringify(one.first));
  const two = await openLive(server, t, other);
  one.socket.send(JSON.stringify({ type: "end" }));
  await once(one.socket, "close");
  const error = two.first["error"] ?? two.first;
  const { reason, message } = error as Record<string, unknown>;
  return [reason, message];
}

/** What is said to a connection before it is ended. */
async function talk(t: TestContext, port: number, text: string): Promise<string> {
  const socket: Socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  let said = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  socket.write(text);
  await once(socket, "close");
  return said;
}

async function talkHttp(server: Limited, t: TestContext, text: string): Promise<Refusal> {
  const said = await talk(t, Number(new URL(server.server.url).port), text);
  const { reason, message } = JSON.parse(said.split("\r\n\r\n")[1] ?? "{}") as Record<string, unknown>;
  return [reason, message];
}

async function closeCode(t: TestContext, url: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(url, { headers });
  t.after(() => socket.terminate());
  await once(socket, "open");
  socket.on("error", () => undefined);
  socket.send(Buffer.alloc(70_000));
  const [code] = await once(socket, "close");
  return code as number;
}

async function flooded(server: Limited, setting: SettingKey): Promise<Refusal> {
  await server.limit({ [setting]: 2 });
  const answers = [];
  for (let count = 0; count < 3; count++) answers.push(await ask(server, "/api/models"));
  for (const path of ["/livez", "/readyz", "/api/health"]) assert.equal((await server.fetch(path)).status, 200, path);
  assert.equal((await server.asOwner("/api/models")).status, 200, "the owner has no limit");
  return answers.at(-1) ?? [undefined, undefined];
}

const crowded =
  (setting: SettingKey): Trial =>
  async (server, t) => {
    const leave = await keepOne(server, t);
    await server.limit({ [setting]: 1 });
    const refusal = await ask(server, "/api/models");
    assert.equal((await server.fetch("/readyz")).status, 200);
    assert.equal((await server.asOwner("/api/models")).status, 200, "the owner has no limit");
    await leave();
    return refusal;
  };

const inUrl = (url: string) => `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;

const trials: Readonly<Partial<Record<SettingKey, Trial>>> = {
  "limits.requests_per_minute_per_key": (server) => flooded(server, "limits.requests_per_minute_per_key"),
  async "limits.requests_per_minute_per_address"(server, t) {
    const refusal = await flooded(server, "limits.requests_per_minute_per_address");
    const handshake = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
    const text = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n${handshake}\r\n\r\n`;
    assert.match(await talk(t, server.ports.vosk, text), /^HTTP\/1\.1 429 .*retry-after: \d+/is);
    const wyoming = await (await openClient(t, server.ports.wyoming)).next();
    assert.deepEqual([wyoming?.type, wyoming?.data["code"]], ["error", "rate_limited"]);
    return refusal;
  },
  "limits.concurrent_requests_per_key": crowded("limits.concurrent_requests_per_key"),
  "limits.concurrent_requests_per_address": crowded("limits.concurrent_requests_per_address"),
  async "limits.connections_per_address"(server, t) {
    const port = Number(new URL(server.server.url).port);
    const held = connect(port, "127.0.0.1");
    t.after(() => held.destroy());
    await once(held, "connect");
    await server.limit({ "limits.connections_per_address": 1 });
    const refusal = await talkHttp(server, t, inUrl("/livez"));
    const wyoming = await (await openClient(t, server.ports.wyoming)).next();
    assert.deepEqual([wyoming?.type, wyoming?.data["code"]], ["error", "too_many_connections"]);
    assert.match(await talk(t, server.ports.vosk, inUrl("/")), /^HTTP\/1\.1 429 /);
    held.destroy();
    return refusal;
  },
  async "wyoming.connections"({ ports }, t) {
    const first = await openClient(t, ports.wyoming);
    first.send("ping");
    assert.equal((await first.next())?.type, "pong");
    const refusal = await (await openClient(t, ports.wyoming)).next();
    first.socket.destroy();
    return [refusal?.data["code"], refusal?.data["text"]];
  },
  async "wyoming.idle_seconds"({ ports }, t) {
    const told = await (await openClient(t, ports.wyoming)).next();
    return [told?.data["code"], told?.data["text"]];
  },
  async "limits.live_sessions"(server, t) {
    await server.limit({ "limits.live_sessions": 1 });
    return twoLive(server, t);
  },
  async "limits.sessions_per_client"(server, t) {
    await server.limit({ "limits.sessions_per_client": 1 });
    return twoLive(server, t, "one");
  },
  async "limits.sessions_per_key"(server, t) {
    await server.limit({ "limits.sessions_per_key": 1 });
    const one = await openLive(server, t, "one");
    const [reason, message] = await sendWav(server, "?client_id=another");
    assert.deepEqual([reason, /limits\.sessions_per_key/.test(String(message))], ["client_sessions_full", true]);
    one.socket.send(JSON.stringify({ type: "end" }));
    await once(one.socket, "close");
    assert.deepEqual((await sendWav(server))[0], undefined, "its place was given back");
    return twoLive(server, t);
  },
  async "limits.holds"(server) {
    await server.limit({ "limits.holds": 1 });
    const load = (id: string) =>
      ask(server, "/api/models/load", body({ model_path: server.modelPath("cn"), client_id: id }));
    await load("one");
    return load("two");
  },
  async "limits.event_readers"(server, t) {
    const leave = await keepOne(server, t);
    const refusal = await ask(server, "/api/events");
    await leave();
    return refusal;
  },
  async "limits.failed_attempts"(server) {
    const wrong = { ...server, key: "vxp_wrong" };
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask(wrong, "/api/models")));
    return answers.find(([reason]) => reason !== "key_invalid") ?? [undefined, undefined];
  },
  "limits.head_bytes": (server, t) =>
    talkHttp(server, t, `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(5000)}\r\n\r\n`),
  async "limits.url_bytes"(server, t) {
    await server.limit({ "limits.url_bytes": 256 });
    return talkHttp(server, t, inUrl(`/livez?${"x".repeat(256)}`));
  },
  async "limits.json_bytes"(server) {
    await server.limit({ "limits.json_bytes": 1024 });
    return ask(server, "/api/models/load", body({ model_path: "x".repeat(2000) }));
  },
  async "oip.json_bytes"(server) {
    const headers = { authorization: `Bearer ${server.key}` };
    const answer = await server.fetch("/v2/models/cn/infer", { ...body({ inputs: ["x".repeat(4000)] }), headers });
    const { error } = (await answer.json()) as Record<string, unknown>;
    return [answer.status === 413 ? "body_too_large" : answer.status, error];
  },
  async "limits.body_bytes"(server) {
    await server.limit({ "limits.body_bytes": 1024 });
    return sendWav(server);
  },
  async "limits.message_bytes"({ server, key, ports }, t) {
    const headers = { authorization: `Bearer ${key}` };
    assert.equal(await closeCode(t, `${server.url.replace("http", "ws")}/api/stream`, headers), 1009);
    assert.equal(await closeCode(t, `ws://127.0.0.1:${ports.vosk}`, {}), 1009);
    return true;
  },
  async "openai.message_bytes"({ server, key }, t) {
    const url = `${server.url.replace("http", "ws")}/v1/realtime?intent=transcription`;
    assert.equal(await closeCode(t, url, { authorization: `Bearer ${key}` }), 1009);
    return true;
  },
  async "limits.audio_seconds"(server) {
    await server.limit({ "limits.audio_seconds": 1 });
    return sendWav(server);
  },
};

test("every limit has a row, and every row is tried here or says which test shows it", () => {
  const limits = settingKeys.filter((key) => key.startsWith("limits."));
  const rows = new Map(limitTable.map((row) => [row.setting, row]));
  assert.deepEqual(
    limits.filter((key) => !rows.has(key)),
    [],
  );
  for (const { setting, reasons, instead, shownBy } of limitTable) {
    assert.ok(reasons.length > 0 || instead !== undefined, setting);
    if (shownBy === undefined) assert.ok(setting in trials, setting);
    else {
      assert.ok(existsSync(join(root, shownBy)), shownBy);
      const text = readFileSync(join(root, shownBy), "utf8");
      const isThere = [setting, ...reasons].some((name) => text.includes(name));
      assert.ok(isThere || instead !== undefined, `${shownBy} says nothing of ${setting}`);
    }
  }
});

test("what goes beyond a limit is told which setting it is", async (t) => {
  const server = await start(t);
  const tried = limitTable.filter(({ setting }) => trials[setting] !== undefined);
  for (const row of tried) await t.test(row.setting, (each) => tryOne(server, row, each));

  await t.test("and counted", async () => {
    const key = await server.make({ name: "watcher", scopes: ["read"] });
    const text = await (await server.fetch("/metrics", { headers: { authorization: `Bearer ${key}` } })).text();
    const counts = new Map(
      Array.from(text.matchAll(/voxpool_limited_total\{setting="(.+)"\} (\d+)/g), ([, a, b]) => [a, b]),
    );
    assert.deepEqual(
      [...counts].filter(([, count]) => count === "0").map(([setting]) => setting),
      ["limits.connections"],
    );
  });
});

async function tryOne(server: Limited, { setting, reasons }: LimitRow, t: TestContext): Promise<void> {
  try {
    const told = await trials[setting]?.(server, t);
    if (told === true || told === undefined) return;
    const [reason, message] = told;
    assert.ok(
      reasons.some((one) => one === reason) && String(reason) in catalogue,
      `${String(reason)}: ${String(message)}`,
    );
    assert.ok(String(message).includes(setting), String(message));
  } finally {
    await server.limit({});
  }
}
