import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { availableMemoryBytes, memoryBytes } from "../../dist/base/bytes.js";
import { parseDuration } from "../../dist/base/duration.js";

const forEver = Number.POSITIVE_INFINITY;

describe("durations", () => {
  const table: [number | string, number][] = [
    [0, 0],
    [1.5, 1.5],
    [-1, forEver],
    [forEver, forEver],
    ["0", 0],
    ["90", 90],
    ["0.5", 0.5],
    ["-1", forEver],
    [" 10m ", 600],
    ["1h30m", 5400],
    ["1d", 86_400],
    ["250ms", 0.25],
    ["1m250ms", 60.25],
    ["1.5h", 5400],
    ["-10m", forEver],
  ];
  for (const [text, seconds] of table) {
    test(`${JSON.stringify(text)} is ${seconds} seconds`, () =>
      assert.equal(parseDuration(text, "keep_alive"), seconds));
  }

  const wrong = [
    Number.NaN,
    "",
    " ",
    "m",
    "10x",
    "1h 30m",
    "1e3",
    "0x10",
    "ten",
    "10m!",
    "--1",
    "1..5",
    "constructor",
    "m10",
  ];
  for (const text of [...wrong, "１０", `${"9".repeat(10_000)}x`]) {
    test(`${JSON.stringify(text).slice(0, 40)} is refused`, () => {
      assert.throws(() => parseDuration(text, "keep_alive"), { reason: "option_invalid" });
    });
  }
});

describe("amounts of memory", () => {
  const table: [string, number][] = [
    ["0", 0],
    ["123", 123],
    ["1k", 1000],
    ["1kB", 1000],
    ["1KiB", 1024],
    ["512MiB", 536_870_912],
    ["8GB", 8e9],
    ["8 gb", 8e9],
    ["1.5g", 1.5e9],
    ["1TiB", 2 ** 40],
    [" 2t ", 2e12],
    ["80%", 800],
    ["12.5%", 125],
  ];
  for (const [text, bytes] of table) {
    test(`${text} is ${bytes} bytes`, () => assert.equal(memoryBytes(text, "pool.memory", 1000), bytes));
  }

  for (const text of [
    "",
    "GB",
    "-1",
    "1e9",
    "8XB",
    "8GBs",
    "5constructor",
    "5 valueof",
    "1,5GB",
    "50%%",
    "NaN",
    "auto",
  ]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => memoryBytes(text, "pool.memory"), { reason: "config_invalid" });
    });
  }

  test("a share is of what this process may use", () => {
    assert.ok(availableMemoryBytes() > 0);
    assert.equal(memoryBytes("100%", "pool.memory"), availableMemoryBytes());
  });
});
