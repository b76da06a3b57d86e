import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelAPIClient } from "../dist/node.js";
import { beginEvents, sendJson, signalled, startRawServer, startServer } from "./support/server.ts";
import { entries, health, transcript, wav } from "./support/wire.ts";

const cancelled = { error_code: 0, reason: "request_cancelled", retryable: false };
const timedOut = { error_code: 0, reason: "request_timeout", retryable: true };
const progress = { type: "progress", processed_seconds: 1 };

function matches(result: object, expected: object): void {
  assert.partialDeepStrictEqual(result, { success: false, ...expected });
}

for (const [name, Client] of entries) {
  for (const [phase, serve] of [
    ["the answer begins", () => undefined],
    ["its head is complete", "HTTP/1.1 200 OK\r\nContent-"],
    ["its body comes", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"],
    ["its body is complete", 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"success":'],
  ] as const) {
    test(`${name}: abort and timeout end a call before ${phase}, and the server is told`, async (t) => {
      for (const how of ["abort", "timeout"] as const) {
        const asked = signalled();
        const gone = signalled();
        const url = await startRawServer(t, (socket) => {
          socket.on("close", () => gone.resolve());
          if (typeof serve === "string") socket.write(serve);
          asked.resolve();
        });
        const controller = new AbortController();
        const options = how === "abort" ? { signal: controller.signal } : { timeoutMs: 100 };
        const call = new Client(url).loadModel("model/cn", options);
        if (how === "abort") {
          await asked.promise;
          controller.abort();
        }
        matches(await call, how === "abort" ? cancelled : timedOut);
        // On a busy machine the time may be over before the server was asked.
        if (how === "abort") await gone.promise;
      }
    });
  }

  test(`${name}: a recognition ends at an abort in the upload, before the first event and between events`, async (t) => {
    for (const phase of ["upload", "before", "between"] as const) {
      const reached = signalled();
      const gone = signalled();
      const server = await startServer(t, (request, response) => {
        response.on("close", gone.resolve);
        if (phase === "between") beginEvents(response)(progress);
        request.once("data", () => reached.resolve());
      });
      const released = signalled();
      async function* stalled(): AsyncGenerator<Uint8Array> {
        try {
          yield wav(10);
          if (Client !== ModelAPIClient) reached.resolve();
          await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
        } finally {
          released.resolve();
        }
      }
      const controller = new AbortController();
      const client = new Client(server.url, { signal: controller.signal });
      // The web entry gathers a stream before it sends: its server hears nothing of the upload.
      const isHeard = phase !== "upload" || Client === ModelAPIClient;
      const call = client.transcribe(phase === "upload" ? stalled() : wav(10), {
        onEvent: () => controller.abort(),
      });
      await reached.promise;
      if (phase !== "between") controller.abort();
      matches(await call, cancelled);
      if (isHeard) await gone.promise;
      if (phase === "upload") await released.promise;
    }
  });
}

test("a signal that is aborted already sends nothing, be it the client's or the call's", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, health));
  const signal = AbortSignal.abort();
  matches(await new ModelAPIClient(server.url, { signal }).checkHealth(), cancelled);
  matches(await new ModelAPIClient(server.url).checkHealth({ signal }), cancelled);
  matches(await new ModelAPIClient(server.url).transcribe(wav(1), { signal, response_format: "text" }), cancelled);
  assert.equal(server.asked.length, 0);
});

test("the message of a timeout says the limit", async (t) => {
  const url = await startRawServer(t, () => undefined);
  const client = new ModelAPIClient(url, { timeoutMs: 50 });
  matches(await client.checkHealth(), { error_message: "No answer within 50 ms." });
  matches(await client.unloadModel("m", { timeoutMs: 60 }), { error_message: "No answer within 60 ms." });
});

test("a transport and a body that do not heed the signal do not hold the caller", async () => {
  const never = new Promise<never>(() => undefined);
  const endless = () => new ReadableStream<Uint8Array>({ pull: () => never });
  const answer = async () => ({ status: 200, headers: new Headers(), body: endless() });
  for (const send of [() => never, answer]) {
    const client = new ModelAPIClient(undefined, { transport: { target: "here", send } });
    matches(await client.checkHealth({ timeoutMs: 20 }), timedOut);
    matches(await client.transcribe(wav(1), { timeoutMs: 20 }), timedOut);
  }
});

test("signals keep no listener once calls are over", async (t) => {
  const server = await startServer(t, (_, response) => sendJson(response, 200, { ...health, ...transcript }));
  const { signal } = new AbortController();
  let listeners = 0;
  const addListener = signal.addEventListener.bind(signal);
  const removeListener = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof addListener>) => {
    listeners += 1;
    addListener(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeListener>) => {
    listeners -= 1;
    removeListener(...args);
  };
  const client = new ModelAPIClient(server.url, { signal });
  await client.checkHealth();
  await client.transcribe(wav(1));
  await client.transcribe(wav(1), { response_format: "text" });
  assert.equal(listeners, 0);
});

test("Node's own limit for the first byte of an answer does not end a call", async (t) => {
  const name = Symbol.for("undici.globalDispatcher.1");
  await fetch("data:,").catch(() => undefined);
  const globals = globalThis as { [name]?: { constructor: new (options: object) => { close(): Promise<void> } } };
  const usual = globals[name];
  assert.ok(usual);
  const hasty = new usual.constructor({ headersTimeout: 1 });
  globals[name] = hasty as unknown as typeof usual;
  t.after(() => {
    globals[name] = usual;
    return hasty.close();
  });
  const impatientGaveUp = signalled();
  const server = await startServer(t, async (request, response) => {
    if (request.url === "/api/impatient") return;
    await impatientGaveUp.promise;
    sendJson(response, 200, health);
  });
  const call = new ModelAPIClient(server.url, { retry: false }).checkHealth();
  await assert.rejects(fetch(`${server.url}/impatient`), (error: Error) => /Headers Timeout/.test(String(error.cause)));
  impatientGaveUp.resolve();
  assert.deepEqual(await call, health);
});
