import assert from "node:assert/strict";
import { test } from "node:test";
import { companions, type Load, pick, type Waiting } from "../../dist/schedule/policy.js";

let arrivals = 0;
const work = (given: Partial<Waiting>): Waiting => ({
  priority: "interactive",
  client: "a",
  host: "h",
  audioSeconds: 1,
  order: arrivals++,
  ...given,
});
const load = (given: { cores?: number; permits?: Record<string, number>; served?: Record<string, number> }): Load => ({
  cores: given.cores ?? 2,
  permits: new Map(Object.entries(given.permits ?? {})),
  served: new Map(Object.entries(given.served ?? {})),
});

test("nothing waits: nobody is picked", () => {
  assert.equal(pick([], load({})), undefined);
});

test("a higher class goes first, whoever came earlier or was served less", () => {
  const order = ["live_final", "interactive", "live_partial", "batch"] as const;
  for (const [index, priority] of order.entries()) {
    const waiting = order.slice(index).toReversed();
    const queue = waiting.map((other) => work({ priority: other, client: other }));
    const served = { [priority]: 1000 };
    assert.equal(pick(queue, load({ served }))?.priority, priority);
  }
});

test("inside a class the client that was served least goes first, then the earlier", () => {
  const early = work({ client: "greedy" });
  const late = work({ client: "modest" });
  assert.equal(pick([early, late], load({ served: { greedy: 10, modest: 3 } })), late);
  assert.equal(pick([early, late], load({ served: { greedy: 3, modest: 3 } })), early);
});

test("no more permits than cores", () => {
  assert.equal(pick([work({ host: "c" })], load({ permits: { a: 1, b: 1 } })), undefined);
  assert.ok(pick([work({ host: "c" })], load({ permits: { a: 1 } })));
});

test("a host that has all cores may hold one more, not two", () => {
  assert.ok(pick([work({ host: "a" })], load({ permits: { a: 2 } })));
  assert.equal(pick([work({ host: "a" })], load({ permits: { a: 3 } })), undefined);
});

test("the one more is not given past a waiting host", () => {
  const other = work({ host: "b" });
  const own = work({ host: "a" });
  assert.equal(pick([other, own], load({ permits: { a: 2 } })), undefined);
});

test("works that are decoded together go along with the one that was picked", () => {
  const chosen = work({ host: "s", together: true, client: "a" });
  const late = work({ host: "s", together: true, client: "b", priority: "live_partial" });
  const modest = work({ host: "s", together: true, client: "c" });
  const first = work({ host: "s", together: true, client: "d", priority: "live_final" });
  const others = [
    work({ host: "s" }),
    work({ host: "t", together: true }),
    work({ host: "s", together: true, priority: "batch" }),
  ];
  const served = { a: 0, b: 0, c: 1, d: 5 };
  assert.deepEqual(companions([late, ...others, modest, chosen, first], chosen, load({ served })), [
    first,
    modest,
    late,
  ]);
  const batch = { ...chosen, priority: "batch" } as const;
  assert.deepEqual(companions([late, ...others, batch], batch, load({})), [others[2]]);
});

test("works that are not decoded together go alone, and no permit is for more than 64", () => {
  const alone = work({ host: "s" });
  const many = Array.from({ length: 200 }, () => work({ host: "s", together: true }));
  assert.deepEqual(companions(many, alone, load({})), []);
  const [chosen] = many;
  assert.ok(chosen);
  assert.deepEqual(companions(many, chosen, load({})), many.slice(1, 64));
});
