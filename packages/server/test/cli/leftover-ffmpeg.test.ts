import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findFfmpeg } from "../../dist/audio/codecs/aac-ffmpeg.js";
import { recording } from "../audio/recordings.ts";
import { scratchDirectory } from "../base/scratch.ts";
import { start, untilSaid } from "./support.ts";

const ffmpeg = process.platform === "win32" ? undefined : await findFfmpeg(process.env["PATH"] ?? "");
const skip = ffmpeg === undefined && "needs ffmpeg on the PATH, and a shell";

/**
 * A folder with an ffmpeg that takes as long as the sound lasts, so that it is there when it is looked for. Its first
 * run has the pipe `first` open as long as it lives, its second one the pipe `second`.
 */
function slowFfmpeg(t: TestContext): string {
  const folder = scratchDirectory(t);
  for (const name of ["first", "second"]) execFileSync("mkfifo", [join(folder, name)]);
  const script = `#!/bin/sh
cd "\${0%/*}"
if /bin/mkdir once 2>/dev/null; then exec 9>first; else exec 9>second; fi
exec '${ffmpeg}' -re "$@"
`;
  writeFileSync(join(folder, "ffmpeg"), script, { mode: 0o755 });
  return folder;
}

/** Resolves once a process has opened the pipe; `ended` resolves when no process has it open any more. */
async function lifeOf(pipe: string): Promise<{ readonly ended: Promise<unknown> }> {
  const file = await open(pipe);
  return { ended: file.readFile().finally(() => file.close()) };
}

function folderOf(t: TestContext): string {
  const cwd = scratchDirectory(t);
  mkdirSync(join(cwd, "model", "fake"), { recursive: true });
  writeFileSync(join(cwd, "model", "fake", "fake.json"), JSON.stringify({ text: "hello world" }));
  const settings = "host: 127.0.0.1\nstate_dir: state\nengine: { fake: true }\ndefault_model: fake\n";
  writeFileSync(join(cwd, "voxpool.yaml"), `${settings}audio: { workers: 2 }\n`);
  const bytes = recording("speech.aac");
  writeFileSync(join(cwd, "minute.aac"), Buffer.concat(Array.from({ length: 40 }, () => bytes)));
  return cwd;
}

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  test(`a transcription that is ended by ${signal} leaves no ffmpeg behind`, { skip }, async (t) => {
    const folder = slowFfmpeg(t);
    const cwd = folderOf(t);
    const server = start(t, ["serve", "--port", "0", "--json"], { cwd, env: { PATH: folder } });
    const { url } = JSON.parse(await untilSaid(server, "stdout", /\n/)) as { url: string };
    const transcribe = () => start(t, ["transcribe", "minute.aac", "--url", url], { cwd });
    const staying = transcribe();
    const first = await lifeOf(join(folder, "first"));
    const leaving = transcribe();
    const second = await lifeOf(join(folder, "second"));
    let firstHasEnded = false;
    void first.ended.then(() => {
      firstHasEnded = true;
    });
    leaving.child.kill(signal);
    await second.ended;
    // The other one began before, so that it would be the first to come to the end of its time.
    assert.ok(!firstHasEnded, "the ffmpeg was ended before its time was over");
    staying.child.kill(signal);
    await first.ended;
    await Promise.all([staying.done, leaving.done]);
    server.child.kill("SIGINT");
    assert.equal((await server.done).code, 0);
  });
}
