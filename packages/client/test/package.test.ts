import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { catalogue } from "../dist/contract/catalogue.js";
import { ownFailure, ownFailures } from "../dist/failure.js";
import * as web from "../dist/index.js";
import * as node from "../dist/node.js";
import { beginEvents, bodyOf, deadUrl, sendJson, startServer } from "./support/server.ts";
import { busy, done, health, running, wav } from "./support/wire.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

/** Every module that an entry loads when it is imported: its own files with their text, and names of others. */
async function importGraph(entry: string): Promise<{ files: Map<string, string>; others: Set<string> }> {
  const files = new Map<string, string>();
  const others = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    if (files.has(path)) return;
    const text = await readFile(path, "utf8");
    files.set(path, text);
    for (const [, name = ""] of text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)) {
      if (name.startsWith(".")) await visit(resolve(dirname(path), name));
      else others.add(name);
    }
  };
  await visit(join(dist, entry));
  return { files, others };
}

test("the main entry imports nothing but its own few files: no schema library, no catalogue, nothing of Node", async () => {
  const { files, others } = await importGraph("index.js");
  assert.deepEqual([...others], []);
  assert.deepEqual(
    [...files.keys()].filter((path) => path.includes("contract")),
    [],
  );
  const text = [...files.values()].join("\n");
  const code = text.replace(/\/\*\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$|^\s+/gm, "");
  assert.ok(code.length < 104_000, `${code.length} characters without comments and indentation`);
  assert.ok(gzipSync(code).length < 25_000, `${gzipSync(code).length} bytes packed`);
});

test("the entry for Node adds its file system only", async () => {
  const { others } = await importGraph("node.js");
  assert.deepEqual([...others].toSorted(), ["node:fs", "node:fs/promises"]);
});

test("the client prints nothing", async () => {
  const { files } = await importGraph("node.js");
  for (const [path, text] of files) assert.doesNotMatch(text, /\bconsole\b|process\.std/, path);
});

const methods = [
  "aliases",
  "backUp",
  "batch",
  "batchEvents",
  "checkHealth",
  "close",
  "createKey",
  "events",
  "getCatalogModel",
  "getModelStatus",
  "listAvailableModels",
  "listKeys",
  "listModels",
  "loadModel",
  "modelStats",
  "openSession",
  "openSource",
  "pin",
  "pullModel",
  "reload",
  "reloadConfig",
  "renew",
  "revokeKey",
  "rotateKey",
  "searchCatalog",
  "setAlias",
  "stats",
  "switchModel",
  "transcribe",
  "transcribeEvents",
  "unloadModel",
  "warmUp",
];
const types = `
  AliasAnswer AliasList AudioSource Backup BatchAnswer BatchOperation BatchOptions BatchOutcome BatchProgress BatchResult BatchingEvent
  GateResult Hold KeepAlive LoadOptions PinAnswer Probation ProbationRequest ReloadAnswer RenewAnswer SwitchAnswer SwitchOptions
  UnloadOptions WarmupAnswer AvailableModel AvailableModels CallFailure CallOptions Catalog CatalogDetails CatalogEntry CatalogQuery
  Channels ClientOptions ConfigReloadAnswer DoneEvent
  ErrorEvent EventsOptions Failure FallbackOptions Health HealthFailure HttpOptions InstanceState LoadAnswer ModelEntry ModelList
  ModelStats ModelStatsAnswer ModelStatus ModelStatusFailure OpenFallback PoolEvent PullAnswer PullOptions PullProgress Quantiles Reason RecognitionOptions ResponseFormat RetryPolicy RunningEvent
  Segment Served ServedBy ServedByChange Stats StatsWindow TextFormat TextOptions Transcript TranscriptOptions TranscriptText TranscriptionEvent
  Alternative AudioStream Endpointing Finalized HttpTransport KeyCreateRequest KeyInfo KeyList KeyRevokeAnswer KeyScope KeySecretAnswer LiveAudio LiveEncoding LiveEvent LiveOptions LiveSession LiveSocket
  SessionEvent SessionOptions SessionSummary SocketRequest WebSocketLike WebSocketMaker
  Transport TransportAnswer TransportBody TransportRequest UnloadAnswer Vad Warning Word
`
  .trim()
  .split(/\s+/);

