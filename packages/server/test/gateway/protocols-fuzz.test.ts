import assert from "node:assert/strict";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { readInferRequest } from "../../dist/gateway/oip/infer-request.js";
import { parseJson } from "../../dist/gateway/oip/json.js";
import { readModelCall, readRepositoryCall } from "../../dist/gateway/oip/model-url.js";
import { readEvents } from "../../dist/gateway/wyoming/frames.js";
import { readFormat, readWish } from "../../dist/gateway/wyoming/messages.js";
import { createRandom, type Random } from "./random.ts";

const rounds = 3000;

/** Bytes of which some are others, missing, or there twice. */
function damaged(bytes: Buffer, random: Random): Buffer {
  const pieces = [bytes];
  for (let count = random.below(4); count >= 0; count--) {
    const at = random.below(bytes.length);
    const length = random.below(20);
    const last = pieces.pop() ?? bytes;
    const kind = random.below(3);
    if (kind === 0) last[at % last.length] = random.below(256);
    pieces.push(
      kind === 1
        ? Buffer.concat([last.subarray(0, at), last.subarray(at + length)])
        : Buffer.concat([
            last.subarray(0, at),
            kind === 2 ? last.subarray(at, at + length) : Buffer.of(),
            last.subarray(at),
          ]),
    );
  }
  return pieces[0] ?? bytes;
}

/** Whatever goes wrong is said in our words, as something that the sender did; both outcomes have to be met. */
function createOutcomes() {
  let [good, bad] = [0, 0];
  return {
    async see(work: () => unknown): Promise<void> {
      try {
        await work();
        good++;
      } catch (error) {
        assert.ok(error instanceof VoxpoolError, String(error));
        assert.ok(error.entry.status < 500, error.message);
        bad++;
      }
    },
    check: () => assert.ok(good > rounds / 100 && bad > rounds / 100, `${good} read, ${bad} refused`),
  };
}

const request = {
  id: "1",
  parameters: { timeout: 1000, language: "zh", binary_data_output: true },
  inputs: [
    { name: "audio", shape: [1, 3], datatype: "FP32", data: [[0, 0.5, -1]], parameters: { binary_data_size: 12 } },
  ],
  outputs: [{ name: "text", parameters: { binary_data: false } }],
};
const values: readonly unknown[] = [null, true, -1, 1.5, 1e300, "", "x", [], {}, [null], [[1]], { a: 1 }, "__proto__"];

/** The request with one of its values replaced by anything. */
function mutated(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.below(4) === 0) return values[random.below(values.length)];
  const entries = Object.entries(value);
  const chosen = random.below(Math.max(1, entries.length));
  const changed = entries.map(([key, item], index) => [key, index === chosen ? mutated(item, random) : item] as const);
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed);
}

test("any request to infer is read, or refused as what it is", async () => {
  const random = createRandom(1);
  const outcomes = createOutcomes();
  const bytes = Buffer.from(JSON.stringify(request));
  for (let round = 0; round < rounds; round++) {
    await outcomes.see(() => {
      const isDamaged = random.below(2) === 0;
      readInferRequest(isDamaged ? parseJson(damaged(Buffer.from(bytes), random)) : mutated(request, random), true);
    });
  }
  outcomes.check();
});

test("any path below /v2 is read, or refused as what it is", async () => {
  const random = createRandom(2);
  const outcomes = createOutcomes();
  const pieces = ["/", "versions", "infer", "load", "unload", "%2F", "%", "%00", "..", "中", "@1", "1", "a", ""];
  for (let round = 0; round < rounds; round++) {
    const path = Array.from({ length: random.below(8) }, () => pieces[random.below(pieces.length)]).join("");
    await outcomes.see(() => readModelCall(path));
    await outcomes.see(() => readRepositoryCall(path));
  }
  outcomes.check();
});

test("any stream of Wyoming events is read, or refused as what it is", async () => {
  const random = createRandom(3);
  const outcomes = createOutcomes();
  const chunk = '{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1},"payload_length":8}\nabcdefgh';
  const bytes = Buffer.from(`{"type":"transcribe","data_length":17}\n{"language":"zh"}${chunk}{"type":"audio-stop"}\n`);
  for (let round = 0; round < rounds; round++) {
    const hostile = damaged(Buffer.from(bytes), random);
    const size = 1 + random.below(64);
    await outcomes.see(async () => {
      for await (const { type, data } of readEvents(inPieces(hostile, size))) {
        if (type === "transcribe") readWish(data);
        if (type === "audio-chunk") readFormat(data);
      }
    });
  }
  outcomes.check();
});

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
