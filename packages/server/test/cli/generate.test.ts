import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../dist/base/config.js";
import { settingKeys } from "../../dist/base/setting-names.js";
import { settings } from "../../dist/base/settings.js";
import { scratchDirectory } from "../base/scratch.ts";

const script = fileURLToPath(new URL("../../../../scripts/generate.ts", import.meta.url));
const docs = fileURLToPath(new URL("../../../../docs", import.meta.url));

function generate(...args: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
}

suite("generated documents", () => {
  test("what is committed is what the code says", () => {
    const { status, stderr } = generate("--check");
    assert.equal(stderr, "");
    assert.equal(status, 0);
  });

  test("a page that is out of step is named, with how to mend it; writing mends it and keeps the prose", (t) => {
    const copy = scratchDirectory(t);
    cpSync(docs, copy, { recursive: true });
    const page = join(copy, "errors.md");
    const good = readFileSync(page, "utf8");
    const edited = good
      .replace("# Errors", "# Errors, by hand")
      .replace("| `internal` | 500 |", "| `internal` | 200 |");
    writeFileSync(page, edited);
    const checked = generate("--check", "--docs", copy);
    assert.equal(checked.status, 1);
    assert.equal(checked.stderr, "Out of step with the code: docs/errors.md. Run: npm run generate\n");
    assert.equal(readFileSync(page, "utf8"), edited);
    assert.equal(generate("--docs", copy).status, 0);
    assert.equal(readFileSync(page, "utf8"), good.replace("# Errors", "# Errors, by hand"));
  });

  test("a page without its markers is an error", (t) => {
    const copy = scratchDirectory(t);
    cpSync(docs, copy, { recursive: true });
    writeFileSync(join(copy, "cli.md"), "# The command line\n");
    const { status, stderr } = generate("--check", "--docs", copy);
    assert.equal(status, 1);
    assert.match(stderr, /cli\.md has no <!-- generated:exit-codes -->/);
  });

  for (const page of ["configuration.md", "configuration.zh-CN.md"]) {
    test(`the example file in ${page} is a configuration with every default`, (t) => {
      const yaml = /```yaml\n([\s\S]+?)```/.exec(readFileSync(join(docs, page), "utf8"))?.[1] ?? assert.fail("no YAML");
      const file = join(scratchDirectory(t), "voxpool.yaml");
      writeFileSync(file, yaml);
      const { config, origins } = loadConfig({ file, env: {}, flags: {} });
      for (const key of settingKeys) {
        assert.deepEqual(config[key], settings[key].default, key);
        assert.notEqual(origins[key], "default", key);
      }
    });
  }
});
