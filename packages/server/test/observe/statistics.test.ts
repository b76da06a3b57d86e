import assert from "node:assert/strict";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import type { ObservedEvent, ObservedInstance } from "../../dist/observe/observed.js";
import { createStatistics, type Recognition, type Statistics } from "../../dist/observe/statistics.js";

const cn = { modelPath: "model/cn", version: "2" };

function recognition(changes: Partial<Recognition> = {}): Recognition {
  return { ...cn, audioSeconds: 10, queueSeconds: 0.5, decodeSeconds: 2, totalSeconds: 3, ...changes };
}

function instance(changes: Partial<ObservedInstance> = {}): ObservedInstance {
  return { id: "cn#1.1", instanceId: "cn#1", folder: cn, state: "ready", memoryBytes: 100, cpuSeconds: 1, ...changes };
}

/** Statistics on clocks and instances that a test moves. */
function setUp(mostModels?: number) {
  const world = { now: 1000, wall: 1_700_000_000, instances: [] as ObservedInstance[] };
  const statistics = createStatistics({
    now: () => world.now,
    wallNow: () => world.wall,
    instances: () => world.instances,
    ...(mostModels !== undefined && { mostModels }),
  });
  return { world, statistics };
}

const requests = (statistics: Statistics): number[] => {
  const { total } = statistics.read();
  return [total.last_minute, total.last_5_minutes, total.last_hour, total.life].map((window) => window.requests);
};

const windowTable = [
  { after: 0, expected: [1, 1, 1, 1] },
  { after: 54, expected: [1, 1, 1, 1] },
  { after: 60, expected: [0, 1, 1, 1] },
  { after: 269, expected: [0, 1, 1, 1] },
  { after: 300, expected: [0, 0, 1, 1] },
  { after: 3299, expected: [0, 0, 1, 1] },
  { after: 3600, expected: [0, 0, 0, 1] },
  { after: 1e9, expected: [0, 0, 0, 1] },
] as const;

for (const { after, expected } of windowTable) {
  test(`a recognition ${after} s ago counts in ${expected.filter((count) => count > 0).length} windows`, () => {
    const { world, statistics } = setUp();
    statistics.recognition(recognition());
    world.now += after;
    assert.deepEqual(requests(statistics), expected);
  });
}

test("a wall clock that jumps, and a clock that goes back, lose nothing", () => {
  const { world, statistics } = setUp();
  statistics.recognition(recognition());
  world.wall -= 86_400 * 365;
  world.now -= 500;
  statistics.recognition(recognition());
  world.wall += 86_400 * 3650;
  world.now = 1001;
  statistics.recognition(recognition());
  assert.deepEqual(requests(statistics), [3, 3, 3, 3]);
  assert.equal(statistics.read().total.since, 1_700_000_000);
});

test("a window knows speed and latencies; what failed is counted, and is no speed", () => {
  const { statistics } = setUp();
  statistics.recognition(recognition());
  statistics.recognition(recognition({ totalSeconds: 5 }));
  statistics.recognition(recognition({ totalSeconds: 0.001, reason: "host_crashed" }));
  const stats = statistics.readModel("model/cn@2");
  assert.ok(stats);
  const { last_minute: minute } = stats;
  assert.deepEqual(
    [minute.requests, minute.errors, minute.audio_seconds, minute.real_time_factor, minute.total_seconds.count],
    [3, 1, 20, 0.2, 2],
  );
  assert.deepEqual([minute.total_seconds.mean, minute.total_seconds.max], [4, 5]);
  assert.ok(Math.abs(minute.queue_seconds.p99 - 0.5) <= 0.005);
  assert.deepEqual(stats.errors_by_reason, { host_crashed: 1 });
  assert.deepEqual([stats.model_path, stats.version], ["model/cn", "2"]);
});

test("a reason that is not in the catalogue cannot grow the table", () => {
  const { statistics } = setUp();
  for (let index = 0; index < 1000; index++) {
    statistics.recognition(recognition({ reason: `made up ${index}` as "internal" }));
  }
  statistics.recognition(recognition({ reason: "__proto__" as "internal" }));
  assert.deepEqual(statistics.read().total.errors_by_reason, { internal: 1001 });
});

