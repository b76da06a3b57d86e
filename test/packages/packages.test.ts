import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { installed, recording, startTalk, words } from "../examples/service.ts";
import { readImage } from "./as-deployed.ts";
import { installPacked, packInto, root, runIn } from "./packed.ts";

const folder = mkdtempSync(join(tmpdir(), "voxpool-packed-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const packed = await packInto(folder);
const installation = await installPacked(packed);
const empty = typeof installation === "string" ? installation : "";
after(() => (empty === "" ? undefined : rmSync(empty, { recursive: true, force: true })));
const skip = typeof installation === "object" && installation.skip;
const model = await installed();
const noModel = skip || ("skip" in model && model.skip);

for (const { name, files, sizeBytes, tarball } of packed) {
  test(`${name}: the tarball holds what runs, its licence, and nothing else`, () => {
    const expected = /^(package\.json|README\.md|LICENSE|bin\/.+|assets\/.+|dist\/.+\.(js|d\.ts))$/;
    assert.deepEqual(
      files.filter((file) => !expected.test(file)),
      [],
    );
    for (const file of ["README.md", "LICENSE"]) assert.ok(files.includes(file), file);
    const directory = join(root, "packages", name === "voxpool" ? "server" : "client");
    assert.equal(readFileSync(join(directory, "LICENSE"), "utf8"), readFileSync(join(root, "LICENSE"), "utf8"));
    const limitBytes = name === "voxpool" ? 1_200_000 : 100_000;
    assert.ok(sizeBytes < limitBytes, `${sizeBytes} bytes`);
  });

  test(`${name}: publint finds nothing`, async () => {
    const bytes = readFileSync(tarball);
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages } = await publint({ pack: { tarball: data } });
    assert.deepEqual(messages, []);
  });

  test(`${name}: its types fit what is loaded, under every resolution that knows exports`, async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
    assert.ok(result.types !== false);
    const problems = result.problems.filter((problem) => {
      // Both packages are ES modules, which Node can require; TypeScript's oldest resolution knows no subpaths.
      if (problem.kind === "CJSResolvesToESM") return false;
      return !(problem.kind === "NoResolution" && problem.resolutionKind === "node10" && problem.entrypoint !== ".");
    });
    assert.deepEqual(problems, []);
  });
}

const uses = `
const { ModelAPIClient } = client;
const { createLocalTransport } = local;
const { startServer } = server;
const { catalogue } = errors;
console.log([ModelAPIClient, createLocalTransport, startServer, catalogue.no_model].map((one) => typeof one).join());
`;

test("both packages can be imported, and required by CommonJS", { skip }, async () => {
  const names = { client: "@voxpool/client", local: "voxpool/local", server: "voxpool" };
  const all = Object.entries({ ...names, errors: "@voxpool/client/contract/catalogue" });
  const imports = all.map(([as, name]) => `import * as ${as} from "${name}";`).join("\n");
  const requires = all.map(([as, name]) => `const ${as} = require("${name}");`).join("\n");
  writeFileSync(join(empty, "imports.mjs"), imports + uses);
  writeFileSync(join(empty, "requires.cjs"), requires + uses);
  for (const file of ["imports.mjs", "requires.cjs"]) {
    const { stdout, stderr } = await runIn(empty, "node", [file]);
    assert.deepEqual([stdout.trim(), stderr], ["function,function,function,object", ""], file);
  }
});

const typed = (importing: string): string => `${importing}
const client = new ModelAPIClient("http://127.0.0.1:5000/api", {
  fallback: { open: async () => (await import("voxpool/local")).createLocalTransport({ modelDir: "model" }) },
});
export async function words(recording: Blob): Promise<string> {
  const result = await client.transcribe(recording, { onEvent: (event) => event.type });
  if (!result.success) return \`\${result.reason}: \${result.error_message}\`;
  const by: "service" | "fallback" | undefined = result.answered_by;
  // @ts-expect-error a transcript has no such field, so the types are really there
  result.nothing;
  return result.text + result.segments.map(({ start, text }) => start.toFixed(1) + text).join() + by;
}
`;

