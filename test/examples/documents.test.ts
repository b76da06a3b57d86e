import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startRunning } from "../../packages/server/test/server/running.ts";
import { installed, recording, root, temporary, words } from "./service.ts";

const run = promisify(execFile);
const model = await installed();
const skip = "skip" in model && model.skip;
const python = process.env.VOXPOOL_TEST_PYTHON;
const noPython = python === undefined && "set VOXPOOL_TEST_PYTHON to a Python with requests";

/** The programs on a page; what is generated is no program. */
function programs(page: string, language: string): string[] {
  const text = readFileSync(join(root, "docs", page), "utf8").replaceAll(/<!-- generated:.*?<!-- \/generated/gs, "");
  return Array.from(text.matchAll(/^```(\w+)\n(.*?)^```$/gms))
    .filter(([, name]) => name === language)
    .map(([, , code = ""]) => code);
}

test("each program of the pages for applications gets words", { skip }, async (t) => {
  assert.ok("modelDir" in model);
  const { server } = await startRunning(t, {}, { model_dir: [model.modelDir], default_model: "en/tiny" });
  // As a reader has it: the recording and the models beside the program, and the packages where they are found.
  const folder = temporary(t);
  cpSync(recording, join(folder, "speech.wav"));
  symlinkSync(model.modelDir, join(folder, "model"), "junction");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  const here = (code: string) => code.replaceAll("http://127.0.0.1:5000", server.url);
  const all = ["applications.md", "sdk.md"].flatMap((page) => programs(page, "ts").map((code) => ({ page, code })));
  assert.equal(all.length, 8);
  for (const [index, { page, code }] of all.entries()) {
    await t.test(`${page}: program ${index + 1}`, async () => {
      const file = join(folder, `program-${index}.mts`);
      writeFileSync(file, here(code));
      const { stdout } = await run(process.execPath, [file], { cwd: folder });
      assert.match(stdout, words);
    });
  }
  for (const code of programs("applications.md", "python")) {
    await t.test("the program in Python", { skip: noPython }, async () => {
      const { stdout } = await run(python ?? "", ["-c", here(code)], { cwd: folder });
      assert.match(stdout, words);
      assert.match(stdout, /^ready$/m);
      assert.match(stdout, /^True$/m);
    });
  }
});

/** The members of the interfaces and classes of a file of types. */
function declared(file: string, ...names: readonly string[]): string[] {
  const text = readFileSync(join(root, file), "utf8").replaceAll(/\/\*\*.*?\*\//gs, "");
  return names.flatMap((name) => {
    const body = text.split(new RegExp(`(?:interface|class) ${name}\\b`))[1]?.split(/^\}/m)[0] ?? "";
    const members = Array.from(body.matchAll(/^ {4}(?:readonly )?(\w+)[?(<:]/gm), ([, member = ""]) => member);
    assert.ok(members.length > 0, name);
    return members.filter((member) => !["openSource", "constructor", "success"].includes(member));
  });
}

/** Those that a page does not have as code. */
function unnamed(page: string, names: readonly string[]): string[] {
  const text = readFileSync(join(root, "docs", page), "utf8");
  return names.filter((name) => !new RegExp(`\`[^\`\n]*\\b${name}\\b[^\`\n]*\``).test(text));
}

test("the pages name every method and option, in both languages", () => {
  const client = "packages/client/dist";
  const names = [
    ...declared(`${client}/client.d.ts`, "BaseClient"),
    ...declared(`${client}/options.d.ts`, "ClientOptions"),
    ...declared(`${client}/http.d.ts`, "HttpOptions"),
    ...declared(`${client}/call.d.ts`, "CallOptions"),
    ...declared(`${client}/retry.d.ts`, "RetryPolicy"),
    ...declared(`${client}/fallback.d.ts`, "FallbackOptions", "ServedByChange"),
    ...declared(`${client}/transcribe.d.ts`, "RecognitionOptions", "TranscriptOptions"),
    ...declared(`${client}/failure.d.ts`, "FailureFields"),
  ];
  for (const page of ["sdk.md", "sdk.zh-CN.md"]) {
    assert.deepEqual(unnamed(page, names), [], page);
  }
  const options = declared("packages/server/dist/local.d.ts", "LocalOptions");
  for (const page of ["applications.md", "applications.zh-CN.md"]) assert.deepEqual(unnamed(page, options), [], page);
});
