import assert from "node:assert/strict";
import { test } from "node:test";
import { englishIn } from "../../../../test/fixtures/english.ts";
import { type Running, startRunning, toneWav } from "../server/running.ts";

const han = /\p{Script=Han}/u;
const headers = { "accept-language": "zh-CN,zh;q=0.9,en;q=0.8" };

/** Every text in an answer that is for people: messages, and what stands in details. */
function textsIn(value: unknown, key = ""): string[] {
  if (typeof value === "string")
    return ["message", "detail", "problem", "capability", "hint"].includes(key) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, name));
}

type Ask = (running: Running) => Promise<Response>;

const post =
  (path: string, body: BodyInit, type: string): Ask =>
  (running) =>
    running.fetch(path, { method: "POST", body, headers: { ...headers, "content-type": type } });
const json = (path: string, body: unknown): Ask =>
  post(path, typeof body === "string" ? body : JSON.stringify(body), "application/json");
const load =
  (id: string): Ask =>
  (running) =>
    json("/api/models/load", { model_path: running.modelPath(id) })(running);
const get =
  (path: string): Ask =>
  (running) =>
    running.fetch(path, { headers });
const wav = toneWav("abc");
const transcribe = (query: string, body: BodyInit = wav, type = "audio/wav"): Ask =>
  post(`/api/transcribe?${query}`, body, type);
const named =
  (id: string, query: string): Ask =>
  (running) =>
    transcribe(`model_path=${encodeURIComponent(running.modelPath(id))}&${query}`)(running);

function form(...fields: readonly (readonly [name: string, value: string | Blob])[]): FormData {
  const data = new FormData();
  for (const [name, value] of fields) data.append(name, value);
  return data;
}
const upload =
  (data: FormData): Ask =>
  (running) =>
    running.fetch("/api/transcribe", { method: "POST", body: data, headers });

const asks: Readonly<Record<string, Ask>> = {
  "a load": load("zh"),
  "an unload": async (running) => {
    await load("zh")(running);
    return json("/api/models/unload", { model_path: running.modelPath("zh") })(running);
  },
  "an unload of what is not loaded": (running) =>
    json("/api/models/unload", { model_path: running.modelPath("spare") })(running),
  "a status of what is not loaded": (running) => get(`/api/models/status/${running.modelPath("spare")}`)(running),
  "a status after a failed load": async (running) => {
    await load("bad/aborts")(running);
    return get(`/api/models/status/${running.modelPath("bad/aborts")}`)(running);
  },
  "a status of nothing": get("/api/models/status/nothing"),
  "the models on disk, bad ones too": get("/api/models/available"),
  "an unknown route": get("/api/nothing"),
  "a wrong method": (running) => running.fetch("/api/models/load", { headers }),
  "a body that is empty": json("/api/models/load", ""),
  "a body that is no JSON": json("/api/models/load", "{"),
  "a body that is an array": json("/api/models/load", []),
  "a body that is null": json("/api/models/load", "null"),
  "a body without a path": json("/api/models/load", {}),
  "a path that is too long": json("/api/models/load", { model_path: "a".repeat(5000) }),
  "a path that climbs": json("/api/models/load", { model_path: "../etc" }),
  "a path with control characters": json("/api/models/load", { model_path: "a\u0000b" }),
  "a path of many names": json("/api/models/load", { model_path: "a/".repeat(100) }),
  "a path outside": json("/api/models/load", { model_path: "/etc" }),
  "a path on a Windows drive": json("/api/models/load", { model_path: "C:/models" }),
  "a body of another type": post("/api/models/load", "x", "image/png"),
  ...Object.fromEntries(
    ["empty", "page", "lfs", "zip", "zeros", "notes", "half", "twice", "manifest", "unknown-engine", "aborts"].map(
      (id) => [`a load of bad files: ${id}`, load(`bad/${id}`)],
    ),
  ),
  "no audio": (running) => running.fetch("/api/transcribe", { method: "POST", headers }),
  "audio that is text": transcribe("", "hello hello hello hello"),
  "audio that is MP4": transcribe("", Buffer.from("\0\0\0\u0018ftypisom\0\0\0\0isomiso2")),
  "a WAV file that ends at once": transcribe("", wav.subarray(0, 40)),
  "a WAV file with no channels": transcribe("", changed(22, 0)),
  "a WAV file with many channels": transcribe("", changed(22, 200)),
  "a WAV file with another codec": transcribe("", changed(20, 85)),
  "a WAV file with odd samples": transcribe("", changed(34, 12)),
  "a WAV file that is cut off": named("zh", "language=zh"),
  "raw audio without a rate": transcribe("", wav, "audio/pcm"),
  "raw audio with a bad rate": transcribe("", wav, "audio/pcm;rate=abc"),
  "raw audio of 24 bits": transcribe("", wav, "audio/pcm;rate=16000;bits=24"),
  "an image": transcribe("", wav, "image/png"),
  "an option that is empty": transcribe("language="),
  "an option given twice": transcribe("language=en&language=zh"),
  "an option that is too long": transcribe(`language=${"a".repeat(100)}`),
  "an unknown format": transcribe("response_format=pdf"),
  "a flag that is none": transcribe("words=maybe"),
  "a stream of subtitles": transcribe("stream=true&response_format=srt"),
  "an unknown language": transcribe("language=klingonese"),
  "a language that no model knows": transcribe("language=wo"),
  "a language that could be pulled": transcribe("language=en"),
  "a language that the model does not know": named("zh", "language=en"),
  "word times that the model has not": named("plain", "words=true"),
  "punctuation that there is none of": named("zh", "punctuate=true"),
  "numbers that cannot be chosen": named("zh", "itn=true"),
  "a form without a boundary": transcribe("", wav, "multipart/form-data"),
  "a form that ends early": transcribe("", "--x\r\n", "multipart/form-data; boundary=x"),
  "a form with text for a file": upload(form(["file", "speech.wav"])),
  "a form with two files": upload(form(["file", new Blob([wav])], ["file", new Blob([wav])])),
  "a form without a file": upload(form(["language", "en"])),
  "a model that dies": named("dies", ""),
};

