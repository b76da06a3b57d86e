import assert from "node:assert/strict";
import { test } from "node:test";
import type { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { bursts, gone, isAlive, start, startLoaded, transcribe } from "./harness.ts";

async function failureOf(loaded: Promise<unknown>): Promise<VoxpoolError> {
  const error = await loaded.then(
    () => assert.fail("the load has to fail"),
    (reason: VoxpoolError) => reason,
  );
  assert.equal(error.details.model_path, "model/fake");
  return error;
}

const crashes: [string, RegExp][] = [
  ["abort", /it aborted \(SIGABRT\).*last words:.*a check failed, aborting/],
  ["segfault", /a memory fault \(SIGSEGV\)/],
  ["exit", /exit code 3; its last words: fake engine: cannot go on/],
];

for (const [load, expected] of crashes) {
  test(`a load that ends its process says how: ${load}`, async (t) => {
    const host = await start(t, { load });
    const error = await failureOf(host.loaded);
    assert.equal(error.reason, "model_load_failed");
    assert.match(String(error.details.detail), expected);
    const end = await host.ended;
    assert.equal(end.wanted, false);
    assert.match(end.explanation, expected);
    assert.throws(() => host.open({ words: false }), { reason: "host_crashed" });
  });
}

test("a load that throws says why, and its process ends", async (t) => {
  const host = await start(t, { load: "throw" });
  const error = await failureOf(host.loaded);
  assert.equal(error.reason, "model_load_failed");
  assert.equal(error.details.detail, "this engine throws, as its fake.json says");
  await host.ended;
});

const badFiles: [string, string, RegExp][] = [
  ["no JSON", "{", /JSON/],
  ["no object", "[]", /no JSON object/],
  ["null", "null", /no JSON object/],
  ["a key that is not there", '{"txet":"a"}', /txet is no key/],
  ["a key of every object", '{"constructor":1}', /constructor is no key/],
  ["a value of another kind", '{"decodeMs":"soon"}', /decodeMs has to be a number/],
  ["an unknown behaviour", '{"load":"explode"}', /load has to be one of/],
];

for (const [what, script, expected] of badFiles) {
  test(`a fake.json with ${what} is a bad model`, async (t) => {
    const error = await failureOf((await start(t, script)).loaded);
    assert.equal(error.reason, "model_files_invalid");
    assert.match(String(error.details.detail), expected);
  });
}

test("a load that is blocked is ended after the idle time", async (t) => {
  const host = await start(t, { load: "hang" }, { loadIdleSeconds: 1 });
  const error = await failureOf(host.loaded);
  assert.equal(error.reason, "model_load_timeout");
  assert.equal(error.details.idle_seconds, 1);
  assert.match((await host.ended).explanation, /did not answer for 1 seconds/);
});

test("a load that computes without end goes on past the idle time and is ended at the cap", async (t) => {
  const host = await start(t, { load: "spin" }, { loadIdleSeconds: 1 }, { loadCapSeconds: () => 2 });
  const error = await failureOf(host.loaded);
  assert.equal(error.reason, "model_load_timeout");
  assert.equal(error.details.idle_seconds, 2);
  await host.ended;
});

test("a load whose process is stopped is ended after the idle time", async (t) => {
  const host = await start(t, { load: "spin" }, { loadIdleSeconds: 1 });
  assert.ok(host.pid);
  process.kill(host.pid, "SIGSTOP");
  const error = await failureOf(host.loaded);
  assert.equal(error.reason, "model_load_timeout");
  await host.ended;
});

test("a load that floods stderr succeeds, and of the flood little is kept", async (t) => {
  const host = await startLoaded(t, { load: "flood", decode: "abort" });
  await assert.rejects(transcribe(host, bursts(1)), (error: VoxpoolError) => {
    const detail = String(error.details.detail);
    assert.match(detail, /a native library that has much to say.*aborting/);
    assert.ok(detail.length < 700);
    return true;
  });
});

test("what a library writes is logged for debugging, cut to a bound", async (t) => {
  const texts: string[] = [];
  const log = { ...silentLog, debug: (_: unknown, text: string) => void texts.push(text) };
  await startLoaded(t, { load: "flood" }, { log });
  assert.ok(texts.length > 0);
  assert.ok(texts.every((text) => text.length <= 1000));
});

test("a load can be cancelled, and ended twice", async (t) => {
  const host = await start(t, { load: "hang" });
  const [first, second] = await Promise.all([host.end(), host.end()]);
  assert.deepEqual(first, { wanted: true, fromOutside: true, explanation: "the server ended it" });
  assert.equal(first, second);
  assert.equal((await failureOf(host.loaded)).reason, "model_load_cancelled");
});

test("a host that is ended before its process has begun leaves nothing behind", async (t) => {
  const host = await start(t, {});
  const { pid } = host;
  await host.end();
  assert.ok(pid !== undefined && !isAlive(pid));
});

test("a process that cannot be started is a load that failed", async (t) => {
  const host = await start(t, {}, {}, { entry: "/nowhere/main.js" });
  const error = await failureOf(host.loaded);
  assert.equal(error.reason, "model_load_failed");
  assert.match(String(error.details.detail), /exit code 1/);

  const unspawnable = await start(
    t,
    {},
    {},
    {
      spawn: () => {
        throw new Error("EAGAIN");
      },
    },
  );
  assert.match(String((await failureOf(unspawnable.loaded)).details.detail), /could not be started: EAGAIN/);
  assert.equal((await unspawnable.ended).wanted, false);
});

test("a host knows no secrets of its parent's environment", { skip: process.platform !== "linux" }, async (t) => {
  process.env.VOXPOOL_TEST_SECRET = "secret";
  t.after(() => delete process.env.VOXPOOL_TEST_SECRET);
  const { readFile } = await import("node:fs/promises");
  const host = await startLoaded(t, {}, { threads: 3 });
  const environment = await readFile(`/proc/${host.pid}/environ`, "utf8");
  assert.doesNotMatch(environment, /SECRET|NODE_OPTIONS/);
  assert.match(environment, /UV_THREADPOOL_SIZE=3/);
  assert.equal((await readFile(`/proc/${host.pid}/oom_score_adj`, "utf8")).trim(), "500");
});

test("a host that was ended is gone for whoever looks", async (t) => {
  const host = await startLoaded(t, {});
  assert.ok(host.pid);
  await host.end();
  await gone(host.pid);
});
