import assert from "node:assert/strict";
import { mkdir, rename, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { flatVoskModel, folderWith, moonshineModel, nemoModel, onnxBytes, voskModel } from "./model-files.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const size = (files: Files) => Object.values(files).reduce((sum, content) => sum + Buffer.from(content).length, 0);
const manifest = (fields: unknown) => ({ "voxpool.json": JSON.stringify(fields) });

async function refused(directory: string, reason: string, detail: RegExp, options = {}): Promise<void> {
  await assert.rejects(detect(directory, options), (error) => {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.equal(error.reason, reason, error.message);
    assert.match(String(error.details.detail), detail);
    return true;
  });
}

async function refusedFiles(t: TestContext, files: Files, reason: string, detail: RegExp): Promise<void> {
  await refused(await folderWith(t, files), reason, detail);
}

const recognised: readonly (readonly [
  what: string,
  files: Files,
  family: string,
  used: Readonly<Record<string, string>>,
])[] = [
  [
    "a Vosk model",
    voskModel,
    "vosk kaldi",
    {
      acousticModel: "am/final.mdl",
      configuration: "conf/model.conf",
      features: "conf/mfcc.conf",
      graph: "graph/HCLr.fst",
    },
  ],
  [
    "a Vosk model of the old flat layout",
    flatVoskModel,
    "vosk kaldi",
    { acousticModel: "final.mdl", features: "mfcc.conf", graph: "HCLG.fst" },
  ],
  [
    "a Moonshine model",
    moonshineModel,
    "sherpa-offline moonshine",
    { encoder: "encoder_model.onnx", mergedDecoder: "decoder_model_merged.onnx", tokens: "tokens.txt" },
  ],
  ["a NeMo CTC model", nemoModel, "sherpa-offline nemo-ctc", { model: "model.onnx", tokens: "tokens.txt" }],
  [
    "the int8 variant where there are several",
    { ...nemoModel, "model.int8.onnx": nemoModel["model.onnx"], "model_fp16.onnx": onnxBytes() },
    "sherpa-offline nemo-ctc",
    { model: "model.int8.onnx", tokens: "tokens.txt" },
  ],
  [
    "the files that the manifest names",
    {
      ...nemoModel,
      "model-b.onnx": onnxBytes(),
      "deep/er/t.txt": "a 0\n",
      ...manifest({ family: "nemo-ctc", files: { model: "model-b.onnx", tokens: "deep/er/t.txt" } }),
    },
    "sherpa-offline nemo-ctc",
    { model: "model-b.onnx", tokens: "deep/er/t.txt" },
  ],
  [
    "the kind that the manifest says, without a look at metadata",
    { ...nemoModel, "model.onnx": onnxBytes(), ...manifest({ engine: "sherpa-offline", family: "nemo-ctc" }) },
    "sherpa-offline nemo-ctc",
    { model: "model.onnx", tokens: "tokens.txt" },
  ],
];

for (const [what, files, kind, used] of recognised) {
  test(`detect recognises ${what}`, async (t) => {
    const folder = await folderWith(t, files);
    const spec = await detect(folder);
    assert.equal(`${spec.engine} ${spec.family}`, kind);
    assert.equal(spec.directory, folder);
    assert.deepEqual(
      Object.fromEntries(Object.entries(spec.files).map(([role, path]) => [role, relative(folder, path)])),
      used,
    );
    assert.equal(spec.segmenter, "silero");
  });
}

test("detect counts the files that are used: those of the roles, and for Vosk all", async (t) => {
  const nemo = await folderWith(t, { ...nemoModel, "README.md": "x".repeat(5000), "test_wavs/0.wav": "RIFF" });
  assert.equal((await detect(nemo)).sizeBytes, size(nemoModel));
  assert.equal((await detect(await folderWith(t, voskModel))).sizeBytes, size(voskModel));
});

test("detect steps into a folder that holds nothing but one folder", async (t) => {
  const files = Object.fromEntries(
    Object.entries(voskModel).map(([name, content]) => [`top/vosk-model-small-cn-0.22/${name}`, content]),
  );
  const folder = await folderWith(t, { ...files, ".DS_Store": "x", "__MACOSX/._top": "x" });
  const spec = await detect(folder);
  assert.equal(spec.directory, join(folder, "top/vosk-model-small-cn-0.22"));
  assert.deepEqual(spec.languages, ["zh"]);
});

test("detect takes languages from the manifest, else from the folder's name", async (t) => {
  const names = { cn: ["zh"], "cn/2": ["zh"], "vosk-model-en-us-0.22": ["en"], "vosk-model-small-vn-0.4": ["vi"] };
  const silent = { tiny: [], new: [], "vosk-model-spk-0.4": [] };
  for (const [name, languages] of Object.entries({ ...names, ...silent })) {
    const folder = await folderWith(t, { ...nemoModel, "keep/x": "" });
    const target = join(folder, "..", `${basename(folder)}-named`, name);
    await mkdir(dirname(target), { recursive: true });
    await rename(folder, target);
    assert.deepEqual((await detect(target)).languages, languages, name);
    await rename(target, folder);
  }
  const said = await folderWith(t, { ...nemoModel, ...manifest({ languages: ["zh-CN", "English"], licence: 7 }) });
  assert.deepEqual((await detect(said)).languages, ["zh", "en"]);
});

test("detect takes the segmenter from the manifest, also from one with a byte order mark", async (t) => {
  const folder = await folderWith(t, { ...nemoModel, "voxpool.json": '\uFEFF{"segmenter":"energy"}' });
  assert.equal((await detect(folder)).segmenter, "energy");
});

test("detect knows the fake engine only where it is allowed", async (t) => {
  const folder = await folderWith(t, { "fake.json": "{}" });
  const spec = await detect(folder, { fakeEngine: true });
  assert.equal(spec.engine, "fake");
  assert.equal(spec.files.script, join(folder, "fake.json"));
  await refused(folder, "model_unrecognised", /there is fake\.json/);
  const said = await folderWith(t, { "fake.json": "{}", ...manifest({ engine: "fake" }) });
  await refused(said, "model_unrecognised", /voxpool\.json says fake; known are vosk kaldi/);
});

test("detect says what it found and what is missing", async (t) => {
  const { "tokens.txt": _, ...noTokens } = moonshineModel;
  await refusedFiles(t, noTokens, "model_unrecognised", /encoder_model\.onnx.* moonshine, but tokens\.txt is missing/);
  const { "am/final.mdl": __, ...noModel } = voskModel;
  await refusedFiles(t, noModel, "model_unrecognised", /vosk kaldi, but am\/final\.mdl is missing/);
  await refusedFiles(t, {}, "model_unrecognised", /the folder is empty/);
  await refusedFiles(t, { "a.txt": "", "b.txt": "" }, "model_unrecognised", /there is a\.txt, b\.txt/);
  await refusedFiles(
    t,
    { ...nemoModel, "model.onnx": onnxBytes({ model_type: "x" }) },
    "model_unrecognised",
    /model\.onnx says that it is x \(model_type\), which no engine here runs/,
  );
});

test("detect does not choose between different models in one folder", async (t) => {
  const files = { ...nemoModel, "model-2.onnx": nemoModel["model.onnx"] };
  await refusedFiles(t, files, "model_unrecognised", /model could be model-2\.onnx or model\.onnx/);
});

test("detect refuses an ONNX file that it must look into and cannot", async (t) => {
  const cut = nemoModel["model.onnx"].subarray(0, 500);
  await refusedFiles(t, { ...nemoModel, "model.onnx": cut }, "model_files_invalid", /model\.onnx .* is cut off/);
});

test("detect names the field of the manifest that is wrong", async (t) => {
  const cases: readonly (readonly [content: string, detail: RegExp])[] = [
    ["{", /voxpool\.json is not JSON/],
    ["", /voxpool\.json is not JSON/],
    ["[]", /voxpool\.json is no JSON object/],
    ["null", /voxpool\.json is no JSON object/],
    ['{"engine":7}', /wrong engine/],
    ['{"languages":"zh"}', /wrong languages/],
    ['{"languages":["zh",1]}', /wrong languages\.1/],
    ['{"languages":["en","klingonese"]}', /wrong languages\.1/],
    ['{"segmenter":"scissors"}', /wrong segmenter/],
    ['{"files":{"tokens":{}}}', /wrong files\.tokens/],
    [`{"x":"${"x".repeat(70_000)}"}`, /larger than 65536 bytes/],
  ];
  for (const [content, detail] of cases) {
    await refusedFiles(t, { ...nemoModel, "voxpool.json": content }, "model_files_invalid", detail);
  }
});

test("detect never uses a file outside the folder", async (t) => {
  const outside = await folderWith(t, nemoModel);
  const names = [
    "../x/model.onnx",
    "a/../../b",
    join(outside, "model.onnx"),
    "C:\\model.onnx",
    "\\\\host\\x",
    "..\\x",
    "a\0b",
    "",
  ];
  for (const name of names) {
    const files = { ...nemoModel, ...manifest({ files: { model: name } }) };
    await refusedFiles(t, files, "model_files_invalid", /is no (path inside the folder|name of a file)/);
  }
  const linked = await folderWith(t, { "tokens.txt": "a 0\n" });
  await symlink(join(outside, "model.onnx"), join(linked, "model.onnx"));
  await refused(linked, "model_files_invalid", /model\.onnx is a link that leads out of the folder/);
  const vosk = await folderWith(t, voskModel);
  await symlink(join(outside, "model.onnx"), join(vosk, "conf/extra.conf"));
  await refused(vosk, "model_files_invalid", /conf\/extra\.conf is a link that leads out/);
});

test("detect follows links inside the folder", async (t) => {
  const folder = await folderWith(t, { "tokens.txt": nemoModel["tokens.txt"], "blobs/1": nemoModel["model.onnx"] });
  await symlink("blobs/1", join(folder, "model.onnx"));
  assert.equal((await detect(folder)).files.model, join(folder, "blobs/1"));
});

test("detect refuses broken links, folders in place of files, and folders that are not there", async (t) => {
  const broken = await folderWith(t, { "tokens.txt": "a 0\n" });
  await symlink("nowhere", join(broken, "model.onnx"));
  await refused(broken, "model_files_invalid", /model\.onnx cannot be read \(ENOENT\)/);
  const folder = await folderWith(t, { ...nemoModel, ...manifest({ files: { tokens: "sub" } }), "sub/x": "" });
  await refused(folder, "model_files_invalid", /sub is no regular file/);
  await refused(join(folder, "nowhere"), "model_files_invalid", /cannot be read \(ENOENT\)/);
  await refused(join(folder, "tokens.txt"), "model_files_invalid", /cannot be read \(ENOTDIR\)/);
});

test("detect gives up on a folder with more entries than a model has", async (t) => {
  const files = Object.fromEntries(Array.from({ length: 4100 }, (_, index) => [`${index}`, ""]));
  await refusedFiles(t, { ...nemoModel, ...files }, "model_unrecognised", /more than 4096 entries/);
});
