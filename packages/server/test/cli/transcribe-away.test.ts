import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { run, sendEvents, sendJson, start, transcript, untilSaid } from "./support.ts";

suite("transcribe when the server goes away", () => {
  test("it is waited for, and the recording that was under way is sent again", async (t) => {
    const first = await listen(0, (text, answer, server) => (text === "b" ? end(server) : hear(text, answer)));
    const port = portOf(first);
    const cwd = place(t, "a", "b", "c");
    const args = ["transcribe", "a.wav", "b.wav", "c.wav", "-j", "1", "--url", `http://127.0.0.1:${port}/api`];
    const running = start(t, args, { cwd });
    await untilSaid(running, "stderr", /waited for/);
    const second = await listen(port, hear);
    t.after(() => end(second));
    const { code, stdout, stderr } = await running.done;
    assert.deepEqual([code, stderr], [0, "voxpool: the server does not answer; it is waited for, up to 60 s.\n"]);
    assert.equal(stdout, "==> a.wav <==\na\n\n==> b.wav <==\nb\n\n==> c.wav <==\nc\n");
  });

  test("one that stays away ends the run with what is left, and exit code 3", async (t) => {
    const server = await listen(0, (text, answer, one) => (text === "b" ? end(one) : hear(text, answer)));
    const cwd = place(t, "a", "b", "c");
    const url = `http://127.0.0.1:${portOf(server)}/api`;
    const args = ["transcribe", "a.wav", "b.wav", "c.wav", "-j", "1", "--wait", "0", "-o", "out", "--url", url];
    const { code, stderr } = await run(t, args, { cwd });
    assert.equal(code, 3);
    assert.match(
      stderr,
      /^voxpool: (No voxpool server answers|The connection to) .*\nvoxpool: 1 recognised.*\nvoxpool: 2 left/,
    );
    assert.deepEqual(readdirSync(join(cwd, "out")), [".voxpool-made.jsonl", "a.txt"]);
  });

  test("one that was never there is not waited for", async (t) => {
    const server = await listen(0, hear);
    const url = `http://127.0.0.1:${portOf(server)}/api`;
    end(server);
    const cwd = place(t, "a", "b");
    const { code, stdout, stderr } = await run(t, ["transcribe", "a.wav", "b.wav", "--url", url], { cwd });
    assert.deepEqual([code, stdout], [3, ""]);
    assert.match(stderr, /^voxpool: a\.wav: No voxpool server answers at .*\n$/);
  });

  test("a file that cannot be read says nothing of the server, which is not waited for, and is said all the same", async (t) => {
    const server = await listen(0, hear);
    const url = `http://127.0.0.1:${portOf(server)}/api`;
    end(server);
    const cwd = place(t, "a");
    for (const names of [
      ["nothere.wav", "a.wav"],
      ["a.wav", "nothere.wav"],
    ]) {
      const { code, stderr } = await run(t, ["transcribe", ...names, "--url", url], { cwd });
      assert.equal(code, 3);
      const lines = stderr.trimEnd().split("\n").toSorted();
      assert.match(lines[0] ?? "", /^voxpool: a\.wav: No voxpool server answers at /);
      assert.match(lines[1] ?? "", /^voxpool: nothere\.wav: The audio could not be read: /);
      assert.equal(lines.length, 2, stderr);
    }
  });

  test("a recording that the server falls over is given up, and the others go on", async (t) => {
    let falls = 0;
    const server = await listen(0, (text, answer) => {
      if (text !== "b") return hear(text, answer);
      falls += 1;
      answer.destroy();
    });
    t.after(() => end(server));
    const cwd = place(t, "a", "b", "c");
    const url = `http://127.0.0.1:${portOf(server)}/api`;
    const { code, stdout, stderr } = await run(t, ["transcribe", "a.wav", "b.wav", "c.wav", "--url", url], { cwd });
    assert.equal(code, 1);
    assert.equal(stdout, "==> a.wav <==\na\n\n==> c.wav <==\nc\n");
    assert.match(stderr, /^voxpool: b\.wav: The connection to .* was lost/);
    assert.equal(falls, 9);
  });
});

/** A server that answers `/health`, and hears until it is stopped. */
async function listen(
  port: number,
  respond: (text: string, answer: ServerResponse, server: Server) => void,
): Promise<Server> {
  const server = createServer((request, answer) => {
    if (request.url?.endsWith("/health"))
      return sendJson(answer, 200, { success: true, status: "running", loaded_models_count: 0, version: "1" });
    request.setEncoding("utf8");
    let text = "";
    request.on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => respond(text, answer, server));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
const hear = (text: string, answer: ServerResponse) =>
  sendEvents(answer, [{ type: "done", transcript: transcript(text) }]);
const portOf = (server: Server) => (server.address() as { port: number }).port;
const end = (server: Server) => {
  server.close();
  server.closeAllConnections();
};

/** Recordings in a new directory, whose bytes are their words. */
function place(t: TestContext, ...texts: readonly string[]): string {
  const cwd = scratchDirectory(t);
  for (const text of texts) writeFileSync(join(cwd, `${text}.wav`), text);
  return cwd;
}
