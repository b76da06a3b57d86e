import { test } from "node:test";
import fc from "fast-check";
import { World } from "./world.ts";

type Run = (world: World) => unknown;

/** One command on the pool, and how much of it happens before the next one comes. */
class Step implements fc.AsyncCommand<object, World> {
  readonly #text: string;
  readonly #run: Run;
  readonly #turns: number | "settle";

  constructor(text: string, turns: number | "settle", run: Run) {
    this.#text = `${text}${turns === "settle" ? "" : ` (${turns})`}`;
    this.#run = run;
    this.#turns = turns;
  }

  check(): boolean {
    return true;
  }

  async run(_: object, world: World): Promise<void> {
    await this.#run(world);
    await world.between(this.#turns);
  }

  toString(): string {
    return this.#text;
  }
}

const turns = fc.oneof({ weight: 2, arbitrary: fc.constant("settle" as const) }, fc.integer({ min: 0, max: 6 }));
const model = fc.integer({ min: 0, max: 3 });
const claimant = fc.constantFrom(
  { kind: "client", client: "one" } as const,
  { kind: "client", client: "two" } as const,
  { kind: "address", client: "one" } as const,
);
const leaseSeconds = fc.constantFrom(undefined, undefined, 20, 100);
const keepAlive = fc.constantFrom(undefined, undefined, 0, 10, 200);
const place = fc.integer({ min: 0, max: 5 });

/** A command with arguments; its text is how it is shown when a sequence fails. */
function command<T extends object>(name: string, args: fc.Arbitrary<T>, run: (world: World, args: T) => unknown) {
  return fc
    .tuple(args, turns)
    .map(([given, after]) => new Step(`${name} ${JSON.stringify(given)}`, after, (world) => run(world, given)));
}

const folderAt = (world: World, at: number) => {
  const folder = world.folders[at];
  if (!folder) throw new RangeError("no such model");
  return folder;
};

const load = command(
  "load",
  fc.record({
    at: model,
    claimant: fc.option(claimant, { nil: undefined, freq: 8 }),
    leaseSeconds,
    keepAliveSeconds: keepAlive,
  }),
  (world, { at, ...wish }) => world.load(folderAt(world, at), wish),
);
const lease = command("lease", fc.record({ at: model, keepAlive }), (world, { at, keepAlive: wish }) =>
  world.lease(folderAt(world, at), wish),
);
const finishLoad = command(
  "finish load",
  fc.record({ at: model, how: fc.constantFrom("ok", "ok", "ok", "ok", "model_load_failed", "model_load_timeout") }),
  (world, { at, how }) => world.finishLoad(folderAt(world, at), how as "ok"),
);
const unload = command(
  "unload",
  fc.record({ at: model, claimant, force: fc.constantFrom(false, false, false, true) }),
  (world, { at, claimant: who, force }) => world.unload(folderAt(world, at), who, force),
);
const crash = command(
  "crash",
  fc.record({ at: model, which: place, fromOutside: fc.boolean(), lingers: fc.constantFrom(false, false, true) }),
  (world, { at, which, fromOutside, lingers }) => world.crash(folderAt(world, at), which, fromOutside, lingers),
);
const grow = command("grow", fc.record({ at: model, bytes: fc.constantFrom(150, 250, 500) }), (world, { at, bytes }) =>
  world.grow(folderAt(world, at), bytes),
);
const others = [
  command("release", fc.record({ which: place }), (world, { which }) => world.release(which)),
  command("vanish", fc.record({ which: place }), (world, { which }) => world.abort(which)),
  command("renew", fc.record({ client: fc.constantFrom("one", "two"), leaseSeconds }), (world, given) =>
    world.renew(given.client, given.leaseSeconds),
  ),
  command("pin", fc.record({ at: model, pinned: fc.boolean() }), (world, { at, pinned }) =>
    world.pin(folderAt(world, at), pinned),
  ),
  command("reload", fc.record({ at: model }), (world, { at }) => world.reload(folderAt(world, at))),
  command("retire", fc.record({ at: model }), (world, { at }) => world.retire(folderAt(world, at))),
  command("linger", fc.record({ at: model, lingers: fc.boolean() }), (world, { at, lingers }) =>
    world.linger(folderAt(world, at), lingers),
  ),
  command("files", fc.record({ at: model, text: fc.constantFrom("x", "y") }), (world, { at, text }) =>
    world.hosts.files.set(folderAt(world, at).directory, text),
  ),
  command("jump", fc.record({ seconds: fc.constantFrom(-100_000, 100_000) }), (world, { seconds }) =>
    world.clock.jump(seconds),
  ),
];
const pass = command("pass", fc.record({ seconds: fc.constantFrom(5, 10, 60, 300) }), (world, { seconds }) =>
  world.pass(seconds),
);

/** Twice in the list: twice as often. */
const commands = [
  load,
  load,
  load,
  lease,
  lease,
  finishLoad,
  finishLoad,
  finishLoad,
  finishLoad,
  unload,
  crash,
  grow,
  ...others,
  pass,
];

/** As many sequences as there is time for, up to this. */
const numRuns = Number(process.env.VOXPOOL_TEST_RUNS ?? 4000);
const mostMs = Number(process.env.VOXPOOL_TEST_MS ?? 40_000);

test("whatever is asked in whatever order, the pool keeps what is held and leaves nothing behind", async (t) => {
  let sequences = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 60, size: "max" }), fc.boolean(), async (given, rests) => {
      const world = new World();
      sequences += 1;
      await fc.asyncModelRun(() => ({ model: {}, real: world }), given);
      await world.between("settle");
      if (rests) await world.comeToRest();
      await world.close();
    }),
    { numRuns, interruptAfterTimeLimit: mostMs },
  );
  t.diagnostic(`${sequences} sequences`);
});
