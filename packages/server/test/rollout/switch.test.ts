import assert from "node:assert/strict";
import { test } from "node:test";
import { Names } from "../../dist/pool/names.js";
import { HoldNames } from "../../dist/rollout/hold-names.js";
import { fakeClock, hearWith, holder, holdersOf, rolloutOf } from "./rollout-parts.ts";

const one = { fake: { text: "one" } };
const two = { fake: { text: "two" } };
const three = { fake: { text: "three" } };
const none = { requests: 0, seconds: 0 };

test("what is copied into a loaded model waits for a switch; then it serves, and the old one has gone", async (t) => {
  const rollout = await rolloutOf(t, { "cn/1": one });
  const { switches, until, hear, states, write } = rollout;
  assert.equal(await hear("cn"), "one @1");
  write("cn/2", two);
  assert.equal(await hear("cn"), "one @1", "nobody said that it should serve");
  assert.equal(await hear("cn@2"), "two @2", "by its number it can be used");
  const stopped = until("stopped");
  const { kind, from, to, probation } = await switches.switch({ model_path: "cn", probation: none });
  assert.deepEqual([kind, from?.version, to.version, probation], ["switched", "1", "2", undefined]);
  assert.equal(await hear("cn"), "two @2");
  const { instance } = await stopped;
  assert.equal(instance.folder.version, "1");
  assert.deepEqual(states(), ["cn@2 ready"]);
});

test("a session that came before finishes with the old version, which ends only then", async (t) => {
  const { switches, open, hear, until, write, states } = await rolloutOf(t, { "cn/1": one });
  const before = await open("cn");
  write("cn/2", two);
  const stopped = until("stopped");
  await switches.switch({ model_path: "cn", probation: none });
  assert.equal(await hear("cn"), "two @2");
  assert.ok(states().some((state) => state.startsWith("cn@1 ")));
  assert.equal(await hearWith(before), "one @1");
  assert.equal((await stopped).instance.folder.version, "1");
});

test("probation ends by the number of requests: the old version is warm until then", async (t) => {
  const rollout = await rolloutOf(t, { "cn/1": one });
  const { switches, hear, hearTimes, until, states, write, events } = rollout;
  await hear("cn");
  write("cn/2", two);
  const { probation } = await switches.switch({ model_path: "cn", probation: { requests: 3 } });
  assert.deepEqual([probation?.requests, probation?.limitRequests, probation?.from.version], [0, 3, "1"]);
  await hearTimes(2, "cn");
  assert.deepEqual(states(), ["cn@1 ready", "cn@2 ready"]);
  const { folder } = (await rollout.open("cn")) as { folder: Parameters<typeof switches.probationOf>[0] };
  assert.equal(switches.probationOf(folder)?.requests, 2);
  const stopped = until("stopped");
  await hear("cn");
  assert.deepEqual(
    events.map((event) => [event.type, event.type === "confirmed" && event.by]),
    [
      ["switched", false],
      ["confirmed", "requests"],
    ],
  );
  await stopped;
  assert.equal(switches.probationOf(folder), undefined);
  assert.deepEqual(states(), ["cn@2 ready"]);
});

test("probation ends by time", async (t) => {
  const clock = fakeClock();
  const rollout = await rolloutOf(t, { "cn/1": one }, { clock });
  const { switches, hear, until, write, events, states } = rollout;
  await hear("cn");
  write("cn/2", two);
  const { probation } = await switches.switch({ model_path: "cn", probation: { requests: 0, seconds: 60 } });
  assert.deepEqual([probation?.until, probation?.limitRequests], [1_700_000_060, undefined]);
  clock.pass(59);
  assert.equal(events.at(-1)?.type, "switched");
  const stopped = until("stopped");
  clock.pass(1);
  const last = events.at(-1);
  assert.deepEqual([last?.type, last?.type === "confirmed" && last.by], ["confirmed", "time"]);
  await stopped;
  assert.deepEqual(states(), ["cn@2 ready"]);
});

