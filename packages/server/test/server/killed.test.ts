import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { start, untilSaid } from "../cli/support.ts";
import { gone } from "../host/harness.ts";
import { toneWav, writeModel } from "./running.ts";

const skip = process.platform === "linux" ? false : "only Linux tells the children of a process";

/** A server that is a process of its own, with a model that loads and one that decodes without end. */
async function serve(t: TestContext) {
  const cwd = scratchDirectory(t);
  writeModel(join(cwd, "model", "first"), { fake: {} });
  writeModel(join(cwd, "model", "loading"), { fake: { load: "spin" } });
  writeModel(join(cwd, "model", "busy"), { fake: { decode: "hang" } });
  const env = { VOXPOOL_ENGINE_FAKE: "true", VOXPOOL_HOST: "127.0.0.1", VOXPOOL_HOST_HANG_SECONDS: "3600" };
  const args = ["serve", "--port", "0", "--json", "--default-model", "first", "--state-dir", "state"];
  const running = start(t, args, { cwd, env });
  const { url } = JSON.parse(await untilSaid(running, "stdout", /\n/)) as { url: string };
  const { pid = 0 } = running.child;
  const children = (): number[] => {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    return listed.filter((one) => one.trim() !== "").map(Number);
  };
  const status = async (path: string) =>
    (await (await fetch(`${url}/models/status/model/${path}`)).json()) as {
      state?: string;
      status?: { state: string; sessions: number };
    };
  const post = (path: string, body: string | Uint8Array<ArrayBuffer>, type = "application/json") => {
    const answer = fetch(`${url}/${path}`, { method: "POST", headers: { "content-type": type }, body });
    answer.catch(() => undefined); // the server is killed under it
    return answer;
  };
  const kill = async (): Promise<void> => {
    const hosts = children();
    assert.ok(hosts.length >= 2, `${hosts.length} processes`);
    running.child.kill("SIGKILL");
    await running.done;
    await Promise.all(hosts.map(gone));
  };
  return { children, status, post, kill };
}

test("kill -9 of the server while a model loads leaves no process behind", { skip }, async (t) => {
  const { children, status, post, kill } = await serve(t);
  const before = children().length;
  void post("models/load", JSON.stringify({ model_path: "loading" })).catch(() => undefined);
  while ((await status("loading")).state !== "loading" || children().length === before);
  await kill();
});

test("kill -9 of the server while a model drains leaves no process behind", { skip }, async (t) => {
  const { status, post, kill } = await serve(t);
  assert.equal((await post("models/load", JSON.stringify({ model_path: "busy" }))).status, 200);
  void post("transcribe?model_path=busy", toneWav("abc"), "audio/wav").catch(() => undefined);
  while ((await status("busy")).status?.sessions !== 1);
  void post("models/unload", JSON.stringify({ model_path: "busy" })).catch(() => undefined);
  while ((await status("busy")).state !== "draining");
  await kill();
});
