import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { Kernels } from "../../dist/audio/resample.js";
import { answerStep } from "../../dist/audio/step.js";
import type { DecodeState, StepAnswer } from "../../dist/audio/wire.js";
import { writeAiff } from "./aiff-writer.ts";
import { decodeAll, distance, joined, tone } from "./reading.ts";
import { recording } from "./recordings.ts";
import { chunk, writeWav } from "./wav-writer.ts";

const decoder = createAudioDecoder({ workers: 1 });
after(() => decoder.close());
const kernels = new Kernels();

/** Decodes a file that is all there, but is handed in piece by piece: what waits is more than what a step sees. */
async function decodeByHand(file: Uint8Array, size: number): Promise<Float32Array> {
  const chunks: Float32Array[] = [];
  let state: DecodeState | undefined;
  let at = 0;
  let most = size;
  for (let finished = false; !finished; ) {
    const bytes = file.slice(at, at + most);
    const waitingBytes = file.length - at;
    const step = { bytes, waitingBytes, ended: true, maxSeconds: 3600, channels: "mix" as const };
    const answer: StepAnswer = await answerStep({ ...step, ...(state !== undefined && { state }) }, kernels);
    if ("error" in answer) throw new Error(JSON.stringify(answer.error));
    const taken = bytes.length - (answer.rest?.length ?? 0);
    assert.ok(taken > 0 || answer.finished || answer.pieceBytes > bytes.length, "it gets on, or is handed more");
    at += taken;
    most = taken > 0 ? size : 2 * most;
    finished = answer.finished;
    state = answer.state;
    if (answer.samples !== undefined) chunks.push(answer.samples[0]);
  }
  return joined(chunks);
}

const sound = tone(500, 16_000, 1);
const big16 = Buffer.from(Int16Array.from(sound, (value) => value * 32_767).buffer).swap16();
const tag = Buffer.concat([Buffer.from("ID3\x04\0\0\0\0\x27\x08", "latin1"), Buffer.alloc(5000)]);
const files: Readonly<Record<string, Uint8Array>> = {
  WAV: writeWav(sound, { before: [chunk("LIST", Buffer.alloc(9001))] }),
  AIFF: writeAiff(big16, { bits: 16, noteBytes: 9001 }),
  MP3: recording("speech.mp3"),
  "MP3 behind a tag": Buffer.concat([tag, recording("speech.mp3")]),
  FLAC: recording("speech.flac"),
  "Ogg with Vorbis": recording("vorbis.ogg"),
  "Ogg with Opus": recording("opus.ogg"),
  "Ogg with FLAC": recording("flac.ogg"),
  "WebM with Opus": recording("opus.webm"),
  "WebM with Vorbis": recording("vorbis.webm"),
};

for (const [what, file] of Object.entries(files)) {
  test(`nothing is lost where a piece ends, though nothing is still to come: ${what}`, async () => {
    const whole = await decodeAll(decoder, file);
    for (const size of [600, 1111]) {
      const samples = await decodeByHand(file, size);
      assert.equal(samples.length, whole.length);
      assert.ok(distance(samples, whole) < 0.02, `differs by ${distance(samples, whole)}`);
    }
  });
}
