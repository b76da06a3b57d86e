import assert from "node:assert/strict";
import { test } from "node:test";
import { Measured } from "../../dist/compose/measured.js";
import { createPool } from "../../dist/pool/pool.js";
import { FakeClock, settle } from "../pool/fake-clock.ts";
import { FakeHosts, folderOf } from "../pool/fake-hosts.ts";

test("a model needs what its largest process of late took, not all of them together, and not for ever", async (t) => {
  const hosts = new FakeHosts();
  const pool = createPool(hosts.options(new FakeClock()));
  t.after(() => pool.close());
  const folder = folderOf("a");
  const measured = new Measured([[folder.directory, 900]]);
  const look = () => pool.list().map((one) => measured.look(one));
  /** The next process takes over and is used. */
  const next = async (bytes: number) => {
    const coming = pool.find(folder) ? pool.reload(folder) : pool.load(folder);
    await settle();
    hosts.of(folder).load(bytes);
    await coming;
    return pool.lease(folder);
  };
  const first = await next(100);
  assert.deepEqual(look(), [undefined], "what was measured before stays for now");
  const second = await next(400); // the first one is still in use: there are two
  assert.equal(pool.find(folder)?.memoryBytes, 500);
  assert.deepEqual(look(), [400]);
  assert.deepEqual(look(), [undefined]);
  hosts.of(folder).memoryBytes = 700;
  assert.deepEqual(look(), [700]);
  for (const lease of [first, second]) lease.release();
  const third = await next(200);
  assert.deepEqual(look(), [undefined]);
  assert.equal(measured.of(folder.directory), 700);
  hosts.files.set(folder.directory, "others");
  const fourth = await next(50);
  assert.deepEqual(look(), [50], "other files are another model");
  for (const lease of [third, fourth]) lease.release();
  assert.deepEqual(look(), [undefined]);
});
