import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unknownOption } from "../../dist/gateway/unknown-option.js";
import { createTestServer, field, file, formBody, formType, transcribe, wav } from "./harness.ts";

const known = ["model_path", "language", "response_format", "stream", "words", "channels", "vad", "itn", "client_id"];

for (const [name, near] of [
  ["response_fromat", "response_format"],
  ["responseFormat", "response_format"],
  ["response-format", "response_format"],
  ["format", "response_format"],
  ["lang", "language"],
  ["Language", "language"],
  ["language[]", "language"],
  ["model", "model_path"],
  ["modelPath", "model_path"],
  ["chanels", "channels"],
  ["speaker_labels", undefined],
  ["x", undefined],
  ["", undefined],
  ["[]", undefined],
  ["__proto__", undefined],
] as const) {
  test(`who writes ${JSON.stringify(name)} ${near === undefined ? "is told of no other" : `may mean ${near}`}`, () => {
    const { message, details } = unknownOption(name, known);
    assert.equal(details.hint, near === undefined ? "" : ` Did you mean ${near}?`);
    assert.ok(message.includes("the options are model_path, language, "), message);
  });
}

test("any name at all is answered, in a few words", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20_000, unit: "binary" }), (name) => {
      assert.ok(unknownOption(name, known).message.length < 400);
    }),
  );
});

const strict = [
  ["GET", "/api/catalog?languages=zh", undefined, / Did you mean language\?$/],
  ["GET", "/api/catalog?query=a&query[]=b", undefined, /option query\[\] here: the options are query, language\. Did/],
  ["GET", "/api/catalog/cn?verbose=1", undefined, /option verbose here: there are none\.$/],
  ["GET", "/api/models/available?loaded=true", undefined, /there are none/],
  ["POST", "/api/models/pull?force=1", { name: "cn" }, /option force here: there are none/],
  ["POST", "/api/models/pull", { name: "cn", streams: true }, / Did you mean stream\?$/],
  ["POST", "/api/models/pull", { model: "cn", __proto__x: 1 }, /option model here: the options are name, stream/],
] as const;

for (const [method, url, payload, message] of strict) {
  test(`${method} ${url} ${JSON.stringify(payload) ?? ""} says which option it does not have`, async (t) => {
    const { fastify } = createTestServer(t);
    const answer = await fastify.inject({ method, url, ...(payload && { payload }) });
    assert.deepEqual([answer.statusCode, answer.json().reason], [400, "option_unknown"], answer.body);
    assert.match(answer.json().message, message);
  });
}

test("a transcription says which option it does not have, in both languages, and is not begun", async (t) => {
  const server = createTestServer(t);
  const audio = Buffer.from("RIFF");
  const english = await transcribe(server, audio, wav, "?response_fromat=srt");
  assert.match(english.json().message, /^There is no option response_fromat here: .* Did you mean response_format\?$/);
  const chinese = await transcribe(server, audio, { ...wav, "accept-language": "zh" }, "?response_fromat=srt");
  assert.match(
    chinese.json().message,
    /^此处没有选项 response_fromat：可用选项为 model_path, .*。是否想用 response_format？$/,
  );
  assert.deepEqual(server.api.seen, []);
});

test("the seed's calls take whatever comes along", async (t) => {
  const { fastify } = createTestServer(t);
  for (const [method, url, payload] of [
    ["GET", "/api/health?x=1", undefined],
    ["GET", "/api/models?x=1", undefined],
    ["GET", "/api/models/status/model/cn?x=1", undefined],
    ["POST", "/api/models/load?x=1", { model_path: "model/cn", use_gpu: true }],
    ["POST", "/api/models/unload?x=1", { model_path: "model/cn", force_it: true }],
  ] as const) {
    const answer = await fastify.inject({ method, url, ...(payload && { payload }) });
    assert.notEqual(answer.json().reason, "option_unknown", url);
    assert.notEqual(answer.statusCode, 400, url);
  }
});

test("hints that clients always send pass, and their values do not matter", async (t) => {
  const server = createTestServer(t);
  const long = "x".repeat(100_000);
  const form = formBody([field("prompt", long), file, field("temperature", "0"), field("_charset_", "utf-8")]);
  const answers = [
    await transcribe(server, form, formType, "?hotwords=a"),
    await transcribe(server, Buffer.from("RIFF"), wav, "?temperature=&temperature=warm"),
  ];
  for (const answer of answers) assert.equal(answer.statusCode, 200, answer.body);
});
