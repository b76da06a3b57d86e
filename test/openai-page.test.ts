import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startRunning } from "../packages/server/test/server/running.ts";
import { testModel } from "./fixtures/downloads.ts";
import { pythonWith } from "./fixtures/python.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/openai.md"), "utf8");
const model = await testModel("en/tiny");
const skip = "skip" in model && model.skip;
const found = pythonWith("openai");
const words = /ask what you can do for your country/i;

/** The programs of the page, run as written but for the address. */
test("the programs for clients of OpenAI work", { skip }, async (t) => {
  assert.ok("directory" in model);
  const { server, modelDir } = await startRunning(t, {}, { model_dir: [model.modelDir], default_model: "en/tiny" });
  const here = (language: string, word: string) =>
    block(language, word).replaceAll("http://127.0.0.1:5000", server.url);
  // The SDK is found from the root; the recording by its path.
  const recording = join(dirname(modelDir), "speech.wav");
  copyFileSync(join(root, "packages/server/assets/jfk.wav"), recording);
  const there = (code: string) => code.replaceAll('"speech.wav"', JSON.stringify(recording));

  await t.test("Node", async () => {
    const args = ["--input-type=module-typescript", "-e", there(here("ts", "OpenAI"))];
    assert.match((await run(process.execPath, args, { cwd: root })).stdout, words);
  });

  await t.test("curl", async () => {
    const { stdout } = await run("sh", ["-ec", here("sh", "curl")], { cwd: dirname(recording) });
    assert.match(stdout.replaceAll(/\s+/g, " "), /^1 00:00:0/);
    assert.match(stdout.replaceAll(/\s+/g, " "), /your country/);
  });

  await t.test("Python", { skip: found.skip }, async () => {
    assert.ok("python" in found);
    for (const word of ["transcriptions.create", "realtime.connect"]) {
      const { stdout } = await run(found.python, ["-c", there(here("python", word))]);
      assert.match(stdout, words);
    }
  });
});

function block(language: string, word: string): string {
  const blocks = Array.from(page.matchAll(/^```(\w*)\n(.*?)^```$/gms), ([, kind, code = ""]) => ({ kind, code }));
  const wanted = blocks.find(({ kind, code }) => kind === language && code.includes(word));
  assert.ok(wanted, `${language} with ${word}`);
  return wanted.code;
}
