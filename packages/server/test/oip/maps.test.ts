import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { oipFailure } from "../../dist/gateway/oip/failure.js";
import { inferAnswer } from "../../dist/gateway/oip/infer-answer.js";
import { readInferRequest } from "../../dist/gateway/oip/infer-request.js";
import { parseJson } from "../../dist/gateway/oip/json.js";
import { modelConfig, modelMetadata } from "../../dist/gateway/oip/metadata.js";
import { readModelCall, readRepositoryCall } from "../../dist/gateway/oip/model-url.js";
import { indexEntry, repositoryVersions } from "../../dist/gateway/oip/repository.js";
import { modelStatistics } from "../../dist/gateway/oip/statistics.js";
import { wavHeader } from "../../dist/gateway/oip/tensor.js";
import { entry } from "../gateway/entries.ts";
import { transcriptOf } from "../gateway/harness.ts";

/** The reason of what a function throws. */
function reasonOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof VoxpoolError, String(error));
    return error.reason;
  }
  return "nothing was thrown";
}

suite("a path below /v2/models/ is read from its end", () => {
  const table: readonly (readonly [path: string, call: object])[] = [
    ["cn", { model: "cn", action: "metadata" }],
    ["cn/ready", { model: "cn", action: "ready" }],
    ["en/tiny/infer", { model: "en/tiny", action: "infer" }],
    ["en%2Ftiny/infer", { model: "en/tiny", action: "infer" }],
    ["en/tiny/versions/2/infer", { model: "en/tiny", version: "2", action: "infer" }],
    ["en/tiny/versions/02", { model: "en/tiny", version: "2", action: "metadata" }],
    ["en/tiny/versions/2/stats", { model: "en/tiny", version: "2", action: "stats" }],
    ["infer", { model: "infer", action: "metadata" }],
    ["ready/ready", { model: "ready", action: "ready" }],
    ["en%2Finfer", { model: "en/infer", action: "metadata" }],
    ["versions/1", { model: "versions/1", action: "metadata" }],
    ["a/versions/1/versions/2/config", { model: "a/versions/1", version: "2", action: "config" }],
    ["%E4%B8%AD%E6%96%87/infer", { model: "中文", action: "infer" }],
    ["/data/model/cn/infer", { model: "/data/model/cn", action: "infer" }],
    ["cn@2/infer", { model: "cn@2", action: "infer" }],
  ];
  for (const [path, call] of table) test(path, () => assert.deepEqual(readModelCall(path), call));

  const wrong: readonly (readonly [path: string, reason: string])[] = [
    ["", "model_path_missing"],
    ["/infer", "model_path_missing"],
    ["a/versions/one/infer", "request_invalid"],
    ["a/versions/-1", "request_invalid"],
    ["a/versions/1e3/infer", "request_invalid"],
    ["%E4%B8/infer", "request_invalid"],
  ];
  for (const [path, reason] of wrong) {
    test(`${path || "nothing"} is refused`, () =>
      assert.equal(
        reasonOf(() => readModelCall(path)),
        reason,
      ));
  }

  test("the repository's calls too", () => {
    assert.deepEqual(readRepositoryCall("en/tiny/load"), { model: "en/tiny", load: true });
    assert.deepEqual(readRepositoryCall("en%2Ftiny/unload"), { model: "en/tiny", load: false });
    assert.deepEqual(readRepositoryCall("load/load"), { model: "load", load: true });
    assert.equal(readRepositoryCall("en/tiny"), undefined);
    assert.equal(readRepositoryCall("en/reload"), undefined);
    assert.equal(
      reasonOf(() => readRepositoryCall("/load")),
      "model_path_missing",
    );
  });
});

const samples = { name: "audio", shape: [2], datatype: "FP32", data: [0, 0.5] };
const binary = { name: "audio", shape: [2], datatype: "FP32", parameters: { binary_data_size: 8 } };
const file = { name: "file", shape: [1], datatype: "BYTES", parameters: { binary_data_size: 9 } };
const read = { options: {}, isBinary: false };
const heard = { kind: "samples", count: 2, data: Float32Array.of(0, 0.5) };

