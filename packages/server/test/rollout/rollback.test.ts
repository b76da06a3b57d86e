import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { fakeClock, hearWith, holder, holdersOf, rolloutOf } from "./rollout-parts.ts";

const one = { fake: { text: "one" } };

test("golden recordings with other words: the new version is unloaded and held back", async (t) => {
  const { switches, hear, write, pool, catalog, events, states } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "to" }, golden: [{ text: "Two!" }, { text: "to" }] });
  await assert.rejects(switches.switch({ model_path: "cn" }), (error: Error & { details: object }) => {
    assert.deepEqual(error.details, {
      to: "model/cn@2",
      from: "model/cn@1",
      detail: "golden/0.wav: word error rate 1.000, at most 0.1 passes",
    });
    return true;
  });
  assert.deepEqual(states(), ["cn@1 ready"]);
  assert.equal(await hear("cn"), "one @1");
  const [event] = events;
  assert.ok(event?.type === "gate_failed" && events.length === 1);
  assert.deepEqual(
    event.gate.map(({ heard, passed }) => [heard, passed]),
    [
      ["to", false],
      ["to", true],
    ],
  );
  const second = await catalog.resolve("cn@2");
  assert.equal(pool.quarantineOf(second)?.error.reason, "gate_failed");
  await assert.rejects(switches.switch({ model_path: "cn" }), { reason: "model_quarantined" });
  write("cn/2", { fake: { text: "two" }, golden: [{ text: "Two!" }] });
  const { kind, gate } = await switches.switch({ model_path: "cn" });
  assert.equal(kind, "switched", "other files get their chance");
  assert.deepEqual(
    gate.map(({ word_error_rate, passed }) => [word_error_rate, passed]),
    [[0, true]],
  );
});

test("golden recordings that take too long do not pass, with the right words too", async (t) => {
  const { switches, hear, write, events } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "two", decodeMs: 200 }, golden: [{ text: "two", real_time_factor: 0.01 }] });
  await assert.rejects(switches.switch({ model_path: "cn" }), { reason: "gate_failed", message: /real-time factor/ });
  assert.ok(events[0]?.type === "gate_failed" && events[0].gate[0]?.word_error_rate === 0);
  assert.equal(await hear("cn"), "one @1");
});

for (const [what, version] of [
  ["crashes at them", { fake: { text: "two", decode: "abort" }, golden: [{ text: "two" }] }],
  ["cannot decode them", { fake: { text: "two", decode: "throw" }, golden: [{ text: "two" }] }],
  ["lacks one of them", { fake: { text: "two" }, golden: [{ text: "two", file: "golden/none.wav" }] }],
  ["names one outside its folder", { fake: { text: "two" }, golden: [{ text: "two", file: "../../etc" }] }],
] as const) {
  test(`a version with golden recordings that ${what} does not take over`, async (t) => {
    const { switches, hear, write } = await rolloutOf(t, { "cn/1": one });
    await hear("cn");
    write("cn/2", { fake: version.fake, golden: version.golden.map(({ text, ...rest }) => ({ text, ...rest })) });
    await assert.rejects(switches.switch({ model_path: "cn" }), { reason: "gate_failed" });
    assert.equal(await hear("cn"), "one @1");
  });
}

test("without its gate a version takes over whatever it hears", async (t) => {
  const { switches, hear, write } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "wrong" }, golden: [{ text: "two" }] });
  assert.equal((await switches.switch({ model_path: "cn", gate: false })).kind, "switched");
  assert.equal(await hear("cn"), "wrong @2");
});

test("requests that fail by the new version's fault bring the old one back, with its holds", async (t) => {
  const rollout = await rolloutOf(t, { "cn/1": one });
  const { switches, hear, write, pool, names, until, states, open, untilSwitch } = rollout;
  const old = await names.resolve("cn");
  await pool.load(old, { claimant: holder("a"), pin: true });
  write("cn/2", { fake: { text: "two", decode: "throw" } });
  await switches.switch({ model_path: "cn" });
  assert.deepEqual(holdersOf(rollout, old), []);
  for (let index = 0; index < 2; index++) await assert.rejects(hear("cn"), { reason: "decode_failed" });
  const aborted = await open("cn");
  aborted.cancel();
  await assert.rejects(hearWith(aborted), { reason: "request_cancelled" });
  assert.ok(states().includes("cn@2 ready"), "what a caller calls off is nobody's fault");
  const rolledBack = untilSwitch("rolled_back");
  const stopped = until("stopped");
  await assert.rejects(hear("cn"), { reason: "decode_failed" });
  const event = await rolledBack;
  assert.ok(event.type === "rolled_back");
  assert.deepEqual([event.cause, event.detail], ["errors", "3 errors in 3 requests"]);
  assert.equal(await hear("cn"), "one @1");
  assert.deepEqual(holdersOf(rollout, old), ["a"]);
  assert.equal(pool.find(old)?.pinned, true);
  await stopped;
  assert.deepEqual(states(), ["cn@1 ready"]);
  assert.equal((await names.resolve("cn@2")).modelPath, "model/cn@2", "the newest does not come back by itself");
});

