import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { ModelAPIClient, type SessionOptions } from "@voxpool/client";
import { WebSocket as NodeWebSocket } from "ws";
import { deadUrl } from "../../../client/test/support/server.ts";
import { startLetters, startWire } from "./letters.ts";
import { collect, finalsOf, openSession } from "./sessions.ts";

const soon = { baseMs: 1, capMs: 20 };
const bytes = (text: string) => new TextEncoder().encode(text);

const opened = (t: TestContext, url: string, options: SessionOptions = {}) =>
  openSession(t, url, { retry: soon, clientId: "test" }, options);

test("what is written comes back as events, and the session ends with all that was said", async (t) => {
  const letters = await startLetters(t);
  const session = await opened(t, letters.url, { language: "en", words: true });
  const events = collect(session);
  assert.equal(await session.write(bytes("hello")), true);
  assert.deepEqual(await session.finalize(), { success: true, text: "hello" });
  await session.write(bytes("wor"));
  await session.write(bytes("ld.bye"));
  const summary = await session.end();
  assert.deepEqual(summary, { success: true, text: "hello world bye", duration: 14, segments: 3 });
  const seen = await events;
  assert.deepEqual(
    seen.map(({ type }) => type).filter((type) => type !== "partial"),
    ["ready", "final", "finalized", "final", "final", "ended"],
  );
  assert.deepEqual(letters.sessions[0]?.start, { type: "start", client_id: "test", language: "en", words: true });
  assert.equal(await session.write(bytes("x")), false);
  assert.equal(await session.end(), summary);
});

test("samples are written in the encoding of the session, pieces of any size in their order", async (t) => {
  const letters = await startLetters(t);
  const session = await opened(t, letters.url);
  await session.write(Int16Array.from([0x4241, 0x4443]));
  await session.write(Float32Array.from([0x4241 / 32_768, 2, -2, Number.NaN]));
  const big = "x".repeat(200_001);
  // Nobody waits: they go out in order all the same.
  const all = [session.write(bytes(big)), session.write(bytes("y").buffer), session.write(bytes("z.")), session.end()];
  await Promise.all(all);
  assert.equal(letters.sessions[0]?.audio, `ABCDAB\xff\x7f\x00\x80\x00\x00${big}yz.`);
  const floats = await opened(t, letters.url, { encoding: "f32le" });
  await floats.write(Int16Array.from([-32_768, 16_384]));
  await floats.end();
  assert.equal(letters.sessions[1]?.audio, Buffer.from(Float32Array.from([-1, 0.5]).buffer).toString("latin1"));
  const law = await opened(t, letters.url, { encoding: "mulaw" });
  await assert.rejects(law.write(new Int16Array(1)), TypeError);
  await assert.rejects(law.write("text" as unknown as Uint8Array), TypeError);
});

/** Says letters over a wire that is cut again and again, at pieces that the numbers choose. */
async function sayThroughCuts(t: TestContext, cutTo: readonly number[], cutBack: readonly number[]): Promise<void> {
  const letters = await startLetters(t);
  const wire = await startWire(t, letters.url);
  const session = await opened(t, wire.url);
  let to = 0;
  let back = 0;
  wire.watch = () => cutTo.includes(++to);
  wire.watchBack = () => cutBack.includes(++back);
  const events = collect(session);
  const said: string[] = [];
  for (let n = 0; n < 30; n++) {
    said.push(`w${n}`);
    await session.write(bytes(`w${n}.`));
    if (n % 10 === 5) {
      said.push(`f${n}`);
      await session.write(bytes(`f${n}`));
      assert.deepEqual(await session.finalize(), { success: true, text: said.join(" ") });
    }
  }
  const summary = await session.end();
  assert.equal(summary.success && summary.text, said.join(" "));
  const seen = await events;
  assert.deepEqual(finalsOf(seen), said);
  assert.equal(letters.sessions.length, 1);
  assert.equal(letters.sessions[0]?.audio, said.map((word) => (word.startsWith("f") ? word : `${word}.`)).join(""));
  const numbers = seen.map((event) => (event.type === "error" ? -1 : event.number));
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(numbers).size, numbers.length);
}