test("a model is one for all its spellings, and its versions are apart and together", () => {
  const { world, statistics } = setUp();
  statistics.recognition(recognition());
  statistics.recognition(recognition({ modelPath: "model/cn@2" }));
  statistics.recognition(recognition({ version: "1" }));
  world.instances = [instance({ holds: [{ count: 2 }, { count: 1 }], sessions: 4 })];
  assert.deepEqual(Object.keys(statistics.read().models), ["model/cn@2", "model/cn@1"]);
  assert.equal(statistics.readModel("model/cn@2")?.life.requests, 2);
  const together = statistics.readModel("model/cn");
  assert.deepEqual([together?.life.requests, together?.version, together?.state], [3, undefined, "ready"]);
  assert.deepEqual([together?.holds, together?.sessions, together?.memory_bytes], [3, 4, 100]);
  assert.equal(statistics.readModel("model/c"), undefined);
});

const event = (type: string, changes: object): ObservedEvent =>
  ({ type, instance: instance(), ...changes }) as ObservedEvent;
const crash = { blame: "model", error: new VoxpoolError("host_crashed") };
const counterTable: readonly (readonly [ObservedEvent, string | undefined])[] = [
  [event("state", { instance: instance({ state: "ready" }), previous: "warming" }), "loads"],
  [event("state", { instance: instance({ state: "ready" }), previous: "restarting" }), "loads"],
  [event("state", { instance: instance({ state: "loading" }) }), undefined],
  [event("state", { instance: instance({ state: "failed" }), previous: "loading" }), "load_failures"],
  [event("state", { instance: instance({ state: "failed" }), previous: "ready" }), undefined],
  [event("unloading", { cause: "evicted" }), "evictions"],
  [event("unloading", { cause: "idle" }), undefined],
  [event("crashed", crash), "restarts"],
  [event("crashed", { ...crash, draining: true }), undefined],
  [event("replaced", { cause: "memory" }), "recycles"],
  [event("replaced", { cause: "reload" }), undefined],
  [{ type: "pin", folder: cn, pinned: true }, undefined],
];

for (const [happened, counter] of counterTable) {
  const { state = "" } = "instance" in happened ? happened.instance : {};
  const more = "cause" in happened ? happened.cause : "previous" in happened ? happened.previous : "";
  test(`the event ${happened.type} (${state} ${more}) counts as ${counter ?? "nothing"}`, () => {
    const { statistics } = setUp();
    statistics.apply(happened);
    const { total, models } = statistics.read();
    const names = ["loads", "load_failures", "evictions", "restarts", "recycles"] as const;
    assert.deepEqual(
      names.filter((name) => total[name] > 0),
      counter === undefined ? [] : [counter],
    );
    if (counter !== undefined) assert.equal(models["model/cn@2"]?.[counter as "loads"], 1);
  });
}

test("processor time adds up over processes, also those that ended and those under an old name", () => {
  const { world, statistics } = setUp();
  world.instances = [instance({ cpuSeconds: 3 })];
  statistics.sample();
  statistics.sample();
  statistics.apply({ type: "state", instance: instance({ state: "stopped", cpuSeconds: 5 }), previous: "draining" });
  world.instances = [instance({ instanceId: "cn#2", cpuSeconds: 2 })];
  statistics.sample();
  // The same name, and less time than before: another process.
  world.instances = [instance({ instanceId: "cn#2", cpuSeconds: 0.5 })];
  assert.equal(statistics.read().total.cpu_seconds, 7.5);
  // The last failed one stays in the pool's list; it is not counted again and again, and has no memory any more.
  world.instances = [instance({ instanceId: "cn#2", cpuSeconds: 0.5, state: "failed" })];
  const { total } = statistics.read();
  assert.deepEqual([total.cpu_seconds, total.memory_bytes, total.peak_memory_bytes], [7.5, 0, 100]);
});

