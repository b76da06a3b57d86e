import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { openAiProtocol } from "../../dist/gateway/openai/protocol.js";
import {
  boundary,
  createTestServer,
  emptied,
  type FormPart,
  field,
  file,
  formBody,
  formType,
  rawConnection,
  type TestServer,
} from "../gateway/harness.ts";

const url = "/v1/audio/transcriptions";
const server = (t: TestContext, options: Parameters<typeof createTestServer>[1] = {}) =>
  createTestServer(t, { protocols: [openAiProtocol({ messageBytes: 22_020_096 })], ...options });

const post = (to: TestServer, payload: string | Buffer, headers: Record<string, string> = formType) =>
  to.fastify.inject({ method: "POST", url, payload, headers });

const model = field("model", "whisper-1");

interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

test("fields stand before and behind the file", async (t) => {
  const one = server(t);
  const language = field("language", "zh");
  for (const parts of [
    [model, language, file],
    [file, model, language],
    [language, file, model],
  ]) {
    const answer = await post(one, formBody(parts));
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(one.api.seen.at(-1)?.options, { response_format: "json", language: "zh" });
  }
});

test("a stream is data lines alone, and ends with [DONE]", async (t) => {
  const one = server(t);
  const answer = await post(one, formBody([model, field("stream", "true"), file]));
  assert.match(String(answer.headers["content-type"]), /^text\/event-stream/);
  assert.deepEqual(answer.body.split("\n\n"), [
    'data: {"type":"transcript.text.delta","delta":"hello <world>"}',
    'data: {"type":"transcript.text.delta","delta":"你好"}',
    'data: {"type":"transcript.text.done","text":"hello <world> 你好"}',
    "data: [DONE]",
    "",
  ]);
});

test("a failure behind the first delta is an event with the key error, and no [DONE] follows", async (t) => {
  const one = server(t);
  one.api.scripts.set("model/bad", async function* () {
    yield { type: "segment", segment: { id: 0, start: 0, end: 1, text: "so far" } };
    throw new Error("secret");
  });
  const answer = await post(one, formBody([field("model", "model/bad"), field("stream", "true"), file]));
  assert.equal(answer.statusCode, 200);
  const [delta, failed, rest] = answer.body.split("\n\n");
  assert.match(delta ?? "", /so far/);
  const { error } = JSON.parse((failed ?? "").slice("data: ".length)) as ErrorBody;
  assert.equal(error.code, "internal");
  assert.equal(error.type, "server_error");
  assert.doesNotMatch(error.message, /secret/);
  assert.equal(rest, "");
});

test("all that fails below /v1 has OpenAI's shape, and nothing beside it has", async (t) => {
  const one = server(t);
  const cases = [
    ["GET", "/v1", 404, "route_not_found"],
    ["GET", "/v1/chat/completions", 404, "route_not_found"],
    ["POST", "/v1/chat/completions", 404, "route_not_found"],
    ["GET", url, 405, "method_not_allowed"],
    ["DELETE", "/v1/models/cn", 405, "method_not_allowed"],
    ["POST", "/v1/audio/translations", 400, "translation_missing"],
    ["POST", url, 400, "audio_missing"],
    ["GET", "/v1/models/%zz", 400, "request_invalid"],
  ] as const;
  for (const [method, path, status, code] of cases) {
    const answer = await one.fastify.inject({ method, url: path });
    assert.equal(answer.statusCode, status, path);
    const { error } = answer.json<ErrorBody>();
    assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
    assert.equal(error.code, code, path);
    assert.equal(answer.headers["x-should-retry"], "false");
    assert.ok(answer.headers["x-request-id"]);
  }
  for (const path of ["/v10", "/v", "/api/none"]) {
    const answer = await one.fastify.inject({ method: "GET", url: path });
    assert.equal(answer.json<{ success: boolean }>().success, false);
  }
});

test("messages are in the language of the caller", async (t) => {
  const one = server(t);
  const answer = await post(one, formBody([file]), { ...formType, "accept-language": "zh-CN" });
  assert.equal(answer.json<ErrorBody>().error.message, "model：缺少该字段；whisper-1 表示默认模型。");
});

test("the id of a model is found with its slash as it is and quoted", async (t) => {
  const one = server(t);
  for (const path of ["/v1/models/model/cn", "/v1/models/model%2Fcn"]) {
    const answer = await one.fastify.inject({ method: "GET", url: path });
    assert.equal(answer.json<{ id: string }>().id, "model/cn");
  }
  assert.deepEqual(one.api.asked, ["model/cn", "model/cn"]);
  const list = (await one.fastify.inject({ method: "GET", url: "/v1/models" })).json<{
    object: string;
    data: object[];
  }>();
  assert.equal(list.object, "list");
  assert.deepEqual(list.data[0], { id: "cn", object: "model", created: 0, owned_by: "voxpool" });
});

