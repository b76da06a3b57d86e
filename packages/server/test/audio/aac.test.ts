import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { decodeByFfmpeg, findFfmpeg } from "../../dist/audio/codecs/aac-ffmpeg.js";
import { loadAacModule } from "../../dist/audio/codecs/aac-module.js";
import { aacSetup, readAacConfig, toAdts } from "../../dist/audio/codecs/aac-packets.js";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { silentLog } from "../../dist/base/log.js";
import { decodeAll } from "./reading.ts";
import { recording } from "./recordings.ts";

const folder = mkdtempSync(join(tmpdir(), "voxpool-aac-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const setup = aacSetup(2, 8, 1);
const isWindows = process.platform === "win32" ? "shell scripts stand for ffmpeg here" : false;
let scripts = 0;

/** A folder with an ffmpeg that does what the script says. */
function fakeFfmpeg(script: string): string {
  const directory = mkdtempSync(join(folder, `${scripts++}-`));
  writeFileSync(join(directory, "ffmpeg"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, "ffmpeg"), 0o755);
  return directory;
}

/** It hangs when it is first run, says which process it is, and refuses to run again. */
function hangingFfmpeg(): { path: string; pid: Promise<number> } {
  const path = fakeFfmpeg(
    `cd "\${0%/*}"; [ -e once ] && { echo "a second time" >&2; exit 1; }
    : > once; echo $$ > pid; exec /usr/bin/tail -f /dev/null`,
  );
  execFileSync("mkfifo", [join(path, "pid")]);
  return { path, pid: readFile(join(path, "pid"), "utf8").then(Number) };
}

test("without ffmpeg and without the module, the error names both", async () => {
  const decoder = createAudioDecoder({ workers: 1, path: folder });
  const isThere = (await loadAacModule()) !== undefined;
  for (const name of ["aac.m4a", "speech.aac", "aac.mka"]) {
    const outcome = await decodeAll(decoder, recording(name)).catch((error: unknown) => error);
    if (isThere) assert.ok(outcome instanceof Float32Array);
    else assert.match(String(outcome), /AAC, which needs ffmpeg.*@audio\/decode-aac/);
  }
  await decoder.close();
});

test("ffmpeg is looked for in the absolute folders of PATH only", async () => {
  assert.equal(await findFfmpeg(""), undefined);
  assert.equal(await findFfmpeg(["relative", ".", folder].join(":")), undefined);
});

test("what ffmpeg says when it fails is in the error", { skip: isWindows }, async () => {
  const decoder = createAudioDecoder({ workers: 1, path: fakeFfmpeg("echo 'no such thing as AAC' >&2; exit 1") });
  await assert.rejects(decodeAll(decoder, recording("speech.aac")), {
    reason: "audio_invalid",
    details: { detail: "ffmpeg could not decode its AAC: no such thing as AAC" },
  });
  await decoder.close();
});

test("an ffmpeg that hangs is killed", { skip: isWindows }, async () => {
  const pidFile = join(folder, "hanging-pid");
  const file = join(fakeFfmpeg(`echo $$ > '${pidFile}'; exec tail -f /dev/null`), "ffmpeg");
  await assert.rejects(decodeByFfmpeg(file, setup, [new Uint8Array(100)], { limitSeconds: 0.5 }), {
    reason: "audio_invalid",
  });
  assert.throws(() => process.kill(Number(readFileSync(pidFile, "utf8")), 0), { code: "ESRCH" });
});

test("an ffmpeg that nobody waits for is killed", { skip: isWindows }, async () => {
  const { path, pid } = hangingFfmpeg();
  const stop = new AbortController();
  const decoding = decodeByFfmpeg(join(path, "ffmpeg"), setup, [new Uint8Array(100)], {
    limitSeconds: 600,
    signal: stop.signal,
  });
  const id = await pid;
  stop.abort();
  await assert.rejects(decoding, { reason: "audio_invalid" });
  assert.throws(() => process.kill(id, 0), { code: "ESRCH" });
});

test("a cancelled recording ends its ffmpeg, and its thread goes on with the next one", {
  skip: isWindows,
}, async () => {
  const { path, pid } = hangingFfmpeg();
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (...about: unknown[]) => errors.push(about) };
  // Less than the eight seconds after which an ffmpeg is killed anyway: a thread that waits for it is ended.
  const decoder = createAudioDecoder({ workers: 1, path, log, stepTimeoutMs: 5000 });
  const stop = new AbortController();
  const first = decodeAll(decoder, recording("speech.aac"), { signal: stop.signal });
  const id = await pid;
  stop.abort(new Error("nobody listens"));
  await assert.rejects(first, /nobody listens/);
  await assert.rejects(decodeAll(decoder, recording("speech.aac")), /could not decode its AAC: a second time/);
  assert.throws(() => process.kill(id, 0), { code: "ESRCH" });
  assert.deepEqual(errors, [], "the thread was not ended");
  await decoder.close();
});

test("an ffmpeg that never stops writing is killed", { skip: isWindows }, async () => {
  const file = join(fakeFfmpeg("exec cat /dev/zero"), "ffmpeg");
  const { planar } = await decodeByFfmpeg(file, setup, [new Uint8Array(100)], { limitSeconds: 20 });
  assert.equal(planar[0]?.length, 0);
});

test("an ffmpeg that cannot be started is an error, not a crash", async () => {
  await assert.rejects(decodeByFfmpeg(join(folder, "nothing"), setup, [new Uint8Array(9)]), {
    reason: "audio_invalid",
  });
});

test("packets get the ADTS header that fits their length", () => {
  const [frame] = toAdts(aacSetup(2, 4, 2), [new Uint8Array(300).fill(7)]) as [Uint8Array];
  assert.equal(Buffer.from(frame.subarray(0, 7)).toString("hex"), "fff15080267ffc");
  assert.equal(frame.length, 307);
});

test("configurations of AAC are read, and those that are none are refused", () => {
  assert.deepEqual(readAacConfig(Uint8Array.of(0x12, 0x10)), aacSetup(2, 4, 2));
  assert.deepEqual(readAacConfig(Uint8Array.of(0x2b, 0x92, 0x08, 0x00)), aacSetup(2, 7, 2), "HE: the AAC inside");
  assert.throws(() => readAacConfig(new Uint8Array(0)), { reason: "audio_invalid" });
  assert.throws(() => readAacConfig(Uint8Array.of(0xf8, 0xe6, 0x30, 0x00)), { reason: "audio_unsupported" });
});
