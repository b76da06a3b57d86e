import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pythonWith, runPython } from "../../../../test/fixtures/python.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { startRunning, threeSegments } from "../server/running.ts";
import { pcm24k } from "./realtime-client.ts";

const realtimeTypes = [
  "conversation.item.added",
  "conversation.item.done",
  "conversation.item.input_audio_transcription.completed",
  "conversation.item.input_audio_transcription.delta",
  "input_audio_buffer.committed",
  "input_audio_buffer.speech_started",
  "input_audio_buffer.speech_stopped",
  "session.created",
  "session.updated",
];

const found = pythonWith("openai");
const script = join(import.meta.dirname, "../../../../test/fixtures/openai-client.py");

test("the Python package of OpenAI transcribes, streams, lists and is refused as it expects", {
  skip: found.skip,
}, async (t) => {
  assert.ok("python" in found);
  const { server, modelDir } = await startRunning(t, {
    tone: "tone",
    "say/broken": { fake: { text: "x", decode: "throw" } },
  });
  const path = join(dirname(modelDir), "a.wav");
  writeFileSync(path, threeSegments());
  const pcmPath = join(dirname(modelDir), "a.pcm");
  writeFileSync(pcmPath, pcm24k(joinedSignals(toneSignal("abc"), silentSignal(1))));
  const said = await runPython(found.python, script, [`${server.url}/v1`, path, "say/broken", pcmPath]);
  const { texts, models, ...rest } = said as { texts: Record<string, string>; models: string[] };
  assert.deepEqual(rest, {
    plain: { text: "abc abc abc", usage: "duration" },
    verbose: { words: ["abc", "abc", "abc"], segments: ["abc", "abc", "abc"] },
    streamed: { deltas: ["abc", " abc", " abc"], done: "abc abc abc" },
    asynchronous: "abc abc abc",
    realtime: { first: "abc", types: realtimeTypes, code: "input_audio_buffer_commit_empty", second: "abc" },
    asynchronous_realtime: "session.created",
    model: "say/broken",
    unknown: { type: "NotFoundError", code: "model_not_found", request_id: true },
    broken: { type: "InternalServerError", code: "decode_failed", request_id: true },
    translated: { type: "BadRequestError", code: "translation_missing", request_id: true },
  });
  assert.equal(texts["text"], "abc abc abc\n");
  assert.match(texts["srt"] ?? "", /^1\n00:00:/);
  assert.match(texts["vtt"] ?? "", /^WEBVTT\n/);
  assert.ok(models.includes("tone") && models.includes("whisper-1"));
});
