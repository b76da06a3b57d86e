import assert from "node:assert/strict";
import { test } from "node:test";
import { httpTransport, type Transport, type TransportRequest } from "@voxpool/client";
import { createLocalTransport } from "../../dist/local.js";
import { startRunning, threeSegments, toneWav } from "../server/running.ts";

const json = { "content-type": "application/json" };
const wav = { "content-type": "audio/wav" };
const post = (path: string, model_path: unknown): Parts => ({
  method: "POST",
  path,
  headers: json,
  body: JSON.stringify({ model_path }),
});
const transcribe = (query: Record<string, string>, body: TransportRequest["body"], headers = wav): Parts => ({
  method: "POST",
  path: "/transcribe",
  query,
  headers,
  ...(body !== undefined && { body }),
});
type Parts = Omit<TransportRequest, "signal">;

const form = new FormData();
form.set("response_format", "srt");
form.set("file", new Blob([toneWav("bead")]), "a.wav");
const encoded = new Response(form);
const formType = encoded.headers.get("content-type") ?? "";
const formBytes = new Uint8Array(await encoded.arrayBuffer());

/** Calls in order: what one does, the next ones see. */
const calls: readonly (readonly [string, Parts])[] = [
  ["health", { method: "GET", path: "/health", headers: {} }],
  ["what is on disk", { method: "GET", path: "/models/available", headers: {} }],
  ["the status of what is not loaded", { method: "GET", path: "/models/status/other", headers: {} }],
  ["a load", post("/models/load", "other")],
  ["the status of what is loaded", { method: "GET", path: "/models/status/other", headers: {} }],
  ["an unload", post("/models/unload", "other")],
  ["an unload of what is not loaded", post("/models/unload", "other")],
  ["a load of what is not there", post("/models/load", "none")],
  ["a load without a path", post("/models/load", undefined)],
  ["a load of a broken model", post("/models/load", "broken")],
  ["a path that climbs", post("/models/load", "../secret")],
  ["a body that is no JSON", { method: "POST", path: "/models/load", headers: json, body: "{" }],
  ["a route that is not there", { method: "GET", path: "/nothing", headers: {} }],
  ["a wrong method", { method: "GET", path: "/transcribe", headers: {} }],
  ["Chinese messages", { method: "GET", path: "/nothing", headers: { "accept-language": "zh-CN" } }],
  ["a recognition", transcribe({}, toneWav("hello"))],
  ["a recognition in detail", transcribe({ response_format: "verbose_json" }, toneWav("cab"))],
  ["events", transcribe({ stream: "true" }, threeSegments())],
  ["subtitles", transcribe({ response_format: "vtt" }, threeSegments())],
  ["a form", transcribe({}, formBytes, { "content-type": formType })],
  ["a recording of unknown length", transcribe({}, new Blob([toneWav("face")]).stream())],
  ["an option that is wrong", transcribe({ response_format: "doc" }, toneWav("a"))],
  ["no recording", transcribe({}, undefined)],
  ["a recording that is none", transcribe({}, "hello".repeat(100))],
  ["a recording that is too long", transcribe({}, toneWav("hello there ".repeat(8)))],
];

test("a pool inside an application answers as a server does, to the letter", async (t) => {
  const models = { tone: "tone", other: "tone", broken: { files: { "fake.json": "{" } } } as const;
  const limits = { "limits.audio_seconds": 8 };
  const { server, modelDir } = await startRunning(t, models, limits);
  const { stateDir } = server;
  const settings = { ...limits, "engine.fake": true };
  const local = await createLocalTransport({ modelDir, stateDir, defaultModel: `${modelDir}/tone`, settings });
  t.after(() => local.close());
  const http = httpTransport(`${server.url}/api`);
  // As the server did when it started.
  await answerTo(local, post("/models/load", "tone"));
  const statuses = new Set<number>();
  for (const [what, call] of calls) {
    const [streamA, streamB] = call.body instanceof ReadableStream ? call.body.tee() : [];
    const theirs = await answerTo(http, streamA === undefined ? call : { ...call, body: streamA });
    const ours = await answerTo(local, streamB === undefined ? call : { ...call, body: streamB });
    assert.deepEqual(ours, theirs, what);
    statuses.add(ours.status);
  }
  assert.deepEqual(
    [...statuses].toSorted((a, b) => a - b),
    [200, 400, 404, 405, 413, 415],
  );
});

/** The answer without what differs from run to run. */
async function answerTo(transport: Transport, parts: Parts) {
  const answer = await transport.send({ ...parts, signal: new AbortController().signal });
  const text = answer.body === null ? "" : await new Response(answer.body).text();
  const volatile =
    /"(since|until|loaded_at|load_time|memory_bytes|pid|expires_at|real_time_factor|\w+_seconds|usage_count)":[\d.e-]+/g;
  const headers = ["content-type", "cache-control", "retry-after", "x-accel-buffering"];
  return {
    status: answer.status,
    headers: headers.map((name) => answer.headers.get(name)),
    // How often progress is told depends on when the engine gets to it.
    body: text.replaceAll(/event: progress\n.*\n\n/g, "").replaceAll(volatile, '"$1":0'),
  };
}
