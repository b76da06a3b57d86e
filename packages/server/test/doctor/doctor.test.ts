import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { testModel } from "../../../../test/fixtures/downloads.ts";
import { configFrom } from "../../dist/base/config.js";
import { certificateProbe } from "../../dist/doctor/certificate.js";
import { examine, type Finding, type Probe } from "../../dist/doctor/doctor.js";
import { hasListener, mayListen, portOwner } from "../../dist/doctor/port-tables.js";
import { memoryFindings } from "../../dist/doctor/system.js";
import { scratchDirectory } from "../base/scratch.ts";
import { closedUrl, run, start, startWireServer, untilSaid } from "../cli/support.ts";
import { pairIn, writePair } from "../server/certificates.ts";

interface Report {
  readonly code: number | null;
  readonly success: boolean;
  /** `LEVEL: TEXT` of the findings of a probe. */
  readonly of: (name: string) => readonly string[];
  readonly findings: readonly { name: string; level: string; text: string; advice?: string }[];
}

/** No network, port of one's own. */
async function offline(): Promise<Record<string, string>> {
  const nowhere = await closedUrl();
  const kinds = ["NPM_REGISTRY", "PYPI_INDEX", "HF_ENDPOINT", "MODELSCOPE_ENDPOINT", "GITHUB_MIRROR"];
  const downloads = Object.fromEntries(kinds.map((kind) => [`VOXPOOL_DOWNLOAD_${kind}`, nowhere]));
  return { ...downloads, VOXPOOL_PORT: "0", VOXPOOL_STATE_DIR: "state" };
}

