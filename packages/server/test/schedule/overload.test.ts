import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Node, type Outcome, randomFrom, Simulation, type Wish } from "./simulation.ts";

const node: Node = {
  cores: 2,
  maxWaitSeconds: 60,
  maxSessions: 256,
  maxSessionsPerClient: 192,
  factors: { fast: 0.02, slow: 0.3 },
};
/** Models that are in use: one recognition before the rush has measured them. */
const measured: readonly Wish[] = ["fast", "slow"].map((host) => ({ client: "first", host, audioSeconds: 40, at: 0 }));
const rushAt = 20;

interface Crowd {
  readonly client: string;
  readonly host: string;
  readonly seconds: () => number;
  readonly more?: Partial<Wish>;
}

const random = randomFrom(7);
const exponential = (mean: number): number => -Math.log(1 - random()) * mean;
const around = (mean: number) => () => 3 + exponential(mean - 3);

/** So many at once. */
function rush(count: number, { client, host, seconds, more }: Crowd): Wish[] {
  return Array.from({ length: count }, () => ({
    client,
    host,
    audioSeconds: seconds(),
    at: rushAt + random() / 2,
    ...more,
  }));
}

/** One every so often, by chance. */
function stream(everySeconds: number, untilSeconds: number, { client, host, seconds, more }: Crowd): Wish[] {
  const wishes: Wish[] = [];
  for (let at = exponential(everySeconds); at < untilSeconds; at += exponential(everySeconds))
    wishes.push({ client, host, audioSeconds: seconds(), at: rushAt + at, ...more });
  return wishes;
}

async function simulate(wishes: readonly Wish[], given: Partial<Node> = {}) {
  const simulation = new Simulation({ ...node, ...given });
  const outcomes = await simulation.run([...measured, ...wishes]);
  assert.equal(outcomes.length, wishes.length + measured.length, "everybody is served in the end");
  return { outcomes, mostRunning: simulation.mostRunning };
}

/** The part of those who came as told, and were let in. */
function kept(outcomes: readonly Outcome[]): number {
  const obedient = outcomes.filter(({ wish }) => wish.polls === undefined);
  const retries = obedient.reduce((sum, one) => sum + one.retries, 0);
  assert.ok(retries > 50, "there was something to promise");
  return 1 - obedient.reduce((sum, { broken }) => sum + broken, 0) / retries;
}

function p95(outcomes: readonly Outcome[], client: string): number {
  const latencies = outcomes.filter(({ wish }) => wish.client === client).map(({ wish, doneAt }) => doneAt - wish.at);
  return latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.95)] ?? Number.NaN;
}

suite("nine promises of ten are kept", () => {
  const crowds: Readonly<Record<string, { readonly wishes: readonly Wish[]; readonly node?: Partial<Node> }>> = {
    "a thousand files of a fast model": {
      wishes: rush(1000, { client: "many", host: "fast", seconds: () => 30 }),
    },
    "a thousand files of all lengths of a slow model, and others": {
      wishes: [
        ...rush(1000, { client: "many", host: "slow", seconds: around(45) }),
        ...stream(8, 1000, { client: "modest", host: "slow", seconds: () => 5 }),
      ],
    },
    "three clients that want too much, of two models": {
      wishes: [
        ...rush(300, { client: "one", host: "slow", seconds: around(45) }),
        ...rush(300, { client: "two", host: "slow", seconds: around(100) }),
        ...rush(300, { client: "three", host: "fast", seconds: around(45) }),
      ],
    },
    "twenty clients that come by chance, half again as much as can be done": {
      wishes: Array.from({ length: 20 }, (_, index) =>
        stream(60, 3000, { client: `${index}`, host: index % 2 ? "slow" : "fast", seconds: around(130) }),
      ).flat(),
    },
    "recordings that do not say their length": {
      wishes: Array.from({ length: 5 }, (_, index) =>
        stream(20, 2000, { client: `${index}`, host: "slow", seconds: around(65), more: { saysLength: false } }),
      ).flat(),
    },
    "a short queue": {
      wishes: [
        ...stream(2, 600, { client: "one", host: "slow", seconds: around(20) }),
        ...stream(3, 600, { client: "two", host: "slow", seconds: around(20) }),
        ...stream(3, 600, { client: "three", host: "fast", seconds: around(20) }),
      ],
      node: { maxWaitSeconds: 5 },
    },
    "few places": {
      wishes: [
        ...rush(300, { client: "many", host: "fast", seconds: around(60) }),
        ...stream(4, 100, { client: "modest", host: "fast", seconds: () => 5 }),
      ],
      node: { maxSessions: 8, maxSessionsPerClient: 6 },
    },
    "hours of recordings": {
      wishes: [
        ...rush(60, { client: "archive", host: "slow", seconds: around(1800) }),
        ...stream(60, 3000, { client: "modest", host: "slow", seconds: () => 20 }),
      ],
    },
  };
  for (const [name, { wishes, node: given }] of Object.entries(crowds)) {
    test(name, async () => {
      const { outcomes, mostRunning } = await simulate(wishes, given);
      assert.ok(kept(outcomes) >= 0.9, `${kept(outcomes)}`);
      assert.ok(mostRunning <= (given?.maxSessions ?? node.maxSessions));
    });
  }
});

suite("a client with a thousand files", () => {
  const modest = stream(8, 2000, { client: "modest", host: "slow", seconds: () => 5 });
  const oneDecode = (node.factors.slow ?? 0) * 8 * (4 / 3);

  test("leaves another one its latency: p95 at most twice what it is alone, and one decode", async () => {
    const alone = p95((await simulate(modest)).outcomes, "modest");
    const greedy = rush(1000, { client: "greedy", host: "slow", seconds: around(45) });
    const { outcomes } = await simulate([...greedy, ...modest]);
    assert.ok(p95(outcomes, "modest") <= 2 * alone + oneDecode, `${p95(outcomes, "modest")} against ${alone}`);
    const refused = outcomes.filter(({ wish, retries }) => wish.client === "modest" && retries > 0);
    assert.deepEqual(refused, [], "it is always let in at once");
  });

  test("does no better, and others no worse, when it asks again and again", async () => {
    const alone = p95((await simulate(modest)).outcomes, "modest");
    const polling = rush(25, { client: "greedy", host: "slow", seconds: around(45), more: { polls: 4 } });
    const obedient = rush(150, { client: "obedient", host: "slow", seconds: around(45) });
    const { outcomes } = await simulate([...polling, ...obedient, ...modest]);
    assert.ok(kept(outcomes) >= 0.9, `${kept(outcomes)}`);
    assert.ok(p95(outcomes, "modest") <= 2 * alone + 2 * oneDecode, `${p95(outcomes, "modest")} against ${alone}`);
  });
});
