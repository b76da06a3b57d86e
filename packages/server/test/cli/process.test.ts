import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { scratchDirectory } from "../base/scratch.ts";
import {
  bin,
  noTerminal,
  onTerminal,
  run,
  sendEvents,
  shellCommand,
  start,
  startWireServer,
  transcript,
} from "./support.ts";

const loadedModules = fileURLToPath(new URL("./fixtures/loaded-modules.mjs", import.meta.url));
const tooOld = fileURLToPath(new URL("./fixtures/old-node.cjs", import.meta.url));
const skipTerminal = { skip: noTerminal() };

suite("the command line as a process", () => {
  test("without a command it shows its help and fails; --help and --version succeed", async (t) => {
    const bare = await run(t, []);
    assert.deepEqual([bare.code, bare.stdout], [2, ""]);
    assert.match(bare.stderr, /Usage: voxpool/);
    const help = await run(t, ["--help"]);
    assert.equal(help.code, 0);
    for (const word of [
      "serve",
      "models",
      "load",
      "unload",
      "status",
      "transcribe",
      "pull",
      "config",
      "Exit codes:",
      "130",
    ]) {
      assert.ok(help.stdout.includes(word), word);
    }
    assert.match((await run(t, ["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test("the help of each command has examples, in the language of the user", async (t) => {
    for (const command of [
      "serve",
      "models",
      "load",
      "unload",
      "status",
      "stats",
      "events",
      "transcribe",
      "ps",
      "switch",
      "alias",
      "pin",
      "unpin",
      "reload",
      "warmup",
      "batch",
      "pull",
      "config",
      "help",
    ]) {
      const english = await run(t, [command, "--help"]);
      assert.equal(english.code, 0);
      assert.match(english.stdout, new RegExp(`Examples:\n  \\$ .*voxpool ${command}`));
      const chinese = await run(t, [command, "--help"], { env: { LANG: "zh_CN.UTF-8" } });
      assert.match(chinese.stdout, /^用法：/);
      assert.match(chinese.stdout, new RegExp(`示例：\n  \\$ .*voxpool ${command}`));
    }
  });

  test("a slip in a command or flag names the nearest one", async (t) => {
    const command = await run(t, ["transcibe", "a.wav"]);
    assert.deepEqual([command.code, command.stderr.split("\n")[1]], [2, "(Did you mean transcribe?)"]);
    const flag = await run(t, ["models", "--jsn"], { env: { LANG: "zh_CN.UTF-8" } });
    assert.deepEqual([flag.code, flag.stderr.split("\n")[1]], [2, "（是否想用 --json？）"]);
  });

  test("a Node that is too old says in one line what is needed and what was found", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--require", tooOld, bin, "models"], {
      encoding: "utf8",
    });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /^voxpool needs Node 24 or later; this is Node 18\.19\.0 \(.+\)\.\n$/);
  });

  const systemNode = "/usr/bin/node";
  const found = existsSync(systemNode) ? spawnSync(systemNode, ["--version"], { encoding: "utf8" }).stdout : "";
  const isOld = found !== "" && Number.parseInt(found.slice(1), 10) < 24;
  test("a real older Node says so, too", { skip: !isOld && "needs a Node below 24 in /usr/bin" }, () => {
    const { status, stderr } = spawnSync(systemNode, [bin, "models"], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.equal(stderr, `voxpool needs Node 24 or later; this is Node ${found.slice(1).trim()} (${systemNode}).\n`);
  });

  test("a reader that goes away early ends it quietly", async (t) => {
    const models = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`model/${n}`, { usage_count: n }]));
    const { url } = await startWireServer(t, { "GET /models": { success: true, models, count: 20_000 } });
    const running = start(t, ["models", "--loaded", "--url", url]);
    await once(running.child.stdout ?? assert.fail(), "data");
    running.child.stdout?.destroy();
    const { code, stderr } = await running.done;
    assert.deepEqual([code, stderr], [0, ""]);
  });

  const fullDevice = existsSync("/dev/full");
  test("results that cannot be written are a failure", { skip: !fullDevice && "needs /dev/full" }, async (t) => {
    const { url } = await startWireServer(t, { "GET /models": { success: true, models: {}, count: 0 } });
    const { code, stdout } = await onShell(t, `${shellCommand("models", "--loaded", "--url", url)} > /dev/full`);
    assert.equal(code, 1);
    assert.match(stdout, /voxpool: .*the disk is full/);
  });

  test("a reader of many results that goes away early ends it quietly, and cancels what is under way", async (t) => {
    const gone = Promise.withResolvers<void>();
    const { url } = await startWireServer(t, {
      "POST /transcribe": ({ body }, answer) => {
        if (String(body) === "first")
          sendEvents(answer, [{ type: "done", transcript: transcript("x".repeat(200_000)) }]);
        else answer.on("close", gone.resolve);
      },
    });
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "1.wav"), "first");
    writeFileSync(join(cwd, "2.wav"), "second");
    const running = start(t, ["transcribe", "1.wav", "2.wav", "--url", url], { cwd });
    await once(running.child.stdout ?? assert.fail(), "data");
    running.child.stdout?.destroy();
    const { code, stderr } = await running.done;
    assert.deepEqual([code, stderr], [0, ""]);
    await gone.promise;
  });

  test("a quick command loads nothing that it does not need", async (t) => {
    const env = { NODE_OPTIONS: `--import=${pathToFileURL(loadedModules).href}` };
    const { code, stdout, stderr } = await run(t, ["--version"], { env });
    assert.equal(code, 0);
    assert.match(stdout, /^\d/);
    assert.match(stderr, /loaded .*\/dist\/cli\/program\.js/);
    for (const heavy of ["typebox", "yaml", "pino", "undici", "fastify", "string-width", "sherpa", "koffi"]) {
      assert.ok(!stderr.includes(`/node_modules/${heavy}`), heavy);
    }
  });

  for (const [signal, exitCode] of [
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`${signal} ends a call that hangs at once, with exit code ${exitCode}, and the server sees it go`, async (t) => {
      const arrived = Promise.withResolvers<void>();
      const gone = Promise.withResolvers<void>();
      const { url } = await startWireServer(t, {
        "POST /models/load": (_received, answer) => {
          answer.on("close", gone.resolve);
          arrived.resolve();
        },
      });
      const running = start(t, ["load", "model/cn", "--url", url]);
      await arrived.promise;
      running.child.kill(signal);
      const { code, stdout, stderr } = await running.done;
      assert.deepEqual([code, stdout, stderr], [exitCode, "", ""]);
      await gone.promise;
    });
  }

  test("Ctrl-C while standard input is open ends it, and --json still prints a document", async (t) => {
    const arrived = Promise.withResolvers<void>();
    const { url } = await startWireServer(t, {
      "POST /transcribe": ({ body }, answer) => {
        if (String(body) === "first") sendEvents(answer, [{ type: "done", transcript: transcript("one") }]);
        else arrived.resolve();
      },
    });
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "a.wav"), "first");
    writeFileSync(join(cwd, "b.wav"), "second");
    const running = start(t, ["transcribe", "a.wav", "b.wav", "a.wav", "--jobs", "1", "--json", "--url", url], { cwd });
    await arrived.promise;
    running.child.kill("SIGINT");
    const { code, stdout } = await running.done;
    assert.equal(code, 130);
    const results = JSON.parse(stdout) as { success: boolean; reason?: string }[];
    assert.deepEqual(
      results.map(({ success, reason }) => reason ?? success),
      [true, "request_cancelled"],
    );
  });

  test("progress is shown on a terminal and leaves only the result", skipTerminal, async (t) => {
    let seen = Promise.withResolvers<void>();
    const { url } = await startWireServer(t, {
      "POST /transcribe": async (_received, answer) => {
        const progress = { type: "progress", processed_seconds: 240, duration: 600 };
        answer.writeHead(200, { "content-type": "text/event-stream" });
        answer.write(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`);
        await seen.promise;
        const done = { type: "done", transcript: transcript("the words") };
        answer.end(`event: done\ndata: ${JSON.stringify(done)}\n\n`);
      },
    });
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "a.wav"), "audio");
    const command = `cd '${cwd}' && ${shellCommand("transcribe", "a.wav", "--url", url)}`;
    // The recognition ends once the terminal has the bar.
    const watch = (text: string) => text.includes("] ") && seen.resolve();

    const shown = await onTerminal(t, command, { watch });
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /a\.wav {2}\[█+░+\] +40% {2}4 min 00 s \/ 10 min 00 s/);
    // What stays on the screen is what follows the last line that was cleared.
    assert.equal(shown.stdout.slice(shown.stdout.lastIndexOf("\u001b[0J") + 4).trim(), "the words");

    seen = Promise.withResolvers<void>();
    const toFile = await onTerminal(t, `${command} > out.txt`, { watch });
    assert.match(toFile.stdout, /█/);
    assert.equal(readFileSync(join(cwd, "out.txt"), "utf8"), "the words\n");

    // Here nothing may be shown, so nothing is waited for.
    seen.resolve();
    const quiet = await onTerminal(t, `${command} 2> err.txt`);
    assert.equal(quiet.stdout.trim(), "the words");
    assert.equal(readFileSync(join(cwd, "err.txt"), "utf8"), "");
    assert.equal((await onTerminal(t, command, { env: { TERM: "dumb" } })).stdout.trim(), "the words");
  });

  test(
    "JSON is indented on a terminal, and control characters of a text are taken out there",
    skipTerminal,
    async (t) => {
      const health = { success: true, status: "running", loaded_models_count: 0, version: "\u001b[31m1" };
      const { url } = await startWireServer(t, { "GET /health": health });
      const { stdout } = await onTerminal(t, shellCommand("status", "--json", "--url", url));
      assert.match(stdout, /^\{\r\n {2}"success": true,/);
      const text = await onTerminal(t, shellCommand("status", "--url", url));
      assert.match(text.stdout, /version +\[31m1\r\n/);
    },
  );

  test("a terminal that is closed ends a command that waits, and the server sees it go", skipTerminal, async (t) => {
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const { url } = await startWireServer(t, {
      "POST /transcribe": (_received, answer) => {
        answer.on("close", gone.resolve);
        arrived.resolve();
      },
    });
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "a.wav"), "audio");
    const command = shellCommand("transcribe", join(cwd, "a.wav"), "--url", url);
    const terminal = spawn("script", ["-qfc", command, "/dev/null"], { stdio: ["ignore", "ignore", "inherit"] });
    t.after(() => terminal.kill("SIGKILL"));
    await arrived.promise;
    terminal.kill("SIGKILL");
    await gone.promise;
  });

  test("standard input that is a terminal is not waited for", skipTerminal, async (t) => {
    const { code, stdout } = await onTerminal(t, shellCommand("transcribe", "-"));
    assert.equal(code, 2);
    assert.match(stdout, /standard input is a terminal/);
  });
});

/** Both outputs of a shell command, in one. */
async function onShell(
  t: Parameters<typeof start>[0],
  command: string,
): Promise<{ code: number | null; stdout: string }> {
  const child = spawn("sh", ["-c", `(${command}) 2>&1`], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout };
}
