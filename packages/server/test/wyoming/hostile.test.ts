import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { startRunning } from "../server/running.ts";
import { format, startWyoming, textOf, toInt16 } from "./support.ts";

const models = {
  "en/tiny": "tone",
  slow: { fake: { text: "late", languages: ["fr"], decodeMs: 60_000 } },
  crash: { fake: { text: "never", languages: ["de"], load: "abort" } },
} as const;
const abc = toInt16(toneSignal("abc"));
const bytes = new Uint8Array(abc.buffer);

test("Wyoming: what is wrong is an error, then the end, and nobody else suffers", async (t) => {
  const running = await startWyoming(t, models, { "limits.live_idle_seconds": 1, "limits.live_seconds": 5 });
  const others = async () => assert.equal(textOf(await (await running.open()).say(abc)), "abc");

  const lines: readonly (readonly [name: string, bytes: string | Uint8Array, code: string])[] = [
    ["no JSON", "GET / HTTP/1.1\r\n\r\n", "request_invalid"],
    ["a line without end", "x".repeat(70_000), "request_invalid"],
    ["bytes of no meaning", Buffer.alloc(100_000, 0xff), "request_invalid"],
    ["a payload that is too large", '{"type":"audio-chunk","payload_length":1048577}\n', "request_invalid"],
    ["a format without a rate", '{"type":"audio-start","data":{"width":2,"channels":1}}\n', "request_invalid"],
    ["no width", '{"type":"audio-start","data":{"rate":16000,"width":0,"channels":1}}\n', "request_invalid"],
    ["a rate of 1e9", '{"type":"audio-start","data":{"rate":1e9,"width":2,"channels":1}}\n', "request_invalid"],
    ["9 channels", '{"type":"audio-start","data":{"rate":16000,"width":2,"channels":9}}\n', "request_invalid"],
    ["a name that is a list", '{"type":"transcribe","data":{"name":["a"]}}\n', "request_invalid"],
    ["a name that is huge", `{"type":"transcribe","data":{"name":"${"x".repeat(5000)}"}}\n`, "request_invalid"],
  ];
  for (const [name, sent, code] of lines) {
    await t.test(name, async () => {
      const client = await running.open();
      client.socket.write(sent);
      const event = await client.next();
      assert.deepEqual([event?.type, event?.data.code], ["error", code]);
      assert.equal(await client.next(), undefined);
    });
  }

  const wishes: readonly (readonly [wish: object, code: string])[] = [
    [{ name: "no/such" }, "model_not_found"],
    [{ name: "../../etc" }, "model_path_invalid"],
    [{ language: "xx-klingon" }, "option_invalid"],
    [{ language: "ja" }, "no_model"],
    [{ name: "crash" }, "model_load_failed"],
  ];
  for (const [wish, code] of wishes) {
    await t.test(`${JSON.stringify(wish)} is told before the audio has ended`, async () => {
      const client = await running.open();
      client.send("transcribe", wish);
      client.send("audio-start", format);
      client.send("audio-chunk", format, bytes);
      const event = await client.next();
      assert.deepEqual([event?.type, event?.data.code], ["error", code], String(event?.data.text));
      assert.equal(await client.next(), undefined);
    });
  }

  await t.test("another format within an utterance", async () => {
    const client = await running.open();
    client.send("audio-start", format);
    client.send("audio-chunk", { ...format, rate: 8000 }, bytes);
    assert.equal((await client.next())?.data.code, "request_invalid");
  });

  await t.test("more audio than is allowed", async () => {
    const client = await running.open();
    for (let second = 0; second < 7; second++) client.send("audio-chunk", format, Buffer.alloc(32_000));
    client.send("audio-stop");
    const told = await client.until("error");
    assert.equal(told.at(-1)?.data.code, "live_too_long");
  });

  await t.test("somebody who falls silent within an utterance", async () => {
    const client = await running.open();
    client.send("audio-chunk", format, bytes);
    const event = await client.next();
    assert.deepEqual([event?.type, event?.data.code], ["error", "live_idle"]);
    assert.match(String(event?.data.text), /limits\.live_idle_seconds/);
  });

  await t.test("somebody who asks and asks, and never reads", async () => {
    const client = await running.open();
    client.socket.pause();
    client.socket.removeAllListeners("readable");
    const question = Buffer.from('{"type":"describe"}\n'.repeat(5000));
    while (client.socket.write(question));
    // Its own buffers are full: the server has stopped to read, and gives up.
    await client.closed;
    await others();
  });

  await t.test("connections that are cut at every step", async () => {
    const steps = [
      '{"type":"transcribe","data":{"language":"en"}}\n',
      '{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}\n',
    ];
    const all = Buffer.concat([
      Buffer.from(steps.join("")),
      Buffer.from(`{"type":"audio-chunk","data":${JSON.stringify(format)},"payload_length":${bytes.length}}\n`),
      bytes,
      Buffer.from('{"type":"audio-stop"}\n'),
    ]);
    for (const at of [0, 1, 30, steps.join("").length, 200, 5000, all.length - 1, all.length]) {
      const client = await running.open();
      client.socket.write(all.subarray(0, at), () => client.socket.destroy());
      await client.closed;
    }
    await others();
  });

  await t.test("a hundred thousand events that nobody knows", async () => {
    const client = await running.open();
    const unknown = Buffer.from('{"type":"x","data_length":2}\n{}'.repeat(10_000));
    for (let turn = 0; turn < 10; turn++) if (!client.socket.write(unknown)) await once(client.socket, "drain");
    assert.equal(textOf(await client.say(abc)), "abc");
  });

  await t.test("a recognition ends when its connection does", async () => {
    const client = await running.open();
    client.send("transcribe", { name: "slow" });
    client.send("audio-chunk", format, bytes);
    client.send("audio-stop");
    client.send("ping");
    assert.equal((await client.next())?.type, "pong");
    client.socket.destroy();
    // Its only session is free again: a second one would wait for a minute.
    await sessionsOf(running, "slow", 0);
  });
});

test("Wyoming: a port that is taken is said, and the server does not start", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  await assert.rejects(
    startRunning(t, { tone: "tone" }, { "wyoming.port": port }),
    /Port \d+ on .* is taken by another program.*--wyoming-port/,
  );
});

/** Resolves when so many sessions use a model; the test's own time limit ends it otherwise. */
async function sessionsOf(
  { fetch, modelPath }: { fetch: (path: string) => Promise<Response>; modelPath: (id: string) => string },
  id: string,
  count: number,
): Promise<void> {
  for (;;) {
    const { models: loaded } = (await (await fetch("/api/models")).json()) as {
      models: Record<string, { sessions: number }>;
    };
    if ((loaded[modelPath(id)]?.sessions ?? 0) === count) return;
  }
}
