import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startRunning } from "../packages/server/test/server/running.ts";
import { testModel } from "./fixtures/downloads.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const model = await testModel("en/tiny");
const skip = "skip" in model && model.skip;
const python = process.env.VOXPOOL_TEST_PYTHON;
const noPython = python === undefined && "set VOXPOOL_TEST_PYTHON to a Python with requests";
const words = /ask what you can do for your country/i;

/** The snippets of the documents, run as written but for the address. */
test("the documents' snippets work", { skip }, async (t) => {
  assert.ok("directory" in model);
  const { server } = await startRunning(t, {}, { model_dir: [model.modelDir], default_model: "en/tiny" });
  const here = (code: string) => code.replaceAll("http://127.0.0.1:5000", server.url);
  const inFolder = { cwd: root, env: { ...process.env, VOXPOOL_URL: `${server.url}/api` } };

  await t.test("words by curl", async () => {
    const { stdout } = await run("sh", ["-ec", here(snippet("README.md", "sh", "curl"))], inFolder);
    assert.match(stdout, words);
  });

  await t.test("words by the command line", async () => {
    const { stdout } = await run("sh", ["-ec", snippet("README.md", "sh", "npx voxpool transcribe")], inFolder);
    assert.match(stdout, words);
  });

  await t.test("words by TypeScript", async () => {
    const code = here(snippet("README.md", "ts", "ModelAPIClient"));
    const { stdout } = await run(process.execPath, ["--input-type=module-typescript", "-e", code], inFolder);
    assert.match(stdout, words);
  });

  await t.test("words by Python", { skip: noPython }, async () => {
    const code = here(snippet("README.md", "python", "requests"));
    const { stdout } = await run(python ?? "", ["-c", code], inFolder);
    assert.match(stdout, words);
  });

  await t.test("the calls of a client of the old service", { skip: noPython }, async () => {
    const code = here(snippet("docs/from-flask.md", "python", "requests.Session"));
    const { stdout } = await run(python ?? "", ["-c", code], inFolder);
    assert.match(stdout, /'status': 'running'/);
    assert.match(stdout, /'success': False/, "model/cn is not loaded");
  });

  await t.test("listing, loading, watching and unloading models", async () => {
    const commands = snippet("README.md", "sh", "npx voxpool models").split("\n");
    const withoutPull = commands.filter((line) => !line.includes("pull")).join("\n");
    const { stdout } = await run("sh", ["-ec", withoutPull.replaceAll("model/en/base", "en/tiny")], inFolder);
    assert.match(stdout, /en\/tiny/);
  });

  await t.test("the examples", { skip: noPython }, async () => {
    const recording = "packages/server/assets/jfk.wav";
    const inPython = await run(python ?? "", ["examples/transcribe.py", recording], {
      ...inFolder,
      env: { ...inFolder.env, VOXPOOL_URL: `${server.url}/api` },
    });
    assert.match(inPython.stdout, words);
    const inTypeScript = await run(process.execPath, ["examples/transcribe.ts", recording], inFolder);
    assert.match(inTypeScript.stdout, words);
  });
});

function snippet(file: string, language: string, holds: string): string {
  const blocks = readFileSync(join(root, file), "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms);
  for (const [, name, code = ""] of blocks) if (name === language && code.includes(holds)) return code;
  throw new Error(`${file} has no ${language} block with ${holds}`);
}
