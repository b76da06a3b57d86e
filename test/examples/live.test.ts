import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { startRunning } from "../../packages/server/test/server/running.ts";
import { joinedSignals, silentSignal, toneSignal } from "../fixtures/tone-model.ts";
import { wavBytes } from "../fixtures/wav.ts";
import { root, temporary } from "./service.ts";

const run = promisify(execFile);

/** A way to a server that breaks once, as soon as these letters have come back on it. */
async function breakingProxy(t: TestContext, port: number, letters: string): Promise<number> {
  let hasBroken = false;
  const proxy = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    const cut = () => [near, far].forEach((socket) => void socket.destroy());
    for (const socket of [near, far]) socket.on("error", cut).on("close", cut);
    near.pipe(far).pipe(near);
    far.on("data", (bytes: Buffer) => {
      if (hasBroken || !bytes.includes(letters)) return;
      hasBroken = true;
      cut();
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => proxy.close());
  return (proxy.address() as AddressInfo).port;
}

test("the example of the live protocol writes what is said, also when its connection breaks", async (t) => {
  const { server } = await startRunning(t, { tone: "tone" });
  const speech = join(temporary(t), "speech.wav");
  const signal = joinedSignals(toneSignal("abc", { silenceSeconds: 0.1 }), silentSignal(0.7), toneSignal("de"));
  writeFileSync(speech, wavBytes(signal, 16_000));
  const port = await breakingProxy(t, Number(new URL(server.url).port), '"text":"abc"}');
  const { stdout, stderr } = await run(process.execPath, ["examples/live.ts", speech], {
    cwd: root,
    env: { ...process.env, VOXPOOL_URL: `http://127.0.0.1:${port}/api` },
  });
  assert.match(stderr, /the connection broke/);
  assert.deepEqual(
    stdout.split("\n").map((line) => line.replace(/^.* s {2}/, "")),
    ["abc", "de", ""],
  );
});

test("the example of the live protocol says why it cannot", async (t) => {
  const { server } = await startRunning(t, { tone: "tone" });
  const speech = join(temporary(t), "speech.wav");
  writeFileSync(speech, wavBytes(toneSignal("a"), 16_000));
  const failed = await run(process.execPath, ["examples/live.ts", speech, "model/nowhere"], {
    cwd: root,
    env: { ...process.env, VOXPOOL_URL: `${server.url}/api` },
  }).then(
    () => assert.fail("it could"),
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /model\/nowhere/);
});