test("wherever the connection breaks, no audio and no final is lost or comes twice", async (t) => {
  // A piece is a message, or a few of them; a connection begins with one that asks for it and one that resumes.
  for (let at = 1; at < 40; at += 3) {
    await sayThroughCuts(t, [at, at + 4, at + 5], []);
    await sayThroughCuts(t, [], [at, at + 3, at + 4]);
    await sayThroughCuts(t, [at + 2, at + 9], [at, at + 7]);
  }
});

test("what is written while the connection is away is sent when it is back; the application hears of it", async (t) => {
  const letters = await startLetters(t);
  const wire = await startWire(t, letters.url);
  const lost = Promise.withResolvers<string>();
  const session = await opened(t, wire.url, { onLost: ({ reason }) => lost.resolve(reason) });
  await session.write(bytes("one."));
  wire.isOpen = false;
  wire.cut();
  assert.equal(await lost.promise, "connection_lost");
  for (let n = 0; n < 100; n++) await session.write(bytes("x".repeat(1000)));
  const end = session.end();
  wire.isOpen = true;
  const summary = await end;
  assert.equal(summary.success && summary.text, `one ${"x".repeat(100_000)}`);
});

test("who writes faster than the connection takes is held back, and let go when the session ends", async (t) => {
  const letters = await startLetters(t);
  const wire = await startWire(t, letters.url);
  const session = await opened(t, wire.url);
  wire.isHeld = true;
  const piece = new Uint8Array(1_000_000);
  let written = 0;
  const writing = (async () => {
    while (await session.write(piece)) written++;
  })();
  // The buffers of two connections hold a few megabytes; then nothing goes on.
  for (let still = 0, before = -1; still < 20; before = written) {
    await new Promise((resolve) => setImmediate(resolve));
    still = written === before && written > 0 ? still + 1 : 0;
  }
  assert.ok(written < 60, `${written} MB`);
  await session.close();
  await writing;
});

test("a server that has forgotten the session, or does not come back in time, ends it with a clear error", async (t) => {
  const letters = await startLetters(t);
  const wire = await startWire(t, letters.url);
  const forgotten = await opened(t, wire.url);
  const first = collect(forgotten);
  (letters.sessions as unknown[]).splice(0);
  wire.cut();
  const failed = (await first).at(-1);
  assert.ok(failed?.type === "error");
  assert.deepEqual([failed.failure.reason, failed.failure.message], ["request_invalid", "No such session."]);
  assert.deepEqual(await forgotten.end(), failed.failure);

  letters.answer = (socket, message) => {
    if (message.type !== "start") return false;
    socket.send(JSON.stringify({ ...readyEvent, resume_seconds: 0.2 }));
    return true;
  };
  const session = await opened(t, wire.url);
  const finalizing = session.finalize();
  const writing = session.write(bytes("x"));
  wire.isOpen = false;
  wire.cut();
  const summary = await session.end();
  assert.ok(!summary.success);
  assert.equal(summary.reason, "connection_lost");
  assert.match(summary.message, /could not be resumed within 0.2 s/);
  assert.deepEqual([await finalizing, await session.finalize()], [summary, summary]);
  await writing;
  assert.equal(await session.write(bytes("y")), false);
});

test("audio that is no longer kept, or was never sent, cannot be resumed: the session says so", async (t) => {
  const letters = await startLetters(t);
  const wire = await startWire(t, letters.url);
  for (const [received_bytes, isKnown] of [
    [3_000_000, true],
    [0, false],
    [-1, false],
    [6_000_001, false],
  ] as const) {
    letters.answer = (socket, { type }) => {
      if (type === "end") socket.send('{"type":"ended","number":9,"duration":1,"segments":0}');
      else if (type !== "finalize") {
        const received = type === "start" ? 0 : received_bytes;
        socket.send(JSON.stringify({ ...readyEvent, received_bytes: received, resume_seconds: 20 }));
      }
      return true;
    };
    const session = await opened(t, wire.url);
    // More than the four megabytes that are kept.
    await session.write(new Uint8Array(6_000_000));
    wire.cut();
    const end = await session.end();
    assert.equal(end.success, isKnown, `${received_bytes}: ${JSON.stringify(end)}`);
    if (!end.success) assert.match(end.message, /no longer kept/);
  }
});

