import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { chineseGoldens } from "../../../../test/fixtures/chinese-goldens.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes, wavBytes } from "../../../../test/fixtures/wav.ts";
import { startRunning } from "../server/running.ts";
import { frame } from "../ws/raw-frames.ts";
import { configOf, startVosk, textsOf, VoskClient } from "./client.ts";

const speech = pcmBytes(joinedSignals(toneSignal("abc"), silentSignal(1.5), toneSignal("de"), silentSignal(0.3)));

test("clients as there are in many languages are served by one port", async (t) => {
  const { running, url, port } = await startVosk(t, { tone: "tone", said: { fake: { text: "hello {seconds}" } } });

  await t.test("with a configuration: a reply for each message, finals on the way, the rest at the end", async () => {
    const client = await VoskClient.open(url);
    client.send(configOf({ sample_rate: "16000", words: 1 }));
    const replies = await client.stream(speech, 8000);
    const last = await client.eof();
    assert.equal(textsOf([...replies, last]), "abc de");
    for (const reply of replies) assert.ok("partial" in reply !== "text" in reply);
  });

  await t.test("a whole WAV file without a configuration: its head does no harm, and gives the rate", async () => {
    const client = await VoskClient.open(url);
    const replies = await client.stream(wavBytes(toneSignal("hello"), 16_000), 4000);
    assert.equal(textsOf([...replies, await client.eof()]), "hello");
  });

  await t.test("everything sent ahead, eof with it: as many replies as messages, and the result", async () => {
    const client = await VoskClient.open(url);
    const messages = Math.ceil(speech.length / 3200);
    for (let at = 0; at < speech.length; at += 3200) client.send(speech.subarray(at, at + 3200));
    client.send('{"eof" : 1}');
    const replies: (Record<string, unknown> | undefined)[] = [];
    for (let index = 0; index <= messages; index++) replies.push(await client.reply());
    assert.equal(await client.reply(), undefined);
    assert.equal(textsOf(replies), "abc de");
    assert.equal((await client.closed).code, 1000);
  });

  await t.test("odd lengths, empty messages and fragments", async () => {
    const client = await VoskClient.open(`${url}/any/path?at=all`);
    client.send(new Uint8Array(0));
    assert.deepEqual(await client.reply(), { partial: "" });
    const half = Math.floor(speech.length / 2);
    client.socket.send(speech.subarray(0, 1001), { fin: false });
    client.socket.send(speech.subarray(1001, half), { fin: true });
    const replies = [await client.reply(), ...(await client.stream(speech.subarray(half), 3333))];
    assert.equal(textsOf([...replies, await client.eof()]), "abc de");
  });

  await t.test("reset gives the result so far and goes on", async () => {
    const client = await VoskClient.open(url);
    const replies = await client.stream(pcmBytes(toneSignal("abc")), 6400);
    client.send('{"reset" : 1}');
    const middle = await client.reply();
    assert.equal(textsOf([...replies, middle]), "abc");
    const more = await client.stream(pcmBytes(toneSignal("fg")), 6400);
    assert.equal(textsOf([...more, await client.eof()]), "fg");
  });

  await t.test("the model that a client names serves this connection alone", async () => {
    const client = await VoskClient.open(url);
    client.send(configOf({ sample_rate: 16_000, model: running.modelPath("said"), max_alternatives: 0 }));
    await client.stream(pcmBytes(toneSignal("abc")), 6400);
    assert.match(String((await client.eof())?.["text"]), /^hello/);
  });

  await t.test("without speech the result is empty, also without any audio", async () => {
    assert.deepEqual(await (await VoskClient.open(url)).eof(), { text: "" });
    const client = await VoskClient.open(url);
    await client.stream(pcmBytes(silentSignal(2)), 6400);
    assert.deepEqual(await client.eof(), { text: "" });
    const again = await VoskClient.open(url);
    again.send('{"reset" : 1}');
    assert.deepEqual(await again.reply(), { text: "" });
    again.socket.close();
  });

  await t.test("what cannot be served is closed with 1011 and the reason", async () => {
    const client = await VoskClient.open(url);
    client.send(configOf({ sample_rate: 16_000, model: running.modelPath("nowhere") }));
    client.send(speech.subarray(0, 100));
    assert.deepEqual(await client.closed, { code: 1011, reason: "model_not_found" });
  });

  await t.test("text that is no message is ignored; messages beyond a megabyte are refused", async () => {
    const client = await VoskClient.open(url);
    for (const text of ["", "hello", "[".repeat(100_000), '{"config":{"sample_rate":[]}}', "null"]) client.send(text);
    const replies = await client.stream(pcmBytes(toneSignal("ab")), 6400);
    assert.equal(textsOf([...replies, await client.eof()]), "ab");
    const large = await VoskClient.open(url);
    large.send(new Uint8Array(2 << 20));
    assert.equal((await large.closed).code, 1009);
  });

  await t.test("a plain request is told what the port is", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(answer.status, 426);
    assert.match(await answer.text(), /WebSocket/);
  });

  await t.test("connections that break at every step disturb nobody", async () => {
    for (let step = 0; step < 30; step++) {
      const client = await VoskClient.open(url);
      if (step % 3 > 0) client.send(speech.subarray(0, 1600 * step));
      if (step % 3 > 1) client.send('{"eof" : 1}');
      client.socket.terminate();
      const raw = connect(port, "127.0.0.1");
      raw.on("error", () => undefined);
      raw.end("GET / HTTP/1.1\r\nUpgrade: websocket\r\n".slice(0, step + 1));
    }
    const client = await VoskClient.open(url);
    assert.equal(textsOf([...(await client.stream(speech, 8000)), await client.eof()]), "abc de");
  });

  await t.test("recognitions are counted as all others", async () => {
    const { status } = (await (await running.fetch("/api/models/status/tone")).json()) as {
      status: { usage_count: number };
    };
    assert.ok(status.usage_count >= 5);
  });
});