test("switching to the version that serves does nothing; without another one there is nothing to switch", async (t) => {
  const { switches, hear, events } = await rolloutOf(t, { "cn/1": one, plain: two });
  await hear("cn");
  assert.equal((await switches.switch({ model_path: "cn" })).kind, "already");
  assert.equal((await switches.switch({ model_path: "cn@1" })).kind, "already");
  assert.equal((await switches.switch({ model_path: "plain" })).kind, "already");
  assert.deepEqual(events, []);
});

test("what cannot be switched is refused by name", async (t) => {
  const { switches, names, hear } = await rolloutOf(t, { "cn/1": one, "cn/2": two });
  names.setAlias("talk", "model/cn");
  await hear("cn");
  const refused = (request: Parameters<typeof switches.switch>[0], error: object) =>
    assert.rejects(switches.switch(request), error);
  await refused(
    { model_path: "cn", version: "7" },
    { reason: "version_not_found", details: { model_path: "model/cn", version: "7", versions: "2, 1" } },
  );
  await refused({ model_path: "cn@9" }, { reason: "version_not_found" });
  await refused({ model_path: "cn", version: "../1" }, { reason: "version_not_found" });
  await refused({ model_path: "none" }, { reason: "model_not_found" });
  await refused({ model_path: "../etc" }, { reason: "model_path_invalid" });
  await refused({ model_path: "cn", to: "cn@1" }, { reason: "alias_not_found" });
  await refused({ model_path: "talk" }, { reason: "option_invalid" });
  await refused({ model_path: "talk@1" }, { reason: "option_invalid" });
  await refused({ model_path: "talk", to: "cn@1", version: "1" }, { reason: "option_invalid" });
  await refused({ model_path: "talk", to: "gone" }, { reason: "model_not_found" });
});

test("a version that cannot be loaded leaves everything as it is", async (t) => {
  const { switches, hear, states, write, events } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { load: "abort" } });
  await assert.rejects(switches.switch({ model_path: "cn" }), { reason: "model_load_failed" });
  assert.equal(await hear("cn"), "one @1");
  write("cn/3", { fake: { nonsense: true } });
  await assert.rejects(switches.switch({ model_path: "cn" }), { reason: "model_files_invalid" });
  assert.equal(await hear("cn"), "one @1");
  assert.deepEqual(events, []);
  assert.ok(states().includes("cn@1 ready"));
});

test("without room for two the switch says so, and the old version serves on", async (t) => {
  const budget = { memoryBytes: Number.POSITIVE_INFINITY, instances: 1 };
  const { switches, pool, names, hear, write, states } = await rolloutOf(t, { "cn/1": one }, { pool: { budget } });
  await pool.load(await names.resolve("cn"), { claimant: holder("a") });
  write("cn/2", two);
  await assert.rejects(switches.switch({ model_path: "cn" }), { reason: "pool_full" });
  assert.equal(await hear("cn"), "one @1");
  assert.ok(states().includes("cn@1 ready"));
});

test("two switches of one name at once: the second is told where it is being moved to", async (t) => {
  const { switches, hear, write, until } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "two", loadMs: 300 } });
  const loading = until("loading");
  const first = switches.switch({ model_path: "cn", probation: none });
  await loading;
  await assert.rejects(switches.switch({ model_path: "cn", version: "2" }), {
    reason: "switch_in_progress",
    details: { model_path: "model/cn", to: "model/cn@2" },
  });
  assert.equal((await first).kind, "switched");
  assert.equal((await switches.switch({ model_path: "cn" })).kind, "already");
});

test("the new host is killed in mid-switch: it is begun again, and the switch succeeds", async (t) => {
  const { switches, hear, write, until, pool } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  const golden = [{ text: "two" }, { text: "two" }];
  write("cn/2", { fake: { text: "two", decodeMs: 400 }, golden });
  let isKilled = false;
  pool.subscribe((event) => {
    if (event.type !== "state" || event.instance.state !== "ready" || event.instance.folder.version !== "2") return;
    if (isKilled || event.instance.pid === undefined) return;
    isKilled = true;
    process.kill(event.instance.pid, "SIGKILL");
  });
  const crashed = until("crashed");
  const { kind, gate } = await switches.switch({ model_path: "cn", probation: none });
  await crashed;
  assert.deepEqual([kind, gate.length], ["switched", 2]);
  assert.equal(await hear("cn"), "two @2");
});

