import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { preflight } from "../../dist/engine/detect/preflight.js";
import {
  field,
  flatVoskModel,
  folderWith,
  moonshineModel,
  nemoMetadata,
  nemoModel,
  onnxBytes,
  voskModel,
} from "./model-files.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

/** The files as `before` were recognised; now they are `after`. */
async function refused(t: TestContext, before: Files, after: Files, detail: RegExp): Promise<void> {
  const folder = await folderWith(t, before);
  const spec = await detect(folder);
  for (const [name, content] of Object.entries(after)) await writeFile(join(folder, name), content);
  await assert.rejects(preflight(spec), invalid(detail));
}

function invalid(detail: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.equal(error.reason, "model_files_invalid");
    assert.match(String(error.details.detail), detail);
    return true;
  };
}

test("preflight lets good models pass", async (t) => {
  for (const files of [voskModel, flatVoskModel, moonshineModel, nemoModel]) {
    await preflight(await detect(await folderWith(t, files)));
  }
});

const good = onnxBytes(nemoMetadata);
const without = (number: number) => {
  const parts = [field(1, 8), field(7, field(1, field(4, "Identity"))), field(8, field(2, 17))];
  return Buffer.concat(parts.filter((part) => part[0] !== undefined && part[0] >> 3 !== number));
};

const damaged: readonly (readonly [what: string, content: string | Uint8Array, detail: RegExp])[] = [
  ["empty", "", /is empty/],
  ["nothing but zeros", Buffer.alloc(100_000), /holds zeros/],
  ["a web page", "\n<!DOCTYPE html><html><body>404</body></html>", /is a web page/],
  ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", /Git LFS pointer/],
  ["a zip archive", "PK\u0003\u0004rest", /zip archive/],
  ["text", "this is not a model\n", /no usable ONNX file/],
  ["JSON", '{"message":"not found"}', /no usable ONNX file/],
  ["an image", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), /no usable ONNX file/],
  ["cut off in the weights", good.subarray(0, 600), /is cut off/],
  ["cut off by one byte", good.subarray(0, -1), /is cut off/],
  ["followed by garbage", Buffer.concat([good, Buffer.from([0, 0, 0])]), /no protobuf/],
  ["without a version", without(1), /has no ONNX version/],
  ["without operators", without(8), /has no ONNX version/],
  ["without a graph", without(7), /has no graph/],
  ["a graph without outputs", without(0), /graph without outputs/],
  ["another family's", onnxBytes({ vocab_size: "1" }), /has no subsampling_factor in its metadata/],
  [
    "a graph that claims more than there is",
    Buffer.concat([good, Buffer.from([0x3a, 0xff, 0xff, 0xff, 0x7f])]),
    /cut off/,
  ],
  ["a number without an end", Buffer.alloc(4000, 0xff), /no protobuf/],
];

for (const [what, content, detail] of damaged) {
  test(`preflight refuses an ONNX file that is ${what}`, (t) =>
    refused(t, nemoModel, { "model.onnx": content }, detail));
}

/** An ONNX file that keeps a weight in another file. */
const keepsWeightsIn = (location: string, offset = 0, length = 100): Uint8Array => {
  const external = [pair("location", location), pair("offset", `${offset}`), pair("length", `${length}`)];
  const weight = Buffer.concat([field(1, 10), field(2, 1), field(8, "w"), ...external, field(14, 1)]);
  const graph = Buffer.concat([field(1, field(4, "Identity")), field(5, weight), field(12, field(1, "y"))]);
  const metadata = Object.entries(nemoMetadata).map(([key, value]) =>
    field(14, Buffer.concat([field(1, key), field(2, value)])),
  );
  return Buffer.concat([field(1, 8), field(7, graph), field(8, field(2, 17)), ...metadata]);
};

/** What ONNX says of a weight that lies elsewhere. */
function pair(key: string, value: string): Uint8Array {
  return field(13, Buffer.concat([field(1, key), field(2, value)]));
}

const weights: readonly (readonly [what: string, files: Files, detail: RegExp | undefined])[] = [
  ["is there", { "model.onnx": keepsWeightsIn("model.weights"), "model.weights": "x".repeat(100) }, undefined],
  ["is missing", { "model.onnx": keepsWeightsIn("model.weights") }, /model\.weights is missing, and model\.onnx keeps/],
  [
    "is cut off",
    { "model.onnx": keepsWeightsIn("model.weights", 4096), "model.weights": "x".repeat(4195) },
    /model\.weights is cut off/,
  ],
  [
    "is a Git LFS pointer",
    {
      "model.onnx": keepsWeightsIn("model.weights", 0, 1),
      "model.weights": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    },
    /model\.weights is a Git LFS pointer/,
  ],
  ["lies outside", { "model.onnx": keepsWeightsIn("../../etc/passwd") }, /passwd is no path inside the folder/],
  ["lies at an absolute path", { "model.onnx": keepsWeightsIn("/etc/passwd") }, /passwd is no path inside the folder/],
];

for (const [what, files, detail] of weights) {
  test(`preflight looks at the file that an ONNX file keeps its weights in: it ${what}`, async (t) => {
    const spec = await detect(await folderWith(t, { ...nemoModel, ...files }));
    if (detail === undefined) await preflight(spec);
    else await assert.rejects(preflight(spec), invalid(detail));
  });
}