const readyEvent = {
  type: "ready",
  number: 1,
  session_id: "s",
  model_path: "m",
  model_version: "1",
  words: false,
  partials: true,
  received_bytes: 0,
  resume_seconds: 0,
};

test("events and fields of a newer server are passed over; what is none of voxpool's is an error", async (t) => {
  const letters = await startLetters(t);
  const replies: string[][] = [
    ['{"type":"news","number":2}', '{"type":"ended","number":3,"duration":1,"segments":0,"more":{}}'],
    ["hello"],
    ["[]"],
    ["null"],
    ['{"type":"final","number":2}'],
    ['{"type":"final","number":2,"segment":{}}'],
    ['{"type":"partial","number":"2","text":"","stable":""}'],
    [JSON.stringify({ ...readyEvent, number: 2 }), '{"type":"error","number":3,"reason":"internal","message":"Oh."}'],
  ];
  letters.answer = (socket, message) => {
    if (message.type !== "start") return false;
    socket.send(JSON.stringify(readyEvent));
    for (const text of replies.shift() ?? []) socket.send(text);
    return true;
  };
  const ends: string[] = [];
  while (replies.length > 0) {
    const end = await (await opened(t, letters.url)).end();
    ends.push(end.success ? "ended" : end.reason);
  }
  assert.deepEqual(ends, ["ended", ...Array(6).fill("answer_invalid"), "internal"]);
});

test("a session that may not be opened is a result that says why", async (t) => {
  const letters = await startLetters(t);
  const client = new ModelAPIClient(letters.url, { retry: soon });
  t.after(() => client.close());
  letters.answer = (socket, { type }) => {
    if (type !== "start") return false;
    const error = { type: "error", number: 1, reason: "model_not_found", message: "No such model.", retryable: false };
    socket.send(JSON.stringify(error));
    socket.close(1008);
    return true;
  };
  const refused = await client.openSession({ model_path: "none" });
  assert.ok(!refused.success);
  assert.deepEqual([refused.reason, refused.error_code, refused.message], ["model_not_found", 0, "No such model."]);
  letters.answer = (socket) => {
    socket.terminate();
    return true;
  };
  const cut = await client.openSession();
  assert.ok(!cut.success);
  assert.equal(cut.reason, "connection_lost");
  assert.equal(letters.headers.length, 4);
  letters.answer = () => true;
  const late = await client.openSession({ timeoutMs: 100 });
  assert.equal(!late.success && late.reason, "request_timeout");
  const aborted = await client.openSession({ signal: AbortSignal.abort() });
  assert.equal(!aborted.success && aborted.reason, "request_cancelled");
  const dead = new ModelAPIClient(await deadUrl(), { retry: soon });
  const unreachable = await dead.openSession();
  assert.ok(!unreachable.success);
  assert.equal(unreachable.reason, "server_unreachable");
  assert.match(unreachable.message, /nothing listens there/);
});

