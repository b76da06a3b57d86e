import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Borrowed, FallbackLife, FallbackUnusable } from "../dist/fallback-life.js";
import { httpTransport, ModelAPIClient, type Transport, TransportError } from "../dist/node.js";
import { deadUrl, sendJson, signalled } from "./support/server.ts";
import { startService } from "./support/service.ts";
import { health } from "./support/wire.ts";

const steps = [
  "borrow",
  "give back",
  "need",
  "need no more",
  "time goes by",
  "opened",
  "fails",
  "closed",
  "end",
] as const;
type Step = (typeof steps)[number];

/** Everything that has been promised so far has been told. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A life whose opening, closing and time are in the hands of the test, and what must hold at every moment of it. */
class Stage {
  readonly life: FallbackLife;
  readonly borrowed: Borrowed[] = [];
  refused = 0;
  asked = 0;
  opened = 0;
  isEnded = false;
  isNeeded = false;
  /** What must not be, and was: who closes it does not tell of what that throws. */
  readonly wrong: string[] = [];
  /** The fallback that is opening, open or closing. */
  #there: Transport | undefined;
  #opening: ((succeeds: boolean) => void) | undefined;
  #closing: ReturnType<typeof signalled<void>> | undefined;
  #timer: (() => void) | undefined;

  constructor() {
    this.life = new FallbackLife({
      open: () => this.#open(),
      closeAfterMs: 1,
      after: (_, act) => {
        this.#timer = act;
        return () => {
          if (this.#timer === act) this.#timer = undefined;
        };
      },
    });
  }

  async take(step: Step): Promise<void> {
    if (step === "borrow") this.#borrow();
    else if (step === "give back") this.borrowed.pop()?.giveBack();
    else if (step === "need" || step === "need no more") this.#need(step === "need");
    else if (step === "time goes by") this.#timer?.();
    else if (step === "opened") this.#opening?.(true);
    else if (step === "fails") this.#opening?.(false);
    else if (step === "closed") this.#closing?.resolve();
    else this.#end();
    await settled();
  }

  /** Lets everything come to its end. */
  async finish(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      for (const step of ["opened", "give back", "need no more", "time goes by", "closed"] as const)
        await this.take(step);
    }
    while (this.borrowed.length > 0) await this.take("give back");
    for (const step of ["time goes by", "closed"] as const) await this.take(step);
  }

  get isThere(): boolean {
    return this.#there !== undefined;
  }

  #open(): Promise<Transport> {
    assert.ok(!this.isEnded, "opened after the end");
    assert.equal(this.#there, undefined, "opened while another is open");
    assert.equal(this.#opening, undefined, "opened twice");
    this.opened++;
    return new Promise((resolve, reject) => {
      this.#opening = (succeeds) => {
        this.#opening = undefined;
        if (!succeeds) return reject(new Error("no room"));
        this.#there = this.#transport();
        resolve(this.#there);
      };
    });
  }

  #transport(): Transport {
    let isClosed = false;
    return {
      target: "stage",
      send: () => assert.fail("nothing is sent here"),
      close: async () => {
        if (isClosed) this.wrong.push("closed twice");
        isClosed = true;
        if (!this.isEnded && this.borrowed.length > 0) this.wrong.push("closed while it is used");
        if (!this.isEnded && this.isNeeded) this.wrong.push("closed while it is needed");
        this.#closing = signalled();
        await this.#closing.promise;
        this.#there = undefined;
      },
    };
  }

  #borrow(): void {
    this.asked++;
    this.life.borrow().then(
      (loan) => {
        assert.equal(loan.transport, this.#there, "lent what is not open");
        this.borrowed.push(loan);
      },
      (error: unknown) => {
        assert.ok(error instanceof FallbackUnusable, String(error));
        this.refused++;
      },
    );
  }

  #need(isNeeded: boolean): void {
    this.isNeeded = isNeeded;
    this.life.setNeeded(isNeeded);
  }

  #end(): void {
    this.isEnded = true;
    void this.life.end();
  }
}

test("in whatever order things happen, one fallback is there at most, and none is opened after the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 40 }), async (order) => {
      const stage = new Stage();
      for (const step of order) await stage.take(step);
      assert.deepEqual(stage.wrong, []);
      await stage.finish();
      assert.equal(stage.isThere, false, "something was left open");
      assert.equal(stage.borrowed.length, 0);
    }),
    { numRuns: 500 },
  );
});