for (const [module, moduleResolution, file] of [
  ["nodenext", "nodenext", "words.mts"],
  ["nodenext", "nodenext", "words.cts"],
  ["esnext", "bundler", "words.ts"],
] as const) {
  test(`the types resolve in a project with ${moduleResolution}, in ${file}`, { skip }, async () => {
    const project = join(empty, `project-${moduleResolution}-${file.split(".").pop()}`);
    mkdirSync(project);
    writeFileSync(join(project, file), typed('import { ModelAPIClient } from "@voxpool/client";'));
    const compilerOptions = {
      module,
      moduleResolution,
      target: "es2022",
      lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const outcome = await runIn(project, "node", [tsc, "-p", "."]).catch((error: { stdout: string }) => error);
    assert.equal(outcome.stdout, "");
  });
}

test("npx voxpool serves from the empty folder, and the packed SDK and command line get words", {
  skip: noModel,
}, async (t) => {
  assert.ok("modelDir" in model);
  const flags = ["--port", "0", "--host", "127.0.0.1", "--default-model", "en/tiny", "--log-level", "error"];
  const places = ["--model-dir", model.modelDir, "--state-dir", model.newStateDir(t)];
  const bin = join(empty, "node_modules/voxpool/bin/voxpool.js");
  const { stdout: version } = await runIn(empty, "npx", ["--no-install", "voxpool", "--version"]);
  assert.match(version, /^0\.\d+\.\d+\n$/);
  // By its file, so that the process which is ended is the server itself.
  const server = startTalk(t, process.execPath, [bin, "serve", "--json", ...flags, ...places], {});
  const { url } = JSON.parse(await server.until(/^\{/)) as { url: string };
  const cli = await runIn(empty, "npx", ["--no-install", "voxpool", "transcribe", "--url", url, recording]);
  assert.match(cli.stdout, words);
  const script = `
    import { ModelAPIClient } from "@voxpool/client";
    const result = await new ModelAPIClient(${JSON.stringify(url)}).transcribe(${JSON.stringify(recording)});
    console.log(result.text ?? result.message);
  `;
  writeFileSync(join(empty, "words.mjs"), script);
  assert.match((await runIn(empty, "node", ["words.mjs"])).stdout, words);
});

test("voxpool/local of the packed server recognises without a server, from CommonJS too", {
  skip: noModel,
}, async (t) => {
  assert.ok("modelDir" in model);
  const options = JSON.stringify({ modelDir: model.modelDir, stateDir: model.newStateDir(t), defaultModel: "en/tiny" });
  const script = `
    const { ModelAPIClient } = require("@voxpool/client");
    const fallback = () => require("voxpool/local").createLocalTransport(${options});
    const client = new ModelAPIClient("http://127.0.0.1:1023/api", { fallback });
    client.transcribe(${JSON.stringify(recording)}).then(async (result) => {
      console.log(result.answered_by, result.text ?? result.message);
      await client.close();
    });
  `;
  writeFileSync(join(empty, "alone.cjs"), script);
  const { stdout } = await runIn(empty, "node", ["alone.cjs"]);
  assert.match(stdout, /^fallback /);
  assert.match(stdout, words);
});

const noUsers = skip || (process.getuid?.() === 0 ? false : "needs to be root, to be somebody else");
test("the installed package runs as the Dockerfile says: as another user, who may write the state alone", {
  skip: noUsers,
}, async (t) => {
  const { entrypoint, command, healthCheck, env, user } = readImage();
  const place = mkdtempSync(join(tmpdir(), "voxpool-image-"));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  mkdirSync(join(place, "models/fake"), { recursive: true });
  writeFileSync(join(place, "models/fake/fake.json"), JSON.stringify({ text: "hello world" }));
  mkdirSync(join(place, "state"), { mode: 0o700 });
  chownSync(join(place, "state"), user, user);
  for (const folderOfOthers of [place, empty]) chmodSync(folderOfOthers, 0o755);
  const ours: Readonly<Record<string, string>> = { VOXPOOL_MODEL_DIR: "models", VOXPOOL_STATE_DIR: "state" };
  const settings = Object.entries(env).map(([name, value]) => [
    name,
    name in ours ? join(place, ours[name] ?? "") : value,
  ]);
  const forTest = { VOXPOOL_ENGINE_FAKE: "true", VOXPOOL_DEFAULT_MODEL: "fake", VOXPOOL_PORT: "0", TMPDIR: "/nowhere" };
  const [, bin = ""] = entrypoint;
  const program = bin.replace("/opt/voxpool", empty);
  const server = spawn(process.execPath, [program, ...command, "--json"], {
    cwd: join(place, "state"),
    env: { ...Object.fromEntries(settings), ...forTest } as NodeJS.ProcessEnv,
    uid: user,
    gid: user,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => server.kill("SIGKILL"));
  const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
  const report = JSON.parse(line) as { url: string; default_model?: { heard: string } };
  assert.equal(report.default_model?.heard, "hello world");

  const check = () => spawnSync(process.execPath, healthCheck.slice(1), { env: Object.fromEntries(settings) }).status;
  assert.equal(check(), 0);
  const backup = await fetch(`${report.url}/backup`, { method: "POST" });
  assert.equal(backup.status, 200);
  await backup.arrayBuffer();
  server.kill("SIGTERM");
  assert.deepEqual(await once(server, "exit"), [0, null]);
  assert.equal(check(), 1);
});
