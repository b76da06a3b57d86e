import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WebSocket } from "ws";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../../../test/fixtures/wav.ts";
import { frame, rawWebSocket, violations } from "./raw-frames.ts";
import { finish, type RealServer, sendAudio, startReal, textsOf } from "./real-server.ts";
import { connect, type StreamClient } from "./socket.ts";

const spoken = pcmBytes(joinedSignals(toneSignal("abc"), silentSignal(0.7), toneSignal("de")));
const half = spoken.length / 2;
const text = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const start = frame(0x81, text({ type: "start" }));

const bomb = "[".repeat(500_000);

/** What comes first, and what is said of it. */
const wrongFirst: readonly (readonly [name: string, message: string | Uint8Array, reason: string])[] = [
  ["JSON that is deep", bomb, "message_invalid"],
  ["JSON that is deep and whole", bomb + "]".repeat(500_000), "message_invalid"],
  [
    "a field that is deep",
    `{"type":"start","hotwords":${"[".repeat(400_000)}${"]".repeat(400_000)}}`,
    "option_invalid",
  ],
  [
    "a hundred thousand fields",
    `{"type":"start",${Array.from({ length: 80_000 }, (_, n) => `"${n}":1`).join(",")}}`,
    "option_unknown",
  ],
  [
    "a hundred thousand hotwords",
    `{"type":"start","hotwords":[${Array(100_000).fill('"a"').join(",")}]}`,
    "option_invalid",
  ],
  ["a mistyped option within another", '{"type":"start","endpointing":{"silence":2000}}', "option_unknown"],
  ["a prototype", '{"type":"start","__proto__":{"model_path":"x"}}', "option_unknown"],
  ["a type of Object's", '{"type":"constructor"}', "message_invalid"],
  ["a number that is none", '{"type":"start","sample_rate":1e999}', "option_invalid"],
  ["start in a binary message", text({ type: "start" }), "message_invalid"],
  ["audio as text", Buffer.from(spoken.subarray(0, 3000)).toString("base64"), "message_invalid"],
  ["a model that there is not", '{"type":"start","model_path":"model/nowhere"}', "model_not_found"],
  ["a model outside", '{"type":"start","model_path":"../../etc"}', "model_path_invalid"],
  ["a language that nothing speaks", '{"type":"start","language":"tlh"}', "no_model_for_language"],
];

/** Wrong in a session that has begun. */
const wrongLater: readonly (readonly [
  name: string,
  options: object,
  messages: readonly (string | Uint8Array)[],
  reason: string,
])[] = [
  ["audio as text", {}, [spoken.subarray(0, 1000), Buffer.from(spoken).toString("base64")], "message_invalid"],
  ["a deep message", {}, [bomb], "message_invalid"],
  ["PCM for Ogg", { encoding: "ogg_opus" }, [spoken], "audio_unsupported"],
  ["PCM for WebM", { encoding: "webm_opus" }, [spoken, spoken], "audio_unsupported"],
  ["resume of itself", {}, ['{"type":"resume","session_id":"x","after":0}'], "message_invalid"],
];

/** The rest of what somebody says who has spoken all the time. */
async function undisturbed(client: StreamClient): Promise<void> {
  sendAudio(client, spoken.subarray(half));
  assert.deepEqual(textsOf(await finish(client)), ["abc", "de"]);
}

async function speaker(server: RealServer): Promise<StreamClient> {
  const { client } = await server.begin();
  sendAudio(client, spoken.subarray(0, half));
  return client;
}

async function breakTheProtocol(t: TestContext, server: RealServer): Promise<void> {
  for (const [name, bytes, code] of violations) {
    for (const before of [Buffer.alloc(0), start]) {
      const { socket, closeCode } = await rawWebSocket(t, server.port);
      socket.write(Buffer.concat([before, bytes]));
      assert.equal(await closeCode, code, name);
    }
  }
}

async function sayWhatIsWrong(t: TestContext, server: RealServer): Promise<void> {
  for (const [name, message, reason] of wrongFirst) {
    const client = await connect(t, server.url);
    client.socket.send(message, { binary: typeof message !== "string" });
    assert.equal((await client.until("error")).reason, reason, name);
    assert.equal((await client.closed).reason, reason, name);
  }
  for (const [name, options, messages, reason] of wrongLater) {
    const { client } = await server.begin(options);
    for (const message of messages) client.socket.send(message, { binary: typeof message !== "string" });
    client.send({ type: "end" });
    assert.equal((await client.until("error")).reason, reason, name);
    assert.equal((await client.closed).reason, reason, name);
  }
}

