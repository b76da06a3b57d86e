import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { VoxpoolError } from "../../dist/base/errors.js";
import { phraseBook } from "../../dist/base/phrase-book.js";
import { inChinese } from "../../dist/base/phrases.js";

const han = /\p{Script=Han}/u;
const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** Where a text of ours becomes a part of a message. */
const places = [
  /\b(?:detail|problem|capability|hint)(?:: string)?\s*(?::|=)\s*("[^"\n]*"|`[^`]*`)/g,
  /\b(?:invalidFile|invalid|failed|loadFailed|damaged|unsupported|refuse|refused|invalidPath|Setback|ProtobufError)\([^"`()]*("[^"\n]*"|`[^`]*`)/g,
  /\blog\.(?:info|warn|error)\([^"`]*?("[^"\n]*"|`[^`]*`)\)/g,
];

/** English of more than one word, as it is before its gaps are filled. */
function textsIn(code: string): string[] {
  return places
    .flatMap((place) => Array.from(code.matchAll(place), ([, quoted = ""]) => quoted.slice(1, -1)))
    .map((text) => text.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "{}"))
    .filter((text) => /[a-z]{2,} [a-z]{2,}/.test(text) && !han.test(text));
}

suite("the phrase book", () => {
  const known = new Set(Object.keys(phraseBook));
  // The fake engine is for tests; the command line and the configuration choose the language where they write.
  const files = globSync("**/*.ts", { cwd: source }).filter((file) => !/^(engine\/fake|cli|base\/config)/.test(file));
  const missing = files.flatMap((file) =>
    textsIn(readFileSync(join(source, file), "utf8"))
      .filter(
        (text) =>
          ![text, `{} ${text}`].some((one) => known.has(one) || han.test(inChinese(one.replaceAll("{}", "x1")))),
      )
      .map((text) => `${file}: ${text}`),
  );
  test("has every text that the sources put into a message or into the log", () => assert.deepEqual(missing, []));

  test("has Chinese for each phrase, with no gap left out", () => {
    for (const [en, zh] of Object.entries(phraseBook)) {
      const gaps = en.split("{}").length - 1;
      const used = new Set(Array.from(zh.matchAll(/\{(\d)\}/g), ([, number]) => Number(number)));
      assert.deepEqual(
        [...used].toSorted((a, b) => a - b),
        Array.from({ length: gaps }, (_, index) => index + 1),
        en,
      );
      assert.ok(han.test(zh) || !/[a-z] [a-z]/.test(zh.replaceAll(/\{\d\}/g, "")), en);
    }
  });
});

suite("inChinese", () => {
  const cases: readonly (readonly [en: string, zh: string])[] = [
    ["it is empty", "内容为空"],
    ["model.onnx is empty", "model.onnx 是空文件"],
    ["a, b would fit vosk kaldi, but c is missing", "a, b 符合 vosk kaldi，但缺少 c"],
    ["the archive cannot be read (it unpacks to more than it may)", "压缩包无法读取（解压后超过允许的大小）"],
    [
      "killed (SIGKILL), perhaps by the system for lack of memory; its last words: bad",
      "被强制结束（SIGKILL），可能是系统内存不足；最后的输出：bad",
    ],
    ["something that nobody ever wrote", "something that nobody ever wrote"],
    [" is empty", " is empty"],
    ["", ""],
  ];
  for (const [en, zh] of cases) test(JSON.stringify(en), () => assert.equal(inChinese(en), zh));

  test("takes no time over a hostile text", () => {
    const hostile = `${" is missing, and ".repeat(100)} would fit ${", but ".repeat(50)}`;
    for (let turn = 0; turn < 200; turn++) assert.equal(inChinese(hostile), hostile);
  });
});

test("a message is Chinese down to its details, but for what callers and files are called", () => {
  const error = new VoxpoolError("model_files_invalid", { model_path: "request failed", detail: "a is empty" });
  assert.equal(error.messageIn("zh"), "request failed 的文件不是可用的模型：a 是空文件。");
  assert.deepEqual(error.detailsIn("zh"), { model_path: "request failed", detail: "a 是空文件" });
  assert.match(error.message, /a is empty/);
});

test("what went wrong at each of several addresses is in Chinese", () => {
  const unknown = "the host name is not known (no network?)";
  const tried = `  https://a.example/x.zip: ${unknown}\n  https://b.example/x.zip: its sha256 is ab, not cd`;
  const error = new VoxpoolError("download_sources_failed", { name: "cn", tried });
  assert.match(
    error.messageIn("zh"),
    /\n {2}https:\/\/a\.example\/x\.zip：无法识别主机名（没有网络？）\n {2}https:\/\/b\.example\/x\.zip：其 sha256 为 ab，应为 cd$/,
  );
  assert.match(error.messageIn("en"), /no network\?\)\n {2}https/);
});
