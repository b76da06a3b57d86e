import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BroadcastChannel } from "node:worker_threads";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { decodeAll, inPieces, tone } from "./reading.ts";
import { writeWav } from "./wav-writer.ts";

const decoder = createAudioDecoder({ workers: 2 });
after(() => decoder.close());

const raw = { rateHz: 16_000, channels: 1, littleEndian: true };
const second = new Uint8Array(32_000);

/** An input that is fed by hand, and tells what became of it. */
function handFed() {
  const pieces: Uint8Array[] = [];
  const left = Promise.withResolvers<void>();
  const state = { pulled: 0, left: left.promise, ended: false };
  let wake = Promise.withResolvers<void>();
  const input: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => input,
    async next() {
      for (;;) {
        const value = pieces.shift();
        if (value !== undefined) {
          state.pulled += value.length;
          return { done: false, value };
        }
        if (state.ended) return { done: true, value: undefined };
        await wake.promise;
        wake = Promise.withResolvers();
      }
    },
    async return() {
      left.resolve();
      return { done: true, value: undefined };
    },
  };
  const feed = (bytes: Uint8Array) => {
    pieces.push(bytes);
    wake.resolve();
  };
  const end = () => {
    state.ended = true;
    wake.resolve();
  };
  return { input, state, feed, end };
}

test("a short recording comes out at once, in one chunk", async () => {
  const chunks: number[] = [];
  const bytes = writeWav(tone(300, 16_000, 3));
  for await (const chunk of decoder.decode(inPieces(bytes, bytes.length), { maxSeconds: 60 }).samples) {
    chunks.push(chunk[0].length);
  }
  assert.deepEqual(chunks, [48_000]);
});

test("a long recording comes out in chunks of a quarter to a few seconds", async () => {
  const bytes = writeWav(new Float32Array(2 * 44_100 * 40), { channels: 2, rate: 44_100 });
  const chunks: number[] = [];
  for await (const chunk of decoder.decode(inPieces(bytes, 1400), { maxSeconds: 60 }).samples)
    chunks.push(chunk[0].length);
  const inner = chunks.slice(1, -1);
  assert.ok(
    inner.every((length) => length >= 4000 - 200 && length <= 131_072),
    `${Math.min(...inner)}..${Math.max(...inner)}`,
  );
  assert.equal(
    chunks.reduce((sum, length) => sum + length, 0),
    640_000,
  );
});

test("the first samples are out before the upload has ended", async () => {
  const { input, feed, end } = handFed();
  const samples = decoder.decode(input, { raw, maxSeconds: 60 }).samples[Symbol.asyncIterator]();
  feed(second);
  assert.equal((await samples.next()).value?.[0].length, 16_000);
  feed(second);
  assert.equal((await samples.next()).value?.[0].length, 16_000);
  end();
  assert.equal((await samples.next()).done, true);
});

test("nothing is read before somebody wants samples, and little more than he takes", async () => {
  let given = 0;
  async function* endless() {
    for (;;) {
      given += second.length;
      yield second;
    }
  }
  const samples = decoder.decode(endless(), { raw, maxSeconds: 1e6 }).samples[Symbol.asyncIterator]();
  assert.equal(given, 0);
  let taken = 0;
  for (let n = 0; n < 20; n++) taken += ((await samples.next()).value?.[0].length ?? 0) * 2;
  // Whatever still runs without a reader gets the time to do so: other recordings pass through meanwhile.
  for (let n = 0; n < 20; n++) await decodeAll(decoder, writeWav(tone(300, 16_000, 3)));
  assert.ok(given - taken < 1_500_000, `${given - taken} bytes ahead`);
  await samples.return?.();
});

test("who stops reading frees the input", async () => {
  const { input, state, feed } = handFed();
  feed(second);
  for await (const _ of decoder.decode(input, { raw, maxSeconds: 60 }).samples) break;
  await state.left;
});

test("who stops while a read is under way frees the input, and that read ends", async () => {
  const { input, state } = handFed();
  const samples = decoder.decode(input, { raw, maxSeconds: 60 }).samples[Symbol.asyncIterator]();
  const reading = samples.next();
  await samples.return?.();
  await state.left;
  assert.equal((await reading).done, true);
});

test("an abort throws the signal's reason and frees the input", async () => {
  const { input, state, feed } = handFed();
  const controller = new AbortController();
  const { signal } = controller;
  const samples = decoder.decode(input, { raw, maxSeconds: 60, signal }).samples[Symbol.asyncIterator]();
  feed(second);
  await samples.next();
  const reading = samples.next();
  controller.abort(new Error("gone"));
  await assert.rejects(reading, { message: "gone" });
  await state.left;
  assert.equal((await samples.next()).done, true);
});

