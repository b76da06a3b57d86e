import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect as connectSocket, type NetConnectOpts, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Agent, fetch as fetchThrough } from "undici";
import { WebSocket } from "ws";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { createLogger } from "../../dist/base/logger.js";
import { ownerSocketPath } from "../../dist/base/owner-socket-path.js";
import { scratchDirectory } from "../base/scratch.ts";
import { rawWebSocket, violations } from "../ws/raw-frames.ts";
import { openClient } from "../wyoming/support.ts";
import { bombs, forgeries, forms, hidden, paths, pollution, smuggling } from "./attacks.ts";
import { type Running, startRunning, toneWav } from "./running.ts";

/** A server with all its ports, whose log is a file. */
interface Target extends Running {
  readonly httpPort: number;
  readonly voskPort: number;
  readonly wyomingPort: number;
  readonly logFile: string;
  /** Of all its requests over HTTP. */
  readonly agent: Agent;
  readonly http: NetConnectOpts;
  readonly owner: NetConnectOpts;
  readonly vosk: NetConnectOpts;
  readonly wyoming: NetConnectOpts;
}

const here = (port: number): NetConnectOpts => ({ port, host: "127.0.0.1" });

async function startTarget(t: TestContext): Promise<Target> {
  const agent = new Agent();
  const [voskPort, wyomingPort] = [await freePort(), await freePort()];
  const logFile = join(scratchDirectory(t), "voxpool.log");
  const log = createLogger({ "log.level": "debug", "log.format": "json", "log.file": logFile });
  t.after(() => log.close());
  const ports = { "vosk.port": voskPort, "wyoming.port": wyomingPort };
  const config = { ...ports, "wyoming.connections": 5000, "limits.live_idle_seconds": 2 };
  const running = await startRunning(t, { cn: "tone", other: "tone" }, config, { log, audit: log.audit });
  const httpPort = Number(new URL(running.server.url).port);
  const owner = { path: ownerSocketPath(running.server.stateDir) };
  const where = { http: here(httpPort), owner, vosk: here(voskPort), wyoming: here(wyomingPort) };
  const fetch: Running["fetch"] = (path, init) =>
    fetchThrough(running.server.url + path, { ...init, dispatcher: agent } as never) as unknown as Promise<Response>;
  return { ...running, fetch, agent, httpPort, voskPort, wyomingPort, logFile, ...where };
}

/** Somebody who has recordings recognised, one after the other, until the end; every word has to be right. */
function wellBehaved({ fetch }: Target): { end(): Promise<number> } {
  const wav = toneWav("abcde");
  let isOver = false;
  const work = async (): Promise<number> => {
    for (let served = 0; ; served += 1) {
      const headers = { "content-type": "audio/wav" };
      const answer = await fetch("/api/transcribe?response_format=text", { method: "POST", headers, body: wav });
      assert.deepEqual([answer.status, await answer.text()], [200, "abcde\n"]);
      if (isOver) return served + 1;
    }
  };
  const served = work();
  served.catch(() => undefined); // told by end()
  return {
    end() {
      isOver = true;
      return served;
    },
  };
}

/** Sends bytes, and ends when an answer has begun; all that comes back. */
async function exchange(where: NetConnectOpts, bytes: string | Uint8Array, endsAtOnce = false): Promise<string> {
  const socket = connectSocket(where);
  socket.on("error", () => undefined);
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
    // Not before: a request whose sender has ended is given up.
    if (/\r\n\r\n|^\{/.test(text)) socket.end();
  });
  socket.write(bytes);
  if (endsAtOnce) socket.end();
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

/** The statuses in what came back. */
const statusesIn = (text: string): number[] =>
  Array.from(text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm), ([, status]) => Number(status));

async function loadedModels({ fetch }: Target): Promise<readonly string[]> {
  const { models } = (await (await fetch("/api/models")).json()) as { readonly models: object };
  return Object.keys(models);
}

async function smuggle(target: Target): Promise<void> {
  const shapes = smuggling(hidden("other"));
  for (const where of [target.http, target.owner, target.vosk]) {
    for (const { name, bytes, statuses } of shapes) {
      const seen = statusesIn(await exchange(where, bytes));
      // vosk-server's port says to every request that it is for WebSockets, and leaves the rest of it unread.
      const isVosk = where === target.vosk;
      assert.ok(
        seen.length <= 1 && (isVosk || seen.length === Math.min(1, statuses.length)),
        `${name}: ${seen.join(" ")}`,
      );
      for (const status of seen) {
        assert.ok((isVosk ? [400, 413, 426, 431] : statuses).includes(status), `${name}: ${status}`);
      }
    }
  }
  assert.deepEqual(await loadedModels(target), [target.modelPath("cn")]);
}