suite("a request to infer", () => {
  const table: readonly (readonly [name: string, body: object, tensors: boolean, expected: object])[] = [
    ["samples in JSON", { inputs: [samples] }, false, { ...read, input: heard }],
    [
      "samples in a matrix",
      { inputs: [{ ...samples, shape: [1, 2], data: [[0, 0.5]] }] },
      false,
      { ...read, input: heard },
    ],
    ["a matrix written flat", { inputs: [{ ...samples, shape: [1, 2] }] }, false, { ...read, input: heard }],
    [
      "no samples",
      { inputs: [{ ...samples, shape: [0], data: [] }] },
      false,
      { ...read, input: { ...heard, count: 0, data: new Float32Array() } },
    ],
    [
      "samples behind the JSON",
      { inputs: [binary] },
      true,
      { ...read, input: { kind: "samples", count: 2, bytes: 8 } },
    ],
    ["a file behind the JSON", { inputs: [file] }, true, { ...read, input: { kind: "file", bytes: 9 } }],
    [
      "a file in base64",
      { inputs: [{ name: "f", shape: [1, 1], datatype: "BYTES", data: [["UklGRg=="]] }] },
      false,
      { ...read, input: { kind: "file", data: Buffer.from("RIFF") } },
    ],
    ["an id", { id: "7", inputs: [samples] }, false, { ...read, id: "7", input: heard }],
    [
      "a timeout in microseconds",
      { parameters: { timeout: 1500 }, inputs: [samples] },
      false,
      { ...read, timeoutMs: 1.5, input: heard },
    ],
    ["no timeout", { parameters: { timeout: 0 }, inputs: [samples] }, false, { ...read, input: heard }],
    [
      "binary output for all",
      { parameters: { binary_data_output: true }, inputs: [samples] },
      false,
      { ...read, isBinary: true, input: heard },
    ],
    [
      "binary output for one",
      { inputs: [samples], outputs: [{ name: "text", parameters: { binary_data: true } }] },
      false,
      { ...read, isBinary: true, input: heard },
    ],
    [
      "the output's own wish goes first",
      {
        parameters: { binary_data_output: true },
        inputs: [samples],
        outputs: [{ name: "text", parameters: { binary_data: false } }],
      },
      false,
      { ...read, input: heard },
    ],
    [
      "options of a transcription, and what is none",
      { parameters: { language: "zh", itn: false, priority: 3, sequence_id: 9 }, inputs: [samples] },
      false,
      { ...read, options: { language: "zh", itn: false }, input: heard },
    ],
  ];
  for (const [name, body, tensors, expected] of table) {
    test(name, () => assert.deepEqual(readInferRequest(body, tensors), expected));
  }

  const wrong: readonly (readonly [name: string, body: unknown, reason: string])[] = [
    ["an array", [], "json_invalid"],
    ["no inputs", {}, "option_invalid"],
    ["an empty list of inputs", { inputs: [] }, "option_invalid"],
    ["two inputs", { inputs: [samples, samples] }, "request_invalid"],
    ["an id that is a number", { id: 7, inputs: [samples] }, "option_invalid"],
    ["INT16", { inputs: [{ ...samples, datatype: "INT16" }] }, "request_invalid"],
    ["two channels", { inputs: [{ ...samples, shape: [2, 1] }] }, "request_invalid"],
    ["three dimensions", { inputs: [{ ...samples, shape: [1, 1, 2] }] }, "request_invalid"],
    ["no shape", { inputs: [{ ...samples, shape: [] }] }, "option_invalid"],
    ["a negative shape", { inputs: [{ ...samples, shape: [-1] }] }, "option_invalid"],
    ["a shape with a fraction", { inputs: [{ ...samples, shape: [1.5] }] }, "option_invalid"],
    ["a shape beyond all numbers", { inputs: [{ ...samples, shape: [1e300] }] }, "request_invalid"],
    ["more elements than the shape", { inputs: [{ ...samples, shape: [1] }] }, "request_invalid"],
    ["a huge shape", { inputs: [{ ...samples, shape: [9e15] }] }, "request_invalid"],
    ["texts among the samples", { inputs: [{ ...samples, data: [0, "1"] }] }, "request_invalid"],
    ["null among the samples", { inputs: [{ ...samples, data: [0, null] }] }, "request_invalid"],
    ["no data", { inputs: [{ ...samples, data: undefined }] }, "request_invalid"],
    ["data that are an object", { inputs: [{ ...samples, data: {} }] }, "request_invalid"],
    ["two files", { inputs: [{ ...file, shape: [2] }] }, "request_invalid"],
    ["a size that does not fit", { inputs: [{ ...binary, shape: [3] }] }, "request_invalid"],
    ["a size that is negative", { inputs: [{ ...binary, parameters: { binary_data_size: -8 } }] }, "option_invalid"],
    ["a size that is a text", { inputs: [{ ...binary, parameters: { binary_data_size: "8" } }] }, "option_invalid"],
    ["a size beyond all numbers", { inputs: [{ ...file, parameters: { binary_data_size: 1e300 } }] }, "option_invalid"],
    ["a file without its length", { inputs: [{ ...file, parameters: { binary_data_size: 3 } }] }, "request_invalid"],
    ["data and a size", { inputs: [{ ...binary, data: [0, 0.5] }] }, "request_invalid"],
    [
      "a file that is no base64",
      { inputs: [{ name: "f", shape: [1], datatype: "BYTES", data: ["RIFF\u0000"] }] },
      "request_invalid",
    ],
    ["shared memory", { inputs: [{ ...samples, parameters: { shared_memory_region: "x" } }] }, "request_invalid"],
    ["another output", { inputs: [samples], outputs: [{ name: "words" }] }, "request_invalid"],
    [
      "classes",
      { inputs: [samples], outputs: [{ name: "text", parameters: { classification: 1 } }] },
      "request_invalid",
    ],
    ["a negative timeout", { inputs: [samples], parameters: { timeout: -1 } }, "option_invalid"],
    ["a timeout that is a text", { inputs: [samples], parameters: { timeout: "1" } }, "option_invalid"],
    ["an option of a wrong kind", { inputs: [samples], parameters: { itn: "yes" } }, "option_invalid"],
  ];
  for (const [name, body, reason] of wrong) {
    test(`${name} is refused`, () =>
      assert.equal(
        reasonOf(() => readInferRequest(body, true)),
        reason,
      ));
  }

  test("a binary tensor needs the header that says where it begins", () => {
    assert.equal(
      reasonOf(() => readInferRequest({ inputs: [binary] }, false)),
      "request_invalid",
    );
  });
});

