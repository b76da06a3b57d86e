import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { reachableUrls, type StartupReport, startupScreen } from "../../dist/cli/startup-screen.js";
import { scratchDirectory } from "../base/scratch.ts";
import { sendJson, startWireServer, transcript } from "./support.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const recording = fileURLToPath(new URL("../../assets/jfk.wav", import.meta.url));

const report: StartupReport = {
  version: "0.1.0",
  urls: ["http://127.0.0.1:5000/api", "http://192.168.1.7:5000/api"],
  modelDirs: ["model", "更多模型"],
  stateDir: "/var/lib/voxpool",
  defaultModel: {
    path: "model/en/tiny",
    heard: "And so my fellow Americans.",
    loadSeconds: 0.512,
    warmUpSeconds: 0.25,
  },
  authentication: false,
  recording: "packages/server/assets/jfk.wav",
};

suite("start-up screen", () => {
  test("it has the words that were heard, the URLs, the directories, that authentication is off, and commands", () => {
    const lines = startupScreen(report, "en").split("\n");
    assert.deepEqual(lines.slice(0, 13), [
      "",
      "voxpool 0.1.0",
      "",
      "Heard in a recording, to warm up:",
      '  "And so my fellow Americans."',
      "",
      "  URL              http://127.0.0.1:5000/api",
      "                   http://192.168.1.7:5000/api",
      "  Documentation    http://127.0.0.1:5000/docs",
      "  Model directory  model, 更多模型",
      "  Default model    model/en/tiny (loaded in 0.51 s, warmed up in 0.25 s)",
      "  State directory  /var/lib/voxpool",
      "  Authentication   OFF: whoever reaches this port can use the server (--host 127.0.0.1 keeps it on this machine)",
    ]);
    for (const start of ["  curl -s ", "  npx voxpool transcribe ", "  node ", "  python3 "]) {
      assert.equal(lines.filter((line) => line.startsWith(start)).length, 1, start);
    }
  });

  test("it is in Chinese for a Chinese user, aligned by what a terminal shows", () => {
    const lines = startupScreen(report, "zh").split("\n");
    assert.ok(lines.includes("预热时从录音中听到："));
    assert.ok(lines.includes("  地址      http://127.0.0.1:5000/api"));
    assert.ok(lines.includes("  身份验证  未启用：能访问此端口的人都可以使用（--host 127.0.0.1 可限制为仅本机）"));
  });

  test("where clients have to be given a certificate, each command is", () => {
    const urls = ["https://127.0.0.1:5000/api"];
    const text = startupScreen({ ...report, urls, caFile: "tls/my cert.pem" }, "en");
    for (const part of [
      `curl -s --cacert "tls/my cert.pem" --data-binary`,
      `--url https://127.0.0.1:5000/api --cacert "tls/my cert.pem"`,
      "tls.setDefaultCACertificates([readFileSync('tls/my cert.pem', 'utf8')]);",
      ", verify='tls/my cert.pem').json()",
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(text.includes("https://127.0.0.1:5000/docs"));
  });

  test("without a usable default model it offers nothing that needs one; without words it leaves them out", () => {
    const without = startupScreen({ ...report, defaultModel: undefined }, "en");
    assert.match(without, /Default model +none is usable; why, and what to do, is said above/);
    assert.match(without, /\n {2}npx voxpool search\n/);
    assert.doesNotMatch(without, /transcribe/);
    const silent = startupScreen(
      { ...report, defaultModel: { path: "model/cn", heard: "", loadSeconds: 1, warmUpSeconds: 1 } },
      "en",
    );
    assert.ok(!silent.includes("Heard"));
    assert.match(silent, /Default model +model\/cn /);
  });

  test("what a model heard cannot drive the terminal", () => {
    const heard = "\u001b[2Jgone";
    const screen = startupScreen(
      { ...report, defaultModel: { path: "m", heard, loadSeconds: 1, warmUpSeconds: 1 } },
      "en",
    );
    assert.ok(!screen.includes("\u001b"));
  });

  test("--url stands in the command to try only where it is needed", () => {
    assert.match(startupScreen(report, "en"), /transcribe packages\/server\/assets\/jfk\.wav\n/);
    const other = startupScreen({ ...report, urls: ["http://127.0.0.1:5001/api"] }, "en");
    assert.match(other, /jfk\.wav --url http:\/\/127\.0\.0\.1:5001\/api\n/);
  });

  test("a server for all addresses is reached on this machine and on its networks, one for a single address there", () => {
    const interfaces = {
      lo: [{ address: "127.0.0.1", family: "IPv4" as const, internal: true }],
      eth0: [
        { address: "192.168.1.7", family: "IPv4" as const, internal: false },
        { address: "fe80::1", family: "IPv6" as const, internal: false },
      ],
      gone: undefined,
    };
    assert.deepEqual(reachableUrls("0.0.0.0", 5000, interfaces), report.urls);
    assert.deepEqual(reachableUrls("::", 5000, interfaces), report.urls);
    assert.deepEqual(reachableUrls("192.168.1.7", 81, interfaces), ["http://192.168.1.7:81/api"]);
    assert.deepEqual(reachableUrls("::1", 5000, interfaces), ["http://[::1]:5000/api"]);
  });

  for (const program of ["curl", "node", "python3"]) {
    const missing = whyNot(program);
    test(`the command with ${program} works as it is printed, also for a path with spaces and quotes`, {
      skip: missing,
    }, async (t) => {
      const { url, received } = await startWireServer(t, {
        "POST /transcribe": ({ query }, answer) => {
          if (query.response_format === "text")
            answer.writeHead(200, { "content-type": "text/plain" }).end("the words\n");
          else sendJson(answer, 200, transcript("the words"));
        },
      });
      const copy = join(scratchDirectory(t), "it's a 录音.wav");
      copyFileSync(recording, copy);
      const lines = startupScreen({ ...report, urls: [url], recording: copy }, "en").split("\n");
      const line = lines.find((one) => one.startsWith(`  ${program} `)) ?? assert.fail(`no command with ${program}`);
      const child = spawn("sh", ["-c", line], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
      let stdout = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      assert.deepEqual(await once(child, "close"), [0, null]);
      assert.equal(stdout, "the words\n");
      assert.ok((received[0]?.body.length ?? 0) > 300_000);
    });
  }
});

function whyNot(program: string): string | false {
  if (process.platform === "win32") return "needs a POSIX shell";
  const probe = program === "python3" ? ["-c", "import requests"] : ["--version"];
  return spawnSync(program, probe).status === 0
    ? false
    : `needs ${program}${program === "python3" ? " with requests" : ""}`;
}
