import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { loadConfig } from "../../dist/base/config.js";
import { settingKeys } from "../../dist/base/setting-names.js";
import { settings } from "../../dist/base/settings.js";
import { scratchDirectory } from "../base/scratch.ts";
import { run } from "./support.ts";

suite("config", () => {
  test("shows each value with where it came from, by flag, variable, line of the file, or default", async (t) => {
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "voxpool.yaml"), "log:\n  level: warn\nport: 1\n");
    const env = { VOXPOOL_PORT: "2", VOXPOOL_MODEL_DIR: "a:b" };
    const args = ["config", "--host", "127.0.0.1"];
    const { code, stdout } = await run(t, args, { cwd, env });
    assert.equal(code, 0);
    const rows = new Map(stdout.split("\n").map((line) => [line.split(/ +/, 1)[0], line]));
    assert.match(rows.get("host") ?? "", /^host +127\.0\.0\.1 +--host$/);
    assert.match(rows.get("port") ?? "", /^port +2 +VOXPOOL_PORT$/);
    assert.match(rows.get("model_dir") ?? "", /^model_dir +a, b +VOXPOOL_MODEL_DIR$/);
    assert.match(rows.get("log.level") ?? "", /^log\.level +warn +voxpool\.yaml:2$/);
    assert.match(rows.get("state_dir") ?? "", /^state_dir +"" +default$/);

    const json = JSON.parse((await run(t, [...args, "--json"], { cwd, env })).stdout) as {
      file: string;
      settings: Record<string, { value: unknown; source: string }>;
    };
    assert.equal(json.file, join(cwd, "voxpool.yaml"));
    assert.deepEqual(Object.keys(json.settings), [...settingKeys]);
    assert.deepEqual(json.settings.port, { value: 2, source: "VOXPOOL_PORT" });
    assert.deepEqual(json.settings.model_dir, { value: ["a", "b"], source: "VOXPOOL_MODEL_DIR" });
  });

  test("what is wrong is exit code 2 and, with --json, a document", async (t) => {
    const cwd = scratchDirectory(t);
    const { code, stdout, stderr } = await run(t, ["config", "--json", "--port", "many"], { cwd });
    assert.equal(code, 2);
    assert.partialDeepStrictEqual(JSON.parse(stdout), { success: false, reason: "config_invalid" });
    assert.match(stderr, /^voxpool: --port: port cannot be "many"; it takes/);
  });

  for (const [language, LANG] of [
    ["en", "C.UTF-8"],
    ["zh", "zh_CN.UTF-8"],
  ] as const) {
    test(`init writes a file in ${language} that changes nothing, and in which each line can be uncommented`, async (t) => {
      const cwd = scratchDirectory(t);
      const { code, stdout } = await run(t, ["config", "init"], { cwd, env: { LANG } });
      assert.deepEqual([code, stdout], [0, "voxpool.yaml\n"]);
      const file = join(cwd, "voxpool.yaml");
      const text = readFileSync(file, "utf8");
      const { origins } = loadConfig({ file, env: {}, flags: {} });
      for (const key of settingKeys) {
        assert.equal(origins[key], "default", key);
        assert.ok(text.includes(`# ${settings[key][language]}\n`), key);
      }
      let uncommented = text;
      for (const key of settingKeys) uncommented = uncommented.replace(`\n# ${key}: `, `\n${key}: `);
      writeFileSync(file, uncommented);
      const loaded = loadConfig({ file, env: {}, flags: {} });
      for (const key of settingKeys) {
        assert.deepEqual(loaded.config[key], settings[key].default, key);
        assert.notEqual(loaded.origins[key], "default", key);
      }
    });
  }

  test("init leaves a file that is there as it is, and says where it cannot write", async (t) => {
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "mine.yaml"), "port: 1\n");
    const taken = await run(t, ["config", "init", "mine.yaml"], { cwd });
    assert.deepEqual([taken.code, taken.stdout], [2, ""]);
    assert.equal(taken.stderr, "voxpool: mine.yaml is there already, and was left as it is\n");
    assert.equal(readFileSync(join(cwd, "mine.yaml"), "utf8"), "port: 1\n");
    const nowhere = await run(t, ["config", "init", "no/such/voxpool.yaml"], { cwd });
    assert.equal(nowhere.code, 2);
    assert.match(
      nowhere.stderr,
      /^voxpool: no\/such\/voxpool\.yaml cannot be written: there is no such file or folder$/m,
    );
  });

  test("check looks at the file alone, and names what is wrong in it", async (t) => {
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "good.yaml"), "port: 1\nlimits: { sessions: 3 }\n");
    writeFileSync(join(cwd, "bad.yaml"), "port: 1\n\nprot: 2\n");
    // A variable that is wrong is no matter of the file.
    const good = await run(t, ["config", "check", "good.yaml"], { cwd, env: { VOXPOOL_PORT: "x" } });
    assert.deepEqual([good.code, good.stdout], [0, "good.yaml is valid; settings in it: 2\n"]);
    const bad = await run(t, ["config", "check", "bad.yaml", "--json"], { cwd });
    assert.equal(bad.code, 2);
    assert.equal(bad.stderr, 'voxpool: bad.yaml:3: there is no setting "prot"; the nearest is port\n');
    assert.partialDeepStrictEqual(JSON.parse(bad.stdout), { success: false, reason: "config_invalid" });
    writeFileSync(
      join(cwd, "worse.yaml"),
      "prot: 1\nport: many\nlimits:\n  sesions: 2\n? [a]\n: 1\nhost: a\nhost: b\nlog: *none\n",
    );
    const worse = await run(t, ["config", "check", "worse.yaml", "--json"], { cwd });
    assert.equal(worse.code, 2);
    const lines = worse.stderr.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => line.split(":").slice(0, 3).join(":")).toSorted(),
      [1, 2, 4, 5, 8, 9].map((line) => `voxpool: worse.yaml:${line}`),
    );
    const { problems } = JSON.parse(worse.stdout) as { problems: { source: string }[] };
    assert.deepEqual(
      problems.map(({ source }) => `voxpool: ${source}`),
      lines.map((line) => line.split(":").slice(0, 3).join(":")),
    );
    const none = await run(t, ["config", "check"], { cwd });
    assert.deepEqual([none.code, none.stderr], [2, "voxpool: voxpool.yaml: there is no such file\n"]);
  });

  test("host is an address and a group: both forms go together, and an address without a value is refused", (t) => {
    const file = join(scratchDirectory(t), "voxpool.yaml");
    const load = (yaml: string) => {
      writeFileSync(file, yaml);
      return loadConfig({ file, env: {}, flags: {} }).config;
    };
    for (const yaml of [
      "host: 127.0.0.1\nhost.hang_seconds: 9\n",
      "host: 127.0.0.1\nhost:\n  hang_seconds: 9\n",
      "host: { hang_seconds: 9 }\nhost: 127.0.0.1\n",
    ]) {
      const config = load(yaml);
      assert.deepEqual([config.host, config["host.hang_seconds"]], ["127.0.0.1", 9], yaml);
    }
    assert.throws(() => load("host:\nport: 1\n"), { reason: "config_invalid" });
    assert.equal(load("limits:\nport: 1\n").port, 1);
  });
});

suite("help", () => {
  test("help of a command, also of one below another, is what --help shows", async (t) => {
    for (const path of [["transcribe"], ["config", "init"]]) {
      const help = await run(t, ["help", ...path]);
      assert.equal(help.code, 0);
      assert.equal(help.stdout, (await run(t, [...path, "--help"])).stdout);
    }
    assert.equal((await run(t, ["help"])).stdout, (await run(t, ["--help"])).stdout);
  });

  test("help of a command that is not there names the nearest and all", async (t) => {
    const { code, stdout, stderr } = await run(t, ["help", "trancribe"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^voxpool: there is no command "trancribe"; the nearest is transcribe\. There are serve, /);
    const below = await run(t, ["config", "chek"], { env: { LANG: "zh_CN.UTF-8" } });
    assert.equal(below.code, 2);
    assert.match(below.stderr, /^voxpool: 没有命令 "chek"；最接近的是 check。共有：init、check/);
  });
});
