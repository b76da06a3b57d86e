import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { promisify } from "node:util";
import { type Running, startRunning } from "../packages/server/test/server/running.ts";
import { testModel } from "./fixtures/downloads.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const model = await testModel("en/tiny");
const skip = "skip" in model && model.skip;
const python = process.env.VOXPOOL_TEST_PYTHON;
const noPython = python === undefined && "set VOXPOOL_TEST_PYTHON to a Python with requests";
const words = /ask what you can do for your country/i;

/** The snippets of the documents, run as written but for the address. */
describe("the README's snippets print the words", { skip }, () => {
  let running: Running;
  before(async (t) => {
    assert.ok("directory" in model);
    const config = { model_dir: [model.modelDir], default_model: "en/tiny" };
    running = await startRunning(t as never, {}, config);
  });

  const here = (snippet: string) => snippet.replaceAll("http://127.0.0.1:5000", running.server.url);
  const inFolder = () => ({ cwd: root, env: { ...process.env, VOXPOOL_URL: `${running.server.url}/api` } });

  it("curl", async () => {
    const { stdout } = await run("sh", ["-ec", here(snippet("README.md", "sh", "curl"))], inFolder());
    assert.match(stdout, words);
  });

  it("the command line", async () => {
    const { stdout } = await run("sh", ["-ec", snippet("README.md", "sh", "npx voxpool transcribe")], inFolder());
    assert.match(stdout, words);
  });

  it("TypeScript", async () => {
    const code = here(snippet("README.md", "ts", "ModelAPIClient"));
    const { stdout } = await run(process.execPath, ["--input-type=module-typescript", "-e", code], inFolder());
    assert.match(stdout, words);
  });

  it("Python", { skip: noPython }, async () => {
    const { stdout } = await run(python ?? "", ["-c", here(snippet("README.md", "python", "requests"))], inFolder());
    assert.match(stdout, words);
  });

  it("the calls of a client of the old service", { skip: noPython }, async () => {
    const code = here(snippet("docs/from-flask.md", "python", "requests.Session"));
    const { stdout } = await run(python ?? "", ["-c", code], inFolder());
    assert.match(stdout, /'status': 'running'/);
    assert.match(stdout, /'success': False/, "model/cn is not loaded");
  });

  it("listing, loading, watching and unloading models", async () => {
    const commands = snippet("README.md", "sh", "npx voxpool models")
      .split("\n")
      .filter((line) => !line.includes("pull"))
      .join("\n")
      .replaceAll("model/en/base", "en/tiny");
    const { stdout } = await run("sh", ["-ec", commands], inFolder());
    assert.match(stdout, /en\/tiny/);
  });
});

function snippet(file: string, language: string, holds: string): string {
  const blocks = readFileSync(join(root, file), "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms);
  for (const [, name, code = ""] of blocks) if (name === language && code.includes(holds)) return code;
  throw new Error(`${file} has no ${language} block with ${holds}`);
}
