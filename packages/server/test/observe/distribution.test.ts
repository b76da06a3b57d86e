import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Distribution, relativeError, shortestSeconds } from "../../dist/observe/distribution.js";

/** From a microsecond to a day, as many short ones as long ones. */
const durations = fc.array(
  fc.oneof(
    fc.constant(0),
    fc.double({ min: -6, max: 4.9, noNaN: true }).map((exponent) => 10 ** exponent),
    // Around one second and one unit lie the bins 0 of a logarithm.
    fc.constantFrom(1, 0.99, 1.01, 1e-5, 1e-4, 0.02),
  ),
  { minLength: 1, maxLength: 400 },
);

function of(values: readonly number[]): Distribution {
  const distribution = new Distribution();
  for (const value of values) distribution.add(value);
  return distribution;
}

/** The value at a quantile, by sorting. */
function exact(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
}

function assertQuantiles(distribution: Distribution, values: readonly number[]): void {
  const read = distribution.read();
  assert.equal(read.count, values.length);
  assert.equal(read.max, Math.max(...values));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(read.mean - mean) <= mean * 1e-9);
  for (const [found, part] of [
    [read.p50, 0.5],
    [read.p95, 0.95],
    [read.p99, 0.99],
  ] as const) {
    const wanted = exact(values, part);
    const allowed = wanted < shortestSeconds ? shortestSeconds : wanted * relativeError * 1.001;
    assert.ok(Math.abs(found - wanted) <= allowed, `${part}: ${found} instead of ${wanted}`);
  }
}

test("quantiles are within one hundredth of the exact ones", () => {
  fc.assert(fc.property(durations, (values) => assertQuantiles(of(values), values)));
});

test("distributions that are merged, in any order, are as good as one", () => {
  fc.assert(
    fc.property(fc.array(durations, { minLength: 1, maxLength: 8 }), (parts) => {
      const sum = new Distribution();
      for (const part of parts) sum.merge(of(part));
      assertQuantiles(sum, parts.flat());
    }),
  );
});

test("distributions that lie far apart merge, also around one second", () => {
  for (const far of [1, 0.99, 1.01, 0.02, 100]) {
    for (const near of [1e-4, 0.001, 50_000]) {
      const values = [near, far, far, far];
      const [sum, other] = [of([near]), of([far, far, far])];
      sum.merge(other);
      assertQuantiles(sum, values);
      sum.merge(other);
      assertQuantiles(sum, [...values, far, far, far]);
      assertQuantiles(other, [far, far, far]);
    }
  }
});

test("what is stored as JSON and restored is the same, also on top of others", () => {
  fc.assert(
    fc.property(durations, durations, (before, after) => {
      const restored = of(after);
      restored.restore(JSON.parse(JSON.stringify(of(before).store())));
      assertQuantiles(restored, [...before, ...after]);
    }),
  );
});

test("what is no duration counts as none, and room stays bounded", () => {
  const distribution = of([Number.NaN, -1, Number.NEGATIVE_INFINITY]);
  assert.deepEqual(distribution.read(), { count: 3, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  distribution.add(Number.POSITIVE_INFINITY);
  distribution.add(Number.MAX_VALUE);
  distribution.add(Number.MIN_VALUE);
  for (let exponent = -300; exponent < 300; exponent += 0.01) distribution.add(10 ** exponent);
  const { max } = distribution.read();
  assert.equal(max, 100_000);
  assert.ok(distribution.store().bins.length <= 1100, `${distribution.store().bins.length} bins`);
  assert.deepEqual(new Distribution().read(), { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 });
});
