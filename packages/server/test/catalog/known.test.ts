import assert from "node:assert/strict";
import { test } from "node:test";
import { assetNames, findAsset } from "../../dist/catalog/known-assets.js";
import { knownModels } from "../../dist/catalog/known-models.js";
import { readLlamaVocabulary } from "../../dist/catalog/llama-vocabulary.js";
import { pullNames } from "../../dist/catalog/pull.js";
import { registriesFrom } from "../../dist/catalog/sources.js";

test("everything that is known has pinned hashes, except what says that it has none", () => {
  const linux = { os: "linux", arch: "x64", glibc: true };
  const assets = assetNames.flatMap((name) => findAsset(name, linux).sources);
  for (const source of [...knownModels.flatMap((model) => model.parts.flat()), ...assets]) {
    if (source.kind === "npm") {
      assert.equal(Buffer.from(source.sha512, "base64").length, 64, source.package);
    } else if (source.kind === "wheel") {
      assert.match(source.sha256, /^[0-9a-f]{64}$/);
    } else {
      assert.equal(new URL(source.url).protocol, "https:");
    }
    assert.ok(source.kind === "zip" || (source.bytes ?? 0) > 0);
  }
});

test("names are ids of models, the default first", () => {
  assert.deepEqual(pullNames(), ["en/tiny", "en/base", "cn", "silero-vad", "libvosk"]);
  for (const { name } of knownModels) {
    assert.match(name, /^[a-z]+(\/[a-z]+)*$/);
  }
});

test("registries come from the configuration, else from the environment, else are the public ones", () => {
  const env = { npm_config_registry: "https://npm.example/", PIP_INDEX_URL: "https://pip.example/simple" };
  const own = { npmRegistry: "https://own.example/", pypiIndex: "https://own.example/simple/" };
  assert.deepEqual(registriesFrom(own, env), own);
  assert.deepEqual(registriesFrom({ npmRegistry: "", pypiIndex: "" }, env), {
    npmRegistry: "https://npm.example/",
    pypiIndex: "https://pip.example/simple",
  });
  assert.deepEqual(registriesFrom({}, {}), {
    npmRegistry: "https://registry.npmjs.org/",
    pypiIndex: "https://pypi.org/simple/",
  });
});

const encode = (list: readonly string[]) => Buffer.from(list.join("\n")).toString("base64");

test("a vocabulary is read as data, and refused if it is not the one", () => {
  const pieces = ["<unk>", "<s>", "</s>", "<0x00>", ...Array.from({ length: 31_996 }, (_, id) => `▁${id}`)];
  const source = `process.exit(7); const llama_vocab_base64 = "${encode(pieces)}"; throw 1`;
  assert.deepEqual(readLlamaVocabulary(source), pieces);
  for (const wrong of ["", "llama_vocab_base64 = ''", `llama_vocab_base64 = "${encode(pieces.slice(1))}"`]) {
    assert.throws(() => readLlamaVocabulary(wrong), /32000 pieces/);
  }
  assert.throws(() => readLlamaVocabulary(`llama_vocab_base64 = "${"A".repeat(5_000_000)}`), /32000 pieces/);
});
