import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { englishIn } from "../../../../test/fixtures/english.ts";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { startRunning, toneWav } from "../server/running.ts";
import { closedUrl, noTerminal, onTerminal, run, shellCommand, start, untilSaid } from "./support.ts";

const han = /\p{Script=Han}/u;
const env = { LANG: "zh_CN.UTF-8" };

/** Runs a command line in Chinese; gives the English that it said. */
async function englishOf(t: TestContext, args: readonly string[], input?: Uint8Array): Promise<readonly string[]> {
  const { stdout, stderr } = await run(t, args, { env, cwd: newFolder(), ...(input && { input }) });
  const said = `${stdout}\n${stderr}`;
  const isSilent = said.trim() === "";
  assert.ok(isSilent || han.test(said) || !/[a-z]{2} [a-z]{2}/.test(said), `${args.join(" ")}: ${said}`);
  return englishIn(said).map((text) => `${args.join(" ")}: ${text}`);
}

async function assertChinese(t: TestContext, lines: readonly (readonly string[])[]): Promise<void> {
  const english = await Promise.all(lines.map((args) => englishOf(t, args)));
  assert.deepEqual(english.flat(), []);
}

test("help and misuse of every command are Chinese", async (t) => {
  const { stdout } = await run(t, ["--help"], { env });
  const commands = Array.from(stdout.matchAll(/^ {2}([a-z]+)(?: |$).*\p{Script=Han}/gmu), ([, name = ""]) => name);
  assert.ok(commands.length >= 7, stdout);
  await assertChinese(t, [
    ["--help"],
    ["--nonsense"],
    ["nonsense"],
    ["loda"],
    ...commands.flatMap((name) => [
      [name, "--help"],
      [name, "--nonsense"],
    ]),
    ["load"],
    ["load", "a", "b"],
    ["transcribe"],
    ["transcribe", "--format", "pdf", "a.wav"],
    ["transcribe", "--format"],
    ["models", "--loaded", "--available"],
    ["status", "--url", "nonsense"],
    ["status", "--url", "ftp://x"],
    ["load", "cn", "--lease", "soon"],
    ["alias", "--remove"],
    ["alias", "--remove", "a", "b"],
    ["switch", "cn", "2", "--to", "b"],
    ["switch", "cn", "--probation-seconds", "x"],
    ["batch", "-j", "99", "a.json"],
    ["batch", "gone.json"],
    ["pull"],
    ["pull", "nonsense"],
    ["serve", "--port", "x"],
    ["serve", "--config", "gone.yaml"],
  ]);
});

test("what commands say about a server is Chinese", async (t) => {
  const running = await startRunning(t, {
    zh: { fake: { languages: ["zh"], text: "你好" } },
    bad: { files: { "model.onnx": "" } },
  });
  const url = ["--url", `${running.server.url}/api`];
  const audio = join(newFolder(), "a.wav");
  writeFileSync(audio, toneWav("abc"));
  await assertChinese(t, [
    ["status", ...url],
    ["models", ...url],
    ["stats", ...url],
    ["stats", "zh", ...url],
    ["stats", "gone", ...url],
    ["events", "--types", "nonsense", ...url],
    ["load", "zh", ...url],
    ["load", "bad", ...url],
    ["load", "gone", ...url],
    ["load", "../zh", ...url],
    ["status", "zh", ...url],
    ["status", "bad", ...url],
    ["transcribe", audio, ...url],
    ["transcribe", "gone.wav", ...url],
    ["transcribe", audio, "--language", "klingonese", ...url],
    ["transcribe", audio, "--language", "en", ...url],
    ["transcribe", "-", ...url],
    ["unload", "zh", ...url],
    ["unload", "bad", ...url],
    ["status", "--url", await closedUrl()],
  ]);
});

test("a server that starts, cannot start and stops is Chinese, and so are its lines for people", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const cwd = newFolder();
  const own = [
    "--host",
    "127.0.0.1",
    "--state-dir",
    join(cwd, "state"),
    "--default-model",
    "gone",
    "--log-format",
    "pretty",
  ];
  const port = String((taken.address() as AddressInfo).port);
  const refused = await run(t, ["serve", ...own, "--port", port], { env, cwd });
  assert.deepEqual(englishIn(refused.stderr), []);
  assert.match(refused.stderr, /端口/);
  const server = start(t, ["serve", ...own, "--port", "0"], { env, cwd });
  await untilSaid(server, "stdout", /Ctrl-C/);
  server.child.kill("SIGTERM");
  const { stdout, stderr, code } = await server.done;
  assert.equal(code, 0);
  assert.deepEqual(englishIn(stdout), []);
  assert.deepEqual(englishIn(stderr), []);
  assert.match(stderr, /正在停止/);
});

test("progress on a terminal is Chinese", { skip: noTerminal() }, async (t) => {
  const running = await startRunning(
    t,
    { slow: { fake: { languages: ["zh"], loadMs: 1500 } } },
    { default_model: "gone" },
  );
  const command = shellCommand("load", "slow", "--url", `${running.server.url}/api`);
  const { stdout } = await onTerminal(t, command, { env });
  assert.match(stdout, /正在加载 slow/);
  assert.deepEqual(englishIn(stdout), []);
});
