import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type {
  ModelEntry,
  PullEvent,
  PullRequest,
  TranscribeEvent,
  TranscribeOptions,
  Transcript,
} from "@voxpool/client/contract";
import type { FastifyInstance } from "fastify";
import { runBatch } from "../../dist/api/batch.js";
import type { Api, Caller, TranscribeRequest } from "../../dist/api/types.js";
import type { RawPcm } from "../../dist/audio/audio.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createHttpServer, type HttpConfig, type HttpServerOptions } from "../../dist/gateway/http/server.js";
import type { EventLog } from "../../dist/observe/event-log.js";
import type { Statistics } from "../../dist/observe/statistics.js";
import { catalogEntry, entry, outcome } from "./entries.ts";
import { observeNothing } from "./observe-nothing.ts";

/** What one recognition of the test api saw. */
export interface Seen {
  readonly options: TranscribeOptions;
  readonly raw: RawPcm | undefined;
  readonly client: string;
  readonly signal: AbortSignal;
  bytes: number;
  sha256: string;
  /** Whether it ran to its end. */
  finished: boolean;
  /** Resolves when the iteration ended, however it did. */
  readonly ended: Promise<void>;
}

/** Behaviour that a test asks for by `model_path`. */
export type Script = (request: TranscribeRequest, caller: Caller, seen: Seen) => AsyncIterable<TranscribeEvent>;

export interface TestApi extends Api {
  readonly seen: Seen[];
  readonly scripts: Map<string, Script>;
  readonly loads: { readonly path: string; readonly caller: Caller }[];
  /** Model paths that `modelStatus` was asked for, as they arrived. */
  readonly asked: string[];
  /** Thrown by the next call of that name. */
  readonly failNext: Map<keyof Api, unknown>;
  /** What a pull waits for after its first event; at once without it. */
  pulling?: PromiseWithResolvers<void>;
  /** Says `left` when the caller of a pull has gone. */
  readonly pullsLeft: EventEmitter;
}

export const segments = [
  {
    id: 0,
    start: 0,
    end: 1.5,
    text: "hello <world>",
    confidence: 0.9,
    words: [{ word: "hello", start: 0, end: 0.7, confidence: 0.9 }],
  },
  { id: 1, start: 2, end: 3.25, text: "你好" },
];

export function transcriptOf(modelPath = "model/cn"): Transcript {
  return {
    success: true,
    text: "hello <world> 你好",
    language: "en",
    duration: 3.5,
    segments,
    processing_seconds: 0.1,
    real_time_factor: 0.03,
    model_path: modelPath,
    model_version: "1",
    warnings: [{ reason: "hint_unused", message: "not used" }],
    timings: { load_seconds: 0, queue_seconds: 0, decode_seconds: 0.1 },
  };
}

/** Reads the whole recording, then says what every recording says. */
export async function* recognise(request: TranscribeRequest, seen: Seen): AsyncGenerator<TranscribeEvent> {
  const hash = createHash("sha256");
  for await (const chunk of request.bytes) {
    seen.bytes += chunk.length;
    hash.update(chunk);
  }
  seen.sha256 = hash.digest("hex");
  yield { type: "progress", processed_seconds: 1, duration: 3.5 };
  for (const segment of segments) yield { type: "segment", segment };
  yield { type: "done", transcript: transcriptOf(request.options.model_path) };
}

