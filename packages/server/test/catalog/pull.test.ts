import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { type PullEvent, type PullOptions, pull } from "../../dist/catalog/pull.js";
import {
  answer,
  type Behaviour,
  bigContent,
  cutAfter,
  knownFrom,
  publishPackage,
  startRegistry,
  tarOf,
} from "./registry.ts";
import { makeTree, reasonOf } from "./tree.ts";

const tarball = "/@scope/voice/-/voice-1.0.0.tgz";
const archive = tarOf([
  { path: "package/readme.md", content: "unwanted" },
  { path: "package/encoder_model.onnx", content: bigContent },
  { path: "package/other.onnx", content: "unwanted" },
]);

async function setUp(t: TestContext, ...behaviours: readonly Behaviour[]) {
  const cwd = await makeTree(t, { "model/": "" });
  const registry = await startRegistry(t);
  registry.behaviours.push(...behaviours);
  const models = [knownFrom(publishPackage(registry, archive))];
  const http = { stallMs: 400, retries: 2, backoffMs: 1 };
  const places = { modelDir: join(cwd, "model"), stateDir: join(cwd, "state") };
  const options: PullOptions = { ...places, models, npmRegistry: registry.url, http };
  return { cwd, registry, options, folder: join(cwd, "model/en/voice") };
}

async function assertWhole(folder: string): Promise<void> {
  assert.deepEqual((await readdir(folder)).toSorted(), ["encoder_model.onnx", "voxpool.json"]);
  assert.ok((await readFile(join(folder, "encoder_model.onnx"))).equals(bigContent));
}

test("a model is fetched, checked and put in place with its manifest; then no network is used", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const events: PullEvent[] = [];
  const result = await pull("en/voice", { ...options, onProgress: (event) => events.push(event) });
  assert.deepEqual(result, { name: "en/voice", directory: folder, alreadyThere: false });
  await assertWhole(folder);
  const manifest = JSON.parse(await readFile(join(folder, "voxpool.json"), "utf8"));
  assert.equal(manifest.name, "en/voice");
  assert.equal(manifest.engine, "sherpa-offline");
  assert.match(manifest.sources[0], /^npm:@scope\/voice@1\.0\.0 sha512:[0-9a-f]{128}$/);
  assert.deepEqual([...new Set(events.map(({ phase }) => phase))], ["connect", "download", "unpack", "done"]);
  const received = events.map(({ receivedBytes }) => receivedBytes);
  assert.deepEqual(
    received,
    received.toSorted((a, b) => a - b),
  );
  assert.equal(events.at(-1)?.receivedBytes, archive.length);
  assert.equal(events.at(-1)?.totalBytes, archive.length);
  assert.deepEqual(await readdir(join(cwd, "state/downloads")), []);
  assert.deepEqual(await readdir(join(cwd, "model")), ["en"]);
  assert.equal(
    (await createCatalog({ modelDirs: ["model"], workingDirectory: cwd }).resolve("en/voice")).id,
    "en/voice",
  );

  assert.equal((await pull("en/voice", options)).alreadyThere, true);
  assert.deepEqual(registry.requests, [tarball]);
});

test("a cut connection is taken up where it ended", async (t) => {
  const { registry, options, folder } = await setUp(t, cutAfter(300_000));
  await pull("en/voice", options);
  await assertWhole(folder);
  assert.equal(registry.requests.length, 2);
  assert.match(registry.requests[1] ?? "", /^\S+ bytes=[1-9]\d*-$/);
});

