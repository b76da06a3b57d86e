import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { closedUrl, run, start } from "./support.ts";

function place(t: TestContext): { cwd: string; args: (name: string, registry: string) => string[] } {
  const cwd = scratchDirectory(t);
  return {
    cwd,
    args: (name, registry) => ["pull", name, "--state-dir", join(cwd, "state"), "--download-npm-registry", registry],
  };
}

suite("pull", () => {
  test("without a name it lists what can be fetched", async (t) => {
    const { code, stdout } = await run(t, ["pull"]);
    assert.equal(code, 0);
    assert.equal(stdout.split("\n")[0], "en/tiny");
    const json = await run(t, ["pull", "--json"]);
    const { names } = JSON.parse(json.stdout) as { names: string[] };
    assert.equal(`${names.join("\n")}\n`, stdout);
  });

  test("an unknown name is exit code 1 and names the known ones; --json prints the reason, too", async (t) => {
    const { cwd, args } = place(t);
    const { code, stdout, stderr } = await run(t, args("nothing", "http://127.0.0.1:1"), { cwd });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^voxpool: nothing is not in the catalogue\. It has en\/tiny/);
    const json = await run(t, [...args("nothing", "http://127.0.0.1:1"), "--json"], {
      cwd,
      env: { LANG: "zh_CN.UTF-8" },
    });
    assert.equal(json.code, 1);
    assert.partialDeepStrictEqual(JSON.parse(json.stdout), {
      success: false,
      reason: "download_unknown",
      retryable: false,
    });
    assert.match(json.stderr, /^voxpool: 目录中没有 nothing。现有 en\/tiny/);
  });

  test("a misspelled name is told what it may mean, in the reader's language", async (t) => {
    const { cwd, args } = place(t);
    const { code, stderr } = await run(t, args("en/tinny", "http://127.0.0.1:1"), { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /^voxpool: en\/tinny is not in the catalogue\. Did you mean en\/tiny\? It has en\/tiny, /);
    const zh = await run(t, args("en/tinny", "http://127.0.0.1:1"), { cwd, env: { LANG: "zh_CN.UTF-8" } });
    assert.match(zh.stderr, /^voxpool: 目录中没有 en\/tinny。是否想用 en\/tiny？现有 en\/tiny, /);
  });

  test("a registry that is not there is told with what to do, the command on a line of its own", async (t) => {
    const { cwd, args } = place(t);
    const registry = new URL(await closedUrl()).origin;
    const { code, stdout, stderr } = await run(t, args("en/tiny", registry), { cwd });
    assert.deepEqual([code, stdout], [1, ""]);
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines[0], "voxpool: en/tiny could not be fetched:");
    assert.match(lines[1] ?? "", new RegExp(`^  ${registry}/\\S+: nothing answers there$`));
    assert.match(
      lines.at(-1) ?? "",
      /^ {2}npx voxpool pull en\/tiny --from moonshine-js-\S+\.tgz --from llama-\S+\.tgz$/,
    );
    const zh = await run(t, args("en/tiny", registry), { cwd, env: { LANG: "zh_CN.UTF-8" } });
    assert.match(zh.stderr, /^voxpool: 无法下载 en\/tiny：\n {2}\S+：该处没有响应\n手动方式：/);
  });

  test("Ctrl-C ends a download that hangs, with exit code 130 and no message", async (t) => {
    const { cwd, args } = place(t);
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const running = start(t, args("en/tiny", `http://127.0.0.1:${port}`), { cwd });
    await once(server, "request");
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.done;
    assert.deepEqual([code, stdout, stderr], [130, "", ""]);
  });

  test("a bad setting stops it before anything is fetched", async (t) => {
    const { cwd, args } = place(t);
    const { code, stderr } = await run(t, args("en/tiny", ""), { cwd, env: { VOXPOOL_PORT: "x" } });
    assert.equal(code, 2);
    assert.match(stderr, /^voxpool: VOXPOOL_PORT: port cannot be "x"/);
  });
});
