import assert from "node:assert/strict";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { recordersOf } from "../../dist/cli/listen/recorders.js";
import { firstAudioDevice } from "../../dist/cli/listen/windows-device.js";
import { scratchDirectory } from "../base/scratch.ts";
import { startLetters, startWire } from "../sdk/letters.ts";
import { closedUrl, noTerminal, onTerminal, run, shellCommand, start, untilSaid } from "./support.ts";

const skip = process.platform === "win32" && "needs a shell";

/** A folder of programs; each script says what a recorder does. */
function programs(t: TestContext, scripts: Readonly<Record<string, string>>): string {
  const folder = scratchDirectory(t);
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

/** Says the letters, and then listens until it is interrupted. */
const recording = (letters: string) => `printf '${letters}'\nexec /usr/bin/tail -f /dev/null`;

test("what is piped in is printed as a line for each utterance, without what may still change", async (t) => {
  const letters = await startLetters(t);
  const ran = await run(t, ["listen", "--raw", "--rate", "8000", "--language", "zh", "--url", letters.url], {
    input: Buffer.from("one.two.three"),
  });
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "one\ntwo\nthree\n", ""]);
  const { client_id, ...wishes } = letters.sessions[0]?.start ?? { client_id: "" };
  assert.match(client_id ?? "", /^cli:/);
  assert.deepEqual(wishes, { type: "start", sample_rate: 8000, partials: false, language: "zh" });
});

test("with --json every event is a document on a line; a failure is one too", async (t) => {
  const letters = await startLetters(t);
  const model = ["--model", "model/cn", "--partials-model", "model/fast", "--silence-ms", "900"];
  const args = ["listen", "--json", "--raw", "f32le", ...model, "--no-itn", "--url", letters.url];
  const ran = await run(t, args, { input: Buffer.from("one.") });
  const types = ran.stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: string }).type);
  assert.deepEqual(types, ["ready", "final", "ended"]);
  const { start: first } = letters.sessions[0] ?? {};
  assert.deepEqual(
    [first?.encoding, first?.model_path, first?.itn, first?.partials],
    ["f32le", "model/cn", false, true],
  );
  assert.deepEqual([first?.partials_model, first?.endpointing], ["model/fast", { silence_ms: 900 }]);
  letters.answer = (socket, { type }) => {
    if (type !== "end") return false;
    const error = { type: "error", number: 100, reason: "model_busy", message: "Too busy.", retryable: true };
    socket.send(JSON.stringify(error));
    return true;
  };
  const failed = await run(t, args, { input: Buffer.from("one.") });
  assert.equal(failed.code, 1);
  const last = JSON.parse(failed.stdout.trim().split("\n").at(-1) ?? "") as { type: string; reason: string };
  assert.deepEqual([last.type, last.reason], ["error", "model_busy"]);
  assert.match(failed.stderr, /Too busy/);
});

test("Ctrl-C ends the recording, and the last words still come", { skip }, async (t) => {
  const letters = await startLetters(t);
  const folder = programs(t, { arecord: recording("one.two") });
  const running = start(t, ["listen", "--url", letters.url], { env: { PATH: folder } });
  await untilSaid(running, "stdout", /one\n/);
  running.child.kill("SIGINT");
  const ran = await running.done;
  assert.deepEqual([ran.code, ran.stdout], [0, "one\ntwo\n"]);
  assert.match(ran.stderr, /listening \(arecord, model\/letters\); Ctrl-C ends it\./);
  assert.deepEqual(letters.sessions[0]?.messages, ["end"]);
});

test("a second interruption leaves at once", { skip }, async (t) => {
  const letters = await startLetters(t);
  const asked = Promise.withResolvers<void>();
  letters.answer = (_socket, { type }) => {
    if (type === "end") asked.resolve();
    return type === "end";
  };
  const folder = programs(t, { arecord: recording("one.") });
  const running = start(t, ["listen", "--url", letters.url], { env: { PATH: folder } });
  await untilSaid(running, "stdout", /one\n/);
  running.child.kill("SIGINT");
  await asked.promise;
  running.child.kill("SIGTERM");
  assert.equal((await running.done).code, 143);
});

test("a recorder that hears nothing is passed over; if none does, each says why", { skip }, async (t) => {
  const letters = await startLetters(t);
  const deaf = "echo 'Connection refused' >&2\nexit 1";
  const folder = programs(t, { parecord: deaf, arecord: "printf one." });
  const heard = await run(t, ["listen", "--url", letters.url], { env: { PATH: folder } });
  assert.deepEqual([heard.code, heard.stdout], [0, "one\n"]);
  const none = programs(t, { parecord: deaf, rec: "exit 2", ffmpeg: "exec /nothing" });
  const failed = await run(t, ["listen", "--url", letters.url], { env: { PATH: none } });
  assert.equal(failed.code, 1);
  assert.match(
    failed.stderr,
    /no recorder hears anything[^\n]*\n {2}parecord: Connection refused\n {2}rec: ended with 2/,
  );
  const device = programs(t, { arecord: `printf '%s.' "$*"` });
  const named = await run(t, ["listen", "--device", "hw:1", "--url", letters.url], { env: { PATH: device } });
  assert.equal(named.stdout, "-q -t raw -f S16_LE -r 16000 -c 1 -D hw:1\n");
});

