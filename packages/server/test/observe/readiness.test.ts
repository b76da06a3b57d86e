import assert from "node:assert/strict";
import { test } from "node:test";
import { type Check, createReadiness } from "../../dist/observe/readiness.js";

const make = (checks: Record<string, Check>, patienceMs = 60_000) => {
  const clock = { ms: 0 };
  return { clock, ...createReadiness({ checks, patienceMs, now: () => clock.ms }) };
};

test("it is ready when no part waits or has failed; a warning keeps nobody away", async (t) => {
  const store = { status: "waiting" } as { status: "ok" | "waiting" | "failed" };
  const { look, isWell, close } = make({ store: () => store, disk: () => ({ status: "warning", detail: "full" }) });
  t.after(close);
  assert.equal((await look()).ready, false);
  assert.equal(isWell(), true);
  store.status = "failed";
  assert.equal((await look()).ready, false);
  assert.equal(isWell(), false);
  store.status = "ok";
  assert.deepEqual(await look(), { ready: true, parts: { store, disk: { status: "warning", detail: "full" } } });
});

test("a part that throws has failed, and one that never answers holds nobody up", async (t) => {
  const { look, close } = make(
    {
      broken: () => Promise.reject(new Error("no such file")),
      silent: () => new Promise(() => undefined),
    },
    1,
  );
  t.after(close);
  assert.deepEqual(await look(), {
    ready: false,
    parts: {
      broken: { status: "failed", detail: "no such file" },
      silent: { status: "failed", detail: "it does not answer" },
    },
  });
});

test("many who ask cost one look; later ones a new one", async (t) => {
  let looks = 0;
  const { clock, look, close } = make({
    part: () => {
      looks += 1;
      return { status: "ok" };
    },
  });
  t.after(close);
  await Promise.all(Array.from({ length: 100 }, look));
  await look();
  assert.equal(looks, 1);
  clock.ms += 1000;
  await look();
  assert.equal(looks, 2);
});