test("an abort before the first read never touches the input", async () => {
  const signal = AbortSignal.abort(new Error("gone"));
  await assert.rejects(decodeAll(decoder, handFed().input, { signal }), { message: "gone" });
});

async function* stalled() {
  yield second;
  throw new Error("stalled");
}

test("what the input throws comes out as it is", async () => {
  await assert.rejects(decodeAll(decoder, stalled(), { raw }), { message: "stalled" });
});

test("what follows the sound is read to its end, so that a form can go on", async () => {
  const { input, state, feed, end } = handFed();
  const samples = decoder.decode(input, { maxSeconds: 60 }).samples[Symbol.asyncIterator]();
  feed(writeWav(tone(300, 16_000, 1)));
  assert.equal((await samples.next()).value?.[0].length, 16_000);
  const last = samples.next();
  for (let n = 0; n < 100; n++) feed(new Uint8Array(65_536));
  end();
  assert.equal((await last).done, true);
  assert.equal(state.pulled, 32_044 + 100 * 65_536);
});

test("a truthful header beyond the limit is refused before a sample comes out", async () => {
  let given = 0;
  async function* hours() {
    const header = writeWav([], { dataSize: 7 * 3600 * 32_000 }).subarray(0, 44);
    yield header;
    for (; given < 7 * 3600 * 32_000; given += second.length) yield second;
  }
  const samples = decoder.decode(hours(), { maxSeconds: 6 * 3600 }).samples[Symbol.asyncIterator]();
  await assert.rejects(Promise.resolve(samples.next()), {
    reason: "audio_too_long",
    details: { limit_seconds: 21_600, setting: "limits.audio_seconds" },
  });
  assert.ok(given < 2_000_000, `${given} bytes were read`);
});

test("sound beyond the limit is refused when it gets there, whatever the header said", async () => {
  for (const dataSize of [0, 0xffff_ffff]) {
    const bytes = writeWav(new Float32Array(16_000 * 3), { dataSize, riffSize: 36 });
    await assert.rejects(decodeAll(decoder, bytes, { maxSeconds: 2 }), { reason: "audio_too_long" });
    assert.equal((await decodeAll(decoder, bytes, { maxSeconds: 3 })).length, 48_000);
  }
  await assert.rejects(decodeAll(decoder, second, { raw, maxSeconds: 0.5 }), { reason: "audio_too_long" });
});

test("200 uploads at once that stop in the middle hold nobody up, and all come out right", async () => {
  const slow = Array.from({ length: 200 }, (_, n) => ({
    ...handFed(),
    wav: writeWav(tone(100 + n, 22_050, 0.5), { rate: 22_050 }),
  }));
  const results = slow.map(({ input }) => decodeAll(decoder, input));
  for (const { feed, wav } of slow) feed(wav.subarray(0, 5000));
  assert.equal((await decodeAll(decoder, writeWav(tone(300, 16_000, 3)))).length, 48_000);
  for (const { feed, end, wav } of slow) {
    feed(wav.subarray(5000));
    end();
  }
  for (const [n, result] of results.entries()) {
    const alone = await decodeAll(decoder, slow[n]?.wav ?? new Uint8Array());
    assert.deepEqual(await result, alone);
  }
});

test("two hours of WAV in stereo flow through bounded memory", async () => {
  await flow(16_000, 7200);
});

test("ten minutes of 44.1 kHz stereo flow through bounded memory", async () => {
  await flow(44_100, 600);
});

async function flow(rate: number, seconds: number): Promise<void> {
  const piece = writeWav(tone(500, rate, 0.5), { rate, channels: 2 }).subarray(44);
  const size = rate * seconds * 4;
  async function* recording() {
    yield writeWav([], { rate, channels: 2, dataSize: size }).subarray(0, 44);
    let left = size;
    for (; left > piece.length; left -= piece.length) yield piece.slice();
    yield piece.subarray(0, left);
  }
  const before = process.memoryUsage().rss;
  let most = 0;
  let samples = 0;
  for await (const chunk of decoder.decode(recording(), { maxSeconds: seconds }).samples) {
    samples += chunk[0].length;
    most = Math.max(most, process.memoryUsage.rss());
  }
  assert.equal(samples, seconds * 16_000);
  assert.ok(most - before < 200_000_000, `${Math.round((most - before) / 1e6)} MB more`);
}

