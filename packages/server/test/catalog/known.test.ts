import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { endpointsFrom } from "../../dist/catalog/endpoints.js";
import { assetNames, findAsset } from "../../dist/catalog/known-assets.js";
import { knownModels } from "../../dist/catalog/known-models.js";
import { readLlamaVocabulary } from "../../dist/catalog/llama-vocabulary.js";
import { addressesOf } from "../../dist/catalog/locate.js";
import { readNpmConfig, tokenFor } from "../../dist/catalog/npm-config.js";
import { pullNames } from "../../dist/catalog/pull.js";
import { checkName } from "../../dist/catalog/pull-target.js";
import { normaliseLanguage } from "../../dist/engine/text/language.js";
import { makeTree } from "./tree.ts";

test("everything that is known has several places, well-formed hashes, and a text in both languages", () => {
  const linux = { os: "linux", arch: "x64", glibc: true };
  const assets = assetNames.flatMap((name) => findAsset(name, linux).sources);
  for (const source of [...knownModels.flatMap((model) => model.parts.flat()), ...assets]) {
    const pinned = source.kind === "files" ? source.files : [source];
    for (const one of pinned) {
      if ("sha512" in one) assert.equal(Buffer.from(one.sha512, "base64").length, 64, one.package);
      else if (one.sha256 !== undefined) assert.match(one.sha256, /^[0-9a-f]{64}$/);
      if ("at" in one && "url" in one.at) assert.equal(new URL(one.at.url).protocol, "https:");
    }
  }
  for (const model of knownModels) {
    assert.match(model.title.zh, /[\u4e00-\u9fff]/);
    for (const language of model.model.languages) assert.equal(normaliseLanguage(language), language);
  }
});

test("names are ids of models, each once, the default first", () => {
  const names = pullNames();
  assert.deepEqual([names[0], ...names.slice(-3)], ["en/tiny", "silero-vad", "libvosk", "itn-zh"]);
  assert.equal(new Set(names).size, names.length);
  for (const { name } of knownModels) {
    assert.match(name, /^[a-z][a-z0-9-]*(\/[a-z][a-z0-9-]*)*$/);
    assert.equal(checkName(name), name);
  }
});

test("endpoints come from the configuration, else from the environment, else are the public ones with their mirrors", () => {
  const none = { npm_config_userconfig: "/nonexistent" };
  const env = {
    ...none,
    npm_config_registry: "https://npm.example/",
    PIP_INDEX_URL: "https://pip.example/simple",
    HF_ENDPOINT: "https://hf.example",
    HF_TOKEN: "hf_secret",
    MODELSCOPE_ENDPOINT: "https://ms.example",
  };
  const own = {
    npmRegistry: "https://own.example/",
    pypiIndex: "https://own.example/simple/",
    hfEndpoint: "https://own.example/hf/",
    modelscopeEndpoint: "https://own.example/ms/",
    githubMirror: "https://own.example/gh/",
  };
  assert.deepEqual(endpointsFrom(own, env), {
    npmRegistries: [own.npmRegistry],
    pypiIndexes: [own.pypiIndex],
    hubs: { huggingface: [own.hfEndpoint], modelscope: [own.modelscopeEndpoint] },
    githubMirror: own.githubMirror,
    hfToken: "hf_secret",
    npmTokens: {},
  });
  const { npmRegistries, pypiIndexes, hubs } = endpointsFrom({ npmRegistry: "", pypiIndex: "" }, env);
  assert.deepEqual([npmRegistries, pypiIndexes, hubs.huggingface, hubs.modelscope].flat(), [
    "https://npm.example/",
    "https://pip.example/simple",
    "https://hf.example",
    "https://ms.example",
  ]);
  const open = endpointsFrom({}, none);
  assert.equal(open.npmRegistries[0], "https://registry.npmjs.org/");
  assert.equal(open.hubs.huggingface[0], "https://huggingface.co/");
  assert.ok([open.npmRegistries, open.pypiIndexes, open.hubs.huggingface].every((places) => places.length > 1));
});

test("addresses of a hub and of GitHub follow the configured endpoints", () => {
  const endpoints = endpointsFrom(
    {
      hfEndpoint: "https://hf.example/x/",
      modelscopeEndpoint: "https://ms.example",
      githubMirror: "https://gh.example",
    },
    { npm_config_userconfig: "/nonexistent" },
  );
  const at = { repo: "own/er", path: "a folder/model.onnx" };
  assert.deepEqual(addressesOf({ hub: "huggingface", ...at }, endpoints), [
    "https://hf.example/x/own/er/resolve/main/a%20folder/model.onnx",
  ]);
  assert.deepEqual(addressesOf({ hub: "modelscope", revision: "v1", ...at }, endpoints), [
    "https://ms.example/models/own/er/resolve/v1/a%20folder/model.onnx",
  ]);
  const github = "https://github.com/a/b/releases/download/c/d.tar.bz2";
  assert.deepEqual(addressesOf({ url: github }, endpoints), [`https://gh.example/${github}`, github]);
  assert.deepEqual(addressesOf({ url: "https://other.example/a" }, endpoints), ["https://other.example/a"]);
});

test("npm's own file gives registry, proxies and tokens; its environment goes before it", async (t) => {
  const file = join(await makeTree(t, {}), "npmrc");
  const lines = [
    "registry=https://file.example/npm/",
    "https-proxy = http://proxy.example:8080",
    "proxy=null",
    'noproxy="localhost,.example"',
    ["//file.example/npm/:_authToken=", "{TOKEN}"].join("$"),
    "//file.example/:_authToken=other",
    "# comment=1",
    "no value",
  ];
  await writeFile(file, lines.join("\n"));
  const config = readNpmConfig({ npm_config_userconfig: file, TOKEN: "secret" });
  assert.deepEqual(config, {
    registry: "https://file.example/npm/",
    httpsProxy: "http://proxy.example:8080",
    noProxy: "localhost,.example",
    tokens: { "//file.example/npm/": "secret", "//file.example/": "other" },
  });
  assert.equal(tokenFor("https://file.example/npm/", config.tokens), "secret");
  assert.equal(tokenFor("https://file.example.evil/", config.tokens), undefined);
  const env = { npm_config_userconfig: file, npm_config_registry: "https://env.example/" };
  assert.equal(readNpmConfig(env).registry, "https://env.example/");
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
