import assert from "node:assert/strict";
import { test } from "node:test";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes, wavBytes } from "../../../../test/fixtures/wav.ts";
import { startRunning } from "./running.ts";

const rateHz = 16_000;

/** Samples of two channels, frame by frame, as headerless PCM; the shorter one ends in silence. */
function stereo(left: Float32Array, right: Float32Array): Uint8Array<ArrayBuffer> {
  const frames = Math.max(left.length, right.length);
  const both = Float32Array.from({ length: 2 * frames }, (_, at) => (at % 2 === 0 ? left : right)[at >> 1] ?? 0);
  return new Uint8Array(pcmBytes(both));
}

const contentType = `audio/pcm;rate=${rateHz};channels=2`;
const say = (second: number, word: string) => joinedSignals(silentSignal(second), toneSignal(word));
const call = () => stereo(joinedSignals(say(0, "abc"), say(5, "ace")), say(3, "bead"));

test("channels=split gives one timeline whose segments have channels and words; it counts as one use", async (t) => {
  const { client, modelPath } = await startRunning(t, { tone: "tone" });
  const uses = async () => {
    const status = await client.getModelStatus(modelPath("tone"));
    return status.success ? status.status.usage_count : Number.NaN;
  };
  const usesBefore = await uses();
  const result = await client.transcribe(call(), {
    contentType,
    channels: "split",
    response_format: "verbose_json",
    words: true,
  });
  assert.ok(result.success, !result.success ? result.error_message : "");
  assert.deepEqual(
    result.segments.map(({ id, channel, text, words }) => [id, channel, text, words?.map(({ word }) => word).join("")]),
    [
      [0, 0, "abc", "abc"],
      [1, 1, "bead", "bead"],
      [2, 0, "ace", "ace"],
    ],
  );
  for (const { start, end, words = [] } of result.segments) {
    assert.ok((words[0]?.start ?? -1) >= start - 0.3 && (words.at(-1)?.end ?? Infinity) <= end + 0.3);
  }
  assert.equal(result.text, "[1] abc\n[2] bead\n[1] ace");
  assert.equal(await uses(), usesBefore + 1);
});

test("channels=split is one recognition for the limit of sessions", async (t) => {
  const { client } = await startRunning(t, { tone: "tone" }, { "limits.sessions": 1 });
  const result = await client.transcribe(call(), { contentType, channels: "split" });
  assert.ok(result.success, !result.success ? result.error_message : "");
  assert.equal(result.segments.length, 3);
});

test("without channels=split no segment has a channel; first leaves the others out", async (t) => {
  const { client } = await startRunning(t, { tone: "tone" });
  for (const [channels, texts] of [
    ["first", ["abc", "ace"]],
    ["mix", ["abc", "bead", "ace"]],
    [undefined, ["abc", "bead", "ace"]],
  ] as const) {
    const result = await client.transcribe(call(), { contentType, ...(channels && { channels }) });
    assert.ok(result.success, !result.success ? result.error_message : "");
    assert.deepEqual(
      result.segments.map(({ text, channel }) => [text, channel]),
      texts.map((text) => [text, undefined]),
    );
  }
});

test("a failure of one channel is the answer, and the place of the recognition is free again", async (t) => {
  const fake = { decode: "throw", decodeAt: 1 };
  const { client, modelPath } = await startRunning(t, { tone: "tone", bad: { fake } }, { "limits.sessions": 1 });
  const failed = await client.transcribe(call(), { contentType, channels: "split", model_path: modelPath("bad") });
  assert.equal(failed.success, false);
  assert.equal(!failed.success && failed.reason, "decode_failed");
  assert.ok((await client.transcribe(call(), { contentType, channels: "split" })).success);
});

test("more channels than can be split are refused with what to do", async (t) => {
  const { client } = await startRunning(t, { tone: "tone" });
  const result = await client.transcribe(new Uint8Array(9 * 2 * rateHz), {
    contentType: `audio/pcm;rate=${rateHz};channels=9`,
    channels: "split",
  });
  assert.ok(!result.success);
  assert.equal(result.reason, "channels_too_many");
});

