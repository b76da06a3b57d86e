import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hears, place } from "./recordings.ts";
import {
  closedUrl,
  noTerminal,
  onTerminal,
  run,
  sendEvents,
  shellCommand,
  start,
  startWireServer,
  transcript,
} from "./support.ts";

/** All files below a folder but the record of how they were made, sorted. */
function filesIn(cwd: string, folder: string): string[] {
  if (!existsSync(join(cwd, folder))) return [];
  return readdirSync(join(cwd, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ".voxpool-made.jsonl")
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(join(cwd, folder).length + 1)
        .replaceAll("\\", "/"),
    )
    .toSorted();
}

suite("transcribe into files", () => {
  test("writes a file for each format out of one recognition, and prints their paths", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "one" });
    const args = ["transcribe", "a.wav", "--format", "srt, vtt,txt,json", "-o", "out/deep", "--url", url];
    const { code, stdout, stderr } = await run(t, args, { cwd });
    assert.equal(code, 0, stderr);
    const paths = ["a.srt", "a.vtt", "a.txt", "a.json"].map((name) => join("out", "deep", name));
    assert.equal(stdout, paths.map((path) => `${path}\n`).join(""));
    const [srt, vtt, txt, json] = paths.map((path) => readFileSync(join(cwd, path), "utf8"));
    assert.equal(srt, "1\n00:00:00,350 --> 00:00:02,270\none\n\n");
    assert.equal(vtt, "WEBVTT\n\n00:00:00.350 --> 00:00:02.270\none\n\n");
    assert.equal(txt, "one\n");
    const document = JSON.parse(json ?? "") as Record<string, unknown>;
    assert.deepEqual(document, transcript("one"));
    assert.match(stderr, /^voxpool: 1 recognised; 11 s of audio in \d+ s \([\d.]+x\)\n$/);
    assert.deepEqual(
      received.map(({ call, query }) => [call, query.response_format]),
      [["POST /transcribe", "verbose_json"]],
    );
    assert.deepEqual(filesIn(cwd, "out"), ["deep/a.json", "deep/a.srt", "deep/a.txt", "deep/a.vtt"]);
  });

  test("verbose_json keeps the words and timings", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "one" });
    await run(t, ["transcribe", "a.wav", "--format", "verbose_json", "-o", "out", "--url", url], { cwd });
    const { segments, timings } = JSON.parse(readFileSync(join(cwd, "out/a.json"), "utf8")) as {
      segments: { words: unknown[] }[];
      timings: object;
    };
    assert.equal(segments[0]?.words.length, 1);
    assert.ok(timings);
  });

  test("of a folder the recordings are taken by their names; -r goes down, keeps the folders, and passes hidden ones over", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, {
      "calls/10.MP3": "ten",
      "calls/2.wav": "two",
      "calls/._2.wav": "hidden",
      "calls/notes.txt": "no recording",
      "calls/wav": "no ending",
      "calls/may/2.wav": "may two",
      "calls/may/day/x.opus": "x",
      "calls/.cache/z.wav": "hidden",
    });
    symlinkSync("..", join(cwd, "calls", "may", "round"));
    const flat = await run(t, ["transcribe", "calls", "-o", "flat", "-j", "1", "--url", url], { cwd });
    assert.equal(flat.stdout, `${join("flat", "2.txt")}\n${join("flat", "10.txt")}\n`);
    const deep = await run(t, ["transcribe", "calls", "-r", "-o", "deep", "--url", url], { cwd });
    assert.equal(deep.code, 0);
    assert.deepEqual(filesIn(cwd, "deep"), ["10.txt", "2.txt", "may/2.txt", "may/day/x.txt"]);
    assert.equal(readFileSync(join(cwd, "deep/may/2.txt"), "utf8"), "may two\n");
  });

  const noPipes = process.platform === "win32" && "needs named pipes";
  test("pipes, dangling links and hostile names in a folder do no harm", { skip: noPipes }, async (t) => {
    const { url } = await startWireServer(t, hears);
    const long = `${"语".repeat(83)}.wav`;
    const cwd = place(t, {
      "in/a.wav": "a",
      "in/\u001b[2J\n.wav": "odd",
      [`in/${long}`]: "long",
      "in/--help.wav": "dashes",
    });
    execFileSync("mkfifo", [join(cwd, "in", "pipe.wav")]);
    symlinkSync("nowhere.wav", join(cwd, "in", "dangling.wav"));
    symlinkSync("a.wav", join(cwd, "in", "link.wav"));
    const { code, stderr } = await run(t, ["transcribe", "in", "-o", "out", "--url", url], { cwd });
    assert.equal(code, 0, stderr);
    const texts = filesIn(cwd, "out").map((name) => readFileSync(join(cwd, "out", name), "utf8"));
    assert.deepEqual(texts.toSorted(), ["a\n", "a\n", "dashes\n", "long\n", "odd\n"]);
  });

  test("a quoted pattern is expanded, and keeps the folders below its first wildcard", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, {
      "c/a/x.wav": "ax",
      "c/b/x.wav": "bx",
      "c/b/y.mp3": "by",
      "c/.h/x.wav": "hidden",
      "c/.x.wav": "h",
    });
    const { code } = await run(t, ["transcribe", "c/**/*.wav", "-o", "out", "--url", url], { cwd });
    assert.equal(code, 0);
    assert.deepEqual(filesIn(cwd, "out"), ["a/x.txt", "b/x.txt"]);
    const braces = await run(t, ["transcribe", "c/b/*.{mp3,flac}", "--url", url], { cwd });
    assert.equal(braces.stdout, "by\n");
  });

  test("a file whose name looks like a pattern is that file; a pattern that matches nothing is a failure beside the others", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "take [1].wav": "brackets", "take 1.wav": "other" });
    const { code, stdout, stderr } = await run(t, ["transcribe", "take [1].wav", "no/*.wav", "--url", url], { cwd });
    assert.equal(code, 1);
    assert.equal(stdout, "==> take [1].wav <==\nbrackets\n");
    assert.equal(stderr, "voxpool: no/*.wav: no file matches\n");
  });

  test("recordings of one name get files of their own: by folder, by ending; one that is named twice is one", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = place(t, { "x/a.wav": "xa", "y/A.wav": "ya", "b.wav": "wav", "b.mp3": "mp3", "c.wav": "c" });
    const args = ["transcribe", "x/a.wav", "y/A.wav", "b.wav", "b.mp3", "c.wav", "./c.wav", "-o", "out", "--url", url];
    const { code, stderr } = await run(t, args, { cwd });
    assert.equal(code, 0, stderr);
    assert.deepEqual(filesIn(cwd, "out"), ["b.mp3.txt", "b.wav.txt", "c.txt", "x/a.txt", "y/A.txt"]);
    assert.equal(readFileSync(join(cwd, "out/b.mp3.txt"), "utf8"), "mp3\n");
    assert.equal(received.length, 5);
  });

  test("recordings that differ in their endings stay in their folders, however many folders have such a pair", async (t) => {
    const { url } = await startWireServer(t, hears);
    const pair = { "calls/2026/x.wav": "wav", "calls/2026/x.mp3": "mp3" };
    const one = place(t, pair);
    const args = ["transcribe", "calls", "-r", "-o", "words", "--url", url];
    assert.equal((await run(t, args, { cwd: one })).code, 0);
    assert.deepEqual(filesIn(one, "words"), ["2026/x.mp3.txt", "2026/x.wav.txt"]);
    const two = place(t, { ...pair, "calls/2027/x.wav": "wav", "calls/2027/x.mp3": "mp3" });
    const { code, stderr } = await run(t, args, { cwd: two });
    assert.equal(code, 0, stderr);
    const names = ["2026/x.mp3.txt", "2026/x.wav.txt", "2027/x.mp3.txt", "2027/x.wav.txt"];
    assert.deepEqual(filesIn(two, "words"), names);
  });

  test("files of a folder that are called like sound and cannot be taken are named at the end", async (t) => {
    const { url } = await startWireServer(t, hears);
    const files = {
      "calls/a.wav": "a",
      "calls/b.wma": "b",
      "calls/sub/c.CAF": "c",
      "calls/d.raw": "d",
      "calls/e.txt": "",
    };
    const cwd = place(t, files);
    const { code, stdout, stderr } = await run(t, ["transcribe", "calls", "-r", "--url", url], { cwd });
    assert.deepEqual([code, stdout], [0, "a\n"]);
    const [b, d, c] = [join("calls", "b.wma"), join("calls", "d.raw"), join("calls", "sub", "c.CAF")];
    assert.ok(stderr.includes(`3 files left out: ${b}, ${d}, ${c} (`), stderr);
    assert.match(stderr, /ffmpeg.*--raw s16le/);
    const shallow = await run(t, ["transcribe", join("calls", "a.wav"), "--url", url], { cwd });
    assert.equal(shallow.stderr, "");
  });

  test("recordings of one name in two folders that were named keep what lies above and below", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "a/may/x.wav": "a wav", "a/may/x.mp3": "a mp3", "b/may/x.wav": "b" });
    const { code, stderr } = await run(t, ["transcribe", "a", "b", "-r", "-o", "out", "--url", url], { cwd });
    assert.equal(code, 0, stderr);
    assert.deepEqual(filesIn(cwd, "out"), ["a/may/x.mp3.txt", "a/may/x.wav.txt", "b/may/x.txt"]);
  });

  test("what would overwrite a recording is refused before anything is sent, also through a linked folder", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = place(t, { "in/a.txt": "not to be lost" });
    symlinkSync("in", join(cwd, "link"));
    const { code, stdout, stderr } = await run(t, ["transcribe", "in/a.txt", "-o", "link", "--url", url], { cwd });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^voxpool: link.a\.txt would overwrite the recording in\/a\.txt\n$/);
    assert.equal(readFileSync(join(cwd, "in/a.txt"), "utf8"), "not to be lost");
    assert.equal(received.length, 0);
  });

  test("what is done is passed over; what is older than its recording, empty or missing is made again", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "a", "b.wav": "b", "c.wav": "c", "d.wav": "d" });
    const args = ["transcribe", "*.wav", "-j", "1", "--format", "txt,srt", "-o", "out", "--url", url];
    await run(t, args, { cwd });
    assert.equal(received.length, 4);
    const before = statSync(join(cwd, "out/a.txt")).ino;
    const old = new Date(0);
    utimesSync(join(cwd, "out/b.srt"), old, old);
    writeFileSync(join(cwd, "out/c.txt"), "");
    const again = await run(t, args, { cwd });
    assert.deepEqual([again.code, again.stdout], [0, `${join("out", "b.srt")}\n${join("out", "c.txt")}\n`]);
    assert.match(again.stderr, /^voxpool: 2 recognised, 2 done before/);
    assert.deepEqual(
      received
        .slice(4)
        .map(({ body }) => String(body))
        .toSorted(),
      ["b", "c"],
    );
    assert.equal(statSync(join(cwd, "out/a.txt")).ino, before);
    const all = await run(t, [...args, "--overwrite"], { cwd });
    assert.match(all.stderr, /^voxpool: 4 recognised/);
    assert.notEqual(statSync(join(cwd, "out/a.txt")).ino, before);
  });

  test("a failure stops no other, is said with its file, listed at the end, and leaves no file", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "a", "b.wav": "bad", "c.wav": "c" });
    mkdirSync(join(cwd, "out", "c.txt"), { recursive: true });
    const { code, stderr } = await run(
      t,
      ["transcribe", "a.wav", "b.wav", "c.wav", "-j", "1", "-o", "out", "--url", url],
      { cwd },
    );
    assert.equal(code, 1);
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines[0], "voxpool: b.wav: It is no audio.");
    assert.match(lines[1] ?? "", /^voxpool: c\.wav: .*c\.txt could not be written: something else is there already\.$/);
    assert.match(lines[2] ?? "", /^voxpool: 1 recognised, 2 failed/);
    assert.equal(lines[3], "voxpool: failed: b.wav, c.wav");
    assert.deepEqual(filesIn(cwd, "out"), ["a.txt"]);
  });

  test("--json is one document of what became of each", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "a.wav": "a", "b.wav": "bad" });
    const { code, stdout } = await run(t, ["transcribe", "a.wav", "b.wav", "--json", "-o", "out", "--url", url], {
      cwd,
    });
    assert.equal(code, 1);
    const path = join("out", "a.txt");
    assert.partialDeepStrictEqual(JSON.parse(stdout), {
      success: false,
      recordings: [
        { source: "a.wav", outputs: [path], status: "done", written: [path], duration: 11 },
        { source: "b.wav", status: "failed", failure: { reason: "audio_unsupported" } },
      ],
    });
    const again = await run(t, ["transcribe", "a.wav", "--json", "-o", "out", "--url", url], { cwd });
    assert.partialDeepStrictEqual(JSON.parse(again.stdout), { success: true, recordings: [{ status: "skipped" }] });
  });

  test("standard input is written, too, and a recording without speech is complete and said", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = place(t, { "quiet.wav": "" });
    writeFileSync(join(cwd, "quiet.wav"), " ");
    const input = new TextEncoder().encode("piped");
    const args = ["transcribe", "-", "quiet.wav", "--format", "txt,srt", "-o", "out", "--url", url];
    const { code, stderr } = await run(t, args, { cwd, input });
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(cwd, "out/stdin.txt"), "utf8"), "piped\n");
    assert.match(stderr, /voxpool: quiet\.wav: no speech was heard in it\.\n/);
    assert.match((await run(t, args, { cwd, input })).stderr, /1 recognised, 1 done before/);
  });

  test("so many recordings are under way at once as --jobs says", async (t) => {
    let atOnce = 0;
    let most = 0;
    const three = Promise.withResolvers<void>();
    const { url } = await startWireServer(t, {
      "POST /transcribe": async ({ body }, answer) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        if (atOnce === 3) three.resolve();
        await three.promise;
        atOnce -= 1;
        sendEvents(answer, [{ type: "done", transcript: transcript(String(body)) }]);
      },
    });
    const names = Array.from({ length: 9 }, (_, n) => `${n}.wav`);
    const cwd = place(t, Object.fromEntries(names.map((name) => [name, name])));
    const { code, stdout } = await run(t, ["transcribe", ...names, "--jobs", "3", "--url", url], { cwd });
    assert.equal(code, 0);
    assert.equal(most, 3);
    // In the order of the command line, however they came in.
    assert.equal(stdout, names.map((name, n) => `${n === 0 ? "" : "\n"}==> ${name} <==\n${name}\n`).join(""));
  });

  test("Ctrl-C leaves whole files only, says how to go on, and the same command does", async (t) => {
    const arrived = Promise.withResolvers<void>();
    let hangs = true;
    const { url } = await startWireServer(t, {
      "POST /transcribe": ({ body }, answer) => {
        if (hangs && String(body) === "b") return arrived.resolve();
        sendEvents(answer, [{ type: "done", transcript: transcript(String(body)) }]);
      },
    });
    const cwd = place(t, { "a.wav": "a", "b.wav": "b", "c.wav": "c" });
    const args = ["transcribe", "a.wav", "b.wav", "c.wav", "-j", "1", "-o", "out", "--url", url];
    const running = start(t, args, { cwd });
    await arrived.promise;
    running.child.kill("SIGINT");
    const { code, stderr } = await running.done;
    assert.equal(code, 130);
    assert.match(stderr, /^voxpool: 1 recognised.*\nvoxpool: 2 left; the same command goes on with them\.\n$/);
    assert.deepEqual(filesIn(cwd, "out"), ["a.txt"]);
    hangs = false;
    assert.match((await run(t, args, { cwd })).stderr, /^voxpool: 2 recognised, 1 done before/);
    assert.deepEqual(filesIn(cwd, "out"), ["a.txt", "b.txt", "c.txt"]);
  });

  test("--local needs no server: it decodes with a pool of its own, which is gone afterwards", async (t) => {
    const cwd = place(t, { "model/fake/fake.json": JSON.stringify({ text: "hello world" }) });
    const recording = fileURLToPath(new URL("../../assets/jfk.wav", import.meta.url));
    const env = { VOXPOOL_ENGINE_FAKE: "1", VOXPOOL_DEFAULT_MODEL: "fake", VOXPOOL_STATE_DIR: "state" };
    const args = ["transcribe", "--local", recording];
    const printed = await run(t, args, { cwd, env: { ...env, VOXPOOL_URL: await closedUrl() } });
    assert.deepEqual([printed.code, printed.stdout, printed.stderr], [0, "hello world\n", ""]);
    const written = await run(t, [...args, "--format", "srt,json", "-o", "out"], { cwd, env });
    assert.equal(written.code, 0);
    assert.deepEqual(filesIn(cwd, "out"), ["jfk.json", "jfk.srt"]);
    const none = await run(t, args, { cwd, env: { ...env, VOXPOOL_DEFAULT_MODEL: "gone" } });
    assert.equal(none.code, 1);
    assert.match(none.stderr, /the default model gone is not there/);
    assert.deepEqual(filesIn(cwd, "state"), []);
  });

  const misuse: readonly (readonly string[])[] = [
    ["a.wav", "--format", "srt,txt"],
    ["a.wav", "--format", "srt,docx", "-o", "out"],
    ["a.wav", "--format", "json,verbose_json", "-o", "out"],
    ["a.wav", "--format", "", "-o", "out"],
    ["a.wav", "--overwrite"],
    ["a.wav", "-o", ""],
    ["a.wav", "-o", "a.wav"],
    ["a.wav", "-o", "a.wav/below"],
    ["a.wav", "--jobs", "0"],
    ["a.wav", "--jobs", "many"],
    ["a.wav", "--wait", "-1"],
    ["a.wav", "--local"],
    ["a/b.wav", "b/a.wav", "a/b", "b/a", "-o", ""],
  ];
  for (const args of misuse) {
    test(`a wrong command line is exit code 2 and nothing is sent: ${args.join(" ")}`, async (t) => {
      const { url, received } = await startWireServer(t, hears);
      const cwd = place(t, { "a.wav": "one" });
      const { code, stdout, stderr } = await run(t, ["transcribe", ...args, "--url", url], { cwd });
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, /^voxpool: /);
      assert.equal(received.length, 0);
    });
  }

  test("on a terminal each recording has a bar, and all of them a line", { skip: noTerminal() }, async (t) => {
    const seen = Promise.withResolvers<void>();
    const { url } = await startWireServer(t, {
      "POST /transcribe": async ({ body }, answer) => {
        const progress = { type: "progress", processed_seconds: 240, duration: 600 };
        answer.writeHead(200, { "content-type": "text/event-stream" });
        answer.write(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`);
        await seen.promise;
        const done = { type: "done", transcript: transcript(String(body)) };
        answer.end(`event: done\ndata: ${JSON.stringify(done)}\n\n`);
      },
    });
    const cwd = place(t, { "短.wav": "one", "b.wav": "two" });
    const command = `cd '${cwd}' && stty cols 50 && ${shellCommand("transcribe", "*.wav", "-j", "2", "-o", "out", "--url", url)}`;
    const watch = (text: string) => /短\.wav .*40%/.test(text) && /b\.wav .*40%/.test(text) && seen.resolve();
    const { code, stdout } = await onTerminal(t, command, { watch });
    assert.equal(code, 0);
    assert.match(stdout, /total {2}\[░+\] {2}0 \/ 2/);
    const shown = stdout.slice(stdout.lastIndexOf("\u001b[0J") + 4);
    assert.match(shown, /voxpool: 2 recognised/);
  });
});
