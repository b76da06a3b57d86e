import assert from "node:assert/strict";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { preflight } from "../../dist/engine/detect/preflight.js";
import { archives, filesOf } from "./archives.ts";
import { folderWith, onnxBytes, voskModel } from "./model-files.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
const page = "<!DOCTYPE html><html><body>Not Found</body></html>";
const archive = (name: string): Files => {
  const found = archives.find((one) => one.name === name);
  assert.ok(found, name);
  return filesOf(found);
};
const senseVoice = archive("sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17");
const whisper = archive("sherpa-onnx-whisper-tiny.en");
const without = (files: Files, ...names: readonly string[]): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
const named = (...names: readonly string[]): Files => Object.fromEntries(names.map((name) => [name, "x"]));

/** What people put into model directories in place of a model, and what they are told. */
const folders: readonly (readonly [what: string, files: Files, reason: string, detail: RegExp])[] = [
  [
    "a model of Hugging Face transformers",
    named("config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"),
    "model_unrecognised",
    /Hugging Face transformers; take a sherpa-onnx export/,
  ],
  [
    "an export for transformers.js",
    named("config.json", "generation_config.json", "tokenizer.json", "onnx/encoder_model.onnx"),
    "model_unrecognised",
    /transformers\.js/,
  ],
  ["a whisper.cpp model", named("ggml-base.en.bin"), "model_unrecognised", /whisper\.cpp model \(ggml\)/],
  ["a GGUF model", named("Qwen3-ASR-0.6B-Q8_0.gguf"), "model_unrecognised", /GGUF/],
  [
    "a faster-whisper model",
    named("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"),
    "model_unrecognised",
    /faster-whisper model \(CTranslate2\)/,
  ],
  ["weights of PyTorch", named("large-v3.pt"), "model_unrecognised", /weights for PyTorch/],
  ["a NeMo model", named("parakeet-tdt-0.6b-v2.nemo"), "model_unrecognised", /NeMo model/],
  [
    "a recipe of Kaldi",
    named("cmd.sh", "path.sh", "run.sh", "conf/mfcc.conf", "exp/tri3b/final.mdl", "data/train/text"),
    "model_unrecognised",
    /recipe of Kaldi/,
  ],
  [
    "a Coqui model",
    named("output_graph.pbmm", "kenlm.scorer", "alphabet.txt"),
    "model_unrecognised",
    /Coqui or TensorFlow Lite/,
  ],
  [
    "a TensorFlow model",
    named("saved_model.pb", "variables/variables.index"),
    "model_unrecognised",
    /TensorFlow model/,
  ],
  [
    "FunASR's model for PyTorch",
    named("model.pt", "am.mvn", "config.yaml", "configuration.json", "tokens.json"),
    "model_unrecognised",
    /FunASR model for PyTorch/,
  ],
  [
    "FunASR's own ONNX export",
    { ...named("am.mvn", "config.yaml", "tokens.json"), "model_quant.onnx": onnxBytes() },
    "model_unrecognised",
    /FunASR's own ONNX export/,
  ],
  ["a model for an NPU", named("model.rknn", "tokens.txt"), "model_unrecognised", /NPU/],
  ["a model for Apple's MLX", named("weights.npz", "config.json"), "model_unrecognised", /Apple's frameworks/],
  ["an archive that was not unpacked", named("sherpa-onnx-whisper-tiny.tar.bz2"), "model_unrecognised", /unpack it/],
  ["a download that was not finished", named("model.int8.onnx.part"), "model_unrecognised", /not finished/],
  ["nothing", {}, "model_unrecognised", /the folder is empty/],
  [
    "several models one below the other",
    { "a/model.onnx": onnxBytes(), "a/tokens.txt": "a 0\n", "b/model.onnx": onnxBytes(), "README.md": "x" },
    "model_unrecognised",
    /there is README\.md/,
  ],
  [
    "tokens without a model",
    without(senseVoice, "model.onnx", "model.int8.onnx"),
    "model_unrecognised",
    /there is LICENSE, README\.md.*tokens\.txt/,
  ],
  [
    "a model without its tokens",
    without(senseVoice, "tokens.txt"),
    "model_unrecognised",
    /model\.int8\.onnx would fit sherpa-offline sense-voice, but tokens\.txt is missing/,
  ],
  [
    "half of an archive",
    without(whisper, "tiny.en-decoder.onnx", "tiny.en-decoder.int8.onnx"),
    "model_unrecognised",
    /would fit sherpa-offline whisper, but decoder\*\.onnx is missing/,
  ],
  [
    "half of a transducer",
    without(archive("sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8"), "joiner.int8.onnx"),
    "model_unrecognised",
    /would fit sherpa-offline nemo-transducer, but joiner\*\.onnx is missing/,
  ],
  [
    "half of a model that its names tell",
    without(archive("sherpa-onnx-qwen3-asr-0.6B-int8-2026-03-25"), "tokenizer/vocab.json"),
    "model_unrecognised",
    /would fit sherpa-offline qwen3-asr, but tokenizer\/vocab\.json is missing/,
  ],
  [
    "half of a Vosk model",
    without(voskModel, "graph/HCLr.fst"),
    "model_unrecognised",
    /would fit vosk kaldi, but graph\/HCLG\.fst or graph\/HCLr\.fst is missing/,
  ],
  [
    "Git LFS pointers",
    { ...senseVoice, "model.onnx": pointer, "model.int8.onnx": pointer },
    "model_files_invalid",
    /model\.int8\.onnx is a Git LFS pointer, not the file itself: run git lfs pull/,
  ],
  [
    "a web page in place of the model",
    { ...without(senseVoice, "model.onnx"), "model.int8.onnx": page },
    "model_files_invalid",
    /model\.int8\.onnx is a web page/,
  ],
  [
    "a GGUF file with the name of an ONNX file",
    { "model.onnx": "GGUF\u0003\0\0\0", "tokens.txt": "a 0\n" },
    "model_files_invalid",
    /model\.onnx is a GGUF file/,
  ],
  [
    "weights of PyTorch with the name of an ONNX file",
    { "model.onnx": "PK\u0003\u0004", "tokens.txt": "a 0\n" },
    "model_files_invalid",
    /model\.onnx is a zip archive/,
  ],
  [
    "an ONNX file that says nothing of itself",
    { "model.onnx": onnxBytes(), "tokens.txt": "a 0\n" },
    "model_unrecognised",
    /the metadata of model\.onnx does not say what it is \(model_type\)/,
  ],
  [
    "a voice activity detector",
    { "silero_vad.onnx": onnxBytes(), "tokens.txt": "a 0\n" },
    "model_unrecognised",
    /there is silero_vad\.onnx, tokens\.txt/,
  ],
];

for (const [what, files, reason, detail] of folders) {
  test(`a folder with ${what} is refused with what it is`, async (t) => {
    await assert.rejects(detect(await folderWith(t, files)), refusal(reason, detail));
  });
}

const renamed: readonly (readonly [what: string, files: Files, family: string])[] = [
  ["its model", { "sv.onnx": senseVoice["model.onnx"] ?? "", "tokens.txt": "a 0\n" }, "sense-voice"],
  [
    "all its files",
    {
      "my-whisper-encoder-fp32.onnx": whisper["tiny.en-encoder.onnx"] ?? "",
      "my-whisper-decoder-fp32.onnx": whisper["tiny.en-decoder.onnx"] ?? "",
      "my-whisper-tokens.txt": "YQ== 0\n",
    },
    "whisper",
  ],
  [
    "nothing, beside a detector",
    { ...without(senseVoice, "tokens.txt"), "silero_vad.onnx": onnxBytes(), "tokens.txt": "a 0\n" },
    "sense-voice",
  ],
  ["nothing, beside a broken file", { ...senseVoice, "old.onnx": "rubbish" }, "sense-voice"],
];

for (const [what, files, family] of renamed) {
  test(`a model is recognised by its metadata where somebody renamed ${what}`, async (t) => {
    assert.equal((await detect(await folderWith(t, files))).family, family);
  });
}

/** Damage that names do not show: files of the right names whose content would end the engine's process. */
const damaged: readonly (readonly [what: string, archive: string, files: Files, detail: RegExp])[] = [
  [
    "Git LFS pointers",
    "sherpa-onnx-qwen3-asr-0.6B-int8-2026-03-25",
    { "encoder.int8.onnx": pointer },
    /encoder\.int8\.onnx is a Git LFS pointer/,
  ],
  [
    "a web page as tokenizer",
    "sherpa-onnx-qwen3-asr-0.6B-int8-2026-03-25",
    { "tokenizer/vocab.json": page },
    /tokenizer\/vocab\.json is a web page/,
  ],
  [
    "no ORT file",
    "sherpa-onnx-moonshine-base-zh-quantized-2026-02-27",
    { "encoder_model.ort": "0123456789abcdef" },
    /encoder_model\.ort is no model of ONNX Runtime/,
  ],
  [
    "an ORT file that is cut off at once",
    "sherpa-onnx-moonshine-base-zh-quantized-2026-02-27",
    { "encoder_model.ort": Buffer.from("ffff0000", "hex").toString("latin1") },
    /encoder_model\.ort is no model of ONNX Runtime/,
  ],
];

for (const [what, name, damage, detail] of damaged) {
  test(`a ${name} with ${what} is refused before the engine sees it`, async (t) => {
    const spec = await detect(await folderWith(t, { ...archive(name), ...damage }));
    await assert.rejects(preflight(spec), refusal("model_files_invalid", detail));
  });
}

function refusal(reason: string, detail: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.equal(error.reason, reason, error.message);
    assert.match(String(error.details.detail), detail);
    assert.notEqual(error.detailsIn("zh").detail, error.details.detail, "the reason is in Chinese, too");
    return true;
  };
}