async function examined(
  t: TestContext,
  cwd: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Report> {
  const { code, stdout } = await run(t, ["doctor", "--json", ...args], { cwd, env });
  const { success, findings } = JSON.parse(stdout) as Pick<Report, "success" | "findings">;
  const of = (name: string) =>
    findings.filter((one) => one.name === name).map(({ level, text }) => `${level}: ${text}`);
  return { code, success, findings, of };
}

suite("doctor", () => {
  test("in an empty place nothing is fetched and nothing is written; no model and no way to one is the problem", async (t) => {
    const cwd = scratchDirectory(t);
    const report = await examined(t, cwd, await offline());
    const problems = report.findings.filter(({ level }) => level === "problem");
    assert.deepEqual(
      problems.map(({ name }) => name),
      ["network"],
    );
    assert.match(problems[0]?.text ?? "", /^there is no model on disk, and nothing to fetch one from answers: npm \(/);
    assert.match(problems[0]?.advice ?? "", /voxpool pull NAME --from FILE/);
    assert.deepEqual([report.code, report.success], [1, false]);
    assert.match(report.of("node")[0] ?? "", /^ok: v\d+\.\d+\.\d+, \w+ \w+$/);
    assert.match(report.of("sherpa")[0] ?? "", /^ok: loads/);
    assert.match(report.of("default_model")[0] ?? "", /^note: model\/en\/tiny is not there; voxpool serve fetches it/);
    assert.deepEqual(readdirSync(cwd), []);
  });

  test("for people it is a line each under its mark, in their language, and what to do below", async (t) => {
    const cwd = scratchDirectory(t);
    const env = await offline();
    const english = await run(t, ["doctor"], { cwd, env });
    assert.match(english.stdout, /^ok {7}Node and configuration: v/);
    assert.match(english.stdout, /\nnote {5}models: no model on disk\n {9}-> fetch one: npx voxpool pull en\/tiny\n/);
    assert.match(english.stdout, /\n\nProblems: 1\.\n$/);
    const chinese = await run(t, ["doctor"], { cwd, env: { ...env, LANG: "zh_CN.UTF-8" } });
    assert.match(chinese.stdout, /\n提示 {5}模型：磁盘上没有模型\n/);
    assert.match(chinese.stdout, /\n\n发现 1 个问题。\n$/);
  });

  test("models are looked at one by one; a broken one is a problem with its reason, and the default one decodes", async (t) => {
    const cwd = scratchDirectory(t);
    const folder = (name: string) => {
      mkdirSync(join(cwd, "model", name), { recursive: true });
      return join(cwd, "model", name);
    };
    writeFileSync(join(folder("fake"), "fake.json"), JSON.stringify({ text: "hello world" }));
    writeFileSync(join(folder("broken"), "model.onnx"), "no model");
    writeFileSync(join(folder("broken"), "tokens.txt"), "<blk> 0\n");
    const env = { ...(await offline()), VOXPOOL_ENGINE_FAKE: "1", VOXPOOL_DEFAULT_MODEL: "fake" };
    const report = await examined(t, cwd, env);
    assert.deepEqual([report.code, report.success], [1, false]);
    const [broken, fake] = report.of("models");
    assert.match(broken ?? "", /^problem: model\/broken: /);
    assert.match(fake ?? "", /^ok: model\/fake: fake/);
    assert.match(report.of("default_model")[0] ?? "", /^ok: model\/fake: loaded in .* heard "hello world"$/);
    const gone = await examined(t, cwd, { ...env, VOXPOOL_DEFAULT_MODEL: "gone" });
    assert.match(gone.of("default_model")[0] ?? "", /^problem: default_model is gone, and that is not there$/);
  });

  test("a default model that dies is a problem, and the doctor lives", async (t) => {
    const cwd = scratchDirectory(t);
    mkdirSync(join(cwd, "model", "fake"), { recursive: true });
    writeFileSync(join(cwd, "model", "fake", "fake.json"), JSON.stringify({ text: "x", decode: "abort" }));
    const env = { ...(await offline()), VOXPOOL_ENGINE_FAKE: "1", VOXPOOL_DEFAULT_MODEL: "fake" };
    const report = await examined(t, cwd, env);
    assert.equal(report.code, 1);
    assert.match(
      report.of("default_model")[0] ?? "",
      /^problem: model\/fake: This audio ended the process of model\/fake twice .*SIGABRT/,
    );
    const chinese = await examined(t, cwd, { ...env, LANG: "zh_CN.UTF-8" });
    assert.match(
      chinese.of("default_model")[0] ?? "",
      /^problem: model\/fake: 该音频已两次使模型 model\/fake 的进程退出/,
    );
  });

  test("the real default model hears the recording", async (t) => {
    const model = await testModel("en/tiny");
    if ("skip" in model) return t.skip(model.skip);
    const vad = await testModel("silero-vad");
    if ("skip" in vad) return t.skip(vad.skip);
    const env = { ...(await offline()), VOXPOOL_MODEL_DIR: model.modelDir, VOXPOOL_STATE_DIR: model.stateDir };
    // What is there already needs no network.
    const { findings } = await examined(t, scratchDirectory(t), env, "--fetch");
    const found = findings.find(({ name }) => name === "default_model");
    assert.equal(found?.level, "ok", found?.text);
    assert.match(found.text, /11 s of speech in .* heard ".*fellow Americans.*country/i);
  });

  test("a port that is taken names who has it; a voxpool server there is no problem", async (t) => {
    const cwd = scratchDirectory(t);
    const other = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(other, "listening");
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const env = { ...(await offline()), VOXPOOL_HOST: "127.0.0.1" };
    const taken = await examined(t, cwd, { ...env, VOXPOOL_PORT: String(port) });
    const who = process.platform === "linux" ? new RegExp(` \\(${process.pid}\\)$`) : /another program$/;
    assert.match(taken.of("port")[0] ?? "", /^problem: port \d+ is taken by /);
    assert.match(taken.of("port")[0] ?? "", who);
    assert.equal(taken.code, 1);
    const health = { success: true, status: "running", loaded_models_count: 0, version: "9.9.9" };
    const { url } = await startWireServer(t, { "GET /health": health });
    const ours = await examined(t, cwd, { ...env, VOXPOOL_PORT: new URL(url).port });
    assert.match(ours.of("port")[0] ?? "", /^ok: a voxpool server \(9\.9\.9\) answers on port/);
    const nowhere = await examined(t, cwd, { ...env, VOXPOOL_HOST: "192.0.2.1" });
    assert.match(nowhere.of("port")[0] ?? "", /^problem: cannot listen on 192\.0\.2\.1 port 0: /);
  });

  test("a state directory that a server uses is told with its process; one that cannot be is a problem", async (t) => {
    const cwd = scratchDirectory(t);
    mkdirSync(join(cwd, "model", "fake"), { recursive: true });
    writeFileSync(join(cwd, "model", "fake", "fake.json"), JSON.stringify({ text: "words" }));
    const env = {
      ...(await offline()),
      VOXPOOL_ENGINE_FAKE: "1",
      VOXPOOL_DEFAULT_MODEL: "fake",
      VOXPOOL_HOST: "127.0.0.1",
    };
    const server = start(t, ["serve", "--json"], { cwd, env });
    await untilSaid(server, "stdout", /\n/);
    const used = await examined(t, cwd, env);
    assert.match(
      used.of("state_dir")[0] ?? "",
      new RegExp(`^ok: state, used by the server of process ${server.child.pid} \\(`),
    );
    assert.match(used.of("default_model")[0] ?? "", /^ok: model\/fake: /);
    server.child.kill("SIGINT");
    await server.done;
    assert.match((await examined(t, cwd, env)).of("state_dir")[0] ?? "", /^ok: state, no server uses it$/);
    writeFileSync(join(cwd, "file"), "");
    const bad = await examined(t, cwd, { ...env, VOXPOOL_STATE_DIR: join("file", "state") });
    assert.match(bad.of("state_dir")[0] ?? "", /^problem: .*file cannot be written$/);
    assert.equal(bad.code, 1);
  });

  test("a state directory that no server uses is left as it is: a server can start meanwhile", async (t) => {
    const cwd = scratchDirectory(t);
    mkdirSync(join(cwd, "state"));
    writeFileSync(join(cwd, "state", "server.json"), JSON.stringify({ pid: 2 ** 30, url: "http://127.0.0.1:1" }));
    const report = await examined(t, cwd, await offline());
    assert.deepEqual(report.of("state_dir"), ["ok: state, no server uses it"]);
    assert.deepEqual(readdirSync(join(cwd, "state")), ["server.json"]);
  });

  test("any source that answers will do, and those that do not are named", async (t) => {
    const { url, received } = await startWireServer(t, {});
    const env = { ...(await offline()), VOXPOOL_DOWNLOAD_PYPI_INDEX: url.replace("//", "//me:secret@") };
    const report = await examined(t, scratchDirectory(t), env);
    assert.deepEqual([report.code, received.map(({ call }) => call)], [0, ["GET /vosk/"]]);
    assert.match(report.of("network")[0] ?? "", /^ok: PyPI \(http:\/\/127\.0\.0\.1:\d+\/api\/vosk\/\)$/);
    assert.match(report.of("network")[1] ?? "", /^note: no answer from npm .*Hugging Face .*ModelScope .*GitHub/);
  });

  test("the server that VOXPOOL_URL names is asked how it is", async (t) => {
    const health = { success: true, status: "running", loaded_models_count: 2, version: "9.9.9" };
    const { url } = await startWireServer(t, { "GET /health": health });
    const base = await offline();
    const cwd = scratchDirectory(t);
    const good = await examined(t, cwd, { ...base, VOXPOOL_URL: url.replace("//", "//me:secret@") });
    assert.deepEqual(good.of("service"), [`ok: ${url} is healthy: voxpool 9.9.9, 2 models loaded`]);
    const away = await examined(t, cwd, { ...base, VOXPOOL_URL: await closedUrl() });
    assert.match(away.of("service")[0] ?? "", /^problem: http:\S+ is not healthy: No voxpool server answers/);
    const odd = await examined(t, cwd, { ...base, VOXPOOL_URL: "nonsense" });
    assert.deepEqual(odd.of("service"), ["problem: it is no URL of a server"]);
    assert.deepEqual((await examined(t, cwd, base)).of("service"), []);
  });

  test("a certificate is looked at where one is configured", async (t) => {
    const pair = pairIn(scratchDirectory(t));
    const config = configFrom({ "tls.cert": pair.cert, "tls.key": pair.key }, "test");
    const look = (of = config) => certificateProbe.run({ config: of, stateDir: "", env: {}, language: "en" }, t.signal);
    await assert.rejects(look(), /cert\.pem: there is no such file/);
    for (const [days, agoDays, level, says] of [
      [100, 0, "ok", /^valid until \d{4}-\d\d-\d\d$/],
      [5, 0, "note", /^it expires on/],
      [1, 3, "problem", /^it expired on/],
    ] as const) {
      writePair(pair, { days, agoDays });
      const [finding] = await look();
      assert.equal(finding?.level, level);
      assert.match(finding.text.en, says);
    }
    assert.deepEqual(await look(configFrom({}, "test")), []);
  });

  test("a libvosk that is none is a problem; without ffmpeg and recorders there are notes", async (t) => {
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "libvosk.so"), "no library");
    mkdirSync(join(cwd, "bin"));
    const env = { ...(await offline()), VOXPOOL_VOSK_LIBRARY: "libvosk.so", PATH: join(cwd, "bin") };
    const report = await examined(t, cwd, env);
    assert.match(report.of("vosk")[0] ?? "", /^problem: cannot be loaded \(exit code 1\): .*libvosk\.so/);
    assert.deepEqual(
      report.of("tools").map((text) => text.split(":", 2).join(":")),
      ["note: no ffmpeg", "note: no arecord or sox"],
    );
  });

  test("the real libvosk loads", async (t) => {
    const library = await testModel("libvosk");
    if ("skip" in library) return t.skip(library.skip);
    const report = await examined(t, scratchDirectory(t), {
      ...(await offline()),
      VOXPOOL_STATE_DIR: library.stateDir,
    });
    assert.match(report.of("vosk")[0] ?? "", /^ok: loads: /);
  });

  const noScripts = process.platform === "win32" && "needs shell scripts";
  test("Ctrl-C ends it and what it has started", { skip: noScripts }, async (t) => {
    const cwd = scratchDirectory(t);
    const pidFile = join(cwd, "pid");
    mkdirSync(join(cwd, "bin"));
    const hangs = `#!/bin/sh\necho $$ > '${pidFile}'\nexec /usr/bin/tail -f /dev/null\n`;
    writeFileSync(join(cwd, "bin", "ffmpeg"), hangs, { mode: 0o755 });
    const env = { ...(await offline()), PATH: join(cwd, "bin") };
    const running = start(t, ["doctor"], { cwd, env });
    await untilSaid(running, "stdout", /default model/);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.done;
    assert.deepEqual([code, stderr], [130, ""]);
    const pid = Number(readFileSync(pidFile, "utf8"));
    while (isAlive(pid)) await turn();
  });

  test("a configuration that is not valid is exit code 2 before anything is looked at", async (t) => {
    const { code, stdout, stderr } = await run(t, ["doctor", "--port", "many"], { cwd: scratchDirectory(t) });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^voxpool: --port: port cannot be/);
  });

  test("--fetch fetches the default model that is configured, from the places that are configured", async (t) => {
    const env = await offline();
    for (const model of ["cn", "model/cn"]) {
      const { code, stderr } = await run(t, ["doctor", "--fetch", "--default-model", model], {
        cwd: scratchDirectory(t),
        env,
      });
      assert.equal(code, 1);
      assert.match(stderr, /^voxpool: cn could not be fetched:\n/);
      assert.ok(stderr.includes(env["VOXPOOL_DOWNLOAD_HF_ENDPOINT"] ?? "none"), stderr);
      assert.doesNotMatch(stderr, /huggingface\.co|hf-mirror/);
    }
  });

  test("what --fetch cannot fetch is said, with exit code 1", async (t) => {
    const { code, stderr } = await run(t, ["doctor", "--fetch"], { cwd: scratchDirectory(t), env: await offline() });
    assert.equal(code, 1);
    assert.match(stderr, /^voxpool: en\/tiny could not be fetched:\n.*nothing answers there/);
  });
});

