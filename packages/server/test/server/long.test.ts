import assert from "node:assert/strict";
import { test } from "node:test";
import { silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes, wavHeader } from "../../../../test/fixtures/wav.ts";
import { startRunning } from "./running.ts";

const rateHz = 16_000;
const hours = 2;
const blockSeconds = 30;
const blocks = (hours * 3600) / blockSeconds;

test("two hours of WAV, streamed: all the words, in bounded memory", async (t) => {
  const { client } = await startRunning(t, { tone: "tone" });
  let peakBytes = 0;
  async function* recording(): AsyncGenerator<Uint8Array> {
    yield wavHeader(blocks * blockSeconds * rateHz * 2, rateHz);
    const block = speechBlock();
    for (let index = 0; index < blocks; index++) {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      yield block;
    }
  }
  const result = await client.transcribe(recording(), { contentType: "audio/wav" });
  assert.ok(result.success, !result.success ? result.error_message : "");
  assert.equal(result.duration, hours * 3600);
  assert.equal(result.segments.length, blocks);
  assert.ok(result.segments.every(({ text }) => text === "bead"));
  const last = result.segments.at(-1);
  assert.ok(last && last.start > hours * 3600 - blockSeconds && last.end < hours * 3600);
  // The test's own client is in this process too; what is received and not yet decoded would be 230 MB more.
  assert.ok(peakBytes < 400 * 1024 * 1024, `${Math.round(peakBytes / 1_048_576)} MB`);
});

/** A word in the middle of silence. */
function speechBlock(): Uint8Array {
  const samples = silentSignal(blockSeconds);
  samples.set(toneSignal("bead"), 10 * rateHz);
  return pcmBytes(samples);
}
