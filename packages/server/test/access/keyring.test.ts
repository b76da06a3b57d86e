import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { Keyring } from "../../dist/access/keyring.js";
import { ModelPatterns } from "../../dist/access/model-patterns.js";
import { Tickets, ticketSeconds } from "../../dist/access/tickets.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { createKeyRecords, type KeyRecords } from "../../dist/store/keys.js";
import { openStore } from "../../dist/store/store.js";
import { scratchDirectory } from "../base/scratch.ts";

interface Opened {
  readonly keys: Keyring;
  readonly records: KeyRecords;
  readonly close: () => Promise<void>;
}

async function open(file: string | undefined, now?: () => number): Promise<Opened> {
  const store = await openStore({ ...(file !== undefined && { file }), log: silentLog });
  const records = createKeyRecords(store);
  const initial = await records.load();
  const keys = new Keyring({ records, initial, modelDirs: ["model"], log: silentLog, ...(now && { now }) });
  const close = async () => {
    await keys.close();
    await store.close();
  };
  return { keys, records, close };
}

async function inMemory(t: TestContext, now?: () => number): Promise<Opened> {
  const opened = await open(undefined, now);
  t.after(opened.close);
  return opened;
}

const refused = (reason: string) => (error: unknown) => error instanceof VoxpoolError && error.reason === reason;

