import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { failure, type Received, run, sendEvents, sendJson, startWireServer, transcript } from "./support.ts";

const hello = "And so my fellow Americans.";

/** A server that hears the bytes of a recording as its words. */
const hears = {
  "POST /transcribe": ({ query, body }: Received, answer: Parameters<typeof sendEvents>[0]) => {
    const { response_format: format } = query;
    if (format !== undefined && !format.includes("json")) {
      answer.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
      answer.end(`${format === "vtt" ? "WEBVTT\n\n" : "1\n"}00:00:00,352 --> 00:00:02,272\n${String(body)}\n`);
      return;
    }
    sendEvents(answer, [
      { type: "progress", processed_seconds: 5.5, duration: 11 },
      { type: "done", transcript: transcript(String(body)) },
    ]);
  },
};

function recordings(t: Parameters<typeof scratchDirectory>[0], texts: Readonly<Record<string, string>>): string {
  const cwd = scratchDirectory(t);
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(cwd, name), text);
  return cwd;
}

suite("transcribe", () => {
  test("prints the text of a recording, and sends its bytes and what is said of it", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = recordings(t, { "a b.wav": hello });
    const sound = ["--channels", "split", "--vad", "trim"];
    const args = ["transcribe", "a b.wav", "--model", "model/cn", "--language", "zh-CN", ...sound, "--url", url];
    const { code, stdout, stderr } = await run(t, args, { cwd });
    assert.deepEqual([code, stdout, stderr], [0, `${hello}\n`, ""]);
    assert.equal(String(received[0]?.body), hello);
    assert.partialDeepStrictEqual(received[0]?.query, {
      model_path: "model/cn",
      language: "zh-CN",
      channels: "split",
      vad: "trim",
    });
  });

  test("reads standard input for -", async (t) => {
    const { url } = await startWireServer(t, hears);
    const input = new TextEncoder().encode("你好");
    const { code, stdout } = await run(t, ["transcribe", "-", "--url", url], { input });
    assert.deepEqual([code, stdout], [0, "你好\n"]);
  });

  for (const format of ["srt", "vtt", "tsv", "lrc"] as const) {
    test(`--format ${format} prints what the server wrote, byte for byte`, async (t) => {
      const { url, received } = await startWireServer(t, hears);
      const cwd = recordings(t, { "a.wav": hello });
      const { stdout } = await run(t, ["transcribe", "--format", format, "a.wav", "--url", url], { cwd });
      const start = format === "vtt" ? "WEBVTT\n\n" : "1\n";
      assert.equal(stdout, `${start}00:00:00,352 --> 00:00:02,272\n${hello}\n`);
      assert.equal(received[0]?.query.response_format, format);
    });
  }

  test("--json and --format json print the server's body; verbose_json asks for the long one", async (t) => {
    const { url, received } = await startWireServer(t, hears);
    const cwd = recordings(t, { "a.wav": hello });
    for (const flags of [
      ["--json"],
      ["--format", "json"],
      ["--format", "verbose_json"],
      ["--json", "--format", "verbose_json"],
    ]) {
      const { code, stdout } = await run(t, ["transcribe", "a.wav", ...flags, "--url", url], { cwd });
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout), transcript(hello));
      assert.equal(received.at(-1)?.query.response_format, flags.includes("verbose_json") ? "verbose_json" : "json");
    }
  });

  test("of several files a missing one is a clear error, the others go on, and the exit code is 1", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = recordings(t, { "a.wav": "one", "c.wav": "three" });
    mkdirSync(join(cwd, "folder"));
    const args = ["transcribe", "a.wav", "b.wav", "folder", "c.wav", "--url", url];
    const { code, stdout, stderr } = await run(t, args, { cwd });
    assert.equal(code, 1);
    assert.equal(stdout, "==> a.wav <==\none\n\n==> c.wav <==\nthree\n");
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? "", /^voxpool: b\.wav: The audio could not be read: .*no such file/);
    assert.match(lines[1] ?? "", /^voxpool: folder: there is no recording in this folder; -r also looks/);
  });

  test("of several files --json is one array, failures in their places", async (t) => {
    const { url } = await startWireServer(t, hears);
    const cwd = recordings(t, { "a.wav": "one", "c.wav": "three" });
    const { code, stdout } = await run(t, ["transcribe", "a.wav", "b.wav", "c.wav", "--json", "--url", url], { cwd });
    assert.equal(code, 1);
    const results = JSON.parse(stdout) as Record<string, unknown>[];
    assert.deepEqual([results[0], results[2]], [transcript("one"), transcript("three")]);
    assert.partialDeepStrictEqual(results[1], { success: false, reason: "audio_unreadable", error_code: 0 });
  });

  test("what the server refuses names the file; what it warns of goes to standard error", async (t) => {
    const { url } = await startWireServer(t, {
      "POST /transcribe": ({ body }, answer) =>
        String(body) === "text"
          ? sendJson(answer, 415, failure("audio_unsupported", "The audio is in no format voxpool reads: text."))
          : sendJson(
              answer,
              200,
              transcript("one", { warnings: [{ reason: "audio_truncated", message: "It ends early." }] }),
            ),
    });
    const cwd = recordings(t, { "a.txt": "text", "b.wav": "audio" });
    const { code, stdout, stderr } = await run(t, ["transcribe", "a.txt", "b.wav", "--url", url], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /==> b\.wav <==\none\n$/);
    assert.equal(
      stderr,
      "voxpool: a.txt: The audio is in no format voxpool reads: text.\nvoxpool: b.wav: It ends early.\n",
    );
  });

  const misuse: readonly (readonly string[])[] = [
    ["transcribe"],
    ["transcribe", "a.wav", "--format", "docx"],
    ["transcribe", "a.wav", "--json", "--format", "srt"],
    ["transcribe", "a.wav", "--vad", "loud"],
    ["transcribe", "a.wav", "--channels", "2"],
    ["transcribe", "-", "-"],
    ["transcribe", "a.wav", "--model", ""],
    ["transcribe", "a.wav", "--json", "--language", ""],
    ["transcribe", "a.wav", "--url", "ftp://x"],
    ["transcribe", "a.wav", "--url", "nonsense"],
    ["transcribe", "a.wav", "--key", "两"],
  ];
  for (const args of misuse) {
    test(`a wrong command line is exit code 2 and nothing is sent: ${args.join(" ")}`, async (t) => {
      const { url, received } = await startWireServer(t, hears);
      const cwd = recordings(t, { "a.wav": hello });
      const { code, stdout, stderr } = await run(t, args, { cwd, env: { VOXPOOL_URL: url } });
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^voxpool: /);
      assert.equal(received.length, 0);
    });
  }
});