test("an unload of the new version in mid-switch ends the switch", async (t) => {
  const { switches, hear, write, until, pool, names } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "two", loadMs: 10_000 } });
  const loading = until("loading");
  const switching = switches.switch({ model_path: "cn" });
  await loading;
  const refused = assert.rejects(switching, { reason: "model_load_cancelled" });
  await pool.unload(await names.resolve("cn@2"), holder("operator"), { force: true });
  await refused;
  assert.equal(await hear("cn"), "one @1");
});

test("an unload of the new version at its gate ends the switch", async (t) => {
  const { switches, hear, write, until, pool, names } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", { fake: { text: "two", decodeMs: 300 }, golden: Array.from({ length: 20 }, () => ({ text: "two" })) });
  const ready = until("ready");
  const switching = switches.switch({ model_path: "cn" });
  await ready;
  const refused = assert.rejects(switching, { reason: "model_load_cancelled" });
  await pool.unload(await names.resolve("cn@2"), holder("operator"), { force: true });
  await refused;
  assert.equal(await hear("cn"), "one @1");
});

test("holds and the pin follow the path; who asked for one version keeps that one", async (t) => {
  const rollout = await rolloutOf(t, { "cn/1": one });
  const { switches, pool, names, write, hear, states } = rollout;
  const [plain, version] = [await names.resolve("cn"), "cn@1"];
  await pool.load(plain, { claimant: holder("a"), pin: true });
  switches.noteHold(plain, holder("a"), "cn");
  await pool.load(plain, { claimant: holder("b"), leaseSeconds: 3600 });
  await pool.load(plain, { claimant: holder("c") });
  switches.noteHold(plain, holder("c"), version);
  write("cn/2", two);
  await switches.switch({ model_path: "cn", probation: none });
  const now = await names.resolve("cn");
  assert.equal(now.version, "2");
  assert.deepEqual(holdersOf(rollout, now), ["a", "b"]);
  assert.deepEqual(holdersOf(rollout, plain), ["c"]);
  assert.deepEqual([pool.find(now)?.pinned, pool.find(plain)?.pinned], [true, false]);
  assert.equal(await hear("cn@1"), "one @1");
  assert.deepEqual(states(), ["cn@1 ready", "cn@2 ready"]);
  assert.deepEqual(await pool.unload(plain, holder("c")), { unloaded: true, holds: [] });
});

test("the pin of a model that is not loaded follows its path too", async (t) => {
  const { switches, pool, names, write } = await rolloutOf(t, { "cn/1": one });
  const old = await names.resolve("cn");
  names.choose(old, "1");
  pool.pin(old, true);
  write("cn/2", two);
  const { to } = await switches.switch({ model_path: "cn", probation: none });
  assert.deepEqual([pool.isPinned(to), pool.isPinned(old), pool.find(to)?.pinned], [true, false, true]);
});

test("names of holds are kept no longer than the holds, and none of callers that vanished", async (t) => {
  const { pool, names } = await rolloutOf(t, { "cn/1": one });
  const holdNames = new HoldNames(names, pool);
  t.after(pool.subscribe((event) => holdNames.told(event)));
  const folder = await names.resolve("cn");
  await pool.load(folder, { claimant: holder("a") });
  for (let index = 0; index < 20; index++) {
    const claimant = { client: `10.0.0.${index}`, kind: "address" } as const;
    await pool.load(folder, { claimant });
    await pool.load(folder, { claimant });
    holdNames.note(folder, claimant, "cn");
    pool.letGo(folder, claimant);
    assert.equal(holdNames.size, 1, "one load of the two is still held");
    pool.letGo(folder, claimant);
    assert.equal(holdNames.size, 0);
  }
  holdNames.note(folder, holder("vanished"), "cn");
  assert.equal(holdNames.size, 0);
});