test("the peak is of all processes of a model at a time", () => {
  const { world, statistics } = setUp();
  world.instances = [instance(), instance({ instanceId: "cn#2", memoryBytes: 150, state: "loading" })];
  statistics.sample();
  world.instances = [instance({ instanceId: "cn#2", memoryBytes: 120 })];
  const { models, total } = statistics.read();
  assert.deepEqual([models["model/cn@2"]?.memory_bytes, models["model/cn@2"]?.peak_memory_bytes], [120, 250]);
  assert.equal(total.peak_memory_bytes, 250);
});

test("of more models than are remembered, the least recently used count in the total only", () => {
  const { world, statistics } = setUp(3);
  for (const modelPath of ["model/a", "model/b", "model/c"]) {
    world.now += 1;
    statistics.recognition(recognition({ modelPath }));
  }
  world.now += 1;
  statistics.recognition(recognition({ modelPath: "model/a" }));
  for (let index = 0; index < 100; index++) {
    world.now += 1;
    statistics.recognition(recognition({ modelPath: "model/a" }));
    statistics.failover({ modelPath: `model/${index}`, version: "1" });
  }
  const { models, total } = statistics.read();
  assert.deepEqual(Object.keys(models), ["model/a@2", "model/98@1", "model/99@1"]);
  assert.deepEqual([total.life.requests, total.failovers], [104, 100]);
});

test("what outlives a restart is JSON, and adds to what happened since", () => {
  const before = setUp();
  before.world.instances = [instance({ cpuSeconds: 3 })];
  before.statistics.recognition(recognition());
  before.statistics.recognition(recognition({ reason: "decode_failed" }));
  for (const count of ["failover", "replay", "switched", "rolledBack"] as const) before.statistics[count](cn);
  const stored: unknown = JSON.parse(JSON.stringify(before.statistics.lifetime()));

  const { world, statistics } = setUp();
  world.wall += 5000;
  statistics.recognition(recognition({ totalSeconds: 7 }));
  assert.equal(statistics.restore(stored), true);
  const { models, total } = statistics.read();
  for (const stats of [models["model/cn@2"], total]) {
    assert.ok(stats);
    assert.deepEqual([stats.life.requests, stats.life.errors, stats.life.total_seconds.max], [3, 1, 7]);
    assert.equal(stats.life.total_seconds.mean, 5);
    assert.equal(stats.last_minute.requests, 1, "the windows are of this life");
    assert.deepEqual([stats.failovers, stats.replays, stats.switches, stats.rollbacks], [1, 1, 1, 1]);
    assert.deepEqual([stats.cpu_seconds, stats.peak_memory_bytes, stats.errors_by_reason.decode_failed], [3, 100, 1]);
  }
  assert.equal(total.since, 1_700_000_000);
});

test("what cannot be read is not restored, and does no harm", () => {
  const { statistics } = setUp();
  const good = setUp().statistics.lifetime();
  const hostile = { ...good, total: { ...good.total, counts: { loads: -1 } } };
  for (const bad of [undefined, null, 3, "x", [], {}, hostile, { ...good, models: 7 }]) {
    assert.equal(statistics.restore(bad), false);
  }
  const strange = { ...good, total: { ...good.total, counts: { toString: 1 }, errors: { "no such": 2 } } };
  assert.equal(statistics.restore(strange), true);
  assert.deepEqual(statistics.read().total.errors_by_reason, { internal: 2 });
});

test("the counts without windows are those of the full reading", () => {
  const { world, statistics } = setUp();
  world.instances = [instance({ sessions: 2 })];
  statistics.recognition(recognition());
  statistics.replay(cn);
  const { total, models } = statistics.counted();
  assert.deepEqual([total.requests, total.audio_seconds, total.replays, total.sessions], [1, 10, 1, 2]);
  assert.deepEqual(
    models.map(({ model, counted }) => [model, counted.memory_bytes]),
    [[cn, 100]],
  );
});