test("the exported names are these", async () => {
  const values = ["ModelAPIClient", "SocketRefused", "TransportError", "defaultBaseUrl", "httpTransport"];
  for (const entry of [web, node]) {
    assert.deepEqual(Object.keys(entry).toSorted(), values);
    const own = [entry.ModelAPIClient.prototype, Object.getPrototypeOf(entry.ModelAPIClient.prototype) as object];
    const names = new Set(own.flatMap((prototype) => Object.getOwnPropertyNames(prototype)));
    assert.deepEqual([...names].filter((name) => name !== "constructor").toSorted(), methods);
  }
  const text = await readFile(join(dist, "exports.d.ts"), "utf8");
  const names = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, allTypes, list = ""]) =>
    list.split(",").flatMap((item) => {
      const name = item.trim();
      return allTypes !== undefined ? [name] : name.startsWith("type ") ? [name.slice(5)] : [];
    }),
  );
  assert.deepEqual(new Set(names.filter((name) => name !== "")), new Set(types));
});

test("everything that is exported has a docstring", async () => {
  for (const file of [
    "client.d.ts",
    "node.d.ts",
    "index.d.ts",
    "http.d.ts",
    "transport.d.ts",
    "events.d.ts",
    "fallback.d.ts",
    "live.d.ts",
    "live-events.d.ts",
    "live-samples.d.ts",
    "microphone.d.ts",
    "web-socket.d.ts",
  ]) {
    const lines = (await readFile(join(dist, file), "utf8")).split("\n");
    for (const [n, line] of lines.entries()) {
      if (!/^export (declare|interface|type \w+ =)/.test(line)) continue;
      assert.match(lines[n - 1] ?? "", /\*\/$/, `${file}: ${line}`);
    }
  }
});

test("the name of the package leads to the entry for Node in Node, and to the web's elsewhere", async () => {
  const condition = async (...flags: string[]) => {
    const script = `console.log(import.meta.resolve("@voxpool/client").split("/").pop())`;
    const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "-e", script], { cwd: root });
    return stdout.trim();
  };
  assert.equal(await condition(), "node.js");
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { exports: { ".": object } };
  assert.deepEqual(exports["."], {
    node: { types: "./dist/node.d.ts", default: "./dist/node.js" },
    default: { types: "./dist/index.d.ts", default: "./dist/index.js" },
  });
});

test("what the client says by itself is what the error catalogue says", () => {
  for (const [reason, { text, retryable }] of Object.entries(ownFailures)) {
    const entry = catalogue[reason as keyof typeof ownFailures];
    assert.deepEqual({ text, retryable }, { text: entry.en, retryable: entry.retryable }, reason);
  }
  assert.match(ownFailure("request_timeout", { timeout_ms: 5 }).message, /5 ms/);
});

/** A Node 20 on this machine: the one that npm itself runs on, or one in a usual place. */
async function findNode20(): Promise<string | undefined> {
  const places = [process.env.npm_node_execpath, process.env.VOXPOOL_NODE20, "/usr/bin/node", "/usr/local/bin/node"];
  for (const place of places) {
    if (place === undefined || !existsSync(place)) continue;
    const { stdout } = await run(place, ["--version"]).catch(() => ({ stdout: "" }));
    if (stdout.startsWith("v20.")) return place;
  }
  return undefined;
}

async function smoke(t: TestContext, nodePath: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "voxpool-client-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "a.wav");
  await writeFile(path, wav(50_000));
  let refusals = 0;
  const server = await startServer(t, async (request, response) => {
    const length = (await bodyOf(request)).length;
    if (request.url?.endsWith("/never")) return;
    if (request.url?.endsWith("/cut")) return void request.socket.destroy();
    if (request.url?.endsWith("/load") && refusals++ === 0) return sendJson(response, 503, busy);
    if (!request.url?.includes("transcribe")) return sendJson(response, 200, health);
    if (length !== 100_044) return sendJson(response, 400, { success: false, message: `${length} bytes` });
    if (request.url.includes("text")) return void response.writeHead(200, { "content-type": "text/plain" }).end("你好");
    const send = beginEvents(response);
    for (const event of [...running, done]) send(event);
    response.end();
  });
  const { stdout, stderr } = await run(nodePath, [
    join(import.meta.dirname, "smoke.mjs"),
    server.url,
    path,
    await deadUrl(),
  ]);
  assert.equal(stderr, "");
  const { told, events } = JSON.parse(stdout) as { told: object; events: string[] };
  assert.deepEqual(told, {
    health: true,
    load: true,
    fromPath: true,
    fromBlob: true,
    fromStream: true,
    text: true,
    missing: "audio_unreadable",
    cancelled: "request_cancelled",
    timeout: "request_timeout",
    cut: "connection_lost",
    refused: "server_unreachable",
    live: true,
  });
  assert.deepEqual(events, ["progress", "segment", "segment"]);
}

test("the package works as it is imported by name", (t) => smoke(t, process.execPath));

test("the package works on Node 20, and prints nothing there", async (t) => {
  const node20 = await findNode20();
  if (node20 === undefined) t.skip("no Node 20 on this machine (VOXPOOL_NODE20 names one)");
  else await smoke(t, node20);
});
