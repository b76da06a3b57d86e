import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { startRunning } from "../server/running.ts";
import { run } from "./support.ts";

test("what a real server advises is said in terms of the command line, in both languages", async (t) => {
  const { server, modelPath } = await startRunning(t, { "en/tiny": "tone" });
  const cwd = scratchDirectory(t);
  writeFileSync(join(cwd, "a.raw"), Buffer.alloc(64_000, 7));
  const ask = async (args: readonly string[], env = {}) => {
    const { code, stderr } = await run(t, ["transcribe", "a.raw", "--url", server.url, ...args], { cwd, env });
    assert.equal(code, 1, stderr);
    assert.doesNotMatch(stderr, /GET |audio\/pcm/);
    return stderr;
  };
  const zh = { LANG: "zh_CN.UTF-8" };
  assert.match(await ask(["--model", modelPath("en/tiny")]), /--raw s16le --rate 16000/);
  assert.match(await ask(["--model", modelPath("en/tiny")], zh), /用 --raw s16le --rate 16000/);
  assert.match(await ask(["--model", "en/tny"]), /Did you mean en\/tiny\? (npx )?voxpool models lists/);
  assert.match(await ask(["--model", "en/tny"], zh), /是否想用 en\/tiny？(npx )?voxpool models 列出/);
  assert.match(await ask(["--model", "nothing/of/that/kind"]), /kind\. (npx )?voxpool models lists/);
});

test("the address of a server may be given without its scheme, and what is no address names the flag", async (t) => {
  const { server } = await startRunning(t, {});
  const { host } = new URL(server.url);
  const plain = await run(t, ["models", "--url", host]);
  assert.equal(plain.code, 0, plain.stderr);
  const flag = await run(t, ["models", "--url", "no address"]);
  assert.equal(flag.code, 2);
  assert.match(flag.stderr, /--url is no URL; write it like http:/);
  const variable = await run(t, ["models"], { env: { VOXPOOL_URL: host } });
  assert.equal(variable.code, 2);
  assert.match(variable.stderr, /VOXPOOL_URL .*http:/);
});
