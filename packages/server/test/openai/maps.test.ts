import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { openAiFailure } from "../../dist/gateway/openai/failure.js";
import { kindOfField } from "../../dist/gateway/openai/fields.js";
import { modelNames, modelPathOf } from "../../dist/gateway/openai/models.js";
import { transcriptionAnswer } from "../../dist/gateway/openai/transcription-answer.js";
import { readTranscriptionRequest } from "../../dist/gateway/openai/transcription-request.js";
import { createTextDeltas } from "../../dist/gateway/text-deltas.js";
import { transcriptOf } from "../gateway/harness.ts";

type Given = readonly (readonly [name: string, value: string])[];

function request(given: Given, strange: readonly string[] = []) {
  const fields = new Map<string, string[]>();
  for (const [name, value] of given) fields.set(name, [...(fields.get(name) ?? []), value]);
  return readTranscriptionRequest(fields, strange);
}

const model = ["model", "whisper-1"] as const;

suite("what a form asks for", () => {
  const cases: readonly (readonly [name: string, given: Given, expected: object])[] = [
    ["nothing but the model", [], {}],
    ["a format", [["response_format", "srt"]], { format: "srt", options: { response_format: "srt" } }],
    [
      "empty values as none",
      [
        ["language", ""],
        ["response_format", ""],
        ["prompt", ""],
      ],
      { hints: ["prompt"] },
    ],
    ["a language", [["language", "zh-CN"]], { options: { response_format: "json", language: "zh-CN" } }],
    ["one of several languages", [["languages[]", "zh"]], { options: { response_format: "json", language: "zh" } }],
    [
      "several languages",
      [
        ["languages[]", "zh"],
        ["languages[]", "en"],
      ],
      { hints: ["languages"] },
    ],
    [
      "a language before several",
      [
        ["languages[]", "zh"],
        ["language", "en"],
      ],
      { options: { response_format: "json", language: "en" }, hints: ["languages"] },
    ],
    ["a stream", [["stream", "true"]], { stream: true }],
    ["a stream as Python writes it", [["stream", "True"]], { stream: true }],
    ["no stream", [["stream", "false"]], {}],
    ["pauses cut as it likes", [["chunking_strategy", "auto"]], {}],
    ["a detector in brackets", [["chunking_strategy[type]", "server_vad"]], {}],
    [
      "a detector with numbers",
      [
        ["chunking_strategy[type]", "server_vad"],
        ["chunking_strategy[threshold]", "0.4"],
      ],
      { hints: ["chunking_strategy"] },
    ],
    [
      "a detector as JSON",
      [["chunking_strategy", '{"type":"server_vad","silence_duration_ms":300}']],
      { hints: ["chunking_strategy"] },
    ],
    [
      "what may have helped",
      [
        ["temperature", "0"],
        ["prompt", "names"],
      ],
      { hints: ["temperature", "prompt"] },
    ],
    [
      "words to expect",
      [
        ["keywords[]", "a"],
        ["keywords[]", "b"],
      ],
      { hints: ["keywords"] },
    ],
    ["speakers", [["known_speaker_names[]", "a"]], { hints: ["known_speaker_names"] }],
  ];
  for (const [name, given, expected] of cases) {
    test(name, () => {
      assert.deepEqual(request([model, ...given]), {
        model: "whisper-1",
        format: "json",
        stream: false,
        granularities: { words: false, segments: true },
        options: { response_format: "json" },
        hints: [],
        ...expected,
      });
    });
  }

  const times: readonly (readonly [given: Given, words: boolean, segments: boolean])[] = [
    [[], false, true],
    [[["timestamp_granularities[]", "word"]], true, false],
    [[["timestamp_granularities", "word"]], true, false],
    [
      [
        ["timestamp_granularities[0]", "word"],
        ["timestamp_granularities[1]", "segment"],
      ],
      true,
      true,
    ],
    [[["timestamp_granularities[]", '["word","segment"]']], true, true],
  ];
  for (const [given, words, segments] of times) {
    test(`times: ${JSON.stringify(given)}`, () => {
      const read = request([model, ["response_format", "verbose_json"], ...given]);
      assert.deepEqual(read.granularities, { words, segments });
      assert.equal(read.options.words, words ? true : undefined);
    });
  }

  test("fields that nobody knows are named, but neither all of them nor whole", () => {
    const strange = ["vad_filter", "vad_filter", "x".repeat(1000), ...Array.from({ length: 40 }, (_, at) => `f${at}`)];
    const { hints } = request([model], strange);
    assert.equal(hints.length, 10);
    assert.equal(hints[0], "vad_filter");
    assert.equal(hints[1]?.length, 50);
  });
});