const wrongPiece: Behaviour = (_request, response, body) => {
  response.writeHead(206, { "content-range": `bytes 5-${body.length - 1}/${body.length}` }).end(body.subarray(5));
  return true;
};
const silent: Behaviour = () => true;
const stallsInTheMiddle: Behaviour = (_request, response, body) => {
  response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 1000));
  return true;
};
const saysTooLittle: Behaviour = (_request, response, body) => {
  response.writeHead(200, { "content-length": 1000 }).end(body.subarray(0, 1000));
  return true;
};
const saysTooMuch: Behaviour = (_request, response, body) => {
  response.writeHead(200, { "content-length": body.length + 1000 });
  response.write(body, () => response.socket?.destroy());
  return true;
};
const ignoresRange: Behaviour = (_request, response, body) => {
  response.writeHead(200, { "content-length": body.length }).end(body);
  return true;
};
const chunkedAndShort: Behaviour = (_request, response, body) => {
  response.writeHead(200).end(body.subarray(0, 500_000));
  return true;
};

test("servers that misbehave are outlasted", async (t) => {
  const cases: Record<string, readonly Behaviour[]> = {
    "errors for a while": [answer(500), answer(503, { "retry-after": "0.01" })],
    "too many requests": [answer(429, { "retry-after": "soon" })],
    "no answer": [silent],
    "silence in the middle": [stallsInTheMiddle],
    "a length that is too small": [saysTooLittle],
    "a length that is too large": [saysTooMuch],
    "another piece than was asked for": [cutAfter(1000), wrongPiece],
    "no ranges": [cutAfter(300_000), ignoresRange],
    "ranges refused": [cutAfter(300_000), answer(416)],
    "no length and a clean early end": [chunkedAndShort],
    "cut before the head": [(_request, response) => Boolean(response.socket?.destroy())],
    "always a little more": [100, 200, 300, 400, 500].map((k) => (request, response, body) => {
      const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
      const head = { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` };
      response.writeHead(request.headers.range ? 206 : 200, head);
      response.write(body.subarray(from, k * 1000), () => response.socket?.destroy());
      return true;
    }),
  };
  for (const [name, behaviours] of Object.entries(cases)) {
    await t.test(name, async (t2) => {
      const { options, folder } = await setUp(t2, ...behaviours);
      await pull("en/voice", options);
      await assertWhole(folder);
    });
  }
});

const endless: Behaviour = (_request, response) => {
  const more = () => void (response.destroyed || response.write(Buffer.alloc(65_536), more));
  response.writeHead(200);
  more();
  return true;
};
const redirect: Behaviour = answer(302, { location: tarball });
const corrupt: Behaviour = (_request, response, body) => {
  const wrong = Buffer.from(body);
  wrong[7000] = 255 - (wrong[7000] ?? 0);
  response.writeHead(200, { "content-length": wrong.length }).end(wrong);
  return true;
};

const drips: Behaviour = (request, response, body) => {
  const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
  const head = { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` };
  response.writeHead(request.headers.range ? 206 : 200, head);
  let at = from;
  const timer = setInterval(() => response.write(body.subarray(at, ++at)), 5);
  response.on("close", () => clearInterval(timer));
  return true;
};

test("a download that cannot succeed ends with a reason, and leaves no model", async (t) => {
  const cases: Record<string, readonly [string, readonly Behaviour[], RegExp]> = {
    "status 500 again and again": ["download_by_hand", Array(4).fill(answer(500)), /status 500/],
    "status 401": ["download_by_hand", [answer(401)], /status 401/],
    "a redirect in a circle": ["download_by_hand", Array(10).fill(redirect), /redirects/],
    "a redirect to another protocol": [
      "download_by_hand",
      [answer(302, { location: "file:///etc/passwd" })],
      /no HTTP/,
    ],
    "never silent, but hardly anything": ["download_by_hand", Array(3).fill(drips), /sends next to nothing/],
    "no end": ["download_by_hand", [endless], /more than \d+ bytes/],
    "other bytes": ["download_corrupt", [corrupt], /its sha512 is [0-9a-f]{128}, not [0-9a-f]{128}/],
    "always cut at the same place": ["download_by_hand", Array(4).fill(cutAfter(0)), /cut|ended after/],
  };
  for (const [name, [reason, behaviours, message]] of Object.entries(cases)) {
    await t.test(name, async (t2) => {
      const { cwd, options } = await setUp(t2, ...behaviours);
      await assert.rejects(pull("en/voice", options), (error: Error & { reason?: string }) => {
        assert.equal(error.reason, reason);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await readdir(join(cwd, "model")), []);
      if (reason === "download_corrupt") {
        assert.deepEqual(await readdir(join(cwd, "state/downloads")), [], "nothing is kept");
      }
      await pull("en/voice", options);
      await assertWhole(join(cwd, "model/en/voice"));
    });
  }
});

test("what an earlier attempt left is used, and thrown away if it is damaged", async (t) => {
  for (const [content, ranges] of [
    [archive.subarray(0, 400_000), 1],
    [Buffer.alloc(400_000, "x"), 1],
    [Buffer.concat([archive, archive]), 0],
    [archive, 0],
  ] as const) {
    const { cwd, registry, options, folder } = await setUp(t);
    await mkdir(join(cwd, "state/downloads"), { recursive: true });
    await writeFile(join(cwd, "state/downloads/npm-scope-voice-1.0.0.part"), content);
    await pull("en/voice", options);
    await assertWhole(folder);
    assert.equal(registry.requests.filter((line) => line.includes("bytes=")).length, ranges);
    assert.equal(registry.requests.length, content === archive ? 0 : content[0] === 0x78 ? 2 : 1);
  }
});

test("the registry's own word is taken when the tarball lies elsewhere", async (t) => {
  const { registry, options, folder } = await setUp(t);
  registry.files.set("/elsewhere/a.tgz", archive);
  registry.files.delete(tarball);
  const metadata = { dist: { tarball: `${registry.url}elsewhere/a.tgz` } };
  registry.files.set("/@scope/voice/1.0.0", Buffer.from(JSON.stringify(metadata)));
  await pull("en/voice", options);
  await assertWhole(folder);
  assert.deepEqual(registry.requests, [tarball, "/@scope/voice/1.0.0", "/elsewhere/a.tgz"]);
});

test("a registry that has no such package is a failure with its address", async (t) => {
  const { registry, options } = await setUp(t);
  registry.files.clear();
  await assert.rejects(
    pull("en/voice", options),
    /could not be fetched:\n {2}http:\/\/127\.0\.0\.1:\d+\/@scope%2fvoice.*404/,
  );
});

test("a server that is not there is a failure that says so", async (t) => {
  const { options } = await setUp(t);
  const nobody = createServer().listen(0, "127.0.0.1");
  await once(nobody, "listening");
  const { port } = nobody.address() as AddressInfo;
  nobody.close();
  await once(nobody, "close");
  const npmRegistry = `http://127.0.0.1:${port}/`;
  await assert.rejects(
    pull("en/voice", { ...options, npmRegistry }),
    /could not be fetched:\n.*: nothing answers there\n/,
  );
});

test("credentials in the registry's address go to that host alone, and into no message", async (t) => {
  const { registry, options } = await setUp(t);
  const other = await startRegistry(t);
  other.files.set("/moved.tgz", archive);
  registry.behaviours.push(answer(302, { location: `${other.url}moved.tgz?token=secret` }));
  const npmRegistry = registry.url.replace("http://", "http://anna:pass%40word@");
  await pull("en/voice", { ...options, npmRegistry });
  assert.equal(registry.headers[0]?.authorization, `Basic ${Buffer.from("anna:pass@word").toString("base64")}`);
  assert.equal(other.headers[0]?.authorization, undefined);

  registry.files.clear();
  const elsewhere = { ...options, npmRegistry, modelDir: join(options.stateDir, "other") };
  await assert.rejects(pull("en/voice", elsewhere), (error: Error) => {
    assert.doesNotMatch(error.message, /anna|pass/);
    return true;
  });
});

test("sources are tried in their order", async (t) => {
  const { registry, options, folder } = await setUp(t);
  const [known] = options.models ?? [];
  const source = known?.parts[0]?.[0];
  assert.ok(known && source?.kind === "npm");
  const models = [{ ...known, parts: [[{ ...source, package: "absent" }, source]] as const }];
  await pull("en/voice", { ...options, models });
  await assertWhole(folder);
  assert.deepEqual(registry.requests, ["/absent/-/absent-1.0.0.tgz", "/absent/1.0.0", tarball]);
});

test("an aborted pull ends with the signal's reason, and the next one goes on from there", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  const controller = new AbortController();
  const reason = new Error("enough");
  const onProgress = ({ receivedBytes }: PullEvent) => {
    if (receivedBytes > 0) {
      controller.abort(reason);
    }
  };
  registry.behaviours.push((_request, response, body) => {
    response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 300_000));
    return true;
  });
  await assert.rejects(pull("en/voice", { ...options, signal: controller.signal, onProgress }), reason);
  assert.deepEqual(await readdir(join(cwd, "model")), []);
  await pull("en/voice", options);
  await assertWhole(folder);
  assert.match(registry.requests[1] ?? "", /bytes=/);
});

test("a full disk is said", { skip: process.platform !== "linux" && "needs /dev/full" }, async (t) => {
  const { cwd, options } = await setUp(t);
  await mkdir(join(cwd, "state/downloads"), { recursive: true });
  await symlink("/dev/full", join(cwd, "state/downloads/npm-scope-voice-1.0.0.part"));
  assert.equal(await reasonOf(pull("en/voice", options)), "disk_full");
  assert.deepEqual(await readdir(join(cwd, "model")), []);
});

test("other files in the way are left alone and said; an empty folder is filled", async (t) => {
  const { cwd, registry, options, folder } = await setUp(t);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "notes.txt"), "mine");
  await assert.rejects(pull("en/voice", options), /in the way/);
  assert.deepEqual(registry.requests, []);
  assert.deepEqual(await readdir(folder), ["notes.txt"]);

  const fileInTheWay = { ...options, modelDir: join(cwd, "model-2") };
  await mkdir(join(cwd, "model-2"));
  await writeFile(join(cwd, "model-2/en"), "a file");
  assert.equal(await reasonOf(pull("en/voice", fileInTheWay)), "model_files_invalid");

  const empty = { ...options, modelDir: join(cwd, "model-3") };
  await mkdir(join(cwd, "model-3/en/voice"), { recursive: true });
  await pull("en/voice", empty);
  await assertWhole(join(cwd, "model-3/en/voice"));
});