/** A small server behind the interface: models can be loaded, and every recording says the same. */
export function createTestApi(): TestApi {
  const loaded = new Map<string, ModelEntry>();
  const api: TestApi = {
    seen: [],
    scripts: new Map(),
    loads: [],
    asked: [],
    failNext: new Map(),
    pullsLeft: new EventEmitter(),
    openLive: () => Promise.reject(new VoxpoolError("internal")),
    health() {
      failIfAsked(api, "health");
      return { success: true, status: "running", loaded_models_count: loaded.size, version: "1.2.3" };
    },
    async listModels() {
      return { success: true, models: Object.fromEntries(loaded), count: loaded.size };
    },
    async searchCatalog() {
      return { success: true, models: [catalogEntry], count: 1 };
    },
    async catalogDetails(name) {
      if (name !== "cn") throw new VoxpoolError("download_unknown", { name, names: "cn" });
      return { success: true, model: catalogEntry };
    },
    async *pullModel(request, caller) {
      yield* runPull(api, request, caller);
    },
    async availableModels() {
      failIfAsked(api, "availableModels");
      const model = { id: "cn", engine: "vosk", languages: ["zh"], versions: ["1"], size_bytes: 10, loaded: false };
      return { success: true, models: { "model/cn": model }, count: 1 };
    },
    async modelStatus(path) {
      api.asked.push(path);
      failIfAsked(api, "modelStatus");
      const found = loaded.get(path);
      if (found !== undefined) return { success: true, status: { loaded: true, ...found }, model_path: path };
      const error = new VoxpoolError("model_not_loaded", { model_path: path });
      const { reason, message } = error;
      return { success: false, message, reason, retryable: false, model_path: path, state: "loading" };
    },
    async loadModel({ model_path: path }, caller) {
      api.loads.push({ path, caller });
      failIfAsked(api, "loadModel");
      if (path === "model/none") throw new VoxpoolError("model_not_found", { model_path: path });
      loaded.set(path, entry);
      return { success: true, message: "loaded", model_path: path, version: "1", holds: [], expires_at: null };
    },
    async unloadModel({ model_path: path }) {
      failIfAsked(api, "unloadModel");
      if (!loaded.delete(path)) throw new VoxpoolError("model_not_loaded", { model_path: path });
      return { success: true, message: "unloaded", model_path: path, unloaded: true, holds: [] };
    },
    async renewHolds({ client_id: client }) {
      failIfAsked(api, "renewHolds");
      throw new VoxpoolError("hold_unknown", { client, what: "" });
    },
    async warmUpModel({ model_path: path }) {
      failIfAsked(api, "warmUpModel");
      return { success: true, message: "warm", model_path: path, warmup_seconds: 0.1, text: "hello" };
    },
    async reloadModel({ model_path: path }) {
      failIfAsked(api, "reloadModel");
      return { success: true, message: "reloaded", model_path: path, load_time: 0.1 };
    },
    async pinModel({ model_path: path, pinned = true }) {
      failIfAsked(api, "pinModel");
      return { success: true, message: "pinned", model_path: path, pinned };
    },
    listAliases: () => ({ success: true, aliases: {}, count: 0 }),
    async setAlias({ alias, model_path: path }) {
      failIfAsked(api, "setAlias");
      return { success: true, message: "set", alias, model_path: path };
    },
    async switchModel({ model_path: path, version = "2" }) {
      failIfAsked(api, "switchModel");
      const to = `${path}@${version}`;
      return { success: true, message: "switched", model_path: path, from: `${path}@1`, to, gate: [], probation: null };
    },
    runBatch: (request, caller, explain) => runBatch(api, request, caller, explain),
    transcribe: (request, caller) => runScript(api, request, caller),
  };
  return api;
}

/** Says how far it is, and waits until it is told to go on. */
async function* runPull(api: TestApi, { name }: PullRequest, { signal }: Caller): AsyncGenerator<PullEvent> {
  failIfAsked(api, "pullModel");
  yield { type: "progress", phase: "download", file: `${name}.zip`, received_bytes: 5, total_bytes: 10 };
  const left = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => {
    api.pullsLeft.emit("left");
    left.reject(signal.reason as Error);
  });
  await Promise.race([api.pulling?.promise, left.promise]);
  failIfAsked(api, "pullModel");
  yield { type: "done", answer: { success: true, message: "fetched", name, already_there: false } };
}

function failIfAsked(api: TestApi, name: keyof Api): void {
  const error = api.failNext.get(name);
  if (error === undefined) return;
  api.failNext.delete(name);
  throw error;
}

async function* runScript(api: TestApi, request: TranscribeRequest, caller: Caller): AsyncGenerator<TranscribeEvent> {
  const ended = Promise.withResolvers<void>();
  const seen: Seen = {
    options: request.options,
    raw: request.raw,
    client: caller.client,
    signal: caller.signal,
    bytes: 0,
    sha256: "",
    finished: false,
    ended: ended.promise,
  };
  api.seen.push(seen);
  const script = api.scripts.get(request.options.model_path ?? "");
  try {
    yield* script === undefined ? recognise(request, seen) : script(request, caller, seen);
    seen.finished = true;
  } finally {
    caller.onOutcome?.(outcome);
    ended.resolve();
  }
}

