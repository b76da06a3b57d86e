import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

/** A folder with these files that is gone after the test; its real path. */
export async function folderWith(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "voxpool-detect-")));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** A protobuf field: a number as varint, anything else with its length before it. */
export function field(number: number, content: number | string | Uint8Array): Uint8Array {
  if (typeof content === "number") return Buffer.from([...varint(number * 8), ...varint(content)]);
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))];
}

/** The outline of an ONNX model: one node, some weights, an output, metadata behind the graph. */
export function onnxBytes(metadata: Readonly<Record<string, string>> = {}, weightBytes = 1000): Uint8Array {
  const weights = Buffer.concat([field(1, 10), field(2, 1), field(8, "w"), field(9, Buffer.alloc(weightBytes, 7))]);
  const node = Buffer.concat([field(1, "x"), field(2, "y"), field(4, "Identity")]);
  const graph = Buffer.concat([
    field(1, node),
    field(2, "g"),
    field(5, weights),
    field(11, field(1, "x")),
    field(12, field(1, "y")),
  ]);
  const entries = Object.entries(metadata).map(([key, value]) =>
    field(14, Buffer.concat([field(1, key), field(2, value)])),
  );
  return Buffer.concat([field(1, 8), field(2, "test"), field(7, graph), field(8, field(2, 17)), ...entries]);
}

export const nemoMetadata = { vocab_size: "3", subsampling_factor: "4", normalize_type: "per_feature" };
export const nemoModel = { "model.onnx": onnxBytes(nemoMetadata), "tokens.txt": "a 0\nb 1\n<blk> 2\n" };
export const moonshineModel = {
  "encoder_model.onnx": onnxBytes(),
  "decoder_model_merged.onnx": onnxBytes(),
  "tokens.txt": "aGk= 0\n4paB 1\n",
};

const kaldi = "\0B<TransitionModel> ";
const fst = Buffer.concat([
  Buffer.from([0xd6, 0xfd, 0xb2, 0x7e, 5, 0, 0, 0]),
  Buffer.from("ngram"),
  Buffer.alloc(60, 1),
]);
export const voskModel = {
  README: "",
  "am/final.mdl": kaldi,
  "conf/mfcc.conf": "--use-energy=false\n# comment\n\n",
  "conf/model.conf": "--min-active=200\n--endpoint.silence-phones=1:2:3\n",
  "graph/HCLr.fst": fst,
  "graph/Gr.fst": fst,
  "graph/disambig_tid.int": "11\n12\n",
  "graph/phones/word_boundary.int": "1 nonword\n2 begin\n",
};
export const flatVoskModel = {
  "final.mdl": kaldi,
  "mfcc.conf": "--num-ceps=40\n",
  "HCLG.fst": fst,
  "words.txt": "a 1\n",
};