suite("keys", () => {
  test("outlive the process with all that is known of them, and their secrets are not in the file", async (t) => {
    const file = join(scratchDirectory(t), "state.db");
    const first = await open(file);
    const made = await first.keys.create({ name: "dictation", scopes: ["admin"], expires_in_seconds: 1e6 });
    const limited = await first.keys.create({ name: "听写", models: ["cn", "en/*"] });
    const revoked = await first.keys.create({ name: "old" });
    await first.keys.revoke("old");
    const rotated = await first.keys.rotate({ key: limited.key.id, overlap_seconds: 1000 });
    first.keys.authenticate(made.secret);
    const before = first.keys.list();
    await first.close();
    const bytes = readFileSync(file, "latin1");
    for (const { secret } of [made, limited, revoked, rotated]) {
      assert.match(secret, /^vxp_[0-9a-f]{12}_[\w-]{43}$/);
      assert.equal(bytes.includes(secret.slice(-43)), false);
    }
    const second = await open(file);
    t.after(second.close);
    assert.deepEqual(second.keys.list(), before);
    assert.deepEqual([...second.keys.authenticate(made.secret).scopes], ["admin"]);
    assert.deepEqual([...second.keys.authenticate(rotated.secret).scopes], ["recognize", "read"]);
    assert.equal(second.keys.authenticate(limited.secret).keyId, limited.key.id);
    assert.throws(() => second.keys.authenticate(revoked.secret), refused("key_invalid"));
    assert.equal(before.find(({ name }) => name === "dictation")?.last_used_at !== null, true);
  });

  test("are refused when wrong in any character, expired, revoked or rotated", async (t) => {
    let now = 1000;
    const { keys } = await inMemory(t, () => now);
    const { secret, key } = await keys.create({ name: "a", expires_in_seconds: 100 });
    const principal = keys.authenticate(secret);
    const wrong = [
      "",
      "vxp_",
      secret.slice(0, -1),
      `${secret}A`,
      ` ${secret}`,
      `${secret}\n`,
      secret.toUpperCase(),
      secret.replace(key.id, "000000000000"),
      `${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`,
      `vxp_${key.id}_${"A".repeat(43)}`,
      "__proto__",
      "é".repeat(60),
    ];
    for (const text of wrong) assert.throws(() => keys.authenticate(text), refused("key_invalid"), text);
    now = 1099.9;
    assert.equal(keys.authenticate(secret).isValid(), true);
    now = 1100;
    assert.throws(() => keys.authenticate(secret), refused("key_expired"));
    assert.equal(principal.isValid(), false);
    assert.equal(keys.list()[0]?.state, "expired");
    const second = await keys.create({ name: "b" });
    const overlapping = await keys.rotate({ key: "b", overlap_seconds: 10 });
    keys.authenticate(second.secret);
    keys.authenticate(overlapping.secret);
    now += 10;
    assert.throws(() => keys.authenticate(second.secret), refused("key_invalid"));
    const third = await keys.rotate({ key: "b" });
    assert.throws(() => keys.authenticate(overlapping.secret), refused("key_invalid"));
    await keys.revoke("b");
    assert.throws(() => keys.authenticate(third.secret), refused("key_invalid"));
    await assert.rejects(keys.rotate({ key: "b" }), refused("key_not_found"));
    await assert.rejects(keys.revoke("b"), refused("key_not_found"));
  });

  test("have names of their own, and one with admin has no patterns", async (t) => {
    const { keys } = await inMemory(t);
    const both = await Promise.allSettled([keys.create({ name: "a" }), keys.create({ name: "a" })]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
    const key = keys.list()[0] ?? assert.fail();
    await assert.rejects(keys.create({ name: "a" }), refused("key_name_taken"));
    await assert.rejects(keys.create({ name: key.id }), refused("key_name_taken"));
    for (const name of ["", "a/b", "../x", "a b", "-a", "x".repeat(65), "a\nb"]) {
      await assert.rejects(keys.create({ name }), refused("option_invalid"), name);
    }
    await assert.rejects(keys.create({ name: "b", scopes: ["admin"], models: ["cn"] }), refused("option_invalid"));
    await keys.revoke("a");
    await keys.create({ name: "a" });
    assert.deepEqual(
      keys.list().map(({ state }) => state),
      ["revoked", "active"],
    );
  });

  test("that could not be written are not there, and one that is rotated while it is revoked stays revoked", async (t) => {
    const { keys, records } = await inMemory(t);
    const { secret } = await keys.create({ name: "a" });
    await Promise.all([keys.rotate({ key: "a", overlap_seconds: 100 }), keys.revoke("a")]);
    assert.throws(() => keys.authenticate(secret), refused("key_invalid"));
    assert.equal(keys.list()[0]?.state, "revoked");
    const failing = { ...records, set: () => Promise.reject(new VoxpoolError("state_unwritable")) };
    const broken = new Keyring({ records: failing, initial: [], modelDirs: [], log: silentLog });
    await assert.rejects(broken.create({ name: "b" }), refused("state_unwritable"));
    assert.deepEqual(broken.list(), []);
  });

  test("number a thousand at most, those that were revoked first make room", async (t) => {
    const { keys } = await inMemory(t);
    await Promise.all(Array.from({ length: 1000 }, (_, index) => keys.create({ name: `k${index}` })));
    await assert.rejects(keys.create({ name: "more" }), refused("keys_full"));
    await keys.revoke("k5");
    await keys.create({ name: "more" });
    assert.equal(keys.list().length, 1000);
    assert.equal(
      keys.list().some(({ name }) => name === "k5"),
      false,
    );
  });
});

const sees = (pattern: string, modelPath: string, version = "1") =>
  new ModelPatterns([pattern], ["model", "/srv/more"]).includes({ modelPath, version });

test("patterns name models by id or path, with or without a version", () => {
  for (const [pattern, path, version] of [
    ["cn", "model/cn"],
    ["cn", "model/cn@2", "2"],
    ["cn", "/srv/more/cn"],
    ["model/cn", "model/cn"],
    ["en/*", "model/en/tiny"],
    ["*", "anything"],
    ["c?", "model/cn"],
    ["*n*", "model/cn"],
    ["cn@2", "model/cn@2", "2"],
    ["**", "model/cn"],
  ] as const) {
    assert.equal(sees(pattern, path, version), true, `${pattern} ${path}`);
  }
  for (const [pattern, path, version] of [
    ["cn", "model/cnx"],
    ["cn", "model/CN"],
    ["cn", "other/cn"],
    ["cn", "model/x/cn"],
    ["cn@2", "model/cn", "1"],
    ["en/*", "model/en"],
    ["", "model/cn"],
    ["c", "model/cn"],
    ["cn?", "model/cn"],
    [".*", "model/cn"],
  ] as const) {
    assert.equal(sees(pattern, path, version), false, `${pattern} ${path}`);
  }
  assert.equal(sees("*a".repeat(90), `model/${"a".repeat(4000)}b`), false);
});

test("a ticket stands once, for a while, and no longer than its key", () => {
  let now = 0;
  let isValid = true;
  const tickets = new Tickets(() => now);
  const principal = { keyId: "1", name: "a", scopes: new Set(["read"] as const), isValid: () => isValid };
  const once = tickets.issue(principal);
  assert.equal(tickets.redeem(once), principal);
  assert.throws(() => tickets.redeem(once), refused("ticket_invalid"));
  const late = tickets.issue(principal);
  now = ticketSeconds;
  assert.throws(() => tickets.redeem(late), refused("ticket_invalid"));
  const revoked = tickets.issue(principal);
  isValid = false;
  assert.throws(() => tickets.redeem(revoked), refused("ticket_invalid"));
  isValid = true;
  const first = tickets.issue(principal);
  for (let count = 0; count < 10_000; count++) tickets.issue(principal);
  assert.throws(() => tickets.redeem(first), refused("ticket_invalid"));
});