test("switched off, nothing is below /v1", async (t) => {
  const one = createTestServer(t);
  const answer = await one.fastify.inject({ method: "GET", url: "/v1/models" });
  assert.equal(answer.statusCode, 404);
  assert.equal(answer.json<{ success: boolean }>().success, false);
});

const form = (parts: readonly FormPart[]) => formBody(parts);
const hostile: readonly (readonly [name: string, body: string | Buffer, status: number, code: string])[] = [
  ["a form that ends in its file", form([model, file]).subarray(0, -40), 400, "multipart_invalid"],
  ["a form that is no form", "hello", 400, "multipart_invalid"],
  ["two files", form([model, file, file]), 400, "multipart_invalid"],
  ["a file of text", form([model, field("file", "@a.wav")]), 400, "multipart_invalid"],
  ["an empty file", form([model, { ...file, value: "" }]), 400, "audio_missing"],
  ["a file under another name", form([model, { ...file, name: "audio" }]), 400, "audio_missing"],
  ["no file", form([model]), 400, "audio_missing"],
  ["a hundred parts", form([file, ...Array.from({ length: 100 }, () => model)]), 400, "multipart_invalid"],
  ["a model of a megabyte", form([file, field("model", "m".repeat(1_000_000))]), 400, "option_invalid"],
  [
    "JSON that nests",
    form([model, file, field("chunking_strategy", `{"a":${"[".repeat(8000)}`)]),
    400,
    "option_invalid",
  ],
];
for (const [name, body, status, code] of hostile) {
  test(`${name} is refused, and leaves no file behind`, async (t) => {
    const one = server(t);
    const answer = await post(one, body);
    assert.equal(answer.statusCode, status);
    assert.equal(answer.json<ErrorBody>().error.code, code);
    await emptied(one.spool);
  });
}

test("fields of the prototype are fields that nobody knows", async (t) => {
  const one = server(t);
  const answer = await post(one, form([model, file, field("__proto__", "x"), field("constructor[prototype]", "y")]));
  assert.equal(answer.statusCode, 200);
});

test("a prompt of any length is not held", async (t) => {
  const one = server(t);
  const answer = await post(one, form([model, field("prompt", "p".repeat(5_000_000)), file]));
  assert.equal(answer.statusCode, 200);
});

test("other types of body are refused by name", async (t) => {
  const one = server(t);
  for (const type of ["application/json", "audio/wav", "application/x-www-form-urlencoded"]) {
    const answer = await post(one, '{"file":"x"}', { "content-type": type });
    assert.equal(answer.statusCode, 415, type);
    assert.match(answer.json<ErrorBody>().error.message, /multipart\/form-data/);
  }
});

test("an upload above the limit is refused before it arrives", async (t) => {
  const one = server(t);
  const { port } = await one.listen();
  const { socket, received } = await rawConnection(t, port);
  const head = `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: ${formType["content-type"]}\r\nContent-Length: 99999999\r\n\r\n`;
  socket.write(head);
  assert.match(await received("body_too_large"), /^HTTP\/1.1 413/);
});

test("a caller that goes away in its upload or in its answer ends the work, and its file is removed", async (t) => {
  const one = server(t);
  let begun = Promise.withResolvers<void>();
  one.api.scripts.set("model/slow", async function* (_request, caller) {
    yield { type: "segment", segment: { id: 0, start: 0, end: 1, text: "first" } };
    begun.resolve();
    await new Promise((_, reject) => caller.signal.addEventListener("abort", () => reject(caller.signal.reason)));
  });
  const { port } = await one.listen();
  for (const stream of ["true", "false"]) {
    begun = Promise.withResolvers<void>();
    const body = formBody([field("model", "model/slow"), field("stream", stream), file]);
    const { socket } = await rawConnection(t, port);
    const head = `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: ${formType["content-type"]}\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), body]));
    await begun.promise;
    const seen = one.api.seen.at(-1);
    socket.destroy();
    await seen?.ended;
    assert.equal(seen?.finished, false);
  }
  const { socket } = await rawConnection(t, port);
  socket.write(
    `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: ${formType["content-type"]}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const part = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF`;
  socket.write(`${part.length.toString(16)}\r\n${part}\r\n`, () => socket.destroy());
  const lines = await one.requestLines(3);
  assert.deepEqual(
    lines.map(({ fields }) => fields["status"]),
    [499, 499, 499],
  );
  await emptied(one.spool);
});
