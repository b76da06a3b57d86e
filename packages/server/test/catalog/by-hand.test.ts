import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Known } from "../../dist/catalog/known-models.js";
import { type PullOptions, pull } from "../../dist/catalog/pull.js";
import type { Source } from "../../dist/catalog/sources.js";
import { knownFrom, type Registry, startRegistry, zipOf } from "./registry.ts";
import { makeTree, reasonOf } from "./tree.ts";

type Told = Error & { reason?: string; messageIn(language: "zh"): string };

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const first = zipOf([{ path: "a/am/final.mdl", content: "mdl" }]);
const second = zipOf([{ path: "b/tokens.txt", content: "a 0" }]);

async function setUp(t: TestContext) {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  const options: PullOptions = {
    modelDir: join(cwd, "model"),
    stateDir: join(cwd, "state"),
    hfEndpoint: registry.url,
    http: { retries: 0, backoffMs: 1, stallMs: 2000 },
  };
  const put = async (name: string, content: Buffer | string): Promise<string> => {
    await writeFile(join(cwd, name), content);
    return join(cwd, name);
  };
  return { cwd, registry, options, put, folder: join(cwd, "model/en/voice") };
}

const archive = ({ url }: Registry, path: string, content?: Buffer): Source => ({
  kind: "archive",
  at: { url: url + path },
  take: [{ under: path.slice(0, 1) }],
  ...(content && { sha256: sha256(content) }),
});

const twoParts = (registry: Registry, pinned = true): readonly Known[] => [
  {
    ...knownFrom(archive(registry, "a.zip")),
    parts: [
      [archive(registry, "a.zip", pinned ? first : undefined)],
      [archive(registry, "b.zip", pinned ? second : undefined)],
    ],
  },
];

async function told(pulling: Promise<unknown>): Promise<Told> {
  try {
    await pulling;
  } catch (error) {
    return error as Told;
  }
  throw new assert.AssertionError({ message: "it did not fail" });
}

test("one of two files: the missing one is named, with where it is and what to run then", async (t) => {
  const { cwd, registry, options, put } = await setUp(t);
  for (const pinned of [true, false]) {
    const models = twoParts(registry, pinned);
    const error = await told(pull("en/voice", { ...options, models, from: [await put("b.zip", second)] }));
    assert.equal(error.reason, "pull_target_invalid");
    assert.ok(error.message.includes(`: a.zip (${registry.url}a.zip) is missing`), error.message);
    assert.match(error.message, /voxpool pull en\/voice --from a\.zip --from b\.zip\.$/);
    assert.match(error.messageIn("zh"), /缺少 a\.zip/);
  }
  assert.deepEqual(await readdir(join(cwd, "model")), []);
});

test("archives without published hashes are told apart by their names, and another one is not taken for one", async (t) => {
  const { registry, options, put, folder } = await setUp(t);
  const from = [await put("b.zip", second), await put("a.zip", first)];
  await pull("en/voice", { ...options, models: twoParts(registry, false), from });
  assert.deepEqual((await readdir(folder)).toSorted(), ["am", "tokens.txt", "voxpool.json"]);
});

test("of two files of which one is wrong the wrong one is named by its path", async (t) => {
  const { registry, options, put } = await setUp(t);
  const [good, wrong] = [await put("a.zip", first), await put("b.zip", "damaged")];
  const error = await told(pull("en/voice", { ...options, models: twoParts(registry), from: [good, wrong] }));
  assert.equal(error.reason, "download_corrupt");
  assert.ok(error.message.includes(`What came from ${wrong} is not en/voice`), error.message);
  assert.ok(error.message.includes(`not ${sha256(second)}`), error.message);
});

test("single files are brought one by one, known by their hash, their path or their name", async (t) => {
  const { cwd, registry, options, put, folder } = await setUp(t);
  const at = { hub: "huggingface", repo: "own/voice" } as const;
  const weights = Buffer.from("weights");
  const models = [
    knownFrom({
      kind: "files",
      files: [
        { at: { ...at, path: "model.int8.onnx" }, to: "model.int8.onnx", sha256: sha256(weights) },
        { at: { ...at, path: "data/tokens.txt" }, to: "tokens.txt" },
      ],
    }),
  ];
  const failed = await told(pull("en/voice", { ...options, models }));
  assert.equal(failed.reason, "download_by_hand");
  assert.match(failed.message, /--from model\.int8\.onnx --from tokens\.txt$/);
  assert.ok(failed.message.includes(`${registry.url}own/voice/resolve/main/data/tokens.txt`), failed.message);

  const renamed = await put("download (1)", weights);
  const missing = await told(pull("en/voice", { ...options, models, from: [renamed] }));
  assert.match(
    missing.message,
    /: tokens\.txt \(http\S+\) is missing;.*--from model\.int8\.onnx --from tokens\.txt\.$/,
  );
  await pull("en/voice", { ...options, models, from: [renamed, await put("tokens.txt", "a 0")] });
  assert.deepEqual((await readdir(folder)).toSorted(), ["model.int8.onnx", "tokens.txt", "voxpool.json"]);
  assert.equal(await readFile(join(folder, "model.int8.onnx"), "utf8"), "weights");
  assert.ok(existsSync(renamed), `the file stays in ${cwd}`);
});

const fileAt = (path: string) => ({ at: { hub: "huggingface", repo: "own/voice", path } as const, to: path });