/** Leaves without a word after each step; the last steps are a whole session. */
async function leaveAtEveryStep(t: TestContext, server: RealServer): Promise<void> {
  const steps = [
    (socket: WebSocket) => socket.send('{"type":"start"}'),
    (socket: WebSocket) => socket.send(spoken.subarray(0, 999)),
    (socket: WebSocket) => socket.send(spoken.subarray(999), { fin: false }),
    (socket: WebSocket) => socket.send(new Uint8Array(0), { fin: true }),
    (socket: WebSocket) => socket.send('{"type":"finalize"}'),
    (socket: WebSocket) => socket.send('{"type":"end"}'),
  ];
  for (let count = 0; count <= steps.length; count += 1) {
    for (const leave of ["terminate", "close"] as const) {
      const { socket, closed } = await connect(t, server.url);
      for (const step of steps.slice(0, count)) step(socket);
      socket[leave]();
      await closed;
    }
  }
  const request = "GET /api/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  for (let length = 0; length < request.length; length += 7) {
    const socket = connectSocket(server.port, "127.0.0.1");
    socket.on("error", () => undefined).resume();
    socket.end(request.slice(0, length));
    await once(socket, "close");
  }
}

test("whatever one client sends, it is told what is wrong, and who speaks meanwhile is not disturbed", async (t) => {
  const server = await startReal(t, { tone: "tone" });
  const speaking = await speaker(server);
  await t.test("what breaks the protocol is closed with its code", () => breakTheProtocol(t, server));
  await t.test("what is wrong in messages is said", () => sayWhatIsWrong(t, server));
  await t.test("connections that break at every step", () => leaveAtEveryStep(t, server));
  await t.test("a hundred thousand messages: of a byte, of nothing, finalize", async () => {
    const { client } = await server.begin();
    for (let at = 0; at < 50_000; at += 1) client.socket.send(spoken.subarray(at, at + 1));
    for (let count = 0; count < 40_000; count += 1) client.socket.send(new Uint8Array(0));
    for (let count = 0; count < 10_000; count += 1) client.send({ type: "finalize" });
    const events = await finish(client);
    const last = events.at(-1);
    assert.ok(last?.type === "ended" && last.duration === 50_000 / 32_000);
    assert.equal(events.filter(({ type }) => type === "finalized").length, 10_000);
    assert.equal(textsOf(events).join(" "), "abc");
  });
  await t.test("nothing, silence, half a sample, a rate that is wrong", async () => {
    for (const [options, bytes, seconds] of [
      [{}, new Uint8Array(0), 0],
      [{}, new Uint8Array(160_000), 5],
      [{}, new Uint8Array(1), 0],
      [{ encoding: "f32le" }, new Uint8Array(3), 0],
      [{ encoding: "webm_opus" }, new Uint8Array(0), 0],
      [{ sample_rate: 4000, channels: 8 }, spoken.subarray(0, 64_000), 1],
      [{ sample_rate: 192_000 }, spoken.subarray(0, 38_400), 0.1],
      [{ encoding: "f32le" }, new Uint8Array(64_000).fill(255), 1],
    ] as const) {
      const { client } = await server.begin(options);
      sendAudio(client, bytes);
      const last = (await finish(client)).at(-1);
      assert.ok(last?.type === "ended" && Math.abs(last.duration - seconds) < 0.02, JSON.stringify([options, last]));
    }
  });
  await undisturbed(speaking);
});

/** What this process uses once everything that is not needed has been thrown away. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** So many clients come at once, and leave. */
async function crowd(url: string, size: number): Promise<void> {
  await Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const socket = new WebSocket(url);
      socket.on("error", () => undefined);
      socket.on("open", () => {
        if (index % 4 > 0) socket.send('{"type":"start"}');
        if (index % 4 > 1) socket.send(spoken.subarray(0, 500));
        if (index % 2 > 0) socket.terminate();
        else socket.close(1000);
      });
      await once(socket, "close");
    }),
  );
}

test("two thousand connects in quick succession leave nothing behind", async (t) => {
  const server = await startReal(t, { tone: "tone" }, { "live.resume_seconds": 0 });
  const speaking = await speaker(server);
  await crowd(server.url, 100);
  const before = heapBytes();
  for (let round = 0; round < 20; round += 1) await crowd(server.url, 100);
  const grown = heapBytes() - before;
  assert.ok(grown < 10_000_000, `${grown} bytes more`);
  await undisturbed(speaking);
});