function changed(at: number, value: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(wav);
  new DataView(copy.buffer).setUint16(at, value, true);
  return copy;
}

const fake = (script: object) => ({ fake: script });

test("who asks in Chinese reads no English, whatever goes wrong", async (t) => {
  const running = await startRunning(t, {
    zh: fake({ languages: ["zh"], text: "你好" }),
    spare: fake({ languages: ["zh"] }),
    plain: fake({ languages: ["zh"], words: false }),
    dies: fake({ languages: ["zh"], decode: "abort" }),
    "bad/aborts": fake({ load: "abort" }),
    "bad/empty": { files: { "model.onnx": "", "tokens.txt": "" } },
    "bad/page": { files: { "model.onnx": "<!doctype html><html></html>", "tokens.txt": "a 0" } },
    "bad/lfs": { files: { "model.onnx": "version https://git-lfs.github.com/spec/v1", "tokens.txt": "a 0" } },
    "bad/zip": { files: { "model.onnx": "PK\u0003\u0004aaaa", "tokens.txt": "a 0" } },
    "bad/zeros": { files: { "model.onnx": "\0".repeat(5000), "tokens.txt": "a 0" } },
    "bad/notes": { files: { "voxpool.json": "{}", "notes.txt": "hello" } },
    "bad/half": { files: { "encoder_model.onnx": "x", "tokens.txt": "a 0" } },
    "bad/twice": { files: { "model-a.onnx": "x", "model-b.onnx": "y", "tokens.txt": "a 0" } },
    "bad/manifest": { files: { "voxpool.json": '{"languages": 3}', "model.onnx": "x" } },
    "bad/unknown-engine": { files: { "voxpool.json": '{"engine": "magic"}', "model.onnx": "x" } },
  });
  const english: string[] = [];
  for (const [name, ask] of Object.entries(asks)) {
    const answer = await ask(running);
    const body: unknown = await answer.json();
    for (const text of textsIn(body)) {
      const found = englishIn(text);
      if (found.length > 0 || !han.test(text)) english.push(`${name}: ${text}`);
    }
    if (answer.status >= 400) assert.ok(textsIn(body).length > 0, `${name} says nothing`);
  }
  assert.deepEqual(english, []);
});