/** What all of it is to the port of Wyoming, which speaks something else: one error, and the end. */
async function greetWyoming({ wyoming }: Target): Promise<void> {
  const lines = [...pollution, ...forgeries].flatMap((text) => [
    `${text.replaceAll("\n", "")}\n`,
    `${JSON.stringify({ type: text })}\n{"type":"ping"}\n`,
    `${JSON.stringify({ type: "transcribe", data: { name: text, language: text } })}\n{"type":"audio-start"}\n`,
    `{"type":"x","data":{"__proto__":{"polluted":true}}}\n{"type":"ping"}\n`,
  ]);
  for (const bytes of [...smuggling(hidden("other")).map((shape) => shape.bytes), ...lines]) {
    const text = await exchange(wyoming, bytes, true);
    assert.match(text, /^$|^\{"type":"(error|pong|info)"/);
  }
  for (const [name, text] of bombs) {
    const answer = await exchange(wyoming, `{"type":"x","data":${text}}\n`, true);
    assert.match(answer, /^$|"type":"error"/, name);
  }
}

const postPaths = ["load", "unload", "pull", "batch", "alias", "pin", "switch", "warmup", "reload", "renew"].map(
  (call) => `/api/models/${call}`,
);

async function sendBodies({ fetch }: Target): Promise<void> {
  const json = { "content-type": "application/json" };
  const send = async (name: string, path: string, headers: Record<string, string>, body: string): Promise<void> => {
    const answer = await fetch(path, { method: "POST", headers, body });
    const text = await answer.text();
    const isRefused = (answer.status >= 400 && answer.status < 500) || text.startsWith('{"success":false,');
    assert.ok(isRefused && answer.status < 500, `${name} to ${path}: ${answer.status} ${text.slice(0, 200)}`);
    assert.ok(text.length < 10_000, `${name} to ${path}: an answer of ${text.length} bytes`);
  };
  const others = ["/api/keys", "/v2/models/cn/infer", "/v2/repository/models/none/load"];
  for (const path of [...postPaths, ...others]) {
    for (const [name, text] of bombs) await send(name, path, json, text);
    if (path.startsWith("/v2/repository")) continue; // which takes any object
    for (const text of pollution) await send(text, path, json, text);
  }
  const form = { "content-type": "multipart/form-data; boundary=b" };
  for (const path of ["/api/transcribe", "/v1/audio/transcriptions", "/v1/audio/translations"]) {
    for (const [name, body] of forms) await send(name, path, form, body);
  }
  for (const query of ["__proto__[polluted]=true", "constructor[prototype][polluted]=1", "__proto__=x", "a[]=1"]) {
    const answer = await fetch(`/api/models?${query}`);
    assert.equal(answer.status, 200, query);
    await answer.body?.cancel();
    await send(query, `/api/transcribe?${query}`, { "content-type": "audio/wav" }, "no audio");
  }
}

async function tryPaths(target: Target): Promise<void> {
  for (const path of paths) {
    const text = await exchange(target.http, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [status = 0] = statusesIn(text);
    assert.ok(
      [400, 404, 414, 431].includes(status) || /"success":false/.test(text),
      `${path.slice(0, 100)}: ${status}`,
    );
    assert.doesNotMatch(text, /root:x?:0|"devDependencies"|"dependencies"/, path.slice(0, 100));
  }
}

async function breakWebSockets(t: TestContext, { httpPort, voskPort }: Target): Promise<void> {
  for (const [name, bytes, code] of violations) {
    const { socket, closeCode } = await rawWebSocket(t, voskPort, "/");
    socket.write(bytes);
    assert.equal(await closeCode, code, `vosk-server: ${name}`);
    if (name.startsWith("16 MB")) continue; // which OpenAI's clients may send
    const realtime = await rawWebSocket(t, httpPort, "/v1/realtime?intent=transcription");
    realtime.socket.write(bytes);
    assert.equal(await realtime.closeCode, code, `realtime: ${name}`);
  }
  for (const text of [...pollution, ...bombs.map(([, bomb]) => bomb), ...forgeries]) {
    for (const url of [`ws://127.0.0.1:${voskPort}`, `ws://127.0.0.1:${httpPort}/v1/realtime?intent=transcription`]) {
      const socket = new WebSocket(url);
      socket.on("error", () => undefined);
      await once(socket, "open");
      socket.send(text);
      socket.send(JSON.stringify({ config: { model: text.slice(0, 1000), phrase_list: [text.slice(0, 1000)] } }));
      socket.close(1000, text.slice(0, 20).replaceAll(/[^ -~]/g, "?"));
      await once(socket, "close");
    }
  }
}

/** Sends texts that would be lines of the log, in all places whose text somebody chooses. */
async function forge(t: TestContext, target: Target): Promise<void> {
  const { fetch, http, wyomingPort } = target;
  for (const text of forgeries) {
    const raw = text.replaceAll(/[\r\n\0]/g, " ");
    const headers = `X-Request-Id: ${raw}\r\nUser-Agent: ${raw}\r\nTraceparent: ${raw}\r\nOrigin: ${raw}\r\n`;
    await exchange(http, Buffer.from(`GET /${raw} HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`));
    const headless = `GET /api/models HTTP/1.1\r\nHost: ${raw}\r\nX-API-Key: ${raw}\r\nConnection: close\r\n\r\n`;
    await exchange(http, Buffer.from(headless));
    await (await fetch(`/api/models/status/${encodeURIComponent(text)}?${encodeURIComponent(text)}=1`)).text();
    const body = { model_path: text, client_id: text, name: text, alias: text, version: text };
    for (const path of postPaths) {
      const sent = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
      await (await fetch(path, sent)).text();
      const known = JSON.stringify({ model_path: "cn", client_id: text, alias: text, version: text });
      if (path !== "/api/models/reload") await (await fetch(path, { ...sent, body: known })).text();
    }
    const form = new FormData();
    form.set(text, text);
    form.set("file", new Blob(["x"], { type: "audio/wav" }), text);
    for (const path of ["/api/transcribe", "/v1/audio/transcriptions"]) {
      await (await fetch(path, { method: "POST", body: form })).text();
    }
    const client = await openClient(t, wyomingPort);
    client.send("transcribe", { name: text });
    client.send("audio-start", { rate: 16_000, width: 2, channels: 1 });
    await client.next();
    client.socket.destroy();
  }
}

/** Connections that say nothing, or begin and do not end. */
async function hold(where: NetConnectOpts, count: number, beginning: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let at = 0; at < count; at += 1) {
    const socket = connectSocket(where);
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(beginning);
    sockets.push(socket);
  }
  return sockets;
}

/** What this process uses once everything that is not needed has been thrown away. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

const descriptors = (): number => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0);

/** Resolves when no more descriptors are open than before; the test's own time limit ends it otherwise. */
async function closedAgain(before: number): Promise<void> {
  while (descriptors() > before) await new Promise((resolve) => setImmediate(resolve));
}

test("whatever comes over whichever port, who behaves well is served, and nothing is left behind", async (t) => {
  const target = await startTarget(t);
  // So that all threads are there that are begun when they are needed.
  await Promise.all(Array.from({ length: 8 }, () => wellBehaved(target).end()));
  const before = { heap: heapBytes(), descriptors: descriptors() };
  const speaker = wellBehaved(target);
  await t.test("requests that can be read in two ways are read in none", () => smuggle(target));
  await t.test("paths lead nowhere else", () => tryPaths(target));
  await t.test("bodies that are too much, or mean something to a language, are refused", () => sendBodies(target));
  await t.test("the port of Wyoming ends what it does not understand", () => greetWyoming(target));
  await t.test("WebSockets that break the protocol are closed, on every port", (one) => breakWebSockets(one, target));
  await t.test("nobody writes lines of the log", (one) => forge(one, target));
  await t.test("two thousand connections that are half open disturb nobody", async () => {
    const held = [
      ...(await hold(target.http, 500, "GET /api/health HTTP/1.1\r\nHost: x\r\nX-A: ")),
      ...(await hold(target.http, 300, "")),
      ...(await hold(target.owner, 200, "POST /api/transcribe HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")),
      ...(await hold(target.vosk, 500, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: ")),
      ...(await hold(target.wyoming, 500, '{"type":"transcribe","data')),
    ];
    await wellBehaved(target).end();
    for (const socket of held) socket.destroy();
  });
  assert.ok((await speaker.end()) > 10);
  assert.equal(Reflect.get({}, "polluted"), undefined);
  await target.agent.close();
  await closedAgain(before.descriptors);
  const grown = heapBytes() - before.heap;
  assert.ok(grown < 30_000_000, `${grown} bytes more`);
  await target.server.stop();
  readLog(readFileSync(target.logFile, "utf8"));
});

/** Each line is an object of ours, and nothing in it moves a cursor. */
function readLog(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const [mover] = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e].*/.exec(text) ?? [];
  assert.equal(mover, undefined);
  const lines = text.trimEnd().split("\n");
  assert.ok(lines.length > 1000);
  for (const line of lines) {
    const { level, msg, time } = JSON.parse(line) as Record<string, unknown>;
    assert.ok(typeof level === "string" && typeof msg === "string" && typeof time === "string", line);
    assert.ok(msg !== "forged" && level !== "error", line);
  }
}