test("an hour of a call in which one side is silent is split in bounded memory, and comes while it is sent", async (t) => {
  const { client } = await startRunning(t, { tone: "tone" });
  const blockSeconds = 30;
  const blocks = 120;
  const block = stereo(
    joinedSignals(say(10, "bead"), silentSignal(blockSeconds)).subarray(0, blockSeconds * rateHz),
    new Float32Array(0),
  );
  let peakBytes = 0;
  let sentBlocks = 0;
  let furthestAhead = 0;
  async function* recording(): AsyncGenerator<Uint8Array> {
    for (; sentBlocks < blocks; sentBlocks++) {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      yield block;
    }
  }
  let segments = 0;
  let last = 0;
  for await (const event of client.transcribeEvents(recording(), { contentType, channels: "split" })) {
    assert.ok(event.type !== "error", event.type === "error" ? event.failure.error_message : "");
    if (event.type !== "segment") continue;
    assert.ok(event.segment.start >= last && event.segment.channel === 0);
    last = event.segment.start;
    furthestAhead = Math.max(furthestAhead, sentBlocks * blockSeconds - last);
    segments++;
  }
  assert.equal(segments, blocks);
  assert.ok(furthestAhead < 1800, `what was sent was ${furthestAhead} s ahead of what came`);
  // The test's own client is in this process too; what is received and not yet decoded would be 230 MB more.
  assert.ok(peakBytes < 400 * 1024 * 1024, `${Math.round(peakBytes / 1_048_576)} MB`);
});

const silenceCases = [
  { vad: "on", lengths: [1.6, 1.6], start: 2 },
  { vad: "trim", lengths: [5.6], start: 1.7 },
  { vad: "off", lengths: [9], start: 0 },
] as const;
for (const { vad, lengths, start } of silenceCases) {
  test(`vad=${vad} reaches the engine, and times are those of the recording`, async (t) => {
    const { client } = await startRunning(t, { fake: { fake: { text: "{seconds}" } } });
    const tone = Float32Array.from({ length: rateHz }, (_, at) => 0.3 * Math.sin(at * 0.7));
    const signal = joinedSignals(silentSignal(2), tone, silentSignal(3), tone, silentSignal(2));
    const result = await client.transcribe(new Uint8Array(wavBytes(signal, rateHz)), { vad });
    assert.ok(result.success, !result.success ? result.error_message : "");
    assert.equal(result.segments.length, lengths.length);
    for (const [at, { text }] of result.segments.entries()) {
      assert.ok(Math.abs(Number(text) - (lengths[at] ?? 0)) <= 0.1, text);
    }
    assert.ok(Math.abs((result.segments[0]?.start ?? -1) - start) < 0.05);
  });
}

test("text and subtitles name the channels; subtitles are cut at the words of the engine", async (t) => {
  const { client } = await startRunning(t, { tone: "tone" });
  const text = async (response_format: "text" | "srt" | "vtt" | "tsv" | "lrc", channels: "mix" | "split") => {
    const result = await client.transcribe(call(), { contentType, response_format, channels });
    assert.ok(result.success, !result.success ? result.error_message : "");
    return result.text;
  };
  assert.equal(await text("text", "mix"), "abc bead ace\n");
  assert.equal(await text("text", "split"), "[1] abc\n[2] bead\n[1] ace\n");
  assert.match(await text("srt", "mix"), /^1\n00:00:00,\d+ --> 00:00:0\d,\d+\nabc\n\n2\n/);
  assert.match(
    await text("srt", "split"),
    /^1\n00:00:00,\d+ --> 00:00:0\d,\d+\n\[1\] abc\n\n2\n00:00:03,.*\n\[2\] bead\n/,
  );
  assert.match(await text("vtt", "split"), /<v Channel 2>bead/);
  assert.match(await text("tsv", "split"), /^start\tend\ttext\n\d+\t\d+\t\[1\] abc\n\d+\t\d+\t\[2\] bead\n/);
  assert.match(await text("lrc", "split"), /^\[00:00\.\d\d\] \[1\] abc\n/);
});

test("a value that is none of an option is refused by name", async (t) => {
  const { fetch } = await startRunning(t, { tone: "tone" });
  for (const option of ["vad", "channels"]) {
    const answer = await fetch(`/api/transcribe?${option}=loud`, {
      method: "POST",
      headers: { "content-type": contentType },
      body: call(),
    });
    assert.equal(answer.status, 400);
    const { reason, message } = (await answer.json()) as { reason: string; message: string };
    assert.equal(reason, "option_invalid");
    assert.match(message, new RegExp(`${option}.*"loud" is not one of`));
  }
});