suite("JSON", () => {
  test("may be missing", () => assert.deepEqual(parseJson(Buffer.from(" \n")), {}));
  test("may have a byte order mark", () => assert.deepEqual(parseJson(Buffer.from('\uFEFF{"a":1}')), { a: 1 }));
  test("may hold brackets in its texts", () => {
    const text = JSON.stringify({ a: `${"[".repeat(100_000)}\\"`, b: "\\" });
    assert.deepEqual(parseJson(Buffer.from(text)), JSON.parse(text));
  });
  test("may hold as many numbers as there is room for", () => {
    assert.equal((parseJson(Buffer.from(`[${"0,".repeat(1_000_000)}0]`)) as unknown[]).length, 1_000_001);
  });
  const bombs: readonly (readonly [string, string])[] = [
    ["a million brackets", "[".repeat(1_000_000)],
    ["a million arrays", `[${"[],".repeat(1_000_000)}[]]`],
    ["a million objects", `[${"{},".repeat(1_000_000)}{}]`],
    ["a million keys", `{${'"a":1,'.repeat(1_000_000)}"b":1}`],
    ["NaN", "[NaN]"],
    ["half of a text", '{"a'],
    ["a zero byte", "\0"],
  ];
  for (const [name, text] of bombs) {
    test(`${name} is refused`, () =>
      assert.equal(
        reasonOf(() => parseJson(Buffer.from(text))),
        "json_invalid",
      ));
  }
});

suite("an answer", () => {
  const transcript = transcriptOf("model/cn");
  const common = {
    model_name: "cn",
    model_version: "1",
    parameters: { duration_seconds: 3.5, language: "en", warnings: "not used" },
  };

  test("is JSON where JSON was asked for", () => {
    const { headers, body } = inferAnswer("cn", { id: "a", isBinary: false }, transcript);
    assert.deepEqual(headers, { "content-type": "application/json" });
    const outputs = [{ name: "text", datatype: "BYTES", shape: [1], data: ["hello <world> 你好"] }];
    assert.deepEqual(JSON.parse(body.toString()), { ...common, id: "a", outputs });
  });

  test("is JSON and a binary tensor where that was asked for", () => {
    const { headers, body } = inferAnswer("cn", { isBinary: true }, transcript);
    const length = Number(headers["inference-header-content-length"]);
    const text = Buffer.from("hello <world> 你好");
    const parameters = { binary_data_size: text.length + 4 };
    const outputs = [{ name: "text", datatype: "BYTES", shape: [1], parameters }];
    assert.deepEqual(JSON.parse(body.toString("utf8", 0, length)), { ...common, outputs });
    assert.equal(body.readUInt32LE(length), text.length);
    assert.deepEqual(body.subarray(length + 4), text);
  });

  test("that failed is one text, with when to come again", () => {
    const error = new VoxpoolError("model_quarantined", {
      model_path: "cn",
      failures: 2,
      retry_after_seconds: 2.5,
      detail: "it is empty",
    });
    const { status, body, retryAfterSeconds } = oipFailure(error, "zh");
    assert.deepEqual([status, retryAfterSeconds, Object.keys(body)], [503, 3, ["error"]]);
    assert.match((body as { error: string }).error, /内容为空/);
  });
});

