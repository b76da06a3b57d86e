import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { unlessText } from "../../dist/gateway/http/form-body.js";
import {
  createTestServer,
  emptied,
  field,
  file,
  formBody,
  formType,
  recognise,
  transcribe,
  transcriptOf,
  wav,
} from "./harness.ts";
import { noOpenFiles, openFiles } from "./open-files.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Bytes that hold what a careless reader of forms would trip over. */
function trickyBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 7 + (at >> 8)) & 0xff;
  for (let at = 100; at + 40 < size; at += 9973) bytes.write("\r\n------test-boundar\r\n--\r\n\r\n", at, "latin1");
  return bytes;
}

test("a raw body and a form, options before or after the file, are the same request", async (t) => {
  const server = createTestServer(t);
  const audio = trickyBytes(300_000);
  const options = [field("model_path", "model/cn"), field("language", "zh"), field("words", "1")];
  const big = { ...file, value: audio };
  const answers = [
    await transcribe(server, audio, wav, "?model_path=model%2Fcn&language=zh&words=true"),
    await transcribe(server, formBody([...options, big]), formType),
    await transcribe(server, formBody([big, ...options]), formType),
    await transcribe(
      server,
      formBody([big, field("language", "zh")]),
      formType,
      "?model_path=model/cn&words=1&language=en",
    ),
  ];
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(answer.json().text, transcriptOf().text);
    const seen = server.api.seen[index];
    assert.deepEqual({ ...seen?.options }, { model_path: "model/cn", language: "zh", words: true });
    assert.equal(seen?.bytes, audio.length);
    assert.equal(seen?.sha256, sha256(audio));
    assert.equal(seen?.raw, undefined);
  }
});

test("a file beyond what memory may hold goes over the disk, whole, and leaves nothing behind", async (t) => {
  const server = createTestServer(t);
  const audio = trickyBytes(3_500_000);
  let files = -1;
  server.api.scripts.set("look", (request, _caller, seen) => {
    files = readdirSync(server.spool).length;
    return recognise(request, seen);
  });
  const answer = await transcribe(server, formBody([{ ...file, value: audio }, field("model_path", "look")]), formType);
  assert.equal(answer.statusCode, 200);
  assert.equal(files, 1);
  assert.equal(server.api.seen[0]?.sha256, sha256(audio));
  await emptied(server.spool);
});

test("a refused form leaves no descriptor and no file, whatever refused it", noOpenFiles, async (t) => {
  const server = createTestServer(t);
  const large = { ...file, value: Buffer.alloc(1_500_000) };
  server.api.scripts.set("unread", async function* () {
    yield { type: "progress", processed_seconds: 0 };
    throw new VoxpoolError("model_not_found", { model_path: "unread" });
  });
  server.api.scripts.set("begun", async function* (request) {
    yield { type: "progress", processed_seconds: 0 };
    await request.bytes[Symbol.asyncIterator]().next();
    throw new VoxpoolError("audio_invalid", { detail: "noise" });
  });
  for (const [parts, reason] of [
    [[large, field("words", "perhaps")], "option_invalid"],
    [[large, large], "multipart_invalid"],
    [[large, field("model_path", "unread")], "model_not_found"],
    [[large, field("model_path", "begun")], "audio_invalid"],
  ] as const) {
    const answer = await transcribe(server, formBody(parts), formType);
    assert.equal(answer.json().reason, reason);
    assert.deepEqual(openFiles(server.spool), [], reason);
    assert.deepEqual(readdirSync(server.spool), [], reason);
  }
});

test("each format has its type and its content", async (t) => {
  const server = createTestServer(t);
  const as = (query: string) => transcribe(server, Buffer.from("RIFF"), wav, query);

  const plain = (await as("")).json();
  assert.equal("timings" in plain, false);
  assert.equal("words" in plain.segments[0], false);
  assert.equal(plain.segments[0].confidence, 0.9);
  assert.ok((await as("?words=true")).json().segments[0].words);
  const verbose = (await as("?response_format=verbose_json")).json();
  assert.deepEqual(verbose, JSON.parse(JSON.stringify({ ...transcriptOf(), model_path: verbose.model_path })));

  for (const [format, type, start] of [
    ["text", "text/plain; charset=utf-8", "hello <world> 你好\n"],
    ["srt", "application/x-subrip; charset=utf-8", "1\n00:00:00,000 --> 00:00:01,500\nhello <world>\n\n2\n"],
    ["vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nhello &lt;world&gt;\n\n"],
    ["tsv", "text/tab-separated-values; charset=utf-8", "start\tend\ttext\n0\t1500\thello <world>\n"],
    ["lrc", "text/plain; charset=utf-8", "[00:00.00]hello <world>\n"],
  ] as const) {
    const answer = await as(`?response_format=${format}`);
    assert.equal(answer.headers["content-type"], type);
    assert.ok(answer.body.startsWith(start), answer.body);
  }
});

