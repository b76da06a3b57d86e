import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { version } from "../../dist/base/version.js";
import { scratchDirectory } from "../base/scratch.ts";
import { noTerminal, onTerminal, type Running, run, shellCommand, start, untilSaid } from "./support.ts";

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** A directory with a model of the fake engine, and the arguments to serve it on a free port. */
function place(t: TestContext): { cwd: string; args: string[] } {
  const cwd = scratchDirectory(t);
  mkdirSync(join(cwd, "model", "fake"), { recursive: true });
  writeFileSync(join(cwd, "model", "fake", "fake.json"), JSON.stringify({ text: "hello world" }));
  writeFileSync(
    join(cwd, "voxpool.yaml"),
    "host: 127.0.0.1\nstate_dir: state\nengine: { fake: true }\ndefault_model: fake\n",
  );
  return { cwd, args: ["serve", "--port", "0"] };
}

interface Served extends Running {
  readonly report: Record<string, unknown>;
  readonly url: string;
}

/** Waits for the report on standard output. */
async function serve(t: TestContext, cwd: string, args: readonly string[]): Promise<Served> {
  const running = start(t, [...args, "--json"], { cwd });
  const report = JSON.parse(await untilSaid(running, "stdout", /\n/)) as Record<string, unknown>;
  return { ...running, report, url: String(report.url) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

suite("serve", () => {
  test("says where it answers and what it heard, serves the command line, and leaves no process after Ctrl-C", async (t) => {
    const { cwd, args } = place(t);
    const server = await serve(t, cwd, args);
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/api$/);
    assert.partialDeepStrictEqual(server.report, {
      urls: [server.url],
      model_dirs: ["model"],
      state_dir: "state",
      authentication: false,
      default_model: { model_path: "model/fake", heard: "hello world" },
    });
    const recording = fileURLToPath(new URL("../../assets/jfk.wav", import.meta.url));
    const words = await run(t, ["transcribe", recording, "--url", server.url]);
    assert.deepEqual([words.code, words.stdout], [0, "hello world\n"]);
    const { stdout } = await run(t, ["models", "--loaded", "--json", "--url", server.url]);
    const { models } = JSON.parse(stdout) as { models: Record<string, { pid: number }> };
    const host = models["model/fake"]?.pid ?? 0;
    assert.ok(isAlive(host));
    server.child.kill("SIGINT");
    const ended = await server.done;
    assert.deepEqual([ended.code, ended.signal], [0, null]);
    assert.ok(!isAlive(host));
  });

  test("kill -9 of the server leaves no process behind, and the next one starts on the same state", async (t) => {
    const { cwd, args } = place(t);
    const first = await serve(t, cwd, args);
    const { stdout } = await run(t, ["models", "--loaded", "--json", "--url", first.url]);
    const { models } = JSON.parse(stdout) as { models: Record<string, { pid: number }> };
    const host = models["model/fake"]?.pid ?? 0;
    assert.ok(isAlive(host));
    first.child.kill("SIGKILL");
    await first.done;
    while (isAlive(host)) await turn();
    const second = await serve(t, cwd, args);
    assert.equal((await run(t, ["status", "--url", second.url])).code, 0);
  });

  test("SIGHUP opens the log files anew, after something else has moved them away", async (t) => {
    const { cwd, args } = place(t);
    const [log, audit] = [join(cwd, "logs", "voxpool.log"), join(cwd, "audit.log")];
    const server = await serve(t, cwd, [...args, "--log-file", log, "--audit-file", audit]);
    for (const file of [log, audit]) renameSync(file, `${file}.1`);
    server.child.kill("SIGHUP");
    while (!existsSync(log) || !existsSync(audit)) await turn();
    const body = JSON.stringify({ model_path: "fake" });
    const headers = { "content-type": "application/json", "x-request-id": "after" };
    assert.equal((await fetch(`${server.url}/models/load`, { method: "POST", body, headers })).status, 200);
    server.child.kill("SIGTERM");
    const { code, stderr } = await server.done;
    assert.deepEqual([code, stderr], [0, ""]);
    for (const file of [log, audit]) {
      assert.match(readFileSync(file, "utf8"), /"id":"after"/);
      assert.doesNotMatch(readFileSync(`${file}.1`, "utf8"), /"id":"after"/);
    }
  });

  test("nothing of tracing is loaded where nothing is traced", async (t) => {
    const { cwd, args } = place(t);
    const hook = pathToFileURL(fixture("loaded-modules.mjs")).href;
    const env = { NODE_OPTIONS: `--import=${hook}`, VOXPOOL_TEST_LOADED: join(cwd, "loaded") };
    const server = start(t, [...args, "--json"], { cwd, env });
    await untilSaid(server, "stdout", /\n/);
    server.child.kill("SIGINT");
    assert.equal((await server.done).code, 0);
    const loaded = readFileSync(env.VOXPOOL_TEST_LOADED, "utf8");
    assert.match(loaded, /prom-client/);
    // The API itself is what prom-client has, too.
    assert.doesNotMatch(loaded, /@opentelemetry\/(sdk|exporter|resources)|dist\/observe\/tracing\.js/);
  });

  test("a log file that cannot be opened is one clear line, and nothing is started", async (t) => {
    const { cwd, args } = place(t);
    const { code, stderr } = await run(t, [...args, "--log-file", "."], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /^voxpool: log\.file: cannot write to \.: .*\n$/);
    const small = await run(t, [...args, "--log-file", "a.log", "--log-keep", "1MB"], { cwd });
    assert.match(small.stderr, /^voxpool: log\.keep: it must be twice log\.rotate_size at least\n$/);
  });

  test("a second server on the same state directory is told which process has it, and where", async (t) => {
    const { cwd, args } = place(t);
    const first = await serve(t, cwd, args);
    const { code, stdout, stderr } = await run(t, args, { cwd });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      new RegExp(`^voxpool: The state directory state is in use by voxpool process ${first.child.pid} \\(http`),
    );
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  });

  test("a port that is taken is one clear line with another one to take", async (t) => {
    const { cwd, args } = place(t);
    const port = new URL((await serve(t, cwd, args)).url).port;
    const { code, stderr } = await run(t, ["serve", "--port", port, "--state-dir", "other"], { cwd });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `voxpool: Port ${port} on 127.0.0.1 is taken by voxpool ${version}, which can be used as it is (http://127.0.0.1:${port}/api); a second server needs --state-dir DIR too. Choose another one: --port ${Number(port) + 1}.\n`,
    );
    const chinese = await run(t, ["serve", "--port", port, "--state-dir", "other"], {
      cwd,
      env: { LANG: "zh_CN.UTF-8" },
    });
    assert.match(
      chinese.stderr,
      /已被 voxpool \S+ 服务器（http:\S+\/api，可直接使用；若要再启动一个，还需 --state-dir DIR）占用/,
    );
  });

  test("who has the port is another program where no voxpool answers, whatever it says and however long", async (t) => {
    const { cwd } = place(t);
    const endless = createServer((_request, answer) => {
      const more = () => {
        while (answer.write("{".repeat(10_000)));
      };
      answer.on("drain", more);
      more();
    }).listen(0, "127.0.0.1");
    await once(endless, "listening");
    t.after(() => endless.close().closeAllConnections());
    const { port } = endless.address() as AddressInfo;
    const { code, stderr } = await run(t, ["serve", "--port", String(port), "--state-dir", "other"], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /is taken by another program\. Choose another one: --port \d+\.\n$/);
  });

  test("a default model that is not usable is said; the server runs on and stops on SIGTERM", async (t) => {
    const { cwd, args } = place(t);
    const server = await serve(t, cwd, [...args, "--default-model", "nothing"]);
    assert.equal(server.report.default_model, undefined);
    assert.equal((await run(t, ["status", "--url", server.url])).code, 0);
    server.child.kill("SIGTERM");
    const { code, stderr } = await server.done;
    assert.equal(code, 0);
    assert.match(stderr, /^voxpool: There is no model at nothing\./);
  });

  const languages = [
    ["C.UTF-8", /^voxpool: en\/tiny could not be fetched:\n(?: {2}https:\S+: nothing answers there\n){2}By hand: /m],
    ["zh_CN.UTF-8", /^voxpool: 无法下载 en\/tiny：\n(?: {2}https:\S+：该处没有响应\n){2}手动方式：/m],
  ] as const;
  for (const [locale, message] of languages) {
    test(`the first start without network says once what was tried and what to do, and serves on: ${locale}`, async (t) => {
      const cwd = scratchDirectory(t);
      // A proxy at which nobody answers stands for a machine without network.
      const proxy = "http://127.0.0.1:1";
      const env = { LANG: locale, HTTPS_PROXY: proxy, https_proxy: proxy, NO_PROXY: "", no_proxy: "" };
      const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--state-dir", "state"];
      const server = start(t, args, { cwd, env });
      const screen = await untilSaid(server, "stdout", /Ctrl-C/);
      const url = /http:\/\/127\.0\.0\.1:\d+\/api/.exec(screen)?.[0] ?? "";
      assert.equal((await run(t, ["status", "--url", url])).code, 0);
      assert.doesNotMatch(screen, /curl|pull/);
      server.child.kill("SIGINT");
      const { stderr } = await server.done;
      assert.match(stderr, message);
      assert.match(stderr, /^ {2}npx voxpool pull en\/tiny --from \S+ --from \S+$/m);
      assert.doesNotMatch(stderr, /\bat .*\.[jt]s|stack/);
    });
  }

  test("it goes on when nobody reads its screen any more", async (t) => {
    const { cwd, args } = place(t);
    const server = await serve(t, cwd, args);
    server.child.stdout?.destroy();
    assert.equal((await run(t, ["status", "--url", server.url])).code, 0);
    server.child.kill("SIGINT");
    assert.equal((await server.done).code, 0);
  });

  const mistakes: readonly (readonly [
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    message: RegExp,
  ])[] = [
    [["--prot", "1"], {}, /^voxpool: unknown option '--prot'\n\(Did you mean --port\?\)/],
    [["--port", "x"], {}, /^voxpool: --port: port cannot be "x"; it takes a whole number from 0 to 65535\n$/],
    [["--config", "none.yaml"], {}, /^voxpool: none\.yaml: there is no such file\n$/],
    [[], { VOXPOOL_PROT: "1" }, /^voxpool: VOXPOOL_PROT: there is no such setting; the nearest is VOXPOOL_PORT\n$/],
    [
      [],
      { VOXPOOL_CONFIG: "bad.yaml" },
      /^voxpool: bad\.yaml:2: there is no setting "limits\.body_byte"; the nearest is limits\.body_bytes\n$/,
    ],
    [
      [],
      { VOXPOOL_LOG_LEVEL: "loud", LANG: "zh_CN.UTF-8" },
      /^voxpool: VOXPOOL_LOG_LEVEL：log\.level 不能是 "loud"；可取值：debug、/,
    ],
    [["extra"], {}, /^voxpool: too many arguments/],
  ];
  for (const [args, env, message] of mistakes) {
    test(`a mistake in the configuration stops the start with exit code 2: ${[...args, ...Object.keys(env)].join(" ")}`, async (t) => {
      const { cwd } = place(t);
      writeFileSync(join(cwd, "bad.yaml"), "limits:\n  body_byte: 5000\n");
      const { code, stdout, stderr } = await run(t, ["serve", ...args], { cwd, env });
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, message);
    });
  }

  test("a signal of another kind while it stops ends it at once", async (t) => {
    const running = start(t, ["serve", "--log-format", "json"], {
      cwd: scratchDirectory(t),
      program: fixture("stuck-server.ts"),
    });
    await untilSaid(running, "stdout", /Ctrl-C/);
    running.child.kill("SIGINT");
    await untilSaid(running, "stderr", /stopping/);
    running.child.kill("SIGTERM");
    assert.equal((await running.done).code, 143);
  });

  test("the same signal soon after is the same press of Ctrl-C; later it ends the process at once", async (t) => {
    const { code, stdout } = await run(t, [], { program: fixture("presses.ts") });
    assert.equal(stdout, "first: SIGINT\nsecond: the same press\n");
    assert.equal(code, 130);
  });

  test("on a terminal the screen is for people, and log lines come without tearing it", {
    skip: noTerminal(),
  }, async (t) => {
    const { cwd, args } = place(t);
    const { command, watch, pid } = onOwnTerminal(cwd, args, "Ctrl-C stops the server.");
    const shown = onTerminal(t, command, { watch });
    process.kill(await pid, "SIGINT");
    const { code, stdout } = await shown;
    assert.equal(code, 0);
    assert.match(stdout, /Heard in a recording, to warm up:\r\n {2}"hello world"/);
    assert.match(stdout, /Authentication {3}OFF/);
    assert.ok(stdout.includes("\r\u001b[K["), "a log line takes the place of a progress line");
    assert.match(stdout, /INFO.*stopping/);
  });

  test("Ctrl-C before the default model is ready ends it with exit code 0", { skip: noTerminal() }, async (t) => {
    const { cwd, args } = place(t);
    writeFileSync(join(cwd, "model", "fake", "fake.json"), JSON.stringify({ text: "late", loadMs: 600_000 }));
    const { command, watch, pid } = onOwnTerminal(cwd, args, "preparing the default model");
    const shown = onTerminal(t, command, { watch });
    process.kill(await pid, "SIGINT");
    const { code, stdout } = await shown;
    assert.equal(code, 0);
    assert.ok(!stdout.includes("Ctrl-C"));
  });
});

/** A command line that tells its process id; `pid` resolves once the terminal has `awaited` as well. */
function onOwnTerminal(cwd: string, args: readonly string[], awaited: string) {
  const seen = Promise.withResolvers<number>();
  const watch = (text: string) => {
    const found = /PID=(\d+)/.exec(text)?.[1];
    if (found !== undefined && text.includes(awaited)) seen.resolve(Number(found));
  };
  const command = `cd '${cwd}' && sh -c 'echo PID=$$; exec "$@"' sh ${shellCommand(...args)}`;
  return { command, watch, pid: seen.promise };
}
