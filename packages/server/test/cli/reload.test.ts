import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toneWav } from "../server/running.ts";
import { type Served, servedPlace, serveIn, writeSettings } from "./served.ts";
import { run } from "./support.ts";

async function reload({ url }: Served): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}/api/config/reload`, { method: "POST" });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function transcribe({ url }: Served): Promise<{ status: number; reason: unknown }> {
  const headers = { "content-type": "audio/wav" };
  const response = await fetch(`${url}/api/transcribe`, { method: "POST", headers, body: toneWav("abcabcabc") });
  const { reason } = (await response.json()) as { reason?: string };
  return { status: response.status, reason };
}

/** Resolves with the line of the log that says so. */
function untilLogged({ child }: Served, message: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (chunk: string) => {
      text += chunk;
      const line = text.split("\n").find((one) => one.includes(`"msg":"${message}`) && one.endsWith("}"));
      if (line !== undefined) resolve(JSON.parse(line) as Record<string, unknown>);
    });
    child.once("close", () => reject(new Error(`it ended without: ${message}`)));
  });
}

suite("a configuration that is read again", () => {
  test("is in force at once where that can be, and names what needs a restart", async (t) => {
    const cwd = servedPlace(t);
    const server = await serveIn(t, cwd);
    assert.equal((await transcribe(server)).status, 200);
    assert.deepEqual((await reload(server)).body, {
      success: true,
      message: "Nothing changed",
      changed: [],
      needs_restart: [],
    });

    writeSettings(cwd, "limits: { body_bytes: 2000, connections: 77 }\nlog: { level: warn }\n");
    const { status, body } = await reload(server);
    assert.equal(status, 200);
    assert.deepEqual(body, {
      success: true,
      message: "In force now: log.level, limits.body_bytes; after a restart: limits.connections",
      changed: ["log.level", "limits.body_bytes"],
      needs_restart: ["limits.connections"],
    });
    assert.deepEqual(await transcribe(server), { status: 413, reason: "body_too_large" });

    writeSettings(cwd, "limits: { audio_seconds: 1 }\npool: { memory: 1000 }\n");
    const again = await reload(server);
    assert.deepEqual(again.body.changed, ["log.level", "limits.body_bytes", "limits.audio_seconds", "pool.memory"]);
    assert.deepEqual(await transcribe(server), { status: 413, reason: "audio_too_long" });
    server.child.kill("SIGTERM");
    const { stderr } = await server.done;
    // Between the two there was the level `warn`: no line about the request that was too large.
    assert.doesNotMatch(stderr, /body_too_large/);
    assert.match(stderr, /audio_too_long/);
  });

  test("changes nothing if anything in it is wrong, and says what", async (t) => {
    const cwd = servedPlace(t);
    const server = await serveIn(t, cwd);
    const wrong = [
      ["limits: { body_bytes: 2000, audio_secs: 5 }\n", /voxpool\.yaml:\d+.*audio_seconds/s],
      ["limits: { body_bytes: 2000 }\npool: { keep_alive: soon }\n", /keep_alive/],
      ["limits: { body_bytes: 2000 }\nfailover: { chains: [alone] }\n", /failover\.chains/],
      ["limits: [\n", /voxpool\.yaml/],
    ] as const;
    for (const [settings, expected] of wrong) {
      writeSettings(cwd, settings);
      const { status, body } = await reload(server);
      assert.equal(status, 400, settings);
      assert.match(String(body.message), expected);
      assert.equal((await transcribe(server)).status, 200);
    }
    const said = await run(t, ["config", "reload", "--url", server.url]);
    assert.deepEqual([said.code, said.stdout], [1, ""]);
    assert.match(said.stderr, /voxpool\.yaml/);
  });

  const noSignals = process.platform === "win32" && "Windows has no SIGHUP";
  test("is read at SIGHUP and by voxpool config reload; the server runs on", { skip: noSignals }, async (t) => {
    const cwd = servedPlace(t);
    const server = await serveIn(t, cwd);
    writeSettings(cwd, "limits: { body_bytes: 2000 }\n");
    const logged = untilLogged(server, "the configuration was read again");
    server.child.kill("SIGHUP");
    assert.deepEqual((await logged).changed, ["limits.body_bytes"]);
    assert.equal((await transcribe(server)).status, 413);

    const refused = untilLogged(server, "the configuration is not taken up");
    writeSettings(cwd, "nonsense: 1\n");
    server.child.kill("SIGHUP");
    assert.equal((await refused).reason, "config_invalid");
    assert.equal((await transcribe(server)).status, 413);

    writeSettings(cwd, "");
    const { code, stdout } = await run(t, ["config", "reload", "--url", server.url]);
    assert.deepEqual([code, stdout], [0, "In force now: limits.body_bytes\n"]);
    assert.equal((await transcribe(server)).status, 200);
    server.child.kill("SIGTERM");
    assert.equal((await server.done).code, 0);
  });
});
