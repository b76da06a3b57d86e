import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { VoxpoolError } from "../../dist/base/errors.js";
import { all, bursts, feed, oneWork, startLoaded, tone, transcribe } from "./harness.ts";

const crashes: [string, RegExp][] = [
  ["abort", /it aborted \(SIGABRT\).*aborting/],
  ["segfault", /a memory fault \(SIGSEGV\)/],
  ["exit", /exit code 3; its last words: fake engine: cannot go on/],
];

for (const [decode, expected] of crashes) {
  test(`a decode that ends the process fails everything that waits, and says how: ${decode}`, async (t) => {
    const host = await startLoaded(t, { decode, decodeAt: 3, decodeMs: 20 });
    const other = await startLoaded(t, {});
    assert.equal((await transcribe(host, bursts(1))).length, 1);

    const first = await oneWork(host);
    const second = await oneWork(host);
    const blocked = host.open({ words: false });
    const writing = blocked.write(tone(500));
    const crashed = (error: VoxpoolError): boolean => {
      assert.equal(error.reason, "host_crashed");
      assert.equal(error.details.model_path, "model/fake");
      assert.match(String(error.details.detail), expected);
      return true;
    };
    const idle = host.open({ words: false });
    const waits = [writing, all(blocked), all(idle), second.work.run(), first.work.run()];
    // The last of them is the third decode; the second was done or not, by then.
    const results = await Promise.allSettled(waits);
    for (const result of results.filter((one) => one.status === "rejected")) crashed(result.reason);
    assert.ok(results.filter((one) => one.status === "rejected").length >= 4);
    assert.throws(() => host.open({ words: false }), crashed);
    await assert.rejects(idle.write(tone(1)), crashed);
    assert.match((await host.ended).explanation, expected);

    assert.equal((await transcribe(other, bursts(2))).length, 2);
  });
}

const hangs: [string, string][] = [
  ["hang", "its engine thread is blocked"],
  ["spin", "its engine thread computes without end"],
  ["stuck", "a native thread computes without end while the engine thread goes on"],
];

for (const [decode, how] of hangs) {
  test(`a decode that never ends is ended with its process: ${how}`, async (t) => {
    const host = await startLoaded(t, { decode }, { hangSeconds: 1 });
    const other = await startLoaded(t, {}, { hangSeconds: 1 });
    const { work } = await oneWork(host);
    const idle = host.open({ words: false });
    const hung = { reason: "host_hung", details: { model_path: "model/fake", idle_seconds: 1 } };
    await Promise.all([assert.rejects(work.run(0.001), hung), assert.rejects(all(idle), hung)]);
    assert.throws(() => host.open({ words: false }), hung);
    assert.match((await host.ended).explanation, /did not answer for 1 seconds/);
    assert.equal((await transcribe(other, bursts(2))).length, 2);
  });
}

test("a decode that never ends is ended also when its session was cancelled", async (t) => {
  const host = await startLoaded(t, { decode: "stuck" }, { hangSeconds: 1 });
  const { session, work } = await oneWork(host);
  const run = work.run();
  session.cancel();
  await assert.rejects(run, { reason: "request_cancelled" });
  assert.match((await host.ended).explanation, /did not answer/);
});

test("a decode that is slow but expected so is left alone", async (t) => {
  const host = await startLoaded(t, { decodeMs: 1500, text: "slow" }, { hangSeconds: 1 });
  const { work } = await oneWork(host);
  assert.equal((await work.run(1)).results[0]?.text, "slow");
});

test("a process that is stopped in a decode is ended", async (t) => {
  const host = await startLoaded(t, { decodeMs: 60_000 }, { hangSeconds: 1 });
  const { work } = await oneWork(host);
  const run = work.run();
  assert.ok(host.pid);
  process.kill(host.pid, "SIGSTOP");
  await assert.rejects(run, { reason: "host_hung" });
  await host.ended;
});

test("a process that is stopped while idle is ended, and takes nothing in meanwhile", async (t) => {
  const host = await startLoaded(t, {}, { hangSeconds: 1 });
  assert.ok(host.pid);
  process.kill(host.pid, "SIGSTOP");
  const session = host.open({ words: false });
  let taken = 0;
  const chunk = tone(1);
  const writing = (async () => {
    for (;;) {
      await session.write(chunk);
      taken += 1;
    }
  })();
  await assert.rejects(writing, { reason: "host_hung" });
  assert.ok(taken < 10, `a pipe's buffer was taken, not ${taken} seconds of samples`);
  assert.match((await host.ended).explanation, /did not answer/);
});

test("a process that is ended from outside is a crash", async (t) => {
  const host = await startLoaded(t, {});
  const idle = host.open({ words: false });
  assert.ok(host.pid);
  process.kill(host.pid, "SIGKILL");
  await assert.rejects(all(idle), { reason: "host_crashed" });
  assert.match((await host.ended).explanation, /killed \(SIGKILL\), perhaps by the system for lack of memory/);
});

test("a host that ignores a polite end is ended all the same", async (t) => {
  const host = await startLoaded(t, { decode: "spin" });
  const { work } = await oneWork(host);
  const run = work.run();
  run.catch(() => undefined);
  assert.ok(host.pid);
  process.kill(host.pid, "SIGSTOP");
  const end = await host.end();
  assert.equal(end.wanted, true);
  await assert.rejects(run, { reason: "host_crashed" });
});

test("a decode that floods stderr comes to its end", async (t) => {
  const host = await startLoaded(t, { decode: "flood", text: "heard" });
  const spans = await transcribe(host, bursts(2));
  assert.deepEqual(
    spans.map((span) => span.text),
    ["heard", "heard"],
  );
});

test("end() in the middle of decodes fails them at once, twice is once, and nothing is opened after it", async (t) => {
  const host = await startLoaded(t, { decodeMs: 60_000 });
  const { work, session } = await oneWork(host);
  const writing = host.open({ words: false }).write(tone(500));
  const run = work.run();
  const ended = { reason: "host_crashed", details: { model_path: "model/fake", detail: "the server ended it" } };
  const failing = Promise.all([assert.rejects(run, ended), assert.rejects(writing, ended)]);
  const [first, second] = await Promise.all([host.end(), host.end()]);
  await failing;
  assert.deepEqual(first, { wanted: true, fromOutside: true, explanation: "the server ended it" });
  assert.equal(second, first);
  assert.throws(() => host.open({ words: false }), ended);
  await assert.rejects(work.run(), ended);
  session.cancel();
  assert.equal(await host.end(), first);
});

test("a pipe that is out of step ends the process with a clear line", async (t) => {
  const pipes: Writable[] = [];
  const host = await startLoaded(
    t,
    {},
    {},
    {
      spawn: (command, args, options) => {
        const child = spawn(command, args, options);
        const samples = child.stdio[3];
        assert.ok(samples instanceof Writable);
        pipes.push(samples);
        return child;
      },
    },
  );
  const session = host.open({ words: false });
  pipes[0]?.write(Buffer.alloc(64, 255));
  await assert.rejects(all(session), { reason: "host_crashed" });
  assert.match((await host.ended).explanation, /exit code 1.*the sample pipe is out of step/);
});

test("memory that decodes take is seen", async (t) => {
  const host = await startLoaded(t, { growBytes: 50_000_000 });
  const before = host.memoryBytes;
  const session = host.open({ words: false });
  await feed(session, bursts(4));
  for (const work of await all(session)) await work.run();
  while (host.memoryBytes < before + 150_000_000) await transcribe(host, tone(0.1));
  assert.ok(host.cpuSeconds > 0);
});