test("a part may be typed as raw samples of its own", async (t) => {
  const server = createTestServer(t);
  const type = "audio/l16;rate=8000;channels=2";
  const answer = await transcribe(server, formBody([{ ...file, type }]), formType);
  assert.equal(answer.statusCode, 200);
  const raw = await transcribe(server, Buffer.from("RIFF"), { "content-type": type });
  assert.equal(raw.statusCode, 200);
  assert.deepEqual(server.api.seen[0]?.raw, { rateHz: 8000, channels: 2, littleEndian: false });
  assert.deepEqual(server.api.seen[1]?.raw, server.api.seen[0]?.raw);
});

test("the caller is its client_id, else its address", async (t) => {
  const server = createTestServer(t);
  await transcribe(server, Buffer.from("RIFF"), wav);
  await transcribe(server, Buffer.from("RIFF"), wav, "?client_id=phone");
  assert.deepEqual(
    server.api.seen.map(({ client }) => client),
    ["127.0.0.1", "phone"],
  );
});

test("a recording that curl sends under its own type is taken for what it is, whole, however slowly it comes", async (t) => {
  const server = createTestServer(t);
  const curl = { "content-type": "application/x-www-form-urlencoded" };
  const audio = Buffer.concat([Buffer.from("RIFF\u0000\u0001WAVE", "latin1"), trickyBytes(300_000)]);
  const answer = await transcribe(server, audio, curl, "?language=en");
  assert.equal(answer.statusCode, 200, answer.body);
  assert.deepEqual({ ...server.api.seen[0]?.options }, { language: "en" });
  assert.equal(server.api.seen[0]?.sha256, sha256(audio));
  const long = await transcribe(server, Buffer.from("a=b&".repeat(10_000)), curl);
  assert.deepEqual([long.statusCode, long.json().reason], [415, "content_type_unsupported"]);
  assert.equal(server.api.seen.length, 1);
});

test("a text that is longer than a look at it, with other bytes behind, is a form still", async () => {
  const chunks = (async function* () {
    for (const text of ["a=", "b&".repeat(5000), "\u0000"]) yield Buffer.from(text);
  })();
  assert.equal(await unlessText(chunks), undefined);
  const wave = (async function* () {
    for (const text of ["R", "I", "FF", "\u0000", "rest"]) yield Buffer.from(text);
  })();
  let all = "";
  for await (const chunk of (await unlessText(wave)) ?? assert.fail()) all += String(chunk);
  assert.equal(all, "RIFF\u0000rest");
});