test("one that is needed stays open while nobody uses it, and is closed once it is needed no more", async () => {
  for (const start of [
    ["borrow", "opened", "give back", "need"],
    ["need", "borrow", "opened", "give back"],
  ] as const) {
    const stage = new Stage();
    for (const step of [...start, "time goes by", "closed"] as const) await stage.take(step);
    assert.deepEqual([stage.isThere, stage.wrong], [true, []]);
    for (const step of ["need no more", "time goes by", "closed"] as const) await stage.take(step);
    assert.deepEqual([stage.isThere, stage.wrong], [false, []]);
  }
});

test("who comes while it closes waits, and is lent a new one", async () => {
  const stage = new Stage();
  for (const step of ["borrow", "opened", "give back", "time goes by", "borrow"] as const) await stage.take(step);
  assert.deepEqual([stage.opened, stage.borrowed.length], [1, 0]);
  for (const step of ["closed", "opened"] as const) await stage.take(step);
  assert.deepEqual([stage.opened, stage.borrowed.length], [2, 1]);
});

test("what is still opening when the end comes is closed, and lent to nobody", async () => {
  const stage = new Stage();
  for (const step of ["borrow", "borrow", "end", "borrow", "opened", "closed", "borrow"] as const)
    await stage.take(step);
  assert.deepEqual([stage.opened, stage.refused, stage.isThere], [1, 4, false]);
});

test("what could not be opened is not tried again", async () => {
  const stage = new Stage();
  for (const step of ["borrow", "fails", "borrow"] as const) await stage.take(step);
  assert.deepEqual([stage.opened, stage.refused, stage.life.problem], [1, 2, "no room"]);
});

test("a fallback whose close() closes the client ends", async (t) => {
  const service = await startService(t, (_, response) => sendJson(response, 200, health));
  const client: ModelAPIClient = new ModelAPIClient(await deadUrl(), {
    fallback: () => ({ ...httpTransport(service.url), close: () => void client.close() as never }),
  });
  assert.equal((await client.checkHealth()).answered_by, "fallback");
  await client.close();
});

test("close() while a call looks whether the service is back opens nothing", async () => {
  const looking = signalled();
  const never = signalled<never>();
  const givenUp = new AbortController();
  let opened = 0;
  const transport: Transport = {
    target: "service",
    async send() {
      if (givenUp.signal.aborted) {
        looking.resolve();
        return never.promise;
      }
      // So the client learns that the service is away, but has nobody to open the fallback for.
      givenUp.abort();
      throw new TransportError("server_unreachable", false, "nobody listens");
    },
  };
  const open = (): Transport => {
    opened++;
    return { target: "fallback", send: () => assert.fail("it was used") };
  };
  const client = new ModelAPIClient(undefined, { transport, fallback: { open, probeEveryMs: 0 }, retry: false });
  await client.checkHealth({ signal: givenUp.signal });
  const call = client.checkHealth();
  await looking.promise;
  await client.close();
  const result = await call;
  assert.equal(!result.success && result.reason, "request_cancelled");
  await settled();
  assert.equal(opened, 0);
});

test("a recording of which too much was read for a second attempt fails, and the failure says so", async () => {
  const transport: Transport = {
    target: "service",
    async send({ body }) {
      assert.ok(body instanceof ReadableStream);
      const reader = body.getReader();
      for (let bytes = 0; bytes < 2_000_000; ) bytes += (await reader.read()).value?.byteLength ?? 0;
      throw new TransportError("server_unreachable", false, "nobody listens");
    },
  };
  const client = new ModelAPIClient(undefined, { transport, fallback: () => assert.fail("it was opened") });
  let released = false;
  async function* pieces() {
    try {
      for (;;) yield new Uint8Array(100_000);
    } finally {
      released = true;
    }
  }
  const result = await client.transcribe(pieces());
  assert.equal(!result.success && result.reason, "server_unreachable");
  assert.match(result.success ? "" : result.error_message, /nobody listens; .*too much of the recording had been read/);
  assert.ok(released);
  await client.close();
});