test("without a recorder it says what to install, before a model is loaded", { skip }, async (t) => {
  const url = await closedUrl();
  const env = { PATH: scratchDirectory(t) };
  const silent = openSync("/dev/null", "r");
  t.after(() => closeSync(silent));
  const english = await run(t, ["listen", "--url", url], { env, stdin: silent });
  assert.equal(english.code, 1);
  assert.match(english.stderr, /no program that records\. Install one \(.+\), or pipe audio in with --raw/);
  const chinese = await run(t, ["listen", "--url", url], { env: { ...env, LANG: "zh_CN.UTF-8" }, stdin: silent });
  assert.match(chinese.stderr, /没有找到录音程序/);
  const piped = await run(t, ["listen", "--url", url], { env, input: Buffer.from("sound") });
  assert.equal(piped.code, 1);
  assert.match(piped.stderr, /standard input is a pipe or a file, and --raw is missing/);
  const pipedChinese = await run(t, ["listen", "--url", url], { env: { ...env, LANG: "zh_CN.UTF-8" } });
  assert.match(pipedChinese.stderr, /标准输入是管道或文件/);
});

test("a recorder is ended with the session, also when that fails", { skip }, async (t) => {
  const letters = await startLetters(t);
  const wire = await startWire(t, letters.url);
  const folder = programs(t, { arecord: `printf one.\necho $$ > "\${0%/*}/pid"\nexec /usr/bin/tail -f /dev/null` });
  const running = start(t, ["listen", "--url", wire.url], { env: { PATH: folder } });
  await untilSaid(running, "stdout", /one\n/);
  (letters.sessions as unknown[]).splice(0);
  wire.cut();
  const ran = await running.done;
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /the connection was lost; connecting again\n.*No such session/s);
});

test("on a terminal the line refines itself until it is final", { skip: skip || noTerminal() }, async (t) => {
  const letters = await startLetters(t);
  const folder = scratchDirectory(t);
  writeFileSync(join(folder, "one"), "hel");
  writeFileSync(join(folder, "two"), "lo.");
  // The second part comes once the first one is on the screen.
  const pipe = `cd '${folder}' && mkfifo more && (cat one more) | ${shellCommand("listen", "--raw", "--url", letters.url)}`;
  let isSent = false;
  const ran = await onTerminal(t, pipe, {
    watch(text) {
      if (isSent || !/hel/.test(text)) return;
      isSent = true;
      writeFileSync(join(folder, "more"), "lo.");
    },
  });
  assert.equal(ran.code, 0);
  const erased = ran.stdout.split("\r\u001b[0J");
  assert.match(erased[0] ?? "", /hel$/);
  assert.equal(erased.at(-1), "hello\r\n");
});

test("flags that do not go together are refused, and a server that is away is told as everywhere", async (t) => {
  const wrong = [
    ["--rate", "8000"],
    ["--raw", "mp3"],
    ["--raw", "--rate", "1"],
    ["--raw", "--device", "x"],
    ["--model", ""],
    ["--local", "--url", "x"],
    ["--silence-ms", "99"],
  ];
  const codes = await Promise.all(wrong.map(async (args) => (await run(t, ["listen", ...args])).code));
  assert.deepEqual(
    codes,
    wrong.map(() => 2),
  );
  const away = await run(t, ["listen", "--raw", "--url", await closedUrl()], { input: Buffer.from("x") });
  assert.equal(away.code, 3);
  assert.match(away.stderr, /No voxpool server answers/);
});

const names = (platform: NodeJS.Platform) => recordersOf(platform).map(({ program }) => program);

test("each system has its recorders, and Windows the first microphone that ffmpeg lists", () => {
  assert.deepEqual(names("linux"), ["parecord", "arecord", "pw-record", "pw-record", "rec", "ffmpeg", "ffmpeg"]);
  assert.deepEqual(names("darwin"), ["rec", "ffmpeg"]);
  assert.deepEqual(names("win32"), ["ffmpeg", "rec"]);
  const newer = `[dshow @ 0001] "Camera" (video)\r\n[dshow @ 0001]   Alternative name "@x"\r\n[dshow @ 0001] "麦克风 (HD)" (audio)\r\n`;
  assert.equal(firstAudioDevice(newer), "麦克风 (HD)");
  const older = `[dshow @ 1] DirectShow video devices\n[dshow @ 1]  "Cam"\n[dshow @ 1] DirectShow audio devices\n[dshow @ 1]  "Mic"\n`;
  assert.equal(firstAudioDevice(older), "Mic");
  assert.equal(firstAudioDevice("dummy: Immediate exit requested"), undefined);
});