export interface LogRecord {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface TestServer {
  readonly fastify: FastifyInstance;
  readonly api: TestApi;
  readonly events: EventLog;
  readonly statistics: Statistics;
  readonly log: LogRecord[];
  readonly spool: string;
  /** Listens on a free port of the loopback. */
  readonly listen: () => Promise<{ readonly port: number; readonly url: string }>;
  /** Resolves with the next `count` request lines of the log, past ones included. */
  readonly requestLines: (count: number) => Promise<readonly LogRecord[]>;
}

export const config: HttpConfig = {
  "limits.json_bytes": 1_048_576,
  "limits.body_bytes": 8 * 1024 * 1024,
  "limits.connections": 4096,
  "limits.event_readers": 64,
  "limits.upload_idle_seconds": 30,
  "limits.upload_bytes_per_second": 100,
  "limits.live_idle_seconds": 60,
  "live.resume_seconds": 30,
  "limits.spool_bytes": 32 * 1024 * 1024,
  "limits.head_bytes": 16_384,
  "limits.url_bytes": 16_384,
  "limits.message_bytes": 1_048_576,
  "limits.requests_per_minute_per_key": 0,
  "limits.requests_per_minute_per_address": 0,
  "limits.concurrent_requests_per_key": 0,
  "limits.concurrent_requests_per_address": 0,
  "limits.connections_per_address": 0,
};

/** A real server on the test api; closed, with its spool directory removed, when the test ends. */
export function createTestServer(
  t: TestContext,
  options: Partial<Omit<HttpServerOptions, "config" | "api" | "observed">> & {
    config?: Partial<HttpConfig>;
    openLive?: Api["openLive"];
    /** Instead of the log of the test's own. */
    events?: EventLog;
  } = {},
): TestServer {
  const api = Object.assign(createTestApi(), options.openLive && { openLive: options.openLive });
  const log: LogRecord[] = [];
  const waiting: (() => void)[] = [];
  const line = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    log.push({ level, fields, message });
    for (const wake of waiting.splice(0)) wake();
  };
  const { observation, observed } = observeNothing(options.events);
  const spool = options.spoolDirectory ?? mkdtempSync(join(tmpdir(), "voxpool-spool-"));
  const fastify = createHttpServer({
    version: "1.2.3",
    observed,
    log: { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") },
    ...options,
    api,
    config: { ...config, ...options.config },
    spoolDirectory: spool,
  });
  t.after(async () => {
    fastify.server.closeAllConnections();
    await fastify.close();
    observation.close();
    rmSync(spool, { recursive: true, force: true });
  });
  return {
    fastify,
    api,
    events: observed.events,
    statistics: observation.statistics,
    log,
    spool,
    async listen() {
      const url = await fastify.listen({ port: 0, host: "127.0.0.1" });
      return { url, port: Number(new URL(url).port) };
    },
    async requestLines(count) {
      for (;;) {
        const lines = log.filter(({ message }) => message === "request");
        if (lines.length >= count) return lines;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

/** A socket that talks bytes; `closed` resolves with everything that came back. */
export async function rawConnection(
  t: TestContext,
  port: number,
): Promise<{ socket: Socket; closed: Promise<string>; received: (text: string) => Promise<string> }> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  t.after(() => socket.destroy());
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  await once(socket, "connect");
  return {
    socket,
    closed,
    async received(wanted) {
      while (!text.includes(wanted)) {
        if (socket.closed) throw new Error(`closed before ${JSON.stringify(wanted)}: ${text}`);
        await Promise.race([once(socket, "data"), closed]);
      }
      return text;
    },
  };
}

/** The status and the JSON body of an answer as it came over a socket. */
export function parseAnswer(text: string): { status: number; head: string; body: Record<string, unknown> } {
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head: head.toLowerCase(), body: JSON.parse(body) };
}

export interface FormPart {
  readonly name: string;
  readonly filename?: string;
  readonly type?: string;
  readonly value: string | Uint8Array;
}

export const boundary = "----test-boundary";

/** The bytes of a form, as a client would write them. */
export function formBody(parts: readonly FormPart[]): Buffer {
  const pieces: (string | Uint8Array)[] = [];
  for (const { name, filename, type, value } of parts) {
    const file = filename === undefined ? "" : `; filename="${filename}"`;
    pieces.push(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n`);
    if (type !== undefined) pieces.push(`Content-Type: ${type}\r\n`);
    pieces.push("\r\n", value, "\r\n");
  }
  pieces.push(`--${boundary}--\r\n`);
  return Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));
}

export const formType = { "content-type": `multipart/form-data; boundary=${boundary}` };

export const wav = { "content-type": "audio/wav" };
export const file: FormPart = { name: "file", filename: "a.wav", type: "audio/wav", value: Buffer.from("RIFFsamples") };
export const field = (name: string, value: string): FormPart => ({ name, value });

/** Sends a recording without a socket. */
export const transcribe = (server: TestServer, payload: Buffer, headers: Record<string, string>, query = "") =>
  server.fastify.inject({ method: "POST", url: `/api/transcribe${query}`, payload, headers });

/** The head of a raw upload, as it goes over a socket. */
export const uploadHead = (query: string, length: number): string =>
  `POST /api/transcribe${query} HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\nContent-Length: ${length}\r\n\r\n`;

/** Resolves when a directory holds nothing; the test's own time limit ends it otherwise. */
export async function emptied(directory: string): Promise<void> {
  while (readdirSync(directory).length > 0) await new Promise((resolve) => setImmediate(resolve));
}