const noAudio = { name: "file", value: "just text" };
const refused: readonly (readonly [string, Buffer, Record<string, string>, string, number, string, RegExp])[] = [
  ["no body", Buffer.alloc(0), wav, "", 400, "audio_missing", /no body.*field file, or as the body/],
  ["no body, no type", Buffer.alloc(0), {}, "", 400, "audio_missing", /no body/],
  ["JSON", Buffer.from("{}"), { "content-type": "application/json" }, "", 415, "content_type_unsupported", /audio/],
  [
    "a form of a web page",
    Buffer.from("file=speech.wav&language=en"),
    { "content-type": "application/x-www-form-urlencoded" },
    "",
    415,
    "content_type_unsupported",
    /multipart/,
  ],
  [
    "other multipart",
    Buffer.from("x"),
    { "content-type": "multipart/mixed; boundary=x" },
    "",
    415,
    "content_type_unsupported",
    /multipart\/form-data/,
  ],
  [
    "no boundary",
    formBody([file]),
    { "content-type": "multipart/form-data" },
    "",
    400,
    "multipart_invalid",
    /boundary/,
  ],
  [
    "an empty boundary",
    formBody([file]),
    { "content-type": "multipart/form-data; boundary=" },
    "",
    400,
    "multipart_invalid",
    /boundary/,
  ],
  [
    "another boundary",
    formBody([file]),
    { "content-type": "multipart/form-data; boundary=other" },
    "",
    400,
    "multipart_invalid",
    /boundary/,
  ],
  ["garbage as a form", Buffer.alloc(5000, 7), formType, "", 400, "multipart_invalid", /boundary/],
  ["a form cut short", formBody([file]).subarray(0, -30), formType, "", 400, "multipart_invalid", /ends/],
  ["a form without its end", formBody([file]).subarray(0, -4), formType, "", 400, "multipart_invalid", /clos/],
  [
    "no file",
    formBody([field("language", "en"), field("model", "x")]),
    formType,
    "",
    400,
    "audio_missing",
    /no field file, only language, model\. Send/,
  ],
  ["a form without parts", Buffer.from("------test-boundary--\r\n"), formType, "", 400, "audio_missing", /no fields/],
  [
    "a file of another name",
    formBody([field("prompt", "hi"), { ...file, name: "audio" }]),
    formType,
    "",
    400,
    "audio_missing",
    /came in the field audio\. Send .* field file/,
  ],
  [
    "an empty file",
    formBody([{ ...file, value: "" }]),
    formType,
    "",
    400,
    "audio_missing",
    /name of a file, but no bytes/,
  ],
  [
    "no file chosen",
    formBody([{ ...file, filename: "", value: "" }]),
    formType,
    "",
    400,
    "audio_missing",
    /no file was chosen/,
  ],
  [
    "an empty part",
    formBody([{ name: "file", type: "audio/wav", value: "" }]),
    formType,
    "",
    400,
    "audio_missing",
    /field file is empty/,
  ],
  [
    "a misspelt field",
    formBody([file, field("response_fromat", "srt")]),
    formType,
    "",
    400,
    "option_unknown",
    /option response_fromat here.* Did you mean response_format\?$/,
  ],
  [
    "a second file of another name",
    formBody([file, { ...file, name: "more" }]),
    formType,
    "",
    400,
    "option_unknown",
    /option more here: the options are model_path, /,
  ],
  ["two files", formBody([file, file]), formType, "", 400, "multipart_invalid", /more than one/],
  ["text as the file", formBody([noAudio]), formType, "", 400, "multipart_invalid", /@/],
  [
    "a field twice",
    formBody([field("language", "en"), field("language", "de"), file]),
    formType,
    "",
    400,
    "option_invalid",
    /more than once/,
  ],
  ["a parameter twice", Buffer.from("RIFF"), wav, "?language=en&language=de", 400, "option_invalid", /more than once/],
  [
    "an unknown format",
    Buffer.from("RIFF"),
    wav,
    "?response_format=xml",
    400,
    "option_invalid",
    /json, verbose_json, text, srt, vtt, tsv, lrc/,
  ],
  ["no boolean", Buffer.from("RIFF"), wav, "?words=maybe", 400, "option_invalid", /true, false, 1, 0/],
  ["an empty option", Buffer.from("RIFF"), wav, "?model_path=", 400, "option_invalid", /empty/],
  ["an overlong option", Buffer.from("RIFF"), wav, `?language=${"x".repeat(65)}`, 400, "option_invalid", /64/],
  ["subtitles as a stream", Buffer.from("RIFF"), wav, "?response_format=srt&stream=1", 400, "option_invalid", /stream/],
  [
    "a huge field",
    formBody([field("language", "x".repeat(100_000)), file]),
    formType,
    "",
    400,
    "option_invalid",
    /larger/,
  ],
  [
    "too many fields",
    formBody([...Array.from({ length: 100 }, (_, n) => field(`f${n}`, "x")), file]),
    formType,
    "",
    400,
    "multipart_invalid",
    /64 parts/,
  ],
  [
    "a huge part head",
    formBody([{ ...file, filename: "x".repeat(100_000) }]),
    formType,
    "",
    400,
    "multipart_invalid",
    /head/,
  ],
  ["too large a body", Buffer.alloc(9 * 1024 * 1024), wav, "", 413, "body_too_large", /limits\.body_bytes/],
  [
    "too large a form",
    formBody([{ ...file, value: Buffer.alloc(9 * 1024 * 1024) }]),
    formType,
    "",
    413,
    "body_too_large",
    /limits\.body_bytes/,
  ],
];

test("what is wrong with a request is said, and nothing is recognised or left on the disk", async (t) => {
  const server = createTestServer(t);
  for (const [name, payload, headers, query, status, reason, message] of refused) {
    const answer = await transcribe(server, payload, headers, query);
    assert.equal(answer.statusCode, status, `${name}: ${answer.body}`);
    assert.equal(answer.json().reason, reason, name);
    assert.match(answer.json().message, message, name);
    assert.equal(answer.json().success, false);
  }
  assert.deepEqual(server.api.seen, []);
  assert.deepEqual(readdirSync(server.spool), []);
});

test("a name of the prototype is no option, like any other", async (t) => {
  const server = createTestServer(t);
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const inForm = await transcribe(server, formBody([field(name, '{"words":true}'), file]), formType);
    const inQuery = await transcribe(server, Buffer.from("RIFF"), wav, `?${name}=1`);
    for (const answer of [inForm, inQuery]) assert.equal(answer.json().reason, "option_unknown", name);
  }
  assert.equal(({} as Record<string, unknown>).words, undefined);
});