test("Chinese stays as the engine writes it, words and spaces", async (t) => {
  const models = Object.fromEntries(
    chineseGoldens.map(({ engineText }, index) => [
      `said-${index}`,
      { fake: { text: engineText, languages: ["zh"], words: true } },
    ]),
  );
  const { running, url } = await startVosk(t, models);
  for (const [index, { voskText }] of chineseGoldens.entries()) {
    const client = await VoskClient.open(url);
    client.send(configOf({ sample_rate: 16_000, model: running.modelPath(`said-${index}`) }));
    const replies = await client.stream(pcmBytes(toneSignal("a")), 6400);
    const last = await client.eof();
    const said = [...replies, last].find((reply) => typeof reply?.["text"] === "string" && reply["text"] !== "");
    assert.equal(said?.["text"], voskText);
    const words = said?.["result"] as readonly { word: string }[];
    assert.deepEqual(
      words.map(({ word }) => word),
      voskText.split(" "),
    );
  }
});

test("who reads no replies is sent no more of them", async (t) => {
  const { port } = await startVosk(t, { tone: "tone" });
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write(
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  const reset = frame(0x81, Buffer.from('{"reset":1}'));
  const flood = Buffer.concat(Array.from({ length: 4096 }, () => reset));
  socket.pause();
  // The server stops reading what it cannot answer; the kernel's buffers take some megabytes.
  let written = 0;
  while (written < 64 << 20 && (await isWritten(socket, flood))) written += flood.length;
  assert.ok(written < 64 << 20, `${written} bytes were taken`);
});

/** Whether the other side takes it within a moment. */
async function isWritten(socket: Socket, bytes: Uint8Array): Promise<boolean> {
  if (socket.write(bytes)) return true;
  const drained = once(socket, "drain").then(() => true);
  const stuck = new Promise<boolean>((resolve) => setTimeout(resolve, 2000, false));
  return Promise.race([drained, stuck]);
}

test("a port that is taken is told with the setting that names another one", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  await assert.rejects(startRunning(t, { tone: "tone" }, { "vosk.port": port }), {
    reason: "port_taken",
    message: `Port ${port} on 127.0.0.1 is taken by another program. Choose another one: --vosk-port ${port + 1}.`,
  });
});