test("a new version whose process keeps crashing is rolled back", async (t) => {
  const { switches, hear, write, states, pool, names, events, untilSwitch } = await rolloutOf(t, { "cn/1": one });
  await pool.load(await names.resolve("cn"), { claimant: holder("a") });
  write("cn/2", { fake: { text: "two", decode: "segfault" } });
  await switches.switch({ model_path: "cn" });
  const rolledBack = untilSwitch("rolled_back");
  const isBack = () => events.some(({ type }) => type === "rolled_back");
  while (!isBack()) await hear("cn").catch(() => undefined);
  const event = await rolledBack;
  assert.ok(
    event.type === "rolled_back" && (event.cause === "errors" || event.cause === "down"),
    JSON.stringify(event),
  );
  assert.equal(await hear("cn"), "one @1");
  assert.ok(states().includes("cn@1 ready"));
});

test("a recording that is poisonous takes its crashes with it: the new version stays", async (t) => {
  const { switches, hear, hearTimes, write, open, events } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "two", decode: "abort", decodeAbove: 600 } });
  const { to } = await switches.switch({ model_path: "cn" });
  const poison = toneSignal("abc", { amplitude: 0.9 });
  for (let index = 0; index < 4; index++) {
    await assert.rejects(hearWith(await open("cn"), poison), { reason: "request_poisonous" });
    await hearTimes(5, "cn");
  }
  assert.equal(await hear("cn"), "two @2");
  const { requests, errors } = switches.probationOf(to) ?? {};
  assert.deepEqual([requests, errors], [21, 0]);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["switched"],
  );
});

test("a version that fails its gate again and again is held back for longer each time", async (t) => {
  const clock = fakeClock();
  const rollout = await rolloutOf(t, { "cn/1": one }, { pool: { clock } });
  const { switches, hear, write, pool, catalog } = rollout;
  await hear("cn");
  write("cn/2", { fake: { text: "to" }, golden: [{ text: "two" }] });
  const second = await catalog.resolve("cn@2");
  const told: string[] = [];
  pool.subscribe(({ type }) => told.push(type));
  for (const seconds of [2, 4, 8]) {
    await assert.rejects(switches.switch({ model_path: "cn" }), { reason: "gate_failed" });
    assert.equal((pool.quarantineOf(second)?.until ?? 0) - clock.unix(), seconds);
    clock.pass(seconds);
  }
  assert.ok(!told.includes("released"), "nothing has proved itself");
  await switches.switch({ model_path: "cn", gate: false });
  assert.equal(told.filter((type) => type === "released").length, 1);
});

test("a new version that is much slower is rolled back", async (t) => {
  const { switches, hear, hearTimes, write, events, untilSwitch } = await rolloutOf(t, { "cn/1": one });
  await hearTimes(10, "cn");
  write("cn/2", { fake: { text: "two", decodeMs: 150 } });
  await switches.switch({ model_path: "cn" });
  const rolledBack = untilSwitch("rolled_back");
  await hearTimes(9, "cn");
  assert.equal(events.at(-1)?.type, "switched");
  await hear("cn");
  const event = await rolledBack;
  assert.ok(event.type === "rolled_back" && event.cause === "slow");
  assert.match(event.detail, /real-time factor/);
  assert.equal(await hear("cn"), "one @1");
});

test("going back by hand in the probation takes no load: the old version is warm", async (t) => {
  const { switches, hear, write, until, pool, names, events, states } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  const { pid } = pool.find(await names.resolve("cn")) ?? {};
  write("cn/2", { fake: { text: "two" } });
  await switches.switch({ model_path: "cn" });
  const stopped = until("stopped");
  const { kind, from, to, probation } = await switches.switch({ model_path: "cn", version: "1" });
  assert.deepEqual([kind, from?.version, to.version, probation], ["rolled_back", "2", "1", undefined]);
  assert.equal(await hear("cn"), "one @1");
  assert.equal(pool.find(await names.resolve("cn"))?.pid, pid);
  const last = events.at(-1);
  assert.ok(last?.type === "rolled_back" && last.cause === "by_hand");
  await stopped;
  assert.deepEqual(states(), ["cn@1 ready"]);
});

test("the old version in probation is refused to who does not force it; by force its probation is over", async (t) => {
  const { switches, hear, write, pool, names, events } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "two", decode: "throw" } });
  const { to } = await switches.switch({ model_path: "cn" });
  const old = await names.resolve("cn@1");
  await assert.rejects(pool.unload(old, holder("operator")), {
    reason: "model_in_use",
    message: /switch of model\/cn/,
  });
  assert.ok(switches.probationOf(to));
  await pool.unload(old, holder("operator"), { force: true });
  assert.equal(switches.probationOf(to), undefined);
  const last = events.at(-1);
  assert.ok(last?.type === "confirmed" && last.by === "old_unloaded");
  for (let index = 0; index < 4; index++) await assert.rejects(hear("cn"), { reason: "decode_failed" });
  assert.equal(pool.find(old), undefined, "nothing brings it back");
});

test("the new version is unloaded in its probation: the old one, which nobody uses, goes too", async (t) => {
  const { switches, hear, write, pool, names, until, states } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "two" } });
  await switches.switch({ model_path: "cn" });
  const gone = Promise.all([until("stopped"), pool.unload(await names.resolve("cn"), holder("a"), { force: true })]);
  await gone;
  while (states().length > 0) await until("stopped");
  assert.equal(await hear("cn"), "two @2");
});