test("a server that answers, but takes no live connection, is told apart from one that is away", async (t) => {
  const answers: [number, object][] = [
    [404, { success: false, reason: "route_not_found", message: "There is no GET /api/stream." }],
    [503, { success: false, reason: "too_many_sessions", message: "Full.", retryable: true }],
    [426, {}],
    [200, { success: true }],
  ];
  const server = createServer((_request, response) => {
    const [status, body] = answers[0] ?? [500, {}];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server.on("upgrade", (_request, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const client = new ModelAPIClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { retry: false });
  const seen: unknown[] = [];
  for (; answers.length > 0; answers.shift()) {
    const failure = await client.openSession();
    assert.ok(!failure.success);
    seen.push([failure.error_code, failure.reason]);
  }
  assert.deepEqual(seen, [
    [404, "route_not_found"],
    [503, "too_many_sessions"],
    [0, "connection_lost"],
    [0, "connection_lost"],
  ]);
  server.closeAllConnections();
});

test("leaving the loop, an abort, and the end of the client each end the session at once", async (t) => {
  const letters = await startLetters(t);
  const left = await opened(t, letters.url);
  for await (const event of left) if (event.type === "ready") break;
  const abort = new AbortController();
  const aborted = await opened(t, letters.url, { signal: abort.signal });
  const silent = new ReadableStream<Uint8Array>({ cancel: () => released.resolve() });
  const released = Promise.withResolvers<void>();
  const piping = aborted.pipeFrom(silent);
  abort.abort();
  await released.promise;
  const client = new ModelAPIClient(letters.url);
  const closed = await client.openSession();
  assert.ok(closed.success);
  const events = collect(closed);
  await client.close();
  const ends = [left.end(), aborted.end(), piping, closed.end()];
  for (const end of await Promise.all(ends)) assert.equal(!end.success && end.reason, "request_cancelled");
  const last = (await events).at(-1);
  assert.equal(last?.type === "error" && last.failure.reason, "request_cancelled");
  const late = await client.openSession();
  assert.equal(!late.success && late.reason, "request_cancelled");
});

test("a source is piped until it ends, and let go of when it fails or the session ends", async (t) => {
  const letters = await startLetters(t);
  const session = await opened(t, letters.url);
  assert.deepEqual(await session.pipeFrom(new Blob(["one."]).stream()), { success: true });
  assert.deepEqual(await session.pipeFrom(Readable.from([Buffer.from("two."), Buffer.from("three.")])), {
    success: true,
  });
  const broken = await session.pipeFrom(
    (async function* () {
      yield bytes("four.");
      throw new Error("the cable fell out");
    })(),
  );
  assert.ok(!broken.success);
  assert.deepEqual([broken.reason, /the cable fell out/.test(broken.message)], ["audio_unreadable", true]);
  let isReleased = false;
  const wrong = (async function* () {
    try {
      yield "text" as unknown as Uint8Array;
    } finally {
      isReleased = true;
    }
  })();
  await assert.rejects(session.pipeFrom(wrong), TypeError);
  await assert.rejects(session.pipeFrom("text" as never), TypeError);
  assert.ok(isReleased);
  const endless = session.pipeFrom(
    (async function* () {
      for (;;) yield bytes("x");
    })(),
  );
  const summary = await session.end();
  assert.ok(summary.success);
  assert.match(summary.text, /^one two three four( x+)?$/);
  assert.deepEqual(await endless, { success: true });
});

test("a key and headers go along in Node; a runtime without WebSocket says what to do", async (t) => {
  const letters = await startLetters(t);
  const client = new ModelAPIClient(letters.url, { key: "secret", headers: { "accept-language": "zh" } });
  t.after(() => client.close());
  const session = await client.openSession();
  assert.ok(session.success);
  assert.equal(letters.headers[0]?.authorization, "Bearer secret");
  assert.equal(letters.headers[0]?.["accept-language"], "zh");
  const { WebSocket: real } = globalThis;
  t.after(() => Object.assign(globalThis, { WebSocket: real }));
  Object.assign(globalThis, { WebSocket: undefined });
  await assert.rejects(client.openSession(), /Node has one from version 22 on/);
  const given = new ModelAPIClient(letters.url, { WebSocket: NodeWebSocket, key: "other" });
  t.after(() => given.close());
  const other = await given.openSession();
  assert.ok(other.success);
  await other.write(bytes("over ws."));
  const summary = await other.end();
  assert.equal(summary.success && summary.text, "over ws");
  assert.equal(letters.headers.at(-1)?.authorization, "Bearer other");
});

test("an option of the wrong type is misuse", async () => {
  const client = new ModelAPIClient(undefined, { transport: { target: "none", send: () => Promise.reject() } });
  const wrong = [{ language: 1 }, { words: "yes" }, { onLost: 1 }, { timeoutMs: -1 }, { keep_alive: {} }];
  for (const options of wrong) await assert.rejects(client.openSession(options as SessionOptions), TypeError);
  await assert.rejects(client.openSession(), /carries no live sessions/);
});