test("files of one name are told apart by their folders, and one is never taken for two", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const models = [
    knownFrom({ kind: "files", files: [fileAt("am/final.mdl"), fileAt("a/model.onnx"), fileAt("b/model.onnx")] }),
  ];
  const put = async (path: string) => {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), path);
    return join(cwd, path);
  };
  const mdl = await put("final.mdl");
  const unclear = await told(pull("en/voice", { ...options, models, from: [mdl, await put("model.onnx")] }));
  assert.equal(unclear.reason, "pull_target_invalid");
  assert.match(unclear.message, /: a\/model\.onnx \(http\S+\) ; b\/model\.onnx \(http\S+\) is missing/);
  const one = await told(pull("en/voice", { ...options, models, from: [mdl, await put("x/a/model.onnx")] }));
  assert.match(one.message, new RegExp(`: b/model\\.onnx \\(${registry.url}\\S+\\) is missing`));
  const from = [mdl, await put("model.onnx"), await put("x/a/model.onnx")];
  await pull("en/voice", { ...options, models, from });
  assert.equal(await readFile(join(folder, "a/model.onnx"), "utf8"), "x/a/model.onnx");
  assert.equal(await readFile(join(folder, "b/model.onnx"), "utf8"), "model.onnx");
});

test("the rules for Chinese numbers are brought by hand, and said to be so when they cannot be fetched", async (t) => {
  const { cwd, registry, options, put } = await setUp(t);
  const mirrored = { ...options, githubMirror: registry.url };
  // The public address is not asked for: the proxy that leads there is not there.
  const proxy = process.env.HTTPS_PROXY;
  process.env.HTTPS_PROXY = "http://127.0.0.1:1";
  t.after(() => {
    if (proxy === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = proxy;
  });
  const error = await told(pull("itn-zh", mirrored));
  assert.equal(error.reason, "download_by_hand");
  assert.match(error.message, /\n {2}voxpool pull itn-zh --from itn_zh_number\.fst$/);
  const result = await pull("itn-zh", { ...options, from: [await put("itn_zh_number.fst", "rules")] });
  assert.equal(result.alreadyThere, false);
  assert.equal(await readFile(join(cwd, "state/assets/itn-zh-1/itn_zh_number.fst"), "utf8"), "rules");
  assert.equal(await reasonOf(pull("silero-vad", { ...options, from: [await put("x.tgz", "x")] })), "download_corrupt");
});

test("an address whose archive cannot be fetched says how to bring it, without what is secret in it", async (t) => {
  const { cwd, registry, options, put } = await setUp(t);
  const address = `${registry.url.replace("//", "//user:hidden@")}my voice.zip?sig=hidden`;
  const error = await told(pull(address, options));
  assert.equal(error.reason, "download_by_hand");
  assert.match(error.message, /\n {2}voxpool pull --as "my voice" --from "my voice\.zip"$|--from "?my%20voice/);
  assert.doesNotMatch(error.message, /hidden/);
  await pull(address, { ...options, from: [await put("my voice.zip", first)] });
  assert.deepEqual((await readdir(join(cwd, "model/my voice"))).toSorted(), ["am", "voxpool.json"]);
  assert.equal(registry.requests.length, 1);
});

test("a page of a hub that cannot be fetched names each place, and where the files go by hand", async (t) => {
  const { cwd, registry, options } = await setUp(t);
  const error = await told(pull(`${registry.url}own/voice`, options));
  assert.equal(error.reason, "download_page_by_hand");
  assert.match(error.message, /tree\/main: the server answered with status 404\nBy hand/);
  assert.ok(error.message.endsWith(`into:\n  ${join(cwd, "model/voice")}`), error.message);

  // Nobody is reached through this proxy, neither the hub nor its public mirror.
  const proxy = process.env.HTTPS_PROXY;
  process.env.HTTPS_PROXY = "http://127.0.0.1:1";
  t.after(() => {
    if (proxy === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = proxy;
  });
  const { hfEndpoint: _, ...publicly } = options;
  const away = await told(pull("https://huggingface.co/own/voice", publicly));
  const places = away.message.split("\n").filter((line) => line.startsWith("  https://"));
  assert.deepEqual(
    places.map((line) => URL.parse(line.trim().split(": ")[0] ?? "")?.host),
    ["huggingface.co", "hf-mirror.com"],
  );
});

test("what is no file that can be read is said to be so", async (t) => {
  const { cwd, options } = await setUp(t);
  const cases: [path: string, told: RegExp, zh: RegExp][] = [
    [join(cwd, "none.zip"), /there is no file at/, /没有文件/],
    [cwd, /is a folder; give the file/, /是文件夹/],
  ];
  if (process.platform !== "win32") {
    const pipe = join(cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    cases.push([pipe, /is a pipe or a device/, /是管道或设备/], ["/dev/null", /is a pipe or a device/, /是管道或设备/]);
  }
  if (existsSync("/proc/self/mem")) cases.push(["/proc/self/mem", /cannot be read \(EIO\)/, /无法读取（EIO）/]);
  for (const [path, expected, chinese] of cases) {
    const error = await told(pull("", { ...options, as: "mine", from: [path] }));
    assert.equal(error.reason, "config_invalid", path);
    assert.match(error.message, expected);
    assert.match(error.messageIn("zh"), chinese);
  }
  await mkdir(join(cwd, "model"), { recursive: true });
});

test("addresses of other kinds are refused with what can be used instead", async (t) => {
  const { options } = await setUp(t);
  for (const address of ["ftp://user:hidden@host/a.zip", "s3://bucket/a.zip", "FTP://host/a"]) {
    const error = await told(pull(address, options));
    assert.equal(error.reason, "pull_target_invalid");
    assert.match(error.message, /cannot be pulled: only http:\/\/ and https:\/\/ are fetched\.$/);
    assert.doesNotMatch(error.message, /hidden/);
  }
  assert.match((await told(pull("file:///tmp/a.zip", options))).message, /--from FILE/);
});
