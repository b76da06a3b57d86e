import assert from "node:assert/strict";
import { test } from "node:test";
import { Succession } from "../../dist/pool/succession.js";
import { realPool } from "./real-pool.ts";

/** Whether a promise is settled once all that is due has been done. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

test("who decoded alone comes first, then who decoded, and then the others", async () => {
  const succession = new Succession();
  const [waiting, decoding, alone] = [{ is: "waiting" }, { is: "decoding" }, { is: "alone" }];
  for (const user of [waiting, decoding, alone]) succession.join(user);
  succession.begin(decoding, false);
  succession.begin(alone, true);
  const order: string[] = [];
  const turns = [waiting, decoding, alone].map(async (user) => {
    await succession.turnOf(user);
    order.push(user.is);
    await new Promise((resolve) => setImmediate(resolve)); // it takes a while to have another lease
    succession.leave(user);
  });
  await Promise.all(turns);
  assert.deepEqual(order, ["alone", "decoding", "waiting"]);
});

test("those of a kind do not wait for each other, nor for whom a decode came to a good end", async () => {
  const succession = new Succession();
  const [one, two, done, other] = [{}, {}, {}, {}];
  for (const user of [one, two, done, other]) succession.join(user);
  succession.begin(one, false);
  succession.begin(two, false);
  const over = succession.begin(done, true);
  assert.equal(await isSettled(succession.turnOf(one)), false);
  over();
  over(); // safe to call twice
  assert.ok(await isSettled(Promise.all([succession.turnOf(one), succession.turnOf(two)])));
  const last = succession.turnOf(other);
  succession.leave(one);
  assert.equal(await isSettled(last), false);
  succession.leave(two);
  assert.ok(await isSettled(last));
});

test("who gives up waits no longer, and who never joined waits for nobody", async () => {
  const succession = new Succession();
  const [waiting, decoding] = [{}, {}];
  for (const user of [waiting, decoding]) succession.join(user);
  succession.begin(decoding, false);
  const turn = succession.turnOf(waiting);
  assert.equal(await isSettled(turn), false);
  succession.leave(waiting);
  assert.ok(await isSettled(turn));
  assert.ok(await isSettled(succession.turnOf({})));
  succession.begin({}, true)();
});

test("the leases of a process that was killed are succeeded in that order", async (t) => {
  const { pool, folder } = await realPool(t, {});
  const leases = await Promise.all([pool.lease(folder), pool.lease(folder), pool.lease(folder)]);
  const [bystander, suspect, alone] = leases;
  suspect.decoding(false);
  alone.decoding(true);
  bystander.decoding(false)();
  process.kill(pool.find(folder)?.pid as number, "SIGKILL");
  const order: string[] = [];
  const succeed = async (name: string, lease: typeof alone) => {
    await lease.ended;
    await lease.succession();
    const next = await pool.lease(folder);
    order.push(name);
    lease.release();
    next.release();
  };
  await Promise.all([succeed("bystander", bystander), succeed("suspect", suspect), succeed("alone", alone)]);
  assert.deepEqual(order, ["alone", "suspect", "bystander"]);
});