suite("the doctor's probes", () => {
  const finding: Finding = { level: "ok", text: { en: "fine", zh: "好" } };
  const place = { config: configFrom({}, "test"), stateDir: "state", env: {}, language: "en" } as const;
  test("one that hangs or fails is a problem of its own, and the others go on in their order", async () => {
    let aborted = false;
    const hang = probe("hang", 0.05, (_place, signal) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return new Promise(() => undefined);
    });
    const fail = probe("fail", 60, async () => {
      throw new Error("went wrong");
    });
    const fine = probe("fine", 60, async () => [finding]);
    const seen = [];
    for await (const { probe: one, findings } of examine(place, new AbortController().signal, [hang, fail, fine])) {
      seen.push([one.name, findings[0]?.level, findings[0]?.text.en]);
    }
    assert.deepEqual(seen, [
      ["hang", "problem", "no answer within 0.05 s"],
      ["fail", "problem", "went wrong"],
      ["fine", "ok", "fine"],
    ]);
    assert.ok(aborted);
  });

  test("memory: what is free, within what limit, and whether that is enough", () => {
    const gb = 1e9;
    const rows: readonly (readonly [available: number, total: number, limit: number, level: string, text: RegExp])[] = [
      [8 * gb, 16 * gb, 0, "ok", /^8\.0 GB free of 16\.0 GB; 4 cores$/],
      [8 * gb, 16 * gb, 2 ** 63, "ok", /^8\.0 GB free of 16\.0 GB; /],
      [1.5 * gb, 16 * gb, 2 * gb, "note", /free of 2\.0 GB \(limit of this container or group\)/],
      [0.3 * gb, 16 * gb, 0.5 * gb, "problem", /^0\.3 GB free of 0\.5 GB \(limit/],
    ];
    for (const [available, total, limit, level, text] of rows) {
      const [found] = memoryFindings(available, total, limit, 4);
      assert.equal(found?.level, level);
      assert.match(found.text.en, text);
    }
  });

  test("who listens on a port is read from Linux's tables, which may hold anything", async (t) => {
    const proc = scratchDirectory(t);
    assert.equal(await portOwner(80, join(proc, "none")), undefined);
    mkdirSync(join(proc, "net"));
    writeFileSync(join(proc, "net", "tcp"), "nonsense\n\n 0: 0100007F:0050 00000000:0000 0A\n x x\u0000x");
    mkdirSync(join(proc, "12", "fd"), { recursive: true });
    assert.equal(await portOwner(80, proc), undefined);
    assert.deepEqual([await hasListener(80, proc), await mayListen(80, proc)], [false, true]);
    writeFileSync(join(proc, "net", "tcp6"), ` 0: ${"0".repeat(32)}:0050 ${"0".repeat(32)}:0000 0A 0 0 0 0 0 77\n`);
    assert.deepEqual([await hasListener(80, proc), await hasListener(81, proc)], [true, false]);
  });

  test("a low port needs a right that Linux says whether this process has", async (t) => {
    const proc = scratchDirectory(t);
    mkdirSync(join(proc, "sys/net/ipv4"), { recursive: true });
    mkdirSync(join(proc, "self"));
    writeFileSync(join(proc, "sys/net/ipv4/ip_unprivileged_port_start"), "1024\n");
    writeFileSync(join(proc, "self/status"), "Name:\tnode\nCapEff:\t0000000000000000\n");
    assert.deepEqual(
      [await mayListen(80, proc), await mayListen(1024, proc), await mayListen(0, proc)],
      [false, true, true],
    );
    writeFileSync(join(proc, "self/status"), "Name:\tnode\nCapEff:\t0000000000000400\n");
    assert.equal(await mayListen(80, proc), true);
  });
});

function probe(name: string, limitSeconds: number, work: Probe["run"]): Probe {
  return { name, title: { en: name, zh: name }, limitSeconds, run: work };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
