import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { suite, test } from "node:test";
import { type ConfigSources, loadConfig } from "../../dist/base/config.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import type { Setting } from "../../dist/base/setting-kinds.js";
import { environmentName, flagName, settingKeys } from "../../dist/base/setting-names.js";
import { settings } from "../../dist/base/settings.js";
import { scratchDirectory } from "./scratch.ts";

const nothing = { env: {}, flags: {} } as const;

function refusal(sources: ConfigSources): { source: string; detail: string } {
  try {
    loadConfig(sources);
  } catch (error) {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.equal(error.reason, "config_invalid");
    return { source: String(error.details.source), detail: String(error.details.detail) };
  }
  return assert.fail("the configuration was accepted");
}

function directoryWith(t: Parameters<typeof scratchDirectory>[0], yaml: string | Uint8Array): string {
  const cwd = scratchDirectory(t);
  writeFileSync(join(cwd, "voxpool.yaml"), yaml);
  return cwd;
}

/** A value that is not the default, as text. */
function otherValue(setting: Setting<unknown>): { text: string; value: unknown } {
  if (setting.kind === "boolean") return { text: "true", value: true };
  if (setting.kind === "list") return { text: "somewhere else", value: ["somewhere else"] };
  if (setting.kind === "text") return { text: "模型 name", value: "模型 name" };
  const values: readonly unknown[] = setting.choices ?? setting.range ?? [];
  const value = values.find((candidate) => candidate !== setting.default);
  return { text: String(value), value };
}

