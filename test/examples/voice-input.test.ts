import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { joinedSignals } from "../fixtures/tone-model.ts";
import { wavBytes, wavSamples } from "../fixtures/wav.ts";
import { installed, recording, root, startServerProcess, startTalk, temporary, voxpool, words } from "./service.ts";

const model = await installed();
const skip = "skip" in model && model.skip;
const python = process.env.VOXPOOL_TEST_PYTHON;
const noPython = skip || (python === undefined && "set VOXPOOL_TEST_PYTHON to a Python with requests");

test("voice input is served by the service, by itself while that is away, and by the service again", {
  skip,
}, async (t) => {
  assert.ok("modelDir" in model);
  const server = await startServerProcess(t, model);
  const app = startTalk(t, process.execPath, [join(root, "examples/voice-input.ts"), "en/tiny"], {
    VOXPOOL_URL: `${server.origin}/api`,
    VOXPOOL_MODEL_DIR: model.modelDir,
    VOXPOOL_STATE_DIR: model.newStateDir(t),
  });
  await app.until(/^ready: service$/);
  app.say(recording);
  assert.match(await app.until(/^service: /), words);

  await server.kill();
  app.say(recording);
  await app.until(/^from now on: fallback.*ECONNREFUSED/);
  assert.match(await app.until(/^fallback: /), words);

  await startServerProcess(t, model, Number(new URL(server.origin).port));
  // The client looks for the service every few seconds, when there is something to send.
  let line = "";
  while (!line.startsWith("service: ")) {
    app.say(recording);
    line = await app.until(/^(service|fallback): /);
    assert.match(line, words);
  }
  assert.equal(await app.end(), 0);
});

test("voice input that is being served when the service dies loses nothing", { skip }, async (t) => {
  assert.ok("modelDir" in model);
  const long = join(temporary(t), "long.wav");
  writeFileSync(long, repeated(recording, 12));
  const server = await startServerProcess(t, model);
  const app = startTalk(t, process.execPath, [join(root, "examples/voice-input.ts")], {
    VOXPOOL_URL: `${server.origin}/api`,
    VOXPOOL_MODEL_DIR: model.modelDir,
    VOXPOOL_STATE_DIR: model.newStateDir(t),
  });
  await app.until(/^ready: service$/);
  app.say(long);
  await app.until(/^heard: /);
  await server.kill();
  await app.until(/^from now on: fallback/);
  const heard = (await app.until(/^fallback: /)).match(new RegExp(words, "gi")) ?? [];
  assert.equal(heard.length, 12);
  assert.equal(await app.end(), 0);
});

test("voice input that starts without a service serves itself", { skip }, async (t) => {
  assert.ok("modelDir" in model);
  const app = startTalk(t, process.execPath, [join(root, "examples/voice-input.ts"), "en/tiny"], {
    VOXPOOL_URL: "http://127.0.0.1:1023/api",
    VOXPOOL_MODEL_DIR: model.modelDir,
    VOXPOOL_STATE_DIR: model.newStateDir(t),
  });
  await app.until(/^ready: fallback$/);
  app.say("no-such-file.wav");
  await app.until(/^failed: .*no-such-file/);
  app.say(recording);
  assert.match(await app.until(/^fallback: /), words);
  assert.equal(await app.end(), 0);
});

test("voice input in Python is served by the service, and by a server of its own when that dies", {
  skip: noPython,
}, async (t) => {
  assert.ok("modelDir" in model);
  const server = await startServerProcess(t, model);
  const own = [process.execPath, voxpool].join(" ");
  const app = startTalk(t, python ?? "", [join(root, "examples/voice_input.py"), "en/tiny"], {
    VOXPOOL_URL: `${server.origin}/api`,
    OWN_VOXPOOL: own,
    VOXPOOL_MODEL_DIR: model.modelDir,
    OWN_STATE_DIR: model.newStateDir(t),
    VOXPOOL_DEFAULT_MODEL: "en/tiny",
  });
  await app.until(/^health: running$/);
  await app.until(/^loaded: en\/tiny/);
  app.say(recording);
  assert.match(await app.until(/^service: /), words);
  app.say("there is no such.wav");
  assert.match(await app.until(/^failed: /), /No such file/);
  await server.kill();
  app.say(recording);
  assert.match(await app.until(/^own server: /), words);
  assert.equal(await app.end(), 0);
});

/** A WAV file of 16 kHz several times over, as one. */
function repeated(file: string, times: number): Uint8Array {
  const samples = wavSamples(readFileSync(file));
  return wavBytes(joinedSignals(...Array.from({ length: times }, () => samples)), 16_000);
}
