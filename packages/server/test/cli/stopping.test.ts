import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { suite, type TestContext, test } from "node:test";
import { toneWav } from "../server/running.ts";
import { connect } from "../ws/socket.ts";
import { type Served, servedPlace, serveIn } from "./served.ts";

/** A recognition whose recording has only begun to arrive. */
async function begunUpload(t: TestContext, { url }: Served): Promise<{ upload: ClientRequest; rest: Uint8Array }> {
  const wav = toneWav("abc");
  const headers = { "content-type": "audio/wav", "content-length": wav.length, expect: "100-continue" };
  const upload = request(`${url}/api/transcribe`, { method: "POST", headers });
  upload.on("error", () => undefined);
  t.after(() => upload.destroy());
  upload.flushHeaders();
  await once(upload, "continue"); // the server reads: the recognition has begun
  upload.write(wav.subarray(0, 1000));
  return { upload, rest: wav.subarray(1000) };
}

async function answerOf(upload: ClientRequest): Promise<{ status: number | undefined; body: Record<string, unknown> }> {
  const [response] = (await once(upload, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, body: JSON.parse(text) as Record<string, unknown> };
}

/** Waits until the server says that it stops. */
async function untilStopping({ url }: Served): Promise<void> {
  while ((await fetch(`${url}/readyz`)).status === 200);
}

suite("a server that is asked to stop", () => {
  test("is no longer ready, refuses new work by every protocol, finishes what runs, and ends with 0", async (t) => {
    const server = await serveIn(t, servedPlace(t));
    const live = await connect(t, `${server.url.replace("http", "ws")}/api/stream`);
    live.send({ type: "start" });
    await live.until("ready");
    const { upload, rest } = await begunUpload(t, server);
    server.child.kill("SIGTERM");
    await untilStopping(server);

    const ready = await fetch(`${server.url}/readyz`);
    assert.deepEqual([ready.status, ready.headers.get("retry-after")], [503, "5"]);
    assert.partialDeepStrictEqual(await ready.json(), { reason: "server_stopping", retryable: true });
    assert.equal((await fetch(`${server.url}/livez`)).status, 200);
    for (const path of ["/api/transcribe", "/v1/audio/transcriptions"]) {
      const body = new FormData();
      if (path.startsWith("/v1")) body.set("model", "fake");
      body.set("file", new Blob([toneWav("ab")]), "a.wav");
      const refused = await fetch(server.url + path, { method: "POST", body });
      assert.deepEqual([path, refused.status, refused.headers.get("retry-after")], [path, 503, "5"]);
    }
    const load = await fetch(`${server.url}/api/models/load`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model_path: "model/fake" }),
    });
    assert.equal(load.status, 503);
    const second = await connect(t, `${server.url.replace("http", "ws")}/api/stream`);
    second.send({ type: "start" });
    assert.partialDeepStrictEqual(await second.until("error"), { reason: "server_stopping" });
    assert.deepEqual(await second.closed, { code: 1001, reason: "server_stopping" });

    upload.end(rest);
    const { status, body } = await answerOf(upload);
    assert.deepEqual([status, body.text], [200, "hello world"]);
    live.socket.send(toneWav("abc").subarray(44));
    live.send({ type: "end" });
    assert.deepEqual(await live.closed, { code: 1000, reason: "ended" });
    assert.equal(live.events.at(-1)?.type, "ended");
    const ended = await server.done;
    assert.deepEqual([ended.code, ended.signal], [0, null]);
  });

  test("tells what still runs when the grace is over, and ends with 0", async (t) => {
    const server = await serveIn(t, servedPlace(t, "stop: { grace_seconds: 1 }\n"));
    const live = await connect(t, `${server.url.replace("http", "ws")}/api/stream`);
    live.send({ type: "start" });
    await live.until("ready");
    const { upload } = await begunUpload(t, server);
    server.child.kill("SIGTERM");
    const { status, body } = await answerOf(upload);
    assert.deepEqual([status, body.reason], [503, "server_stopping"]);
    assert.partialDeepStrictEqual(await live.until("error"), { reason: "server_stopping" });
    assert.equal((await live.closed).code, 1001);
    const { code, stderr } = await server.done;
    assert.equal(code, 0);
    assert.match(stderr, /"running":2,"grace_seconds":1,"msg":"the grace is over/);
  });

  test("ends at once at the second signal, with that signal's exit code", async (t) => {
    const server = await serveIn(t, servedPlace(t));
    await begunUpload(t, server);
    server.child.kill("SIGTERM");
    await untilStopping(server);
    server.child.kill("SIGINT");
    const { code, signal } = await server.done;
    assert.deepEqual([code, signal], [130, null]);
  });
});
