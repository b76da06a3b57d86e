import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MovableBody, noticeEnd } from "../dist/fallback-body.js";
import { signalled } from "./support/server.ts";

interface Source {
  readonly stream: ReadableStream<Uint8Array>;
  readonly bytes: Buffer;
  cancelled: unknown[];
  /** How many pieces were asked for. */
  pulled: number;
}

/** A stream of pieces of the given sizes, in which a missing or repeated part shows. */
function sourceOf(sizes: readonly number[]): Source {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const bytes = Buffer.alloc(
    total,
    Uint8Array.from({ length: 251 }, (_, at) => at),
  );
  let at = 0;
  const self: Source = {
    bytes,
    cancelled: [],
    pulled: 0,
    stream: new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const size = sizes[self.pulled++];
          await Promise.resolve();
          if (size === undefined) return controller.close();
          if (size > 0) controller.enqueue(bytes.subarray(at, at + size));
          // An empty piece is one that has nothing in it.
          else controller.enqueue(new Uint8Array(0));
          at += size;
        },
        cancel: (reason) => void self.cancelled.push(reason),
      },
      { highWaterMark: 0 },
    ),
  };
  return self;
}

function readerOf(body: MovableBody): ReadableStreamDefaultReader<Uint8Array> {
  const { body: stream } = body.attempt();
  assert.ok(stream instanceof ReadableStream);
  return stream.getReader();
}

async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(pieces);
    pieces.push(value);
  }
}

test("wherever the first attempt was left, the next one gets every byte or is refused", async () => {
  const steps = fc.record({
    sizes: fc.array(fc.nat(200_000), { maxLength: 8 }),
    limit: fc.nat(400_000),
    reads: fc.array(fc.nat(10), { minLength: 1, maxLength: 3 }),
    isReading: fc.boolean(),
    isCancelled: fc.boolean(),
    settles: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(steps, async ({ sizes, limit, reads, isReading, isCancelled, settles }) => {
      const source = sourceOf(sizes);
      const body = new MovableBody(source.stream, limit);
      for (const count of reads) {
        if (!body.canMove) return assert.throws(() => body.attempt(), /cannot be sent again/);
        const reader = readerOf(body);
        let given = 0;
        for (let n = 0; n < count; n++) given += (await reader.read()).value?.byteLength ?? 0;
        assert.equal(body.canMove, given <= limit);
        // One that is left while it waits for its next piece.
        if (isReading) reader.read().catch(() => undefined);
        if (isCancelled && body.canMove) await reader.cancel("gave up");
      }
      assert.deepEqual(source.cancelled, []);
      if (!body.canMove) return;
      const last = readerOf(body);
      if (settles) body.settle();
      assert.ok((await rest(last)).equals(source.bytes));
    }),
    { numRuns: 300 },
  );
});

test("a piece larger than the window is no reason to refuse a second attempt", async () => {
  const source = sourceOf([5_000_000]);
  const body = new MovableBody(source.stream);
  await readerOf(body).read();
  assert.ok(body.canMove);
  assert.ok((await rest(readerOf(body))).equals(source.bytes));
  assert.equal(body.canMove, false, "there was too much to begin a third time");
});

test("a read that an attempt has begun, and that makes the window too large, is not lost for the next one", async () => {
  const source = sourceOf([600_000, 600_000, 600_000]);
  const body = new MovableBody(source.stream);
  const first = readerOf(body);
  for (let n = 0; n < 10; n++) await first.read();
  const left = first.read().catch(() => undefined);
  assert.ok((await rest(readerOf(body))).equals(source.bytes));
  await left;
});

test("what an attempt holds gives nothing more once there is a newer one", async () => {
  const body = new MovableBody(sourceOf([10, 10]).stream);
  const [first, second] = [readerOf(body), readerOf(body)];
  await assert.rejects(first.read(), /sent another way/);
  assert.equal((await rest(second)).length, 20);
});

test("a source is cancelled once, when nobody can read it any more", async () => {
  for (const act of [
    async (body: MovableBody) => {
      await readerOf(body).cancel("a");
      body.settle();
    },
    async (body: MovableBody) => {
      const reader = readerOf(body);
      body.settle();
      await reader.cancel("a");
    },
    async (body: MovableBody) => {
      const reader = readerOf(body);
      await reader.read();
      body.release("a");
      await assert.rejects(reader.read(), /sent another way/);
      body.release("b");
    },
    async (body: MovableBody) => {
      const reader = readerOf(body);
      for (let given = 0; given <= 2 ** 20; ) given += (await reader.read()).value?.byteLength ?? 0;
      await reader.cancel("a");
    },
  ]) {
    const source = sourceOf([2_000_000]);
    await act(new MovableBody(source.stream));
    assert.deepEqual(source.cancelled, ["a"], String(act));
  }
});

test("a body that is settled is let go of as it is read", async () => {
  const source = sourceOf(Array.from({ length: 100 }, () => 100_000));
  const body = new MovableBody(source.stream, 0);
  assert.ok((await rest(readerOf(body))).equals(source.bytes));
  assert.equal(source.pulled, 101);
});

test("bodies that are no streams can be sent any number of times", () => {
  const body = new MovableBody("text", 0);
  assert.deepEqual([body.attempt(), body.attempt(), body.canMove], [{ body: "text" }, { body: "text" }, true]);
  assert.deepEqual(new MovableBody(undefined).attempt(), {});
});

test("the end of a stream is noticed once, whichever way it ends", async () => {
  type Reader = ReadableStreamDefaultReader<Uint8Array>;
  const ways: Record<string, (reader: Reader, asked: Promise<void>) => Promise<unknown>> = {
    "read to its end": (reader) => rest(reader),
    cancelled: (reader) => reader.cancel(),
    "cancelled while it is read": async (reader, asked) => {
      const reading = reader.read();
      await asked;
      await reader.cancel();
      await reading;
    },
    failed: (reader) => assert.rejects(reader.read(), /cut off/),
  };
  for (const [way, act] of Object.entries(ways)) {
    let ended = 0;
    const asked = signalled();
    const source: UnderlyingDefaultSource<Uint8Array> = {
      pull(controller) {
        asked.resolve();
        if (way.startsWith("read")) controller.close();
        else if (way === "failed") throw new Error("cut off");
        else return signalled().promise;
      },
    };
    await act(noticeEnd(new ReadableStream(source, { highWaterMark: 0 }), () => ended++).getReader(), asked.promise);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(ended, 1, way);
  }
});
