import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { zipOf } from "../catalog/registry.ts";
import { run } from "./support.ts";

suite("search", () => {
  test("lists the catalogue as a table, and what of it is installed", async (t) => {
    const cwd = scratchDirectory(t);
    mkdirSync(join(cwd, "model/cn/am"), { recursive: true });
    writeFileSync(join(cwd, "model/cn/am/final.mdl"), "");
    const { code, stdout } = await run(t, ["search", "--language", "Chinese"], { cwd });
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assert.match(lines[0] ?? "", /^NAME +FAMILY +LANGUAGES +TO FETCH +LICENCE +INSTALLED +WHAT IT IS$/);
    assert.match(
      lines.find((line) => line.startsWith("cn ")) ?? "",
      /kaldi +zh +43\.9 MB +Apache-2\.0 +yes +Vosk small/,
    );
    assert.ok(!stdout.includes("en/tiny"));
    const json = await run(t, ["search", "--language", "zh", "--json"], { cwd });
    const { models, count } = JSON.parse(json.stdout) as {
      models: { name: string; installed: boolean }[];
      count: number;
    };
    assert.equal(count, lines.length - 1);
    assert.deepEqual(
      models.filter(({ installed }) => installed).map(({ name }) => name),
      ["cn"],
    );
  });

  test("one model by its name with all its sources, in Chinese too", async (t) => {
    const { stdout } = await run(t, ["search", "sense-voice"]);
    assert.match(stdout, /^name +sense-voice$/m);
    assert.ok((stdout.match(/^source +\S/gm) ?? []).length >= 3);
    const zh = await run(t, ["search", "sense-voice"], { env: { LANG: "zh_CN.UTF-8" } });
    assert.match(zh.stdout, /^许可证 +FunASR/m);
  });

  test("several words all have to fit; nothing found and no language are said", async (t) => {
    const both = await run(t, ["search", "vosk", "chinese", "large"]);
    assert.match(both.stdout, /^cn-large /m);
    assert.equal(both.stdout.trimEnd().split("\n").length, 2);
    const nothing = await run(t, ["search", "no", "such", "thing"]);
    assert.deepEqual([nothing.code, nothing.stdout], [0, "Nothing fits. List everything: npx voxpool search\n"]);
    const wrong = await run(t, ["search", "--language", "klingonish"]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^voxpool: language: unknown language/);
  });
});

suite("pull by hand", () => {
  test("an archive that was brought becomes a model; a wrong one and a missing one are told apart", async (t) => {
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "a.zip"), zipOf([{ path: "x/model.onnx", content: "w" }]));
    const own = await run(t, ["pull", "--from", "a.zip", "--as", "my/own", "--state-dir", "state", "--json"], { cwd });
    assert.equal(own.code, 0, own.stderr);
    assert.partialDeepStrictEqual(JSON.parse(own.stdout), { success: true, name: "my/own", already_there: false });

    const wrong = await run(t, ["pull", "cn", "--from", "a.zip", "--state-dir", "state"], { cwd });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^voxpool: What came from a\.zip is not cn: its sha256 is [0-9a-f]{64}, not 3af8b0e7/);
    const missing = await run(t, ["pull", "cn", "--from", "none.zip", "--state-dir", "state"], { cwd });
    assert.deepEqual([missing.code, missing.stderr], [2, "voxpool: --from: there is no file at none.zip\n"]);
  });

  test("without a way to any source, cn says which file to bring, from where, and the command", async (t) => {
    const cwd = scratchDirectory(t);
    // A proxy at which nobody answers stands for a machine without network.
    const proxy = "http://127.0.0.1:1";
    const env = { HTTPS_PROXY: proxy, https_proxy: proxy, NO_PROXY: "", no_proxy: "" };
    const { code, stderr } = await run(t, ["pull", "cn", "--state-dir", "state"], { cwd, env });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^voxpool: cn could not be fetched:\n {2}https:\/\/alphacephei\.com\/.*\n {2}https:\/\/huggingface\.co\/.*\n {2}https:\/\/hf-mirror\.com/,
    );
    assert.match(
      stderr,
      /\n {2}vosk-model-small-cn-0\.22\.zip \(https:\/\/alphacephei\.com\/vosk\/models\/vosk-model-small-cn-0\.22\.zip/,
    );
    assert.match(stderr, /\n {2}npx voxpool pull cn --from vosk-model-small-cn-0\.22\.zip\n$/);
  });
});
