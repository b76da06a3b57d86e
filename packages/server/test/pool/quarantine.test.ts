import assert from "node:assert/strict";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { Quarantines } from "../../dist/pool/quarantine.js";
import { FakeClock } from "./fake-clock.ts";
import { folderOf } from "./fake-hosts.ts";

const folder = folderOf("bad");
const broken = new VoxpoolError("model_load_failed", { model_path: "model/bad", detail: "no" });

function made() {
  const clock = new FakeClock();
  const quarantines = new Quarantines(clock);
  const left = () => (quarantines.find(folder)?.until ?? clock.unix()) - clock.unix();
  return { clock, quarantines, left };
}

test("each failure in a row holds a model back longer, and then it gets its chance", async () => {
  const { clock, quarantines, left } = made();
  for (const seconds of [2, 4, 8]) {
    quarantines.add(folder, broken, "files");
    assert.equal(left(), seconds);
    const refusal = quarantines.refusal(folder);
    assert.equal(refusal?.reason, "model_quarantined");
    assert.equal(refusal?.details.retry_after_seconds, seconds);
    await clock.pass(seconds);
    assert.equal(quarantines.find(folder), undefined);
    assert.equal(quarantines.refusal(folder), undefined);
  }
});

test("other files, an hour without a failure, and a success begin the count anew", async () => {
  const { clock, quarantines, left } = made();
  const failTwice = () => {
    quarantines.lift(folder);
    quarantines.add(folder, broken, "files");
    quarantines.add(folder, broken, "files");
    assert.equal(left(), 4);
  };
  failTwice();
  quarantines.add(folder, broken, "other files");
  assert.equal(left(), 2);
  failTwice();
  await clock.pass(3 + 3600);
  quarantines.add(folder, broken, "files");
  assert.equal(left(), 8, "just within the hour");
  await clock.pass(8 + 3600);
  quarantines.add(folder, broken, "files");
  assert.equal(left(), 2);
  assert.equal(quarantines.lift(folder), true);
  assert.equal(quarantines.lift(folder), false);
  quarantines.add(folder, broken, "files");
  assert.equal(left(), 2);
});

const reasons: [VoxpoolError["reason"], boolean][] = [
  ["model_files_invalid", true],
  ["model_unrecognised", true],
  ["model_load_failed", true],
  ["model_load_timeout", true],
  ["host_hung", true],
  ["gate_failed", true],
  ["pool_full", false],
  ["download_failed", false],
  ["model_load_cancelled", false],
  ["server_stopping", false],
  ["internal", false],
];

for (const [reason, holdsBack] of reasons) {
  test(`${reason} ${holdsBack ? "holds a model back" : "says nothing about the model"}`, () => {
    const { quarantines } = made();
    assert.equal(quarantines.add(folder, new VoxpoolError(reason), "files") !== undefined, holdsBack);
    assert.equal(quarantines.find(folder) !== undefined, holdsBack);
  });
}

test("what was kept before a restart goes on, for no longer than its own pause whatever the clock on the wall did", async () => {
  const begun = made().clock.unix();
  for (const [kept, expected] of [
    [3, 3],
    [100_000, 8],
    [-100_000, 0],
  ] as const) {
    const { quarantines, left, clock } = made();
    quarantines.restore(folder.directory, { error: broken, failures: 3, files: "files", until: begun + kept });
    assert.equal(left(), expected);
    await clock.pass(expected);
    quarantines.add(folder, broken, "files");
    assert.equal(left(), 16, "the count goes on");
  }
});

test("a clock on the wall that jumps makes no pause longer or shorter", async () => {
  for (const jump of [-1e6, 1e6]) {
    const { clock, quarantines, left } = made();
    quarantines.add(folder, broken, "files");
    clock.jump(jump);
    assert.equal(left(), 2);
    assert.equal(quarantines.refusal(folder)?.details.retry_after_seconds, 2);
    await clock.pass(2);
    assert.equal(quarantines.find(folder), undefined);
  }
});
