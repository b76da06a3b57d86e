import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import OpenAI from "openai";
import { chineseGoldens } from "../../../../test/fixtures/chinese-goldens.ts";
import { type Running, startRunning, threeSegments, toneWav } from "../server/running.ts";
import { openAiClient, recordingFile } from "./surface.ts";

const goldenModels = Object.fromEntries(
  chineseGoldens.map(({ engineText }, index) => [
    `golden/${index}`,
    { fake: { text: engineText, languages: ["zh"], words: true } },
  ]),
);

suite("the SDK of OpenAI", () => {
  let running: Running;
  let openai: OpenAI;
  const ended: (() => unknown)[] = [];

  before(async () => {
    const t = { after: (end: () => unknown) => void ended.push(end) };
    running = await startRunning(t as Parameters<typeof startRunning>[0], {
      tone: "tone",
      "say/hello": { fake: { text: "hello world", languages: ["en"] } },
      "say/broken": { fake: { text: "x", decode: "throw" } },
      ...goldenModels,
    });
    openai = openAiClient(running.server.url);
  });
  after(async () => {
    for (const end of ended) await end();
  });
  const file = recordingFile(toneWav("abc"));

  test("json: the text, and how long it was", async () => {
    const answer = await openai.audio.transcriptions.create({ file, model: "whisper-1" });
    assert.equal(answer.text, "abc");
    assert.equal(answer.usage?.type, "duration");
    assert.ok(answer.usage.seconds > 0.3);
  });

  test("text, srt and vtt are plain text", async () => {
    for (const [response_format, expected] of [
      ["text", /^abc\n$/],
      ["srt", /^1\n00:00:00,\d{3} --> 00:00:0\d,\d{3}\nabc\n/],
      ["vtt", /^WEBVTT\n\n00:00:00\.\d{3} --> 00:00:0\d\.\d{3}\nabc\n/],
    ] as const) {
      assert.match(await openai.audio.transcriptions.create({ file, model: "tone", response_format }), expected);
    }
  });

  test("verbose_json: segments, and words where they are asked for", async () => {
    const verbose = { file: recordingFile(threeSegments()), model: "tone", response_format: "verbose_json" } as const;
    const plain = await openai.audio.transcriptions.create(verbose);
    assert.deepEqual(
      plain.segments?.map(({ id, text }) => [id, text]),
      [
        [0, "abc"],
        [1, "abc"],
        [2, "abc"],
      ],
    );
    assert.equal(plain.words, undefined);
    assert.ok(plain.duration > 6);
    const granularities = ["word", "segment"] as ("word" | "segment")[];
    const timed = await openai.audio.transcriptions.create({ ...verbose, timestamp_granularities: granularities });
    assert.deepEqual(
      timed.words?.map(({ word }) => word),
      ["abc", "abc", "abc"],
    );
    assert.equal(timed.segments?.length, 3);
    for (const { start, end } of timed.words ?? []) assert.ok(start < end && end <= plain.duration);
  });

  test("a stream: deltas that joined are the text", async () => {
    const recording = recordingFile(threeSegments());
    const stream = await openai.audio.transcriptions.create({ file: recording, model: "tone", stream: true });
    const deltas: string[] = [];
    let done: string | undefined;
    for await (const event of stream) {
      if (event.type === "transcript.text.delta") deltas.push(event.delta);
      else if (event.type === "transcript.text.done") done = event.text;
    }
    assert.deepEqual(deltas, ["abc", " abc", " abc"]);
    assert.equal(done, "abc abc abc");
  });

  test("a file that is streamed without a length, a buffer, and an untyped file are recordings", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "voxpool-test-"));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, "speech.bin");
    writeFileSync(path, toneWav("ace"));
    const untyped = recordingFile(toneWav("ace"), "speech", "application/octet-stream");
    for (const source of [createReadStream(path), untyped, await OpenAI.toFile(Buffer.from(toneWav("ace")), "x")]) {
      const { text } = await openai.audio.transcriptions.create({ file: source, model: "tone" });
      assert.equal(text, "ace");
    }
  });

  test("hints do no harm, and what was of no effect is said beside the text", async () => {
    const answer = await openai.audio.transcriptions.create({
      file,
      model: "tone",
      prompt: "letters",
      temperature: 0,
      keywords: ["abc"],
      chunking_strategy: { type: "server_vad", silence_duration_ms: 300 },
    });
    assert.equal(answer.text, "abc");
    const { warnings } = answer as unknown as { warnings: { reason: string; message: string }[] };
    assert.equal(warnings[0]?.reason, "hints_unused");
    assert.match(warnings[0]?.message ?? "", /prompt, temperature, keywords, chunking_strategy/);
  });

  for (const [index, { said, text, words }] of chineseGoldens.entries()) {
    test(`Chinese, written as it is read: ${said} (${index})`, async () => {
      const model = `golden/${index}`;
      const verbose = await openai.audio.transcriptions.create({
        file,
        model,
        language: "chinese",
        response_format: "verbose_json",
        timestamp_granularities: ["word"],
      });
      assert.equal(verbose.text, text);
      assert.equal(verbose.language, "chinese");
      assert.deepEqual(
        verbose.words?.map(({ word }) => word),
        words,
      );
      assert.equal(await readStream(openai, { file, model }), text);
    });
  }

  test("models are listed by the names that a request may use, aliases too", async () => {
    await running.client.setAlias("dictation", running.modelPath("tone"));
    const names: string[] = [];
    for await (const { id } of openai.models.list()) names.push(id);
    for (const name of ["tone", "say/hello", "dictation", "whisper-1", "gpt-4o-transcribe"]) {
      assert.ok(names.includes(name), name);
      const found = await openai.models.retrieve(name);
      assert.deepEqual(found, { id: name, object: "model", created: 0, owned_by: "voxpool" });
    }
    const { text } = await openai.audio.transcriptions.create({ file, model: "dictation" });
    assert.equal(text, "abc");
  });

  test("a name of OpenAI can be pointed somewhere else", async () => {
    await running.client.setAlias("gpt-4o-transcribe", running.modelPath("say/hello"));
    const { text } = await openai.audio.transcriptions.create({ file, model: "gpt-4o-transcribe" });
    assert.equal(text, "hello world");
    const other = await openai.audio.transcriptions.create({ file, model: "gpt-4o-mini-transcribe" });
    assert.equal(other.text, "abc");
  });

  test("an unknown model is a NotFoundError that names what there is", async () => {
    for (const name of ["whisper-9", "../../etc", "/etc/passwd", "a\u0000b"]) {
      for (const stream of [false, true]) {
        const failed = await failure(openai.audio.transcriptions.create({ file, model: name, stream }));
        assert.ok(failed instanceof OpenAI.NotFoundError, name);
        assert.equal(failed.code, "model_not_found");
        assert.equal(failed.param, "model");
        assert.match(failed.message, /say\/hello.*whisper-1/);
      }
    }
    const failed = await failure(openai.models.retrieve("whisper-9"));
    assert.ok(failed instanceof OpenAI.NotFoundError);
  });

  test("what a model cannot give is a BadRequestError that says so", async () => {
    const cases = [
      [{ model: "say/hello", language: "zh" }, "language_unsupported"],
      [{ model: "tone", language: "klingon-ish" }, "option_invalid"],
      [{ model: "tone", response_format: "diarized_json" }, "option_invalid"],
      [{ model: "tone", include: ["logprobs"] }, "option_invalid"],
      [
        { model: "say/hello", response_format: "verbose_json", timestamp_granularities: ["word"] },
        "capability_missing",
      ],
    ] as const;
    for (const [wishes, code] of cases) {
      const body = { file, ...wishes } as unknown as OpenAI.Audio.TranscriptionCreateParamsNonStreaming;
      const failed = await failure(openai.audio.transcriptions.create(body));
      assert.ok(failed instanceof OpenAI.BadRequestError, code);
      assert.equal(failed.code, code);
      assert.equal(failed.headers.get("x-should-retry"), "false");
      assert.ok((failed.requestID ?? "").length > 5);
    }
  });

  test("translations are refused with what to do instead", async () => {
    const failed = await failure(openai.audio.translations.create({ file, model: "whisper-1" }));
    assert.ok(failed instanceof OpenAI.BadRequestError);
    assert.equal(failed.code, "translation_missing");
  });

  test("what is no audio is a BadRequestError or an unsupported type, never sent again", async () => {
    let sent = 0;
    const counted = openAiClient(running.server.url, {
      maxRetries: 2,
      fetch: (url, init) => {
        // The SDK also tries its fetch on a data: URL.
        if (typeof url === "string" && url.startsWith("http")) sent += 1;
        return fetch(url, init);
      },
    });
    const text = new File(["these are only words"], "a.wav");
    const failed = await failure(counted.audio.transcriptions.create({ file: text, model: "tone" }));
    assert.equal(failed.status, 415);
    assert.equal(failed.param, "file");
    const broken = await failure(counted.audio.transcriptions.create({ file, model: "say/broken" }));
    assert.ok(broken instanceof OpenAI.InternalServerError);
    assert.equal(broken.code, "decode_failed");
    assert.equal(sent, 2);
  });

  test("a failure in a stream raises", async () => {
    const failed = await failure(readStream(openai, { file, model: "say/broken" }));
    assert.match(failed.message, /could not decode/);
  });

  test("recognitions are counted as the native ones are", async () => {
    const earlier = await usageCount(running, "tone");
    await openai.audio.transcriptions.create({ file, model: "tone" });
    assert.equal(await usageCount(running, "tone"), earlier + 1);
  });
});

async function readStream(openai: OpenAI, wishes: { readonly file: File; readonly model: string }): Promise<string> {
  const stream = await openai.audio.transcriptions.create({ ...wishes, stream: true });
  let text = "";
  for await (const event of stream) if (event.type === "transcript.text.delta") text += event.delta;
  return text;
}

async function usageCount({ client, modelPath }: Running, id: string): Promise<number> {
  const list = await client.listModels();
  assert.ok(list.success);
  return list.models[modelPath(id)]?.usage_count ?? 0;
}

async function failure(failing: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  try {
    await failing;
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it should have failed" });
}
