import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { hears, place } from "./recordings.ts";
import { closedUrl, noTerminal, onTerminal, run, shellCommand, startWireServer } from "./support.ts";

suite("folders that cannot be made", { skip: existsSync("/proc/self") ? false : "needs /proc" }, () => {
  for (const [language, said] of [
    ["C.UTF-8", /--output \/proc\/voxpool\/out is no folder: there is no such file or folder/],
    ["zh_CN.UTF-8", /--output \/proc\/voxpool\/out 不能作为文件夹：没有这个文件或文件夹/],
  ] as const) {
    test(`are refused at once and in plain words (${language})`, async (t) => {
      const cwd = place(t, { "a.wav": "one" });
      const args = ["transcribe", "a.wav", "-o", "/proc/voxpool/out", "--url", await closedUrl()];
      const { code, stderr } = await run(t, args, { cwd, env: { LANG: language } });
      assert.equal(code, 2);
      assert.match(stderr, said);
      assert.doesNotMatch(stderr, /ENOENT/);
    });
  }
});

suite("names that could drive a terminal", { skip: process.platform === "win32" }, () => {
  const evil = "a\u001bcb\nvoxpool: done.wav";

  test("are written out in messages and on a terminal, and stay as they are in a pipe", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { [`in/${evil}`]: "one" });
    const piped = await run(t, ["transcribe", "in", "-o", "out", "--url", url], { cwd });
    assert.equal(piped.stdout, `${join("out", evil.replace(".wav", ".txt"))}\n`);
    const missing = await run(t, ["transcribe", evil, "--url", url], { cwd });
    assert.equal(missing.code, 1);
    assert.equal(
      missing.stderr,
      "voxpool: a\\x1bcb\\nvoxpool: done.wav: The audio could not be read: there is no such file (ENOENT).\n",
    );
    if (noTerminal()) return;
    const shown = await onTerminal(t, `cd '${cwd}' && ${shellCommand("transcribe", "in", "-o", "more", "--url", url)}`);
    assert.match(shown.stdout, /more\/a\\x1bcb\\nvoxpool: done\.txt\r\n/);
  });
});

suite("system errors", () => {
  test("stand in plain words in Chinese too", async (t) => {
    const { url } = await startWireServer(t, hears);
    const { stderr } = await run(t, ["transcribe", "away.wav", "--url", url], {
      cwd: scratchDirectory(t),
      env: { LANG: "zh_CN.UTF-8" },
    });
    assert.equal(stderr, "voxpool: away.wav: 无法读取音频：没有该文件（ENOENT）。\n");
  });
});

suite("files that were made with other options", () => {
  test("are made anew, and it is said; with the same ones they are passed over", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "one" });
    const transcribe = (...args: string[]) =>
      run(t, ["transcribe", "a.wav", "-o", "out", "--url", url, ...args], { cwd });
    await transcribe("--model", "model/cn", "--vad", "off");
    assert.match((await transcribe("--vad", "off", "--model", "model/cn")).stderr, /0 recognised, 1 done before/);
    assert.equal(received.length, 1);
    const again = await transcribe("--model", "model/cn", "--channels", "split");
    assert.match(again.stderr, /made with other options before, and made anew: 1 of the files\.\n.*1 recognised/);
    assert.equal(received.length, 2);
    assert.equal((await transcribe("--model", "model/cn", "--channels", "split")).stdout, "");
    assert.equal(received.length, 2);
  });

  test("json is not taken for verbose_json, though both end in .json", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "one" });
    for (const format of ["json", "verbose_json"])
      await run(t, ["transcribe", "a.wav", "-o", "out", "--format", format, "--url", url], { cwd });
    assert.ok("timings" in (JSON.parse(words(cwd, "a.json")) as object));
  });

  test("and changed by hand since are kept, and it is said; --overwrite makes them anew", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "one" });
    const args = ["transcribe", "a.wav", "-o", "out", "--url", url];
    await run(t, args, { cwd });
    writeFileSync(join(cwd, "out/a.txt"), "corrected by hand\n");
    const kept = await run(t, [...args, "--vad", "off"], { cwd });
    assert.match(kept.stderr, /changed since, so kept \(--overwrite makes them anew\): 1 of the files/);
    assert.equal(words(cwd), "corrected by hand\n");
    await run(t, [...args, "--vad", "off", "--overwrite"], { cwd });
    assert.equal(words(cwd), "one\n");
  });

  test("a record that is damaged or none at all does no harm", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "one", "out/.voxpool-made.jsonl": 'null\n[]\n{"file":1}\n{"file":"a.tx' });
    const args = ["transcribe", "a.wav", "-o", "out", "--url", url];
    assert.equal((await run(t, args, { cwd })).code, 0);
    assert.match((await run(t, args, { cwd })).stderr, /1 done before/);
    await run(t, [...args, "--vad", "off"], { cwd });
    assert.equal(received.length, 2);
    const blocked = place(t, { "a.wav": "one" });
    mkdirSync(join(blocked, "out/.voxpool-made.jsonl"), { recursive: true });
    assert.equal((await run(t, args, { cwd: blocked })).code, 0);
  });
});

suite("samples without a header", () => {
  test("go out with what the flags say of them, from files, folders and standard input", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = place(t, { "in/a.raw": "one", "in/b.PCM": "two", "in/c.wav": "three" });
    const raw = ["--raw", "s16be", "--rate", "8000", "--raw-channels", "2"];
    const folder = await run(t, ["transcribe", "in", "-j", "1", ...raw, "--url", url], { cwd });
    assert.equal(folder.stdout, "==> in/a.raw <==\none\n\n==> in/b.PCM <==\ntwo\n");
    const input = { cwd, input: Buffer.from("four") };
    assert.equal((await run(t, ["transcribe", "--raw", "s16le", "-", "--url", url], input)).stdout, "four\n");
    assert.deepEqual(
      received.map(({ headers }) => headers["content-type"]),
      ["audio/l16;rate=8000;channels=2", "audio/l16;rate=8000;channels=2", "audio/pcm;rate=16000;channels=1"],
    );
  });

  for (const [flags, why] of [
    [["--rate", "8000"], /--rate and --raw-channels go with --raw only/],
    [["--raw", "f32le"], /'f32le' is invalid\. Allowed choices are s16le, s16be/],
    [["--raw", "s16le", "--rate", "999"], /--rate takes a whole number from 1000 to 768000/],
    [["--raw", "s16le", "--raw-channels", "0"], /--raw-channels takes a whole number from 1 to 64/],
  ] as const) {
    test(`${flags.join(" ")} is refused`, async (t) => {
      const { code, stderr } = await run(t, ["transcribe", "a.raw", ...flags]);
      assert.equal(code, 2);
      assert.match(stderr, why);
    });
  }
});

function words(cwd: string, name = "a.txt"): string {
  return readFileSync(join(cwd, "out", name), "utf8");
}