suite("what a form may not ask for", () => {
  const verbose = ["response_format", "verbose_json"] as const;
  const cases: readonly (readonly [given: Given, option: string, message: RegExp])[] = [
    [[], "model", /whisper-1/],
    [[["model", ""]], "model", /missing/],
    [[model, model], "model", /more than once/],
    [[model, ["response_format", "xml"]], "response_format", /"xml" is not one of json, text, srt, verbose_json, vtt/],
    [[model, ["response_format", "diarized_json"]], "response_format", /speakers/],
    [[model, ["timestamp_granularities[]", "word"]], "timestamp_granularities", /verbose_json/],
    [[model, verbose, ["timestamp_granularities[]", "letter"]], "timestamp_granularities", /"letter"/],
    [[model, verbose, ["timestamp_granularities[]", "[1]"]], "timestamp_granularities", /no list of texts/],
    [[model, verbose, ["timestamp_granularities[]", "[".repeat(9999)]], "timestamp_granularities", /no JSON/],
    [[model, verbose, ["stream", "1"], ["timestamp_granularities[]", "word"]], "timestamp_granularities", /stream/],
    [[model, ["stream", "yes"]], "stream", /"yes"/],
    [[model, ["stream", "1"], ["response_format", "srt"]], "stream", /subtitles/],
    [[model, ["include[]", "logprobs"]], "include", /logprobs/],
    [[model, ["include[]", "tokens"]], "include", /"tokens"/],
    [[model, ["chunking_strategy", "never"]], "chunking_strategy", /neither auto/],
    [[model, ["chunking_strategy", "{"]], "chunking_strategy", /no JSON/],
    [[model, ["chunking_strategy[type]", "semantic"]], "chunking_strategy[type]", /server_vad/],
    [[model, ["chunking_strategy", '{"type":{}}']], "chunking_strategy[type]", /server_vad/],
    [[model, ["chunking_strategy[threshold]", "loud"]], "chunking_strategy[threshold]", /no number/],
  ];
  for (const [given, option, message] of cases) {
    test(JSON.stringify(given).slice(0, 100), () => {
      assert.throws(
        () => request(given),
        (error: VoxpoolError) => {
          assert.equal(error.reason, "option_invalid");
          assert.equal(error.details.option, option);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

for (const [name, meant] of [
  ["langauge", "language"],
  ["responseFormat", "response_format"],
  ["timestamp_granularites[]", "timestamp_granularities"],
  ["promt", "prompt"],
] as const) {
  test(`a form's ${name} is refused, since ${meant} is meant`, () => {
    assert.throws(
      () => request([model], [name]),
      (error: Error) => {
        assert.match(error.message, new RegExp(`Did you mean ${meant}\\?`));
        return (error as { reason?: string }).reason === "option_unknown";
      },
    );
  });
}

test("each part of a form is read, counted or strange", () => {
  const kinds = ["model", "include[]", "chunking_strategy[type]", "prompt", "keywords[]", "__proto__", "file2"];
  assert.deepEqual(kinds.map(kindOfField), ["value", "value", "value", "name", "name", "strange", "strange"]);
});

const parsed = (body: string) => JSON.parse(body) as Record<string, unknown>;

suite("answers", () => {
  const granularities = { words: false, segments: true };
  const both = { words: true, segments: true };
  const { warnings } = transcriptOf();

  test("json is the text, and how long the audio was", () => {
    const { body, contentType } = transcriptionAnswer(transcriptOf(), { format: "json", granularities });
    assert.match(contentType, /^application\/json/);
    const usage = { type: "duration", seconds: 3.5 };
    assert.deepEqual(parsed(body), { text: "hello <world> 你好", usage, warnings });
    const plain = transcriptionAnswer({ ...transcriptOf(), warnings: [] }, { format: "json", granularities });
    assert.deepEqual(Object.keys(parsed(plain.body)), ["text", "usage"]);
  });

  test("verbose_json has every field that the SDKs promise", () => {
    const { body } = transcriptionAnswer(transcriptOf(), { format: "verbose_json", granularities: both });
    const neutral = { seek: 0, tokens: [], temperature: 0, avg_logprob: 0, no_speech_prob: 0 };
    const { segments, ...rest } = parsed(body);
    assert.deepEqual(rest, {
      task: "transcribe",
      language: "english",
      duration: 3.5,
      text: "hello <world> 你好",
      words: [{ word: "hello", start: 0, end: 0.7 }],
      usage: { type: "duration", seconds: 3.5 },
      warnings,
    });
    const ratios = (segments as { compression_ratio: number }[]).map((one) => one.compression_ratio);
    assert.deepEqual(segments, [
      { id: 0, start: 0, end: 1.5, text: "hello <world>", ...neutral, compression_ratio: ratios[0] },
      { id: 1, start: 2, end: 3.25, text: "你好", ...neutral, compression_ratio: ratios[1] },
    ]);
    assert.ok(ratios.every((ratio) => ratio > 0 && ratio < 1));
  });

  test("what repeats itself has a ratio that clients drop it by", () => {
    const segment = { id: 0, start: 0, end: 1, text: "thank you. ".repeat(30) };
    const transcript = { ...transcriptOf(), segments: [segment, { ...segment, text: "" }] };
    const { body } = transcriptionAnswer(transcript, { format: "verbose_json", granularities });
    const [repeated, silent] = parsed(body)["segments"] as { compression_ratio: number }[];
    assert.ok((repeated?.compression_ratio ?? 0) > 2.4);
    assert.equal(silent?.compression_ratio, 0);
  });

  test("a language is its English name, or unknown", () => {
    const languages = ["zh", "yue", "de", "xx-invalid-", undefined].map((language) => {
      const { language: _, ...transcript } = transcriptOf();
      const known = language === undefined ? transcript : { ...transcript, language };
      return parsed(transcriptionAnswer(known, { format: "verbose_json", granularities }).body)["language"];
    });
    assert.deepEqual(languages, ["chinese", "cantonese", "german", "xx-invalid-", "unknown"]);
  });

  for (const [format, type, start] of [
    ["text", "text/plain", "hello <world> 你好\n"],
    ["srt", "application/x-subrip", "1\n00:00:00,000 --> "],
    ["vtt", "text/vtt", "WEBVTT\n\n00:00:00.000 --> "],
  ] as const) {
    test(`${format} has no type that a client would parse as JSON`, () => {
      const { body, contentType } = transcriptionAnswer(transcriptOf(), { format, granularities });
      assert.equal(contentType, `${type}; charset=utf-8`);
      assert.ok(body.startsWith(start), body);
    });
  }
});

suite("deltas joined are the whole text", () => {
  for (const [pieces, whole] of [
    [["hello", "world"], "hello world"],
    [["你好", "世界"], "你好世界"],
    [["我用", "python", "", " ", "写代码"], "我用python写代码"],
    [["", "a", "b"], "a b"],
    [[], ""],
  ] as const) {
    test(JSON.stringify(pieces), () => {
      const deltas = createTextDeltas();
      assert.equal(pieces.map((text) => deltas.next({ text })).join(""), whole);
    });
  }
});

suite("names of models", () => {
  const available = {
    id: "cn",
    engine: "vosk",
    languages: [],
    versions: ["1"],
    size_bytes: 1,
    loaded: false,
  };
  const models = {
    "model/cn": available,
    "/other/cn": available,
    "model/bad": { ...available, id: "bad", problem: "it is empty" },
    "model/punct": { ...available, id: "punct", engine: "sherpa-punctuation" },
  };
  const standIns = ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe"];

  test("are those that recognise, aliases, and OpenAI's own", () => {
    const names = modelNames({ models }, { aliases: { dictation: "model/cn", "whisper-1": "model/cn" } });
    assert.deepEqual(names, ["cn", "/other/cn", "dictation", "whisper-1", ...standIns.slice(1)]);
  });

  test("OpenAI's own are the default model, unless they were pointed somewhere", () => {
    for (const name of standIns) assert.equal(modelPathOf(name, { aliases: {} }), undefined);
    assert.equal(modelPathOf("whisper-1", { aliases: { "whisper-1": "model/cn" } }), "whisper-1");
    assert.equal(modelPathOf("en/tiny", { aliases: {} }), "en/tiny");
  });
});

suite("failures", () => {
  const cases = [
    ["option_invalid", { option: "language", detail: "x" }, 400, "invalid_request_error", "language", "false"],
    ["audio_invalid", { detail: "x" }, 400, "invalid_request_error", "file", "false"],
    ["no_model", { detail: "x" }, 404, "invalid_request_error", "model", "false"],
    ["language_unsupported", {}, 400, "invalid_request_error", "language", "false"],
    ["over_capacity", { retry_after_seconds: 2.1 }, 429, "rate_limit_error", null, undefined],
    ["host_crashed", {}, 503, "server_error", null, undefined],
    ["decode_failed", {}, 500, "server_error", null, "false"],
    ["route_not_found", {}, 404, "invalid_request_error", null, "false"],
  ] as const;
  for (const [reason, details, status, type, param, again] of cases) {
    test(reason, () => {
      const failure = openAiFailure(new VoxpoolError(reason, details), "en");
      const { error } = failure.body as { error: Record<string, unknown> };
      assert.deepEqual([failure.status, error["type"], error["param"], error["code"]], [status, type, param, reason]);
      assert.equal(failure.headers?.["x-should-retry"], again);
      assert.equal(failure.retryAfterSeconds, reason === "over_capacity" ? 3 : undefined);
    });
  }

  test("an unknown model has the code that clients compare with", () => {
    const { body } = openAiFailure(new VoxpoolError("model_name_unknown", { model: "x", names: "cn" }), "zh");
    const { error } = body as { error: { code: string; message: string } };
    assert.equal(error.code, "model_not_found");
    assert.match(error.message, /没有模型 x。现有：cn。/);
  });
});
