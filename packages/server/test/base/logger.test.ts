import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { suite, test } from "node:test";
import { createLogger } from "../../dist/base/logger.js";

const program = new URL("./fixtures/log-lines.ts", import.meta.url).pathname;
type Line = Record<string, unknown>;

function run(level: string, format: string, mode = ""): { stdout: string; stderr: string } {
  const config = JSON.stringify({ "log.level": level, "log.format": format });
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, config, mode], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return { stdout, stderr };
}

const jsonLines = (text: string): Line[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

suite("logger", () => {
  test("in a pipe it writes one JSON object a line to standard error and nothing to standard output", () => {
    const { stdout, stderr } = run("info", "auto", "close");
    assert.equal(stdout, "");
    const lines = jsonLines(stderr);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        ["info", "an info line"],
        ["warn", "a warning 中文"],
        ["error", "an error line"],
      ],
    );
    assert.equal(lines[0]?.model_path, "model/cn");
    assert.equal(lines[0]?.bytes, 12);
    assert.match(String(lines[0]?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.partialDeepStrictEqual(lines[2], { error: { type: "Error", message: "the cause" } });
  });

  test("the level decides what is written", () => {
    assert.equal(jsonLines(run("debug", "json").stderr).length, 4);
    assert.equal(jsonLines(run("error", "json").stderr).length, 1);
    assert.equal(run("silent", "json").stderr, "");
    assert.equal(run("silent", "pretty").stderr, "");
  });

  test("pretty lines are for people, have no colour in a pipe, and are out before the process ends", () => {
    const { stderr } = run("info", "pretty");
    assert.match(stderr, /^\[\d\d:\d\d:\d\d\] INFO: an info line .*model\/cn/);
    assert.match(stderr, /an error line/);
    assert.ok(!stderr.includes("\u001b"));
  });

  test("what was logged just before the end of the process is not lost", () => {
    assert.equal(jsonLines(run("info", "json", "flood").stderr).length, 2003);
    assert.equal(
      run("info", "pretty", "flood")
        .stderr.trimEnd()
        .split("\n")
        .filter((line) => line.includes("xxx")).length,
      2000,
    );
  });

  test("a closed log writes nothing more and closing twice is safe", () => {
    for (const format of ["json", "pretty"]) assert.ok(!run("info", format, "close").stderr.includes("after the end"));
  });

  test("a reader that goes away does not end the process, nor keep it from ending", async () => {
    for (const [format, mode] of [
      ["json", "flood"],
      ["json", "close"],
      ["pretty", "flood"],
    ] as const) {
      const config = JSON.stringify({ "log.level": "info", "log.format": format });
      const child = spawn(process.execPath, [program, config, mode], { stdio: ["ignore", "ignore", "pipe"] });
      child.stderr.destroy();
      assert.deepEqual(await once(child, "exit"), [0, null], `${format} ${mode}`);
    }
  });

  test("a reader that stops reading does not stop the process; lines beyond the limit are dropped and counted", async (t) => {
    const config = JSON.stringify({ "log.level": "info", "log.format": "json" });
    const child = spawn(process.execPath, [program, config, "overflow"], { stdio: ["ignore", "pipe", "pipe"] });
    t.after(() => child.kill("SIGKILL"));
    // Nothing is read from standard error until the child says, on standard output, that it logged 20 MB.
    assert.equal(String(await once(child.stdout, "data")), "still running\n");
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (data: string) => {
      text += data;
    });
    assert.deepEqual(await once(child, "close"), [0, null]);
    const dropped = jsonLines(text).find((line) => typeof line.dropped === "number");
    assert.ok(Number(dropped?.dropped) > 1000);
    assert.ok(text.length < 10 * 1024 * 1024);
  });

  test("a silent log is usable in process", async () => {
    const log = createLogger({ "log.level": "silent", "log.format": "json" });
    log.error({}, "nothing");
    await log.close();
  });
});