suite("configuration", () => {
  test("without any source every setting has its default, and says so", (t) => {
    const { config, origins, file } = loadConfig({ ...nothing, cwd: scratchDirectory(t) });
    for (const key of settingKeys) {
      assert.deepEqual(config[key], settings[key].default, key);
      assert.equal(origins[key], "default", key);
    }
    assert.equal(file, undefined);
    assert.ok(Object.isFrozen(config));
  });

  for (const key of settingKeys) {
    const { text, value } = otherValue(settings[key]);
    test(`${key} can be set by environment, flag, dotted and nested YAML`, (t) => {
      const empty = scratchDirectory(t);
      const variable = environmentName(key);
      const byVariable = loadConfig({ env: { [variable]: text }, flags: {}, cwd: empty });
      assert.deepEqual(byVariable.config[key], value);
      assert.equal(byVariable.origins[key], variable);

      const flag = flagName(key);
      const given = settings[key].kind === "list" ? [text] : text;
      const byFlag = loadConfig({ env: {}, flags: { [flag]: given }, cwd: empty });
      assert.deepEqual(byFlag.config[key], value);
      assert.equal(byFlag.origins[key], `--${flag}`);

      const dotted = loadConfig({ ...nothing, cwd: directoryWith(t, `# a comment\n${key}: ${text}\n`) });
      assert.deepEqual(dotted.config[key], value);
      assert.equal(dotted.origins[key], "voxpool.yaml:2");

      const [group, name] = key.split(".");
      if (name === undefined) return;
      const nested = loadConfig({ ...nothing, cwd: directoryWith(t, `${group}:\n  ${name}: ${text}\n`) });
      assert.deepEqual(nested.config[key], value);
      assert.equal(nested.origins[key], "voxpool.yaml:2");
    });
  }

  test("names of variables and flags are unique, so no setting hides another", () => {
    assert.equal(new Set(settingKeys.map(environmentName)).size, settingKeys.length);
    assert.equal(new Set(settingKeys.map(flagName)).size, settingKeys.length);
  });

  test("a flag wins over the environment, which wins over the file, which wins over the default", (t) => {
    const cwd = directoryWith(t, "port: 1\nhost: file\nlog.level: warn\n");
    const { config } = loadConfig({ env: { VOXPOOL_PORT: "2", VOXPOOL_HOST: "env" }, flags: { port: "3" }, cwd });
    assert.equal(config.port, 3);
    assert.equal(config.host, "env");
    assert.equal(config["log.level"], "warn");
    assert.deepEqual(config.model_dir, ["model"]);
  });

  test("a bad value in the file is refused also where a flag replaces it", (t) => {
    const cwd = directoryWith(t, "port: many\n");
    assert.equal(refusal({ env: {}, flags: { port: "3" }, cwd }).source, "voxpool.yaml:1");
  });

  test("the file is the named one, else the variable's, else voxpool.yaml in the working directory", (t) => {
    const cwd = directoryWith(t, "port: 1\n");
    mkdirSync(join(cwd, "etc"));
    writeFileSync(join(cwd, "etc", "a.yaml"), "port: 2\n");
    writeFileSync(join(cwd, "b.yaml"), "port: 3\n");
    assert.equal(loadConfig({ ...nothing, cwd }).config.port, 1);
    const byVariable = loadConfig({ env: { VOXPOOL_CONFIG: "etc/a.yaml" }, flags: {}, cwd });
    assert.equal(byVariable.config.port, 2);
    assert.equal(byVariable.file, join(cwd, "etc", "a.yaml"));
    const named = loadConfig({ file: "b.yaml", env: { VOXPOOL_CONFIG: "etc/a.yaml" }, flags: {}, cwd });
    assert.equal(named.config.port, 3);
    assert.equal(named.origins.port, "b.yaml:1");
  });

  test("lists: YAML sequence or text, the variable as PATH is, the flag repeated", (t) => {
    const cwd = scratchDirectory(t);
    const read = (yaml: string) => loadConfig({ ...nothing, cwd: directoryWith(t, yaml) }).config.model_dir;
    assert.deepEqual(read("model_dir: [a, b c]\n"), ["a", "b c"]);
    assert.deepEqual(read("model_dir:\n  - a, b\n  - 2024\n"), ["a, b", "2024"]);
    assert.deepEqual(read("model_dir: one\n"), ["one"]);
    const env = { VOXPOOL_MODEL_DIR: `a${delimiter}b, c${delimiter}` };
    assert.deepEqual(loadConfig({ env, flags: {}, cwd }).config.model_dir, ["a", "b, c"]);
    const flags = { "model-dir": ["x", `y${delimiter}z`] };
    assert.deepEqual(loadConfig({ env: {}, flags, cwd }).config.model_dir, ["x", `y${delimiter}z`]);
  });

  test("an empty file, a file of comments, an empty group and an empty variable set nothing", (t) => {
    for (const yaml of ["", "# nothing\n", "---\n", "limits:\n#  body_bytes: 1\n", "\uFEFFport: 5000\n", "null\n"]) {
      assert.equal(loadConfig({ ...nothing, cwd: directoryWith(t, yaml) }).config.port, 5000, yaml);
    }
    const env = { VOXPOOL_PORT: "", VOXPOOL_CONFIG: "", PATH: "/bin" };
    assert.equal(loadConfig({ env, flags: {}, cwd: scratchDirectory(t) }).config.port, 5000);
  });

  test("a quoted number is a number, an unquoted one a name where a name is wanted, an anchor its value", (t) => {
    const cwd = directoryWith(t, 'port: "5001"\ndefault_model: 2024\nhost: &h on\nstate_dir: *h\n');
    const { config } = loadConfig({ ...nothing, cwd });
    assert.equal(config.port, 5001);
    assert.equal(config.default_model, "2024");
    assert.equal(config.host, "on");
    assert.equal(config.state_dir, "on");
  });

  test("booleans are written in several ways", (t) => {
    const cwd = scratchDirectory(t);
    const read = (value: string) =>
      loadConfig({ env: { VOXPOOL_ENGINE_FAKE: value }, flags: {}, cwd }).config["engine.fake"];
    for (const value of ["true", "TRUE", "yes", "on", "1"]) assert.equal(read(value), true, value);
    for (const value of ["false", "no", "Off", "0"]) assert.equal(read(value), false, value);
    assert.equal(loadConfig({ env: {}, flags: { "engine-fake": true }, cwd }).config["engine.fake"], true);
    assert.equal(loadConfig({ env: {}, flags: { "engine-fake": false }, cwd }).config["engine.fake"], false);
  });

  test("variables of the command line and of Kubernetes services are nobody's settings", (t) => {
    const env = {
      VOXPOOL_URL: "http://x/api",
      VOXPOOL_KEY: "secret",
      VOXPOOL_PORT: "tcp://10.0.0.1:5000",
      VOXPOOL_SERVICE_HOST: "10.0.0.1",
      VOXPOOL_SERVICE_PORT_HTTP: "5000",
      VOXPOOL_PORT_5000_TCP_ADDR: "10.0.0.1",
      VOXPOOL_WEB_PORT: "tcp://10.0.0.2:80",
    };
    assert.equal(loadConfig({ env, flags: {}, cwd: scratchDirectory(t) }).config.port, 5000);
  });

  const unknown: readonly (readonly [what: string, yaml: string, line: number, nearest: string])[] = [
    ["a slip", "host: a\nprot: 1\n", 2, "port"],
    ["a slip in a dotted key", "limits.body_byte: 5000\n", 1, "limits.body_bytes"],
    ["a slip in a nested key", "limits:\n  sessions: 5\n  body_byte: 5000\n", 3, "limits.body_bytes"],
    ["a slip in a group", "limit:\n  body_bytes: 5000\n", 1, "limits"],
    ["a key without its group", "body_bytes: 5000\n", 1, "limits.body_bytes"],
    ["the spelling of the flag", "state-dir: x\n", 1, "state_dir"],
    ["__proto__", "__proto__: {polluted: 1}\n", 1, ""],
    ["constructor", "constructor: {prototype: {polluted: 1}}\n", 1, ""],
    ["toString", "toString: 1\n", 1, ""],
    ["a merge key", "<<: {port: 1}\n", 1, ""],
  ];
  for (const [what, yaml, line, nearest] of unknown) {
    test(`an unknown key is refused with its line and the nearest one: ${what}`, (t) => {
      const { source, detail } = refusal({ ...nothing, cwd: directoryWith(t, yaml) });
      assert.equal(source, `voxpool.yaml:${line}`);
      assert.match(detail, /there is no setting/);
      assert.ok(detail.endsWith(nearest), detail);
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });
  }

  test("an unknown variable and an unknown flag are refused with the nearest one", (t) => {
    const cwd = scratchDirectory(t);
    assert.deepEqual(refusal({ env: { VOXPOOL_LIMIT_BODY_BYTES: "1" }, flags: {}, cwd }), {
      source: "VOXPOOL_LIMIT_BODY_BYTES",
      detail: "there is no such setting; the nearest is VOXPOOL_LIMITS_BODY_BYTES",
    });
    assert.deepEqual(refusal({ env: {}, flags: { modeldir: "x" }, cwd }), {
      source: "--modeldir",
      detail: "there is no such setting; the nearest is --model-dir",
    });
    assert.match(refusal({ env: { VOXPOOL_URI: "x" }, flags: {}, cwd }).detail, /VOXPOOL_URL$/);
  });

  const bad: readonly (readonly [yaml: string, detail: RegExp])[] = [
    ["port: 65536", /^port cannot be "65536"; it takes a whole number from 0 to 65535$/],
    ["port: -1", /"-1"/],
    ["port: 1.5", /"1.5"/],
    ["port: 1e3", /"1e3"/],
    ["port: 0x10", /"0x10"/],
    ["port: .inf", /".inf"/],
    ["port: .nan", /".nan"/],
    ["port: 99999999999999999999", /"9{20}"/],
    ["port: true", /"true"/],
    ["port: five", /"five"/],
    ["port:", /left without a value/],
    ["port: ~", /left without a value/],
    ["port: [5000]", /port cannot be/],
    ["port: {a: 1}", /port cannot be/],
    ['port: ""', /cannot be ""/],
    ["limits.json_bytes: 5", /a whole number of at least 1024$/],
    ["limits: {json_bytes: 5}", /^limits.json_bytes cannot be/],
    ["log.level: loud", /one of debug, info, warn, error, silent$/],
    ["log.level: INFO", /one of debug/],
    ["engine.fake: maybe", /true or false$/],
    ["engine.fake: [true]", /true or false$/],
    ["host: [a, b]", /a text$/],
    ['host: "a\\0b"', /a text$/],
    ['host: "a\\nb"', /a text$/],
    [`host: ${"x".repeat(5000)}`, /…; it takes a text$/],
    ["model_dir: []", /one or more texts$/],
    ['model_dir: [""]', /one or more texts$/],
    ["model_dir: [a, [b]]", /one or more texts$/],
    ["model_dir: [a, {b: c}]", /one or more texts$/],
    [`model_dir: [${"a,".repeat(300)}]`, /one or more texts$/],
    ["limits: 5", /there is no setting "limits"/],
    ["limits: &l {body_bytes: *l}", /cannot be/],
  ];
  for (const [yaml, detail] of bad) {
    test(`a bad value is refused: ${yaml.slice(0, 40)}`, (t) => {
      const found = refusal({ ...nothing, cwd: directoryWith(t, `# first\n${yaml}\n`) });
      assert.equal(found.source, "voxpool.yaml:2");
      assert.match(found.detail, detail);
    });
  }

  test("a bad value in a variable or a flag names it", (t) => {
    const cwd = scratchDirectory(t);
    assert.equal(refusal({ env: { VOXPOOL_PORT: "x" }, flags: {}, cwd }).source, "VOXPOOL_PORT");
    assert.equal(refusal({ env: { VOXPOOL_MODEL_DIR: delimiter }, flags: {}, cwd }).source, "VOXPOOL_MODEL_DIR");
    assert.equal(refusal({ env: {}, flags: { port: "x" }, cwd }).source, "--port");
    assert.equal(refusal({ env: {}, flags: { port: true }, cwd }).source, "--port");
    assert.equal(refusal({ env: {}, flags: { port: ["1", "2"] }, cwd }).source, "--port");
  });

  test("a key that is set twice is refused, also once dotted and once nested", (t) => {
    for (const yaml of ["port: 1\n\nport: 2\n", "limits.sessions: 1\nlimits:\n  sessions: 2\n"]) {
      const { source, detail } = refusal({ ...nothing, cwd: directoryWith(t, yaml) });
      assert.equal(source, "voxpool.yaml:3");
      assert.match(detail, /is set twice, also in voxpool.yaml:1$/);
    }
  });

  const broken: readonly (readonly [what: string, yaml: string, line: number])[] = [
    ["a tab as indentation", "limits:\n\tsessions: 1\n", 2],
    ["an open bracket", "model_dir: [a,\nport: 1\n", 2],
    ["two documents", "port: 1\n---\nport: 2\n", 2],
    ["an unknown tag", "port: 1\nhost: !!js/function x\n", 2],
    ["a missing anchor", "port: 1\nhost: *nowhere\n", 2],
    ["a list", "- port\n", 1],
    ["a text", "port 5000\n", 1],
    ["a list as a key", "port: 1\n? [a]\n: b\n", 2],
    ["deep nesting", `model_dir: ${"[".repeat(60_000)}`, 1],
    ["a long line of dashes", "- ".repeat(30_000), 1],
  ];
  for (const [what, yaml, line] of broken) {
    test(`broken YAML is refused with its line: ${what}`, (t) => {
      assert.equal(refusal({ ...nothing, cwd: directoryWith(t, yaml) }).source, `voxpool.yaml:${line}`);
    });
  }

  test("a file that is missing, a directory, a device, too large or not UTF-8 is refused", (t) => {
    const cwd = scratchDirectory(t);
    mkdirSync(join(cwd, "folder"));
    writeFileSync(join(cwd, "large.yaml"), `# ${"x".repeat(70_000)}\n`);
    writeFileSync(join(cwd, "gbk.yaml"), Uint8Array.of(0x68, 0x3a, 0x20, 0xc4, 0xa3, 0xd0, 0xcd));
    const cases: [string, RegExp][] = [
      ["missing.yaml", /no such file/],
      ["folder", /directory/],
      ["large.yaml", /larger than 65536 bytes/],
      ["gbk.yaml", /not UTF-8/],
    ];
    if (process.platform !== "win32") cases.push(["/dev/zero", /no regular file/]);
    for (const [file, detail] of cases) {
      const found = refusal({ ...nothing, file, cwd });
      assert.equal(found.source, file);
      assert.match(found.detail, detail);
    }
  });

  test("messages are in Chinese where that is asked for", (t) => {
    const language = "zh";
    const { detail } = refusal({ ...nothing, language, cwd: directoryWith(t, "port: x\n") });
    assert.equal(detail, 'port 不能是 "x"；可取值：0 到 65535 的整数');
    assert.match(refusal({ ...nothing, language, cwd: directoryWith(t, "prot: 1\n") }).detail, /最接近的是 port$/);
  });
});
