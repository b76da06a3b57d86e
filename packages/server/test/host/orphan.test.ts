import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fakeModel, gone, isAlive } from "./harness.ts";

const parentFile = fileURLToPath(new URL("./fixtures/parent.ts", import.meta.url));

/** Starts a parent with a host in this state; gives what ends the parent, and the host's pid. */
async function parentWithHost(t: TestContext, script: Record<string, unknown>, state: string) {
  const { directory } = await fakeModel(t, script);
  const parent = spawn(process.execPath, [parentFile, directory, state], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await Promise.race([
    once(createInterface({ input: parent.stdout }), "line"),
    once(parent, "exit").then(([code]) => assert.fail(`the parent left with ${code}`)),
  ]);
  const pid = Number(line);
  assert.ok(isAlive(pid));
  const endParent = async (): Promise<void> => {
    if (parent.exitCode !== null || parent.signalCode !== null) return;
    const exited = once(parent, "exit");
    parent.kill("SIGKILL");
    await exited;
  };
  t.after(async () => {
    await endParent();
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return { pid, endParent };
}

const table: [string, Record<string, unknown>, string][] = [
  ["that is idle", {}, "idle"],
  ["whose engine thread computes without end", { decode: "spin" }, "decoding"],
  ["whose engine thread is blocked", { decode: "hang" }, "decoding"],
  ["whose native threads compute without end", { decode: "stuck" }, "decoding"],
  ["whose load is blocked", { load: "hang" }, "loading"],
  ["whose load computes without end", { load: "spin" }, "loading"],
];

for (const [what, script, state] of table) {
  test(`a host ${what} goes with its parent`, async (t) => {
    const { pid, endParent } = await parentWithHost(t, script, state);
    await endParent();
    await gone(pid);
  });
}

const stoppable = process.platform === "linux" ? false : "only Linux ends a stopped process with its parent";
test("a host that is stopped goes with its parent", { skip: stoppable }, async (t) => {
  const { pid, endParent } = await parentWithHost(t, {}, "idle");
  process.kill(pid, "SIGSTOP");
  await endParent();
  await gone(pid);
});
