import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { type AdmissionOptions, type Asking, createAdmission } from "../../dist/schedule/admission.js";

/** An admission whose clock stands until it is set, over one core and a model of half real time. */
function admission(given: Partial<AdmissionOptions> = {}) {
  const clock = { now: 1000 };
  const made = createAdmission({
    scheduler: { realTimeFactor: () => 0.5 },
    cores: 1,
    maxWaitSeconds: 60,
    maxSessions: 100,
    maxSessionsPerClient: 75,
    now: () => clock.now,
    ...given,
  });
  const admit = (asking: Partial<Asking> = {}) => made.admit({ client: "a", host: "h", audioSeconds: 40, ...asking });
  const refused = (asking: Partial<Asking> = {}): VoxpoolError => {
    try {
      admit(asking);
    } catch (error) {
      assert.ok(error instanceof VoxpoolError);
      return error;
    }
    return assert.fail("it was admitted");
  };
  return { clock, admit, refused };
}

const retryOf = (error: VoxpoolError) => Number(error.details.retry_after_seconds);

test("who would have to wait too long is told how long, why, and when to come again", () => {
  const { admit, refused } = admission();
  for (let count = 0; count < 4; count++) admit(); // 4 x 40 s at half of real time: 80 s
  const error = refused();
  assert.equal(error.reason, "over_capacity");
  const { wait_seconds, limit_seconds, setting, retry_after_seconds } = error.details;
  assert.deepEqual([wait_seconds, limit_seconds, setting], [80, 60, "limits.queue_seconds"]);
  assert.equal(retry_after_seconds, 22, "20 s, and a tenth");
  assert.equal(error.entry.status, 429);
  assert.match(error.messageIn("zh"), /22 秒后重试/);
});

test("another client comes in while the first has a long queue", () => {
  const { admit, refused } = admission();
  for (let count = 0; count < 4; count++) admit();
  refused();
  admit({ client: "b" });
});

test("who ends makes room, once", () => {
  const { admit, refused } = admission({ maxSessionsPerClient: 2 });
  const first = admit();
  admit();
  first.release();
  first.release();
  admit();
  const error = refused();
  const { client, limit, setting } = error.details;
  assert.deepEqual([client, limit, setting], ["a", 2, "limits.sessions_per_client"]);
});

test("when all places are taken everybody is refused, with a time", () => {
  const { admit, refused } = admission({ maxSessions: 4, maxWaitSeconds: 0 });
  for (const client of ["b", "c", "d", "e"]) admit({ client });
  const error = refused();
  assert.equal(error.reason, "too_many_sessions");
  assert.deepEqual([error.details.limit, error.details.setting], [4, "limits.sessions"]);
  assert.ok(retryOf(error) >= 1);
});

suite("promises", () => {
  test("later ones are for later times, and each is let in at its own", () => {
    const { clock, admit, refused } = admission();
    const running = Array.from({ length: 4 }, () => admit());
    const promised = Array.from({ length: 5 }, () => 1000 + retryOf(refused()));
    for (let index = 1; index < 5; index++) assert.ok((promised[index] ?? 0) >= (promised[index - 1] ?? 0) + 20);
    for (const at of promised) {
      clock.now = at;
      running.shift()?.release(); // one ends every 20 s
      running.push(admit());
    }
  });

  test("a place is kept from those who come in between", () => {
    const { clock, admit, refused } = admission();
    const running = Array.from({ length: 4 }, () => admit());
    for (const ticket of running) ticket.progress({ arrivedSeconds: 40 });
    const at = 1000 + retryOf(refused());
    clock.now = at - 1;
    running[0]?.release();
    refused();
    clock.now = at;
    admit();
  });

  test("a new recording does not get the place of one that was promised it", () => {
    const { clock, admit, refused } = admission();
    const running = Array.from({ length: 4 }, () => admit());
    for (const ticket of running) ticket.progress({ arrivedSeconds: 40 });
    clock.now += retryOf(refused({ audioSeconds: 30 }));
    for (const ticket of running) ticket.progress({ doneSeconds: 10 });
    refused({ audioSeconds: 31 });
    admit({ audioSeconds: 30 });
  });

  test("a place is not kept for ever", () => {
    const { clock, admit, refused } = admission();
    const running = Array.from({ length: 4 }, () => admit());
    for (let count = 0; count < 50; count++) refused();
    running.shift()?.release();
    running.shift()?.release();
    refused();
    clock.now += 100_000;
    admit();
  });

  test("nobody waits for them while next to nothing runs", () => {
    const { admit, refused } = admission();
    const running = Array.from({ length: 4 }, () => admit());
    for (let count = 0; count < 50; count++) refused();
    for (const ticket of running) ticket.release();
    admit();
  });

  test("who asks again and again shuts nobody out, costs bounded memory, and comes in when there is room", () => {
    const { admit, refused } = admission();
    const running = Array.from({ length: 4 }, () => admit());
    for (let count = 0; count < 3000; count++) refused();
    admit({ client: "b" });
    for (const ticket of running) ticket.release();
    admit();
  });
});

suite("lengths", () => {
  test("a recording that does not say its length is taken for as long as its client's usually are", () => {
    const { admit, refused } = admission();
    for (let count = 0; count < 50; count++) {
      const ticket = admit({ client: "long", audioSeconds: undefined });
      ticket.progress({ arrivedSeconds: 100, doneSeconds: 100, isWhole: true });
      ticket.release();
    }
    admit({ client: "long", audioSeconds: undefined });
    admit({ client: "long", audioSeconds: undefined });
    assert.equal(refused({ client: "long", audioSeconds: undefined }).details.wait_seconds, 100);
  });

  test("what arrives beyond what was said counts, and what is recognised does no longer", () => {
    const { admit, refused } = admission();
    const ticket = admit({ audioSeconds: 1 });
    admit({ audioSeconds: 20 });
    ticket.progress({ arrivedSeconds: 119 });
    assert.equal(refused().details.wait_seconds, 70);
    ticket.progress({ doneSeconds: 60 });
    admit();
  });

  test("an upload that drips for a while counts with what is there, and while its model loads with all", () => {
    const { clock, admit, refused } = admission();
    const dripping = admit({ audioSeconds: 20_000 });
    const loading = admit({ audioSeconds: 20_000 });
    dripping.progress({ arrivedSeconds: 1 });
    clock.now += 6;
    dripping.progress({ arrivedSeconds: 6, doneSeconds: 5 });
    assert.equal(refused().details.wait_seconds, 61);
    loading.progress({ arrivedSeconds: 1 });
    clock.now += 6;
    admit();
  });

  test("a length that is no number is an unknown one", () => {
    const { admit } = admission();
    for (const audioSeconds of [Number.NaN, Number.POSITIVE_INFINITY, -1e9, 0]) admit({ audioSeconds });
    admit();
  });
});

test("a model that was never measured refuses nobody by a guess", () => {
  const { admit } = admission({ scheduler: { realTimeFactor: () => undefined } });
  for (let count = 0; count < 75; count++) admit({ audioSeconds: undefined });
});
