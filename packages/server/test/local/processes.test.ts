import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gone } from "../host/harness.ts";
import { startRunning, writeModel } from "../server/running.ts";

const applicationFile = fileURLToPath(new URL("./fixtures/application.ts", import.meta.url));
/** A port that nothing of this machine listens on, and `fetch` may connect to. */
const nobody = "http://127.0.0.1:1023/api";

/** Starts an application; gives its lines as they come. */
function startApplication(
  t: TestContext,
  url: string,
  calls: readonly string[],
  given: { readonly stateDir?: string } = {},
) {
  const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const models = join(root, "model");
  writeModel(join(models, "tone"), "tone");
  const { stateDir = join(root, "state") } = given;
  const application = spawn(process.execPath, [applicationFile, url, models, stateDir, ...calls], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => application.kill("SIGKILL"));
  const lines = createInterface({ input: application.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? assert.fail("it said no more"));
  return { application, next };
}

test("while the service answers, not one file of the server is loaded; when it is away, they are", async (t) => {
  const { server } = await startRunning(t, { tone: "tone" });
  const calls = ["health", "load", "modules"];
  const near = startApplication(t, server.url, calls);
  await near.next();
  await near.next();
  assert.equal(await near.next(), 0);
  const alone = startApplication(t, nobody, calls);
  await alone.next();
  await alone.next();
  assert.ok(Number(await alone.next()) > 50);
});

test("close() lets the application end by itself, and its model processes end with it", async (t) => {
  const { application, next } = startApplication(t, nobody, ["load", "status", "wait"]);
  await next();
  const pid = await hostPid(next);
  application.stdin?.end();
  assert.equal(await exitOf(application), 0);
  await gone(pid);
});

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  test(`an application that ends by ${signal} leaves no process behind`, async (t) => {
    const { application, next } = startApplication(t, nobody, ["load", "status", "wait"]);
    await next();
    const pid = await hostPid(next);
    application.kill(signal);
    await exitOf(application);
    await gone(pid);
  });
}

for (const next of ["application", "server"] as const) {
  test(`recordings that a killed application was receiving are gone once the next ${next} has started`, async (t) => {
    const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const stateDir = join(root, "state");
    const killed = startApplication(t, nobody, ["upload", "wait"], { stateDir });
    assert.deepEqual(await killed.next(), "received");
    const uploads = () => readdirSync(stateDir, { recursive: true }).filter((name) => String(name).includes("upload-"));
    assert.equal(uploads().length, 1);
    killed.application.kill("SIGKILL");
    await exitOf(killed.application);
    assert.equal(uploads().length, 1, "nobody was there to remove it");
    if (next === "server") await startRunning(t, { tone: "tone" }, { state_dir: stateDir });
    else await startApplication(t, nobody, ["health", "wait"], { stateDir }).next();
    assert.deepEqual(uploads(), []);
  });
}

async function hostPid(next: () => Promise<unknown>): Promise<number> {
  const answer = (await next()) as { success: boolean; status: { pid: number } };
  assert.ok(answer.success, JSON.stringify(answer));
  return answer.status.pid;
}

async function exitOf(application: ChildProcess): Promise<number | null> {
  if (application.exitCode === null && application.signalCode === null) await once(application, "exit");
  return application.exitCode;
}