test("how long an idle model stays goes over to the new version", async (t) => {
  const { switches, pool, names, write } = await rolloutOf(t, { "cn/1": one }, { pool: { keepAliveSeconds: 0 } });
  await pool.load(await names.resolve("cn"), { keepAliveSeconds: Number.POSITIVE_INFINITY });
  write("cn/2", two);
  await switches.switch({ model_path: "cn", probation: none });
  const now = pool.find(await names.resolve("cn"));
  assert.deepEqual([now?.folder.version, now?.state, now?.expiresAt], ["2", "ready", undefined]);
});

test("an alias is moved with the holds of those who loaded it by that name", async (t) => {
  const rollout = await rolloutOf(t, { "a/1": one, b: two });
  const { switches, pool, names, hear, states, untilSwitch } = rollout;
  names.setAlias("talk", "model/a@1");
  const [a, b] = [await names.resolve("talk"), await names.resolve("b")];
  for (const [client, name] of [
    ["by-alias", "talk"],
    ["by-path", "a"],
  ] as const) {
    await pool.load(a, { claimant: holder(client) });
    switches.noteHold(a, holder(client), name);
  }
  const { probation, from } = await switches.switch({ model_path: "talk", to: "b", probation: { requests: 1 } });
  assert.deepEqual([from?.id, probation?.from.id], ["a", "a"]);
  assert.equal(names.target("talk"), "model/b");
  assert.deepEqual([holdersOf(rollout, a), holdersOf(rollout, b)], [["by-path"], ["by-alias"]]);
  const confirmed = untilSwitch("confirmed");
  assert.equal(await hear("talk"), "two @1");
  await confirmed;
  assert.equal(await hear("a"), "one @1");
  assert.deepEqual(states(), ["a@1 ready", "b@1 ready"], "the model that is held stays");
});

test("an alias that is moved by hand in its probation ends it; the model that no name means goes", async (t) => {
  const { switches, names, hear, states, until } = await rolloutOf(t, { "m/1": one, "m/2": two, "m/3": three });
  names.setAlias("talk", "model/m@1");
  await hear("talk");
  const { to } = await switches.switch({ model_path: "talk", to: "m@2" });
  assert.ok(switches.probationOf(to));
  const stopped = until("stopped");
  names.setAlias("talk", "model/m@3");
  assert.equal(switches.probationOf(to), undefined);
  const { instance } = await stopped;
  assert.equal(instance.folder.version, "1");
  assert.equal(await hear("talk"), "three @3");
  assert.ok(!states().includes("m@1 ready"));
});

test("a third version in the probation of the second: it takes over from that one", async (t) => {
  const { switches, hear, write, until, states } = await rolloutOf(t, { "cn/1": one });
  await hear("cn");
  write("cn/2", two);
  await switches.switch({ model_path: "cn" });
  write("cn/3", three);
  const stopped = until("stopped");
  const { from, probation } = await switches.switch({ model_path: "cn" });
  assert.deepEqual([from?.version, probation?.from.version], ["2", "2"]);
  await stopped;
  assert.deepEqual(states(), ["cn@2 ready", "cn@3 ready"]);
  assert.equal(await hear("cn"), "three @3");
});

test("what was chosen is told to whoever keeps it, and means the same to who starts with it", async (t) => {
  const { switches, names, hear, write, catalog } = await rolloutOf(t, { "cn/1": one });
  const changes: object[] = [];
  names.subscribe((change) => changes.push(change));
  await hear("cn");
  write("cn/2", two);
  write("cn/3", three);
  await switches.switch({ model_path: "cn", version: "2", probation: none });
  assert.deepEqual(changes, [
    { kind: "version", modelPath: "model/cn", version: "1" },
    { kind: "version", modelPath: "model/cn", version: "2" },
  ]);
  const restarted = new Names({ catalog, versions: [["model/cn", "2"]] });
  assert.equal((await restarted.resolve("cn")).version, "2");
  assert.equal((await restarted.resolve("cn@3")).modelPath, "model/cn@3");
});
