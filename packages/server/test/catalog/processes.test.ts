import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { pull } from "../../dist/catalog/pull.js";
import { bigContent, knownFrom, publishPackage, startRegistry, tarOf } from "./registry.ts";
import { makeTree, reasonOf } from "./tree.ts";

const archive = tarOf([{ path: "package/encoder_model.onnx", content: bigContent }]);
const script = fileURLToPath(new URL("pull-child.ts", import.meta.url));

async function setUp(t: TestContext) {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  const models = [knownFrom(publishPackage(registry, archive))];
  const places = { modelDir: join(cwd, "model"), stateDir: join(cwd, "state") };
  return {
    cwd,
    registry,
    options: { ...places, models, npmRegistry: registry.url },
    folder: join(cwd, "model/en/voice"),
  };
}

function start(
  t: TestContext,
  options: object,
  stdio: readonly ("ignore" | "pipe" | "inherit" | "ipc")[] = ["ignore", "pipe", "inherit"],
): { child: ChildProcess; result: Promise<unknown> } {
  const child = spawn(process.execPath, [script, JSON.stringify({ name: "en/voice", ...options })], {
    stdio: [...stdio],
  });
  t.after(() => child.kill("SIGKILL"));
  const output = (child.stdout?.setEncoding("utf8").toArray() ?? Promise.resolve([])).then((parts) => parts.join(""));
  return { child, result: output.then((text) => (text === "" ? undefined : JSON.parse(text))) };
}

/** This machine, as it is written in file names. */
const thisHost = hostname()
  .replaceAll(/[^\w-]/g, "-")
  .slice(0, 60);

test("two processes that pull the same at once both end with the whole model", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const both = Promise.withResolvers<void>();
  let waiting = 0;
  for (let index = 0; index < 2; index++) {
    registry.behaviours.push((_request, response, body) => {
      response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 1000));
      waiting++;
      if (waiting === 2) {
        both.resolve();
      }
      void both.promise.then(() => response.end(body.subarray(1000)));
      return true;
    });
  }
  const results = await Promise.all([start(t, options).result, start(t, options).result]);
  for (const result of results) {
    assert.deepEqual(result, { name: "en/voice", directory: folder, alreadyThere: false });
  }
  assert.ok((await readFile(join(folder, "encoder_model.onnx"))).equals(bigContent));
  assert.deepEqual(await readdir(join(cwd, "model")), ["en"]);
  assert.deepEqual(await readdir(join(cwd, "state/downloads")), []);
});

test("a pull that is killed in the middle shows no model, and the next one resumes it", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  registry.behaviours.push((_request, response, body) => {
    response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 300_000));
    return true;
  });
  const { child, result } = start(t, options);
  const exited = once(child, "exit");
  await until(async () => (await sizeOfPart(join(cwd, "state/downloads"))) === 300_000);
  child.kill("SIGKILL");
  await exited;
  assert.equal(await result, undefined);

  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  assert.deepEqual(await catalog.list(), []);
  assert.equal(await reasonOf(catalog.resolve("en/voice")), "model_not_found");
  assert.equal((await readdir(join(cwd, "model"))).length, 1, "the hidden staging folder of the killed process");

  await pull("en/voice", options);
  assert.ok((await readFile(join(folder, "encoder_model.onnx"))).equals(bigContent));
  assert.equal(registry.requests.at(-1), "/@scope/voice/-/voice-1.0.0.tgz bytes=300000-");
  assert.deepEqual(await readdir(join(cwd, "model")), ["en"], "what the killed process left is gone");
  assert.deepEqual(await readdir(join(cwd, "state/downloads")), []);
});

test("pulls that are killed at any moment never leave a model that is not whole", async (t) => {
  const { cwd, options, folder } = await setUp(t);
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const phases: unknown[] = [];
  // At the first word of each phase, then at the second...: what is under way between two of them differs each time.
  for (let moment = 1; moment <= 8; moment++) {
    const { child, result } = start(t, options, ["ignore", "pipe", "inherit", "ipc"]);
    const exited = once(child, "exit");
    let said = 0;
    child.on("message", (phase) => {
      said++;
      if (said !== moment) return;
      phases.push(phase);
      child.kill("SIGKILL");
    });
    await exited;
    await result.catch(() => undefined);
    for (const model of await catalog.list()) {
      assert.ok((await readFile(join(model.directory, "encoder_model.onnx"))).equals(bigContent));
    }
  }
  assert.ok(phases.includes("connect") && phases.includes("download"), String(phases));
  await pull("en/voice", options);
  assert.ok((await readFile(join(folder, "encoder_model.onnx"))).equals(bigContent));
});

test("the unfinished work of a process that lives, or of another machine, is left alone", async (t) => {
  const { cwd, registry, options } = await setUp(t);
  const downloads = join(cwd, "state/downloads");
  await mkdir(downloads, { recursive: true });
  const others = [`${thisHost}.${process.ppid}.1.abc`, `other-machine.1.1.abc`];
  for (const other of others) {
    await writeFile(join(downloads, `npm-scope-voice-1.0.0.${other}.part`), archive.subarray(0, 1000));
    await mkdir(join(cwd, `model/.voxpool.${other}.part`));
  }
  await pull("en/voice", options);
  assert.deepEqual(registry.requests, ["/@scope/voice/-/voice-1.0.0.tgz"]);
  assert.equal((await readdir(downloads)).length, 2);
  assert.equal((await readdir(join(cwd, "model"))).length, 3);
});

test("an earlier process with the same id, as in a container that starts again, counts as ended", async (t) => {
  const { cwd, registry, options } = await setUp(t);
  const downloads = join(cwd, "state/downloads");
  await mkdir(downloads, { recursive: true });
  const name = `npm-scope-voice-1.0.0.${thisHost}.${process.pid}.1.abc.part`;
  await writeFile(join(downloads, name), archive.subarray(0, 1000));
  await pull("en/voice", options);
  assert.deepEqual(registry.requests, ["/@scope/voice/-/voice-1.0.0.tgz bytes=1000-"]);
  assert.deepEqual(await readdir(downloads), []);
});

async function sizeOfPart(directory: string): Promise<number> {
  const [name] = await readdir(directory).catch(() => []);
  return name === undefined ? 0 : (await readFile(join(directory, name))).length;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await new Promise(setImmediate);
  }
}
