import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { ModelAPIClient, type Transport, type TransportAnswer, TransportError } from "../dist/node.js";
import { signalled } from "./support/server.ts";
import { health } from "./support/wire.ts";

const noRetry = { retry: false } as const;
const proc = "/proc/self/fd";
const noDescriptors = { skip: !existsSync(proc) && "the system does not show the open files of a process" };

function recording(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "a.wav");
  writeFileSync(path, Buffer.alloc(1_000_000));
  return path;
}

function openFiles(path: string): number {
  return readdirSync(proc).filter((fd) => {
    try {
      return readlinkSync(join(proc, fd)) === path;
    } catch {
      return false;
    }
  }).length;
}

/** Answers nothing, and reads nothing of what it is given. */
const deaf: Transport = { target: "deaf", send: () => Promise.reject(new Error("not today")) };

test("a file that nobody read of is not left open", noDescriptors, async (t) => {
  const path = recording(t);
  const client = new ModelAPIClient(undefined, { ...noRetry, transport: deaf });
  const aborted = AbortSignal.abort();
  for (const options of [{}, { signal: aborted }, {}]) await client.transcribe(path, options);
  // What was opened at all was opened by now, and closes in a few turns.
  for (let turn = 0; turn < 200 && (turn < 50 || openFiles(path) > 0); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(openFiles(path), 0);
});

test("a file that vanishes after it was looked at ends the call, not the process", async (t) => {
  const path = recording(t);
  const transport: Transport = {
    target: "late",
    async send({ body }) {
      rmSync(path);
      assert.ok(body instanceof ReadableStream);
      await body.getReader().read();
      return assert.fail("it was read");
    },
  };
  const result = await new ModelAPIClient(undefined, { ...noRetry, transport }).transcribe(path);
  assert.ok(!result.success);
  assert.deepEqual([result.reason, /there is no such file/.test(result.message)], ["audio_unreadable", true]);
});

test("a stream of Node that nobody read of is destroyed", async (t) => {
  const path = recording(t);
  const client = new ModelAPIClient(undefined, { ...noRetry, transport: deaf });
  for (const stream of [createReadStream(path), Readable.from([Buffer.alloc(10)], { objectMode: false })]) {
    const closed = once(stream, "close");
    const result = await client.transcribe(stream);
    assert.equal(!result.success && result.reason, "connection_lost");
    await closed;
  }
});

test("an answer that comes after the call has ended is let go of", async () => {
  const sent = signalled();
  const answer = signalled<TransportAnswer>();
  const cancelled = signalled();
  const transport: Transport = {
    target: "slow",
    send() {
      sent.resolve();
      return answer.promise;
    },
  };
  const abort = new AbortController();
  const call = new ModelAPIClient(undefined, { ...noRetry, transport }).checkHealth({ signal: abort.signal });
  await sent.promise;
  abort.abort();
  const result = await call;
  assert.equal(!result.success && result.reason, "request_cancelled");
  const body = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
  answer.resolve({ status: 200, headers: new Headers(), body });
  await cancelled.promise;
});

test("a fallback that answers after the call has ended is not in use for ever", async () => {
  const sent = signalled();
  const answer = signalled<TransportAnswer>();
  const closed = signalled();
  let isAway = true;
  const service: Transport = {
    target: "service",
    async send() {
      if (isAway) throw new TransportError("server_unreachable", false, "nobody is there");
      return { status: 200, headers: new Headers(), body: new Response(JSON.stringify(health)).body };
    },
  };
  const open = (): Transport => ({
    target: "fallback",
    send() {
      sent.resolve();
      return answer.promise;
    },
    close: async () => closed.resolve(),
  });
  const fallback = { open, probeEveryMs: 0, closeAfterMs: 0 };
  const client = new ModelAPIClient(undefined, { ...noRetry, transport: service, fallback });
  const abort = new AbortController();
  const call = client.checkHealth({ signal: abort.signal });
  await sent.promise;
  abort.abort();
  await call;
  isAway = false;
  assert.equal((await client.checkHealth()).answered_by, "service");
  answer.resolve({ status: 200, headers: new Headers(), body: new ReadableStream() });
  await closed.promise;
});

test("a client that is used for long keeps no listener on its caller's signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listeners++;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listeners--;
    remove(...given);
  };
  const client = new ModelAPIClient(undefined, { retry: { retries: 2, baseMs: 0 }, transport: deaf, signal });
  for (let n = 0; n < 5; n++) {
    await client.checkHealth({ signal });
    await client.transcribe(new Uint8Array(5), { signal });
    await client.pullModel("cn", { signal, onEvent: () => undefined });
  }
  assert.equal(listeners, 0);
});
