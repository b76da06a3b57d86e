import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { silentLog } from "../../dist/base/log.js";
import { decodeAll, inPieces } from "./reading.ts";
import { likeness, original, recording } from "./recordings.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
/** Where `npm install @audio/decode-aac` was run: its licence keeps it out of what is installed with the others. */
const installed = [process.env["VOXPOOL_TEST_AAC"] ?? "", root]
  .filter((folder) => folder !== "")
  .map((folder) => join(folder, "node_modules", "@audio", "decode-aac"))
  .find((folder) => existsSync(folder));
const skip =
  installed === undefined && "@audio/decode-aac is not installed (.ci/run does; VOXPOOL_TEST_AAC names where)";

/** An application that has both packages, as npm puts them, and no ffmpeg: gives voxpool's audio thread in it. */
function application(): URL {
  const modules = join(newFolder(), "node_modules");
  const audio = join(modules, "voxpool", "dist", "audio");
  mkdirSync(join(modules, "@audio"), { recursive: true });
  // A link would be looked behind, where the module is not; what is there twice is small.
  for (const name of ["audio", "base"]) {
    cpSync(fileURLToPath(new URL(`../../dist/${name}`, import.meta.url)), join(modules, "voxpool", "dist", name), {
      recursive: true,
    });
  }
  cpSync(fileURLToPath(new URL("../../package.json", import.meta.url)), join(modules, "voxpool", "package.json"));
  symlinkSync(join(root, "node_modules", "@voxpool"), join(modules, "@voxpool"), "junction");
  symlinkSync(installed ?? "", join(modules, "@audio", "decode-aac"), "junction");
  return pathToFileURL(join(audio, "worker.js"));
}

function decoderOf(t: TestContext) {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: unknown, message: string) => warnings.push(message) };
  const decoder = createAudioDecoder({ workers: 1, path: "", workerFile: application(), log });
  t.after(() => decoder.close());
  return { decoder, warnings };
}

test("AAC is read by the module that a user installed, where there is no ffmpeg", { skip }, async (t) => {
  const { decoder } = decoderOf(t);
  for (const name of ["aac.m4a", "aac-fragments.mp4", "aac.mka", "speech.aac"]) {
    const samples = await decodeAll(decoder, recording(name));
    assert.ok(Math.abs(samples.length / 16_000 - 1.5) <= 0.13, `${name}: ${samples.length / 16_000} seconds`);
    const late = name === "aac.m4a" ? samples : samples.subarray(1024);
    const alike = likeness(original(1.5), late);
    assert.ok(alike > 0.9, `${name}: alike by ${alike}`);
  }
});

test("steps of the module fit together without a seam, however the bytes come", { skip }, async (t) => {
  const { decoder } = decoderOf(t);
  const bytes = recording("speech.aac");
  const turns = 40;
  const many = Buffer.concat(Array.from({ length: turns }, () => bytes));
  const samples = await decodeAll(decoder, inPieces(many, 30_000, 7));
  const frames = 1024 * packetsOf(bytes).length;
  // What its filters hold back at the end is lost.
  assert.ok(turns * frames - samples.length < 1024, `${samples.length} samples`);
  const turn = (number: number) => samples.subarray(number * frames, (number + 1) * frames);
  for (let n = 2; n < turns - 1; n++) {
    const alike = likeness(turn(1), turn(n));
    assert.ok(alike > 0.99, `${n}: alike by ${alike}`);
  }
});

test("a recording that brings the module down costs itself only", { skip }, async (t) => {
  const { decoder, warnings } = decoderOf(t);
  const good = recording("speech.aac");
  const before = await decodeAll(decoder, good);
  // It makes the module read beyond its memory, after which it decodes nothing any more.
  await assert.rejects(decodeAll(decoder, wildAac(good)), { reason: "audio_invalid" });
  assert.deepEqual(warnings, ["a recording brought a decoder down; its audio thread was ended"]);
  assert.deepEqual(await decodeAll(decoder, good), before);
});

/** Where packets are, behind their ADTS headers, which have their length. */
function packetsOf(bytes: Uint8Array): { readonly from: number; readonly to: number }[] {
  const { buffer, byteOffset, length } = bytes;
  const view = new DataView(buffer, byteOffset, length);
  const packets = [];
  for (let at = 0; at + 7 < length; ) {
    const to = at + ((view.getUint32(at + 2) >> 5) & 0x1fff);
    packets.push({ from: at + 7, to });
    at = to;
  }
  return packets;
}

/** The recording with a few wrong bytes in each packet, and headers that say long-term prediction at 48 kHz. */
function wildAac(good: Uint8Array): Uint8Array {
  const bytes = good.slice();
  let state = 6;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  for (const { from, to } of packetsOf(good)) {
    bytes[from - 5] = 0xcc;
    for (let n = 0; n < 6; n++) bytes[from + random(to - from)] = random(256);
  }
  return bytes;
}