for (const [word, reason] of [
  ["HANG", "audio_invalid"],
  ["EXIT", "internal"],
  ["THROW", "internal"],
  ["HEAP", "internal"],
] as const) {
  test(`a thread that goes wrong costs the recording that did it, and no other: ${word}`, async () => {
    const deaths: string[] = [];
    const bad = createAudioDecoder({
      workers: 1,
      stepTimeoutMs: word === "HANG" ? 1000 : 60_000,
      workerFile: new URL("./bad-worker.ts", import.meta.url),
      log: { ...silentLog, error: (_, message) => deaths.push(message) },
    });
    const { input, feed, end } = handFed();
    const wav = writeWav(tone(300, 44_100, 1), { rate: 44_100 });
    const innocent = decodeAll(bad, input);
    feed(wav.subarray(0, 40_001));
    const first = bad.decode(inPieces(wav, 5000), { maxSeconds: 9 }).samples[Symbol.asyncIterator]();
    assert.ok((await first.next()).value);

    await assert.rejects(decodeAll(bad, Buffer.concat([Buffer.from(word), second]), { raw }), { reason });
    assert.equal(deaths.length, 1);

    feed(wav.subarray(40_001));
    end();
    assert.deepEqual(await innocent, await decodeAll(decoder, wav));
    await first.return?.();
    await bad.close();
  });
}

const badWorker = new URL("./bad-worker.ts", import.meta.url);

test("a step that does not end is tried once more, in a fresh thread", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "voxpool-again-"));
  t.after(() => rm(folder, { recursive: true }));
  const bad = createAudioDecoder({ workers: 1, stepTimeoutMs: 1000, workerFile: badWorker });
  t.after(() => bad.close());
  const sound = Buffer.concat([Buffer.from(`ONCE|${join(folder, "was-here")}|`.padEnd(200)), second]);
  assert.deepEqual(await decodeAll(bad, sound, { raw }), await decodeAll(decoder, sound, { raw }));
});

test("a thread that is kept from its work says nothing against the recording", async (t) => {
  const bad = createAudioDecoder({ workers: 1, stepTimeoutMs: 3000, workerFile: badWorker });
  t.after(() => bad.close());
  const failed = decodeAll(bad, Buffer.concat([Buffer.from("WAIT"), second]), { raw });
  await assert.rejects(failed, (error) => error instanceof VoxpoolError && error.reason === "internal");
});

test("time in which this process stood still is not held against a step", async (t) => {
  const stepTimeoutMs = 1000;
  const bad = createAudioDecoder({ workers: 1, stepTimeoutMs, workerFile: badWorker });
  const channel = new BroadcastChannel("bad-worker");
  t.after(async () => {
    channel.close();
    await bad.close();
  });
  const sound = Buffer.concat([Buffer.from("WAIT"), second]);
  const waiting = once(channel as unknown as EventTarget, "message");
  const samples = decodeAll(bad, sound, { raw });
  await waiting;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * stepTimeoutMs);
  // Past whatever was due meanwhile.
  for (let n = 0; n < 5; n++) await new Promise(setImmediate);
  let again = 0;
  (channel as unknown as EventTarget).addEventListener("message", () => {
    again += 1;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is no window
    channel.postMessage("go on");
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is no window
  channel.postMessage("go on");
  assert.deepEqual(await samples, await decodeAll(decoder, sound, { raw }));
  assert.equal(again, 0, "the step was done twice");
});

test("a thread that cannot start costs a request each time, and nothing hangs", async () => {
  const none = createAudioDecoder({ workers: 1, workerFile: new URL("./not-there.js", import.meta.url) });
  for (let n = 0; n < 3; n++) await assert.rejects(decodeAll(none, second, { raw }), { reason: "internal" });
  await none.close();
});

test("close ends what is under way with server_stopping, and everything after it", async () => {
  const closing = createAudioDecoder({ workers: 1 });
  const { input, state, feed } = handFed();
  const samples = closing.decode(input, { raw, maxSeconds: 60 }).samples[Symbol.asyncIterator]();
  feed(second);
  await samples.next();
  const reading = samples.next();
  const closed = closing.close();
  await assert.rejects(reading, { reason: "server_stopping" });
  await state.left;
  await closed;
  await assert.rejects(decodeAll(closing, second, { raw }), { reason: "server_stopping" });
  await closing.close();
});

test("idle threads keep no process alive, busy ones do", async () => {
  const script = `
    import { createAudioDecoder } from ${JSON.stringify(new URL("../../dist/audio/decoder.js", import.meta.url).href)};
    const raw = { rateHz: 16000, channels: 1, littleEndian: true };
    async function* bytes() { yield new Uint8Array(32000); }
    let count = 0;
    for await (const chunk of createAudioDecoder().decode(bytes(), { raw, maxSeconds: 9 }).samples) count += chunk[0].length;
    console.log(count);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = child.stdout.toArray();
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.equal(Buffer.concat((await output) as Buffer[]).toString(), "16000\n");
});
