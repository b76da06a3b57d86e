import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { addressList } from "../../dist/base/addresses.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { NamedPlaces } from "../../dist/base/named-places.js";
import { createLimits, type LimitConfig, type Visitor } from "../../dist/gateway/limits/limits.js";
import { RefusalNotes } from "../../dist/gateway/limits/refusal-notes.js";
import { TokenBuckets } from "../../dist/gateway/limits/token-buckets.js";

suite("a bucket of tokens", () => {
  test("gives what it holds at once, then as fast as it fills, and no more than a minute's worth", () => {
    let now = 0;
    const buckets = new TokenBuckets(() => now);
    const taken = (times: number) => Array.from({ length: times }, () => buckets.take("a", 60));
    assert.deepEqual(taken(60), Array(60).fill(0));
    assert.deepEqual(taken(2), [1, 1], "what is refused costs nothing");
    now = 0.5;
    assert.deepEqual(taken(1), [0.5]);
    now = 2;
    assert.deepEqual(taken(3), [0, 0, 1]);
    now = 100_000;
    assert.deepEqual(taken(61), [...Array(60).fill(0), 1]);
  });

  test("is one for each name, and takes up another rate", () => {
    const buckets = new TokenBuckets(() => 0);
    assert.equal(buckets.take("a", 1), 0);
    assert.equal(buckets.take("b", 1), 0);
    assert.equal(buckets.take("a", 1), 60);
    assert.equal(buckets.take("a", 6), 10, "a reload does not fill it");
  });

  test("is not kept for more names than there is room for; those that were seen last stay", () => {
    const buckets = new TokenBuckets(() => 0);
    assert.equal(buckets.take("flooder", 1), 0);
    for (let count = 0; count < 50_000; count++) {
      buckets.take(`10.0.${count >> 8}.${count & 255}`, 1);
      if (count % 1000 === 0) assert.equal(buckets.take("flooder", 1), 60);
    }
    assert.equal(buckets.size, 10_000);
  });
});

test("places are given back once, and nothing is kept of who has none", () => {
  const places = new NamedPlaces();
  const first = places.take("a", 2);
  const second = places.take("a", 2);
  assert.equal(places.take("a", 2), undefined);
  assert.ok(places.take("b", 2));
  first?.();
  first?.();
  const third = places.take("a", 2);
  assert.ok(third);
  assert.equal(places.take("a", 2), undefined);
  second?.();
  third();
  assert.equal(places.size, 1);
});

test("a flood of refusals is a few lines a minute, with how many they were", () => {
  let now = 0;
  const lines: Record<string, unknown>[] = [];
  const log = { ...silentLog, warn: (fields: Record<string, unknown>) => void lines.push(fields) };
  const notes = new RefusalNotes(log, () => now);
  for (let count = 0; count < 5000; count++) notes.note("limits.some", "192.0.2.1");
  assert.deepEqual(lines.splice(0), [{ setting: "limits.some", who: "192.0.2.1" }]);
  now = 60;
  notes.note("limits.some", "192.0.2.1");
  assert.deepEqual(lines.splice(0), [
    { setting: "limits.some", who: "192.0.2.1", refused: 5000 },
    { setting: "limits.some", who: "192.0.2.1" },
  ]);
  now = 120;
  for (let count = 0; count < 50_000; count++) notes.note("limits.some", `2001:db8::${count.toString(16)}`);
  assert.equal(lines.splice(0).length, 20);
  now = 180;
  for (let count = 0; count < 50_000; count++) notes.note("limits.some", `2001:db8::${count.toString(16)}`);
  assert.equal(lines.length, 20);
});

const config: LimitConfig = {
  "limits.requests_per_minute_per_key": 2,
  "limits.requests_per_minute_per_address": 1,
  "limits.concurrent_requests_per_key": 1,
  "limits.concurrent_requests_per_address": 0,
  "limits.connections": 8,
  "limits.connections_per_address": 2,
};

const address = (name: string): Visitor => ({ kind: "address", name });
const reasonOf = (call: () => unknown) => {
  try {
    call();
    return "";
  } catch (error) {
    const { reason, details } = VoxpoolError.from(error);
    return `${reason} ${String(details["setting"])} ${String(details["retry_after_seconds"])}`;
  }
};

suite("what one visitor may do", () => {
  test("is counted by key and by address, and a network of IPv6 is one address", () => {
    const refused: string[] = [];
    const onRefused = (setting: string) => void refused.push(setting);
    const limits = createLimits({ config, log: silentLog, onRefused, now: () => 0 });
    limits.count(address("2001:db8::1"));
    assert.equal(
      reasonOf(() => limits.count(address("2001:db8::2"))),
      "rate_limited limits.requests_per_minute_per_address 60",
    );
    limits.count(address("2001:db8:0:1::1"));
    limits.count(address("192.0.2.1"));
    assert.match(
      reasonOf(() => limits.count(address("::ffff:192.0.2.1"))),
      /^rate_limited/,
    );
    const key = { kind: "key", name: "192.0.2.1" } as const;
    limits.count(key);
    limits.count(key);
    assert.equal(
      reasonOf(() => limits.count(key)),
      "rate_limited limits.requests_per_minute_per_key 30",
    );
    assert.equal(refused.length, 3);
  });

  test("is a share of all where the configuration leaves it open", () => {
    const limits = createLimits({ config, log: silentLog });
    const ends = Array.from({ length: 6 }, () => limits.begin(address("192.0.2.1")));
    const setting = "limits.concurrent_requests_per_address";
    assert.equal(
      reasonOf(() => limits.begin(address("192.0.2.1"))),
      `too_many_requests ${setting} 1`,
    );
    for (const end of ends) end();
    limits.begin(address("192.0.2.1"));
  });

  test("counts connections, but not those of sockets on this machine", () => {
    const limits = createLimits({ config, log: silentLog });
    const end = limits.connect("192.0.2.1");
    limits.connect("::ffff:192.0.2.1");
    const refusal = "too_many_connections limits.connections_per_address 1";
    assert.equal(
      reasonOf(() => limits.connect("192.0.2.1")),
      refusal,
    );
    end();
    limits.connect("192.0.2.1");
    for (let count = 0; count < 10; count++) limits.connect(undefined);
  });

  test("does not count the connections of proxies that are trusted: they are those of many", () => {
    const proxies = addressList(["192.0.2.0/24"], "proxy.trusted");
    const limits = createLimits({ config, log: silentLog, proxies });
    for (let count = 0; count < 10; count++) limits.connect("::ffff:192.0.2.1");
    for (let count = 0; count < 2; count++) limits.connect("198.51.100.1");
    assert.match(
      reasonOf(() => limits.connect("198.51.100.1")),
      /^too_many_connections/,
    );
  });

  test("is what the configuration says at the moment", () => {
    const live = { ...config, "limits.requests_per_minute_per_address": 0 };
    const limits = createLimits({ config: live, log: silentLog, now: () => 0 });
    for (let count = 0; count < 100; count++) limits.count(address("192.0.2.1"));
    live["limits.requests_per_minute_per_address"] = 1;
    limits.count(address("192.0.2.1"));
    assert.match(
      reasonOf(() => limits.count(address("192.0.2.1"))),
      /^rate_limited/,
    );
  });
});
