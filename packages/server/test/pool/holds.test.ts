import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Holds } from "../../dist/pool/holds.js";
import type { Claimant } from "../../dist/pool/types.js";
import { FakeClock } from "./fake-clock.ts";

const day = 86_400;
const phone: Claimant = { client: "phone", kind: "client" };
const laptop: Claimant = { client: "laptop", kind: "client" };
const address: Claimant = { client: "10.0.0.1", kind: "address" };

function made() {
  const clock = new FakeClock();
  const holds = new Holds(clock, day);
  const left = (claimant: Claimant): number | undefined => {
    const found = holds.list().find(({ client, kind }) => client === claimant.client && kind === claimant.kind);
    return found?.until === undefined ? undefined : found.until - clock.unix();
  };
  const counts = () => holds.list().map(({ client, count }) => `${client} ${count}`);
  return { clock, holds, left, counts };
}

describe("holds", () => {
  test("a client's hold is one, however often it loads; those of an address are counted", () => {
    const { holds, counts } = made();
    for (const claimant of [phone, address, phone, address]) holds.add(claimant);
    assert.deepEqual(counts(), ["phone 1", "10.0.0.1 2"]);
    assert.equal(holds.giveBack(phone)?.count, 1);
    assert.equal(holds.giveBack(phone), undefined);
    assert.equal(holds.giveBack(address)?.count, 1);
    assert.deepEqual(counts(), ["10.0.0.1 1"]);
    holds.giveBack(address);
    assert.equal(holds.giveBack(address), undefined);
    assert.equal(holds.size, 0);
  });

  test("a client whose id looks like an address is not that address", () => {
    const { holds, counts } = made();
    const disguised: Claimant = { client: address.client, kind: "client" };
    holds.add(address);
    assert.equal(holds.has(disguised), false);
    assert.equal(holds.giveBack(disguised), undefined);
    holds.add(disguised);
    assert.deepEqual(counts(), ["10.0.0.1 1", "10.0.0.1 1"]);
  });

  test("a lease lapses at its end and not before; a hold without one does not", async () => {
    const { holds, clock, left } = made();
    holds.add(phone, 30);
    holds.add(laptop);
    assert.equal(left(phone), 30);
    assert.equal(left(laptop), undefined);
    await clock.pass(29.9);
    assert.deepEqual(holds.lapse(), []);
    await clock.pass(0.1);
    assert.deepEqual(
      holds.lapse().map(({ client }) => client),
      ["phone"],
    );
    await clock.pass(1000 * day);
    assert.deepEqual(holds.lapse(), []);
    assert.equal(holds.size, 1);
  });

  test("renewed, a lease begins anew: with its own length, or another from then on", async () => {
    const { holds, clock, left } = made();
    holds.add(phone, 30);
    await clock.pass(20);
    holds.renew("phone");
    assert.equal(left(phone), 30);
    holds.renew("phone", 100);
    await clock.pass(50);
    holds.renew("phone");
    assert.equal(left(phone), 100);
    assert.equal(holds.renew("laptop"), undefined);
  });

  test("a hold without a lease can be given one, and is not renewed into one by itself", () => {
    const { holds, left } = made();
    holds.add(phone);
    holds.renew("phone");
    assert.equal(left(phone), undefined);
    holds.renew("phone", 10);
    assert.equal(left(phone), 10);
  });

  test("counted holds are renewed by nobody's id", () => {
    const { holds } = made();
    holds.add(address);
    assert.equal(holds.renew(address.client, 10), undefined);
  });

  test("of a client the latest wish holds, of many behind one address the longest", () => {
    const { holds, left } = made();
    for (const seconds of [100, 10]) {
      holds.add(phone, seconds);
      holds.add(address, seconds);
    }
    assert.equal(left(phone), 10);
    assert.equal(left(address), 100);
    holds.add(phone);
    assert.equal(left(phone), undefined);
  });

  test("counted holds lapse when nothing came from their address for a day", async () => {
    const { holds, clock } = made();
    holds.add(address);
    holds.add(address);
    await clock.pass(day - 1);
    holds.touch(address);
    await clock.pass(day - 1);
    assert.deepEqual(holds.lapse(), []);
    await clock.pass(1);
    assert.deepEqual(
      holds.lapse().map(({ client, count }) => [client, count]),
      [["10.0.0.1", 2]],
    );
  });

  test("a clock on the wall that jumps makes nothing lapse and nothing stay", async () => {
    for (const jump of [-1000 * day, 1000 * day]) {
      const { holds, clock, left } = made();
      holds.add(phone, 30);
      clock.jump(jump);
      assert.deepEqual(holds.lapse(), []);
      assert.equal(left(phone), 30, "what is shown follows the clock on the wall");
      await clock.pass(30);
      assert.equal(holds.lapse().length, 1);
    }
  });

  test("moved, holds keep their end; what both have becomes one", async () => {
    const { holds, clock } = made();
    const other = new Holds(clock, day);
    holds.add(phone, 30);
    holds.add(laptop, 30);
    for (const one of [holds, holds, other]) one.add(address);
    other.add(laptop, 100);
    holds.moveTo(other, ({ client }) => client !== "phone");
    assert.deepEqual(
      holds.list().map(({ client }) => client),
      ["phone"],
    );
    const shown = other.list().map(({ client, count, until }) => [client, count, (until ?? 0) - clock.unix()]);
    assert.deepEqual(shown, [
      ["10.0.0.1", 3, day],
      ["laptop", 1, 100],
    ]);
    await clock.pass(31);
    assert.equal(holds.lapse().length, 1);
    assert.equal(other.lapse().length, 0);
  });

  test("moved to where they are, holds stay", () => {
    const { holds, counts } = made();
    for (const claimant of [phone, address, address]) holds.add(claimant);
    holds.moveTo(holds, () => true);
    assert.deepEqual(counts(), ["phone 1", "10.0.0.1 2"]);
  });

  test("dropped, all are gone and told", () => {
    const { holds } = made();
    for (const claimant of [phone, address, address]) holds.add(claimant);
    assert.deepEqual(
      holds.drop().map(({ count }) => count),
      [1, 2],
    );
    assert.equal(holds.size, 0);
  });
});