test("a model that is already there by hand is not fetched again", async (t) => {
  const { registry, options, folder } = await setUp(t);
  await mkdir(join(folder, "vosk-model/am"), { recursive: true });
  await writeFile(join(folder, "vosk-model/am/final.mdl"), "");
  assert.equal((await pull("en/voice", options)).alreadyThere, true);
  assert.deepEqual(registry.requests, []);
});

test("a name that is not known is answered with those that are", async (t) => {
  const { options } = await setUp(t);
  for (const name of ["xx", "../en/voice", "", "__proto__", "EN/VOICE"]) {
    await assert.rejects(
      pull(name, options),
      /not in the catalogue\.( Did you mean en\/voice\?)? It has en\/voice, silero-vad, libvosk, itn-zh/,
    );
  }
});

test("an empty folder that was made beforehand is filled; one with files of somebody's is left alone", async (t) => {
  const { options, folder } = await setUp(t);
  await mkdir(join(folder, "unpack here"), { recursive: true });
  await writeFile(join(folder, ".DS_Store"), "");
  await pull("en/voice", options);
  await assertWhole(folder);

  const other = await setUp(t);
  await mkdir(join(other.folder, ".git"), { recursive: true });
  await writeFile(join(other.folder, ".git/config"), "mine");
  await assert.rejects(pull("en/voice", other.options), /other files are in the way/);
  assert.equal(await readFile(join(other.folder, ".git/config"), "utf8"), "mine");
});