test("preflight gives up on an ONNX file that names more weight files than any model has", async (t) => {
  const many = Array.from({ length: 3000 }, (_, index) => field(5, pair("location", `w${index}`)));
  const graph = Buffer.concat([field(1, field(4, "Identity")), ...many, field(12, field(1, "y"))]);
  const file = Buffer.concat([field(1, 8), field(7, graph), field(8, field(2, 17))]);
  await refused(t, nemoModel, { "model.onnx": file }, /keeps its weights in more files than any model/);
});

test("preflight refuses files that are gone", async (t) => {
  const folder = await folderWith(t, nemoModel);
  const spec = await detect(folder);
  await rm(join(folder, "tokens.txt"));
  await assert.rejects(preflight(spec), invalid(/tokens\.txt cannot be read \(ENOENT\)/));
});

test("preflight does not wait for a pipe", { skip: process.platform === "win32" }, async (t) => {
  const folder = await folderWith(t, nemoModel);
  const spec = await detect(folder);
  await rm(join(folder, "model.onnx"));
  await promisify(execFile)("mkfifo", [join(folder, "model.onnx")]);
  await assert.rejects(preflight(spec), invalid(/model\.onnx is no regular file/));
});

const tokens: readonly (readonly [what: string, content: string | Uint8Array, detail: RegExp])[] = [
  ["no text", Buffer.from([0xc3, 0x28, 0x80]), /not UTF-8/],
  ["prose", "a 0\nthis is not a token\n", /line 2 is not a token/],
  ["without the blank", "a 0\nb 1\n", /has no <blk> or <eps> or <blank>, which nemo-ctc needs/],
  ["without tokens", "\n\n", /has no tokens/],
  ["too large", "a 1\n".repeat(5_000_000), /too large/],
];

for (const [what, content, detail] of tokens) {
  test(`preflight refuses a table of tokens that is ${what}`, (t) =>
    refused(t, nemoModel, { "tokens.txt": content }, detail));
}

test("preflight takes a table of tokens with Windows line ends, a space token and other languages", async (t) => {
  const table = "你 0\r\n 1\r\n▁the 2\r\n<blk> 3\r\n";
  await preflight(await detect(await folderWith(t, { ...nemoModel, "tokens.txt": table })));
});

const kaldi: readonly (readonly [name: string, content: string | Uint8Array, detail: RegExp])[] = [
  ["am/final.mdl", "", /final\.mdl is empty/],
  ["am/final.mdl", "hello", /final\.mdl is no Kaldi file/],
  ["am/final.mdl", "<html></html>", /final\.mdl is a web page/],
  ["graph/Gr.fst", Buffer.alloc(4096), /Gr\.fst holds zeros/],
  ["graph/Gr.fst", "\0B<Nnet3>", /Gr\.fst is no OpenFst file/],
  ["graph/HCLr.fst", Buffer.from("d6fdb27effffffff0000000000000000", "hex"), /damaged OpenFst/],
  ["conf/model.conf", "--beam=10\nhello\n", /model\.conf has no option of Kaldi in line 2/],
  ["conf/mfcc.conf", Buffer.from("--x=\0\n"), /mfcc\.conf has no option/],
  ["graph/disambig_tid.int", "12\nx\n", /disambig_tid\.int has no number in line 2/],
];

for (const [name, content, detail] of kaldi) {
  test(`preflight refuses a Vosk model: ${detail.source}`, (t) => refused(t, voskModel, { [name]: content }, detail));
}

test("preflight misses the files that others need in a Vosk model", async (t) => {
  const { "graph/Gr.fst": _, ...noGrammar } = voskModel;
  await refused(t, noGrammar, {}, /graph\/Gr\.fst is missing, and graph\/HCLr\.fst needs it/);
  await refused(
    t,
    { ...voskModel, "ivector/final.ie": "\0B<IvectorExtractor>" },
    {},
    /ivector\/final\.dubm is missing/,
  );
});

test("preflight ends on every truncation and bit flip, with a clear error or none", async (t) => {
  const folder = await folderWith(t, nemoModel);
  const spec = await detect(folder);
  const file = join(folder, "model.onnx");
  const ends = async (what: string) => {
    const error: unknown = await preflight(spec).catch((thrown: unknown) => thrown);
    assert.ok(error === undefined || (error instanceof VoxpoolError && error.reason === "model_files_invalid"), what);
    return error !== undefined;
  };
  for (let size = 0; size < good.length; size += 7) {
    await writeFile(file, good.subarray(0, size));
    assert.ok(await ends(`cut to ${size}`), `cut to ${size} bytes is refused`);
  }
  for (let bit = 0; bit < good.length * 8; bit += bit < 800 || bit > 8400 ? 1 : 101) {
    const flipped = Buffer.from(good);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await writeFile(file, flipped);
    await ends(`bit ${bit} flipped`);
  }
});

test("preflight reads a huge sparse file through a small window", async (t) => {
  const folder = await folderWith(t, nemoModel);
  const spec = await detect(folder);
  const head = Buffer.concat([field(1, 8), field(8, field(2, 17)), Buffer.from([0x3a, 0x80, 0x80, 0x80, 0x80, 0x08])]);
  await writeFile(join(folder, "model.onnx"), head);
  await truncate(join(folder, "model.onnx"), head.length + 0x80000000);
  const before = process.memoryUsage().arrayBuffers;
  await assert.rejects(preflight(spec), invalid(/no protobuf/));
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024);
});

test("preflight gives up on a file that is made of tiny fields", async (t) => {
  const folder = await folderWith(t, nemoModel);
  const spec = await detect(folder);
  await writeFile(join(folder, "model.onnx"), Buffer.concat([good, Buffer.alloc(20_000_000, field(1, 8))]));
  await assert.rejects(preflight(spec), invalid(/more parts than any model/));
});