test("samples get the header of a WAV file, which may not know its length", () => {
  const header = wavHeader(16_000);
  assert.equal(header.toString("latin1", 0, 4) + header.toString("latin1", 8, 16), "RIFFWAVEfmt ");
  assert.deepEqual([header.readUInt16LE(20), header.readUInt16LE(22), header.readUInt32LE(24)], [3, 1, 16_000]);
  assert.deepEqual([header.readUInt32LE(4), header.readUInt32LE(40)], [64_036, 64_000]);
  for (const count of [undefined, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    assert.equal(wavHeader(count).readUInt32LE(40), 0xff_ff_ff_ff);
  }
});

test("a model says what goes in and what comes out", () => {
  const model = {
    id: "cn",
    engine: "vosk",
    family: "kaldi",
    languages: ["zh"],
    versions: ["1", "2"],
    size_bytes: 1,
    loaded: false,
  };
  assert.deepEqual(modelMetadata("cn", model), {
    name: "cn",
    versions: ["1", "2"],
    platform: "voxpool_vosk_kaldi",
    inputs: [{ name: "audio", datatype: "FP32", shape: [-1] }],
    outputs: [{ name: "text", datatype: "BYTES", shape: [1] }],
  });
  const unknown = { id: "x", languages: [], versions: ["1"], size_bytes: 0, loaded: false };
  const { platform, max_batch_size: batch, input } = modelConfig("x", unknown);
  assert.deepEqual([platform, batch, input[0]?.data_type], ["voxpool", 0, "TYPE_FP32"]);
});

test("the repository tells each version of each model, and how it is", () => {
  const model = { languages: [], size_bytes: 1, loaded: false };
  const available = {
    success: true as const,
    count: 3,
    models: {
      "model/cn": { ...model, id: "cn", versions: ["1", "2"] },
      "more/cn": { ...model, id: "cn", versions: ["1"] },
      "model/bad": { ...model, id: "bad", versions: ["1"], problem: "it is empty" },
    },
  };
  const loaded = {
    success: true as const,
    count: 3,
    models: {
      "model/cn": { ...entry, version: "2", state: "restarting" as const },
      "model/cn@1": { ...entry, version: "1", state: "draining" as const },
      "model/gone": { ...entry, version: "1", state: "ready" as const },
    },
  };
  const status = { message: "not loaded", state: "loading" as const };
  assert.deepEqual(
    repositoryVersions(available, loaded).map((one) => indexEntry(one, one.problem === undefined ? status : {})),
    [
      { name: "cn", version: "1", state: "UNLOADING", reason: "not loaded" },
      { name: "cn", version: "2", state: "READY", reason: "" },
      { name: "more/cn", version: "1", state: "LOADING", reason: "not loaded" },
      { name: "bad", version: "1", state: "UNAVAILABLE", reason: "it is empty" },
      { name: "model/gone", version: "1", state: "READY", reason: "" },
    ],
  );
});

test("statistics are counted in nanoseconds of all requests together", () => {
  const life = {
    requests: 5,
    errors: 2,
    audio_seconds: 1,
    real_time_factor: 1,
    queue_seconds: quantiles(3, 0.001),
    decode_seconds: quantiles(3, 0.5),
    total_seconds: quantiles(3, 1),
  };
  const { inference_stats: stats, ...rest } = modelStatistics("cn", {
    life,
    version: "2",
    last_recognition_at: 1.5,
  } as never);
  assert.deepEqual(rest, {
    name: "cn",
    version: "2",
    last_inference: 1500,
    inference_count: 3,
    execution_count: 3,
    batch_stats: [],
  });
  assert.deepEqual(stats.success, { count: 3, ns: 3e9 });
  assert.deepEqual(stats.fail, { count: 2, ns: 0 });
  assert.deepEqual(stats.queue, { count: 3, ns: 3e6 });
  assert.deepEqual(stats.compute_infer, { count: 3, ns: 1.5e9 });
});

const quantiles = (count: number, mean: number) => ({ count, mean, p50: 0, p95: 0, p99: 0, max: 0 });
