import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { decodeByFfmpeg, findFfmpeg } from "../../dist/audio/codecs/aac-ffmpeg.js";
import { loadAacModule } from "../../dist/audio/codecs/aac-module.js";
import { aacSetup, readAacConfig, toAdts } from "../../dist/audio/codecs/aac-packets.js";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import { decodeAll } from "./reading.ts";
import { hasFfmpeg, noFfmpeg, recording } from "./recordings.ts";

const folder = mkdtempSync(join(tmpdir(), "voxpool-aac-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const setup = aacSetup(2, 8, 1);
const isWindows = process.platform === "win32" ? "shell scripts stand for ffmpeg here" : false;
const ffmpeg = (await findFfmpeg(process.env["PATH"] ?? "")) ?? "";
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

test("ffmpeg is given nothing of the server's environment but where things are", { skip: isWindows }, async (t) => {
  process.env["VOXPOOL_KEY"] = "planted";
  t.after(() => delete process.env["VOXPOOL_KEY"]);
  const file = join(fakeFfmpeg(`echo "\${PATH:+path} \${VOXPOOL_KEY:-nothing}" >&2; exit 1`), "ffmpeg");
  await assert.rejects(decodeByFfmpeg(file, setup, [new Uint8Array(100)], { limitSeconds: 5 }), {
    details: { detail: "ffmpeg could not decode its AAC: path nothing" },
  });
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
  await assert.rejects(decoding, { reason: "request_cancelled" });
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

test("an ffmpeg that never stops writing is killed, and what it wrote counts for nothing", {
  skip: isWindows,
}, async () => {
  const file = join(fakeFfmpeg("exec cat /dev/zero"), "ffmpeg");
  await assert.rejects(decodeByFfmpeg(file, setup, [new Uint8Array(100)], { limitSeconds: 20 }), {
    reason: "audio_invalid",
    details: { detail: "ffmpeg made more of its AAC than its packets can hold" },
  });
});

/** Those of the recording; an ADTS header has their length. */
function speechPackets(): Uint8Array[] {
  const bytes = Buffer.from(recording("speech.aac"));
  const packets: Uint8Array[] = [];
  for (let at = 0; at + 7 < bytes.length; ) {
    const length = (bytes.readUInt32BE(at + 2) >> 5) & 0x1fff;
    packets.push(bytes.subarray(at + 7, at + length));
    at += length;
  }
  return packets;
}

/** Sound, written by halves by an ffmpeg that then ends as the script says; how often it was run. */
function breakingFfmpeg(end: string): { file: string; runs: () => number } {
  const path = fakeFfmpeg(
    `cd "\${0%/*}"; echo run >> runs; head -c 4000 /dev/zero; case $(wc -l < runs) in ${end} esac`,
  );
  return { file: join(path, "ffmpeg"), runs: () => readFileSync(join(path, "runs"), "utf8").length / 4 };
}

test("what an ffmpeg wrote before it failed counts for nothing", { skip: isWindows }, async () => {
  const { file, runs } = breakingFfmpeg("*) echo 'broken on the way' >&2; exit 69;;");
  await assert.rejects(decodeByFfmpeg(file, setup, [new Uint8Array(9)]), {
    reason: "audio_invalid",
    details: { detail: "ffmpeg could not decode its AAC: broken on the way" },
  });
  assert.equal(runs(), 1);
});

for (const how of ["kill -9 $$", "kill -15 $$", "exit 255"]) {
  test(`an ffmpeg that somebody else ended (${how}) is run once more`, { skip: isWindows }, async () => {
    const { file, runs } = breakingFfmpeg(`1) ${how};;`);
    const { planar } = await decodeByFfmpeg(file, setup, [new Uint8Array(9)]);
    assert.ok(planar.length > 0);
    assert.equal(runs(), 2);
  });
}

test("an ffmpeg that crashes is not run again: the packets may be the reason", { skip: isWindows }, async () => {
  const { file, runs } = breakingFfmpeg("*) kill -SEGV $$;;");
  await assert.rejects(decodeByFfmpeg(file, setup, [new Uint8Array(9)]), {
    reason: "audio_invalid",
    details: { detail: "ffmpeg could not decode its AAC: it ended with SIGSEGV" },
  });
  assert.equal(runs(), 1);
});

test("a recording whose ffmpeg is ended again and again can be sent again, and the log says why", {
  skip: isWindows,
}, async () => {
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (...about: unknown[]) => errors.push(about) };
  const { file, runs } = breakingFfmpeg("*) kill -9 $$;;");
  const decoder = createAudioDecoder({ workers: 1, path: dirname(file), log });
  const failure: unknown = await decodeAll(decoder, recording("speech.aac")).catch((error: unknown) => error);
  assert.ok(failure instanceof VoxpoolError && failure.reason === "internal" && failure.entry.retryable);
  assert.equal(runs(), 2);
  assert.match(JSON.stringify(errors), /ffmpeg was interrupted: it ended with SIGKILL/);
  await decoder.close();
});

test("an ffmpeg that cannot be started is no fault of the recording", async () => {
  await assert.rejects(decodeByFfmpeg(join(folder, "nothing"), setup, [new Uint8Array(9)]), /ffmpeg was interrupted/);
});

test("packets of which nothing can be decoded are an error, and not silence", { skip: isWindows }, async () => {
  const decoder = createAudioDecoder({ workers: 1, path: fakeFfmpeg("exit 0") });
  await assert.rejects(decodeAll(decoder, recording("speech.aac")), {
    reason: "audio_invalid",
    details: { detail: "no packet of its AAC could be decoded" },
  });
  await decoder.close();
});

test("of damaged packets, what the others become counts", { skip: !hasFfmpeg && noFfmpeg }, async () => {
  const packets = speechPackets();
  const whole = await decodeByFfmpeg(ffmpeg, setup, packets);
  // Far more than the two thirds at which ffmpeg gives up by itself.
  const mostDamaged = packets.map((packet, n) => (n < packets.length - 5 ? packet.map((byte) => byte ^ 0x5a) : packet));
  const { planar } = await decodeByFfmpeg(ffmpeg, setup, mostDamaged);
  const frames = planar[0]?.length ?? 0;
  assert.ok(frames > 0 && frames <= (whole.planar[0]?.length ?? 0), `${frames} frames`);
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
