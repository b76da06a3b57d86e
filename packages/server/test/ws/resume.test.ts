import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { type LiveServer, startLiveServer } from "./harness.ts";
import { final, partial } from "./scripted-live.ts";
import { connect, type StreamClient } from "./socket.ts";

const numbers = (client: StreamClient): number[] => client.events.map(({ number }) => number);

async function resume(t: Parameters<typeof connect>[0], { url }: LiveServer, id: string, after: number) {
  const client = await connect(t, url);
  client.send({ type: "resume", session_id: id, after });
  return client;
}

/** Cuts the connection, and waits until the server has seen it. */
async function cut({ server }: LiveServer, client: StreamClient, connections: number): Promise<void> {
  client.socket.terminate();
  await client.closed;
  await server.requestLines(connections);
}

test("a connection that broke is resumed: what was missed comes once, in order, and audio goes on", async (t) => {
  const running = await startLiveServer(t);
  const { client, live, ready } = await running.begin();
  client.socket.send(Buffer.alloc(10, 1));
  client.send({ type: "finalize" });
  await client.until("finalized");
  live.say(partial("on"), final(0, "one"));
  await client.until("final");
  await cut(running, client, 1);
  live.say(partial("tw"), final(1, "two"), { type: "speech_started", at: 2 });
  await live.until(({ untaken }) => untaken === 0);

  const again = await resume(t, running, ready.session_id, 4);
  const back = await again.until("ready");
  assert.deepEqual(back, { ...ready, number: 4, received_bytes: 10, received_finalizes: 1 });
  again.socket.send(Buffer.alloc(5, 2));
  again.send({ type: "end" });
  assert.deepEqual(await again.closed, { code: 1000, reason: "ended" });
  assert.deepEqual(
    again.events.slice(1).map(({ type, number }) => [number, type]),
    [
      [6, "final"],
      [7, "speech_started"],
      [8, "ended"],
    ],
  );
  assert.deepEqual([...live.written], [...Array(10).fill(1), ...Array(5).fill(2)]);
  assert.equal(live.cancelled, undefined);
});

test("an end that nobody read is told to whoever resumes, and is forgotten once it was read", async (t) => {
  const running = await startLiveServer(t);
  const { client, live, ready } = await running.begin();
  await cut(running, client, 1);
  live.say(final(0, "one"), { type: "ended", duration: 1, segments: 1 });
  const again = await resume(t, running, ready.session_id, 1);
  assert.deepEqual(await again.closed, { code: 1000, reason: "ended" });
  assert.deepEqual(numbers(again), [1, 2, 3]);
  const late = await resume(t, running, ready.session_id, 1);
  assert.equal((await late.until("error")).reason, "session_unknown");
});

test("the second connection takes over from the first, whose audio counts no longer", async (t) => {
  const running = await startLiveServer(t);
  const { client, live, ready } = await running.begin();
  live.isFull = true;
  client.socket.send(Buffer.alloc(4, 1));
  client.socket.send(Buffer.alloc(4, 2));
  await live.until(({ written }) => written.length === 4);
  const second = await resume(t, running, ready.session_id, 1);
  assert.equal((await second.until("ready")).received_bytes, 4);
  assert.equal((await client.until("error")).reason, "session_taken_over");
  assert.deepEqual(await client.closed, { code: 1008, reason: "session_taken_over" });
  second.socket.send(Buffer.alloc(4, 3));
  live.drain();
  await live.until(({ written }) => written.length === 8);
  assert.deepEqual([...live.written], [1, 1, 1, 1, 3, 3, 3, 3]);
  second.send({ type: "end" });
  assert.equal((await second.closed).code, 1000);
});

test("a thousand events are kept; whoever missed more is told so", async (t) => {
  const running = await startLiveServer(t);
  const { client, live, ready } = await running.begin();
  await cut(running, client, 1);
  live.say(...Array.from({ length: 1000 }, (_, id) => final(id, "word")));
  await live.until(({ untaken }) => untaken === 0);
  const whole = await resume(t, running, ready.session_id, 1);
  while (whole.events.length < 1001) await whole.next();
  assert.deepEqual(
    numbers(whole),
    Array.from({ length: 1001 }, (_, index) => index + 1),
  );
  await cut(running, whole, 2);
  live.say(final(1000, "word"));
  await live.until(({ untaken }) => untaken === 0);
  const late = await resume(t, running, ready.session_id, 1);
  const error = await late.until("error");
  assert.equal(error.reason, "resume_gap");
  assert.match(error.message, /behind event 1: those up to 2 /);
  const rest = await resume(t, running, ready.session_id, 1001);
  await rest.until("final");
  assert.deepEqual(numbers(rest), [1001, 1002]);
});

test("an event that has not been told cannot be resumed behind, and the session waits on", async (t) => {
  const running = await startLiveServer(t);
  const { client, ready } = await running.begin();
  await cut(running, client, 1);
  const wrong = await resume(t, running, ready.session_id, 9);
  assert.match((await wrong.until("error")).message, /number 9 has not been told yet/);
  const right = await resume(t, running, ready.session_id, 1);
  await right.until("ready");
});

test("a close with 1000 ends the session, any other keeps it", async (t) => {
  const running = await startLiveServer(t);
  for (const [code, isKept] of [
    [1000, false],
    [1001, true],
    [4000, true],
    [undefined, true],
  ] as const) {
    const { client, live, ready } = await running.begin();
    client.socket.close(code);
    await client.closed;
    const again = await resume(t, running, ready.session_id, 1);
    const [first] = [await again.next()];
    assert.equal(first?.type, isKept ? "ready" : "error", String(code));
    assert.equal(live.cancelled === undefined, isKept);
  }
});

test("nobody comes back in time: the session is over", async (t) => {
  const running = await startLiveServer(t, { config: { "live.resume_seconds": 0.05 } });
  const { client, live, ready } = await running.begin();
  client.socket.terminate();
  await live.until(({ cancelled }) => cancelled !== undefined);
  const late = await resume(t, running, ready.session_id, 1);
  assert.equal((await late.until("error")).reason, "session_unknown");
});

test("a peer that vanished is found out, and its session can be resumed", async (t) => {
  const running = await startLiveServer(t, { pingMs: 50 });
  const { client, live, ready } = await running.begin();
  // Nothing is read any more, as when the network is gone: no ping is answered.
  client.socket.pause();
  await running.server.requestLines(1);
  const again = await resume(t, running, ready.session_id, 1);
  await again.until("ready");
  // Whoever answers lives on.
  for (let pings = 0; pings < 3; pings += 1) await once(again.socket, "ping");
  live.say(final(0, "one"));
  await again.until("final");
});
