import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { joinedSignals, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { format, openClient, startWyoming, textOf, toInt16 } from "./support.ts";

const models = {
  "en/tiny": "tone",
  "en/other": { fake: { text: "other", languages: ["en"] } },
  zh: { fake: { text: "打开 客厅 的 灯", languages: ["zh"] } },
  slow: { fake: { text: "late", languages: ["fr"], decodeMs: 60_000 } },
  broken: { files: { "model.onnx": "" } },
} as const;

const abc = toInt16(toneSignal("abc"));

test("Wyoming: an utterance is recognised", async (t) => {
  const running = await startWyoming(t, models);

  await t.test("as Home Assistant says it, again and again on one connection", async () => {
    const client = await running.open();
    const told = await client.say(abc, { language: "en" });
    assert.deepEqual(
      told.map(({ type }) => type),
      ["transcript-start", "transcript-chunk", "transcript"],
    );
    assert.deepEqual(told.at(-1)?.data, { text: "abc", language: "en" });
    assert.equal((await client.next())?.type, "transcript-stop");
    assert.equal(textOf(await client.say(toInt16(toneSignal("cab")))), "cab");
  });

  await t.test("in the language that is asked for, by its name too", async () => {
    for (const wish of [{ language: "zh" }, { language: "zh-CN" }, { name: "zh", language: null }]) {
      const client = await running.open();
      assert.deepEqual((await client.say(abc, wish)).at(-1)?.data, { text: "打开客厅的灯", language: "zh" });
    }
  });

  await t.test("in whichever form it comes", async () => {
    const samples = toneSignal("abc");
    const stereo24 = Buffer.alloc(samples.length * 2 * 2 * 3);
    // 32 kHz, two channels, 24 bits: each sample twice.
    for (const [at, value] of samples.entries()) {
      for (let copy = 0; copy < 4; copy++) stereo24.writeIntLE(Math.round(value * 8_000_000), (at * 4 + copy) * 3, 3);
    }
    const bytes8 = Uint8Array.from(samples, (value) => Math.round(value * 120) + 128);
    const bytes32 = new Uint8Array(Int32Array.from(samples, (value) => Math.round(value * 2e9)).buffer);
    for (const [form, bytes] of [
      [{ rate: 32_000, width: 3, channels: 2 }, stereo24],
      [{ rate: 16_000, width: 1, channels: 1 }, bytes8],
      [{ rate: 16_000, width: 4, channels: 1 }, bytes32],
    ] as const) {
      const client = await running.open();
      client.send("audio-start", form);
      // Odd pieces, that end within a sample.
      for (let at = 0; at < bytes.length; at += 999) client.send("audio-chunk", form, bytes.subarray(at, at + 999));
      client.send("audio-stop");
      assert.equal(textOf(await client.until("transcript")), "abc", JSON.stringify(form));
    }
  });

  await t.test("without transcribe and audio-start, and with events in between that nobody knows", async () => {
    const client = await running.open();
    client.send("audio-chunk", format, new Uint8Array(abc.buffer));
    client.send("select-program", { name: "x" }, Buffer.from("payload"));
    client.send("ping", { text: "中" });
    client.send("audio-stop");
    const told = await client.until("transcript");
    assert.deepEqual(told[0], { type: "pong", data: { text: "中" } });
    assert.equal(textOf(told), "abc");
  });

  await t.test("of silence, and of nothing at all, with no text", async () => {
    const client = await running.open();
    assert.equal(textOf(await client.say(new Int16Array(16_000))), "");
    assert.equal(textOf(await client.say(new Int16Array(0))), "");
    client.send("audio-stop");
    assert.equal(textOf(await client.until("transcript")), "");
  });

  await t.test("in one piece, though there are pauses in it", async () => {
    const pause = new Float32Array(16_000);
    const client = await running.open();
    const told = await client.say(toInt16(joinedSignals(toneSignal("ab"), pause, toneSignal("c"))));
    assert.equal(told.filter(({ type }) => type === "transcript-chunk").length, 1);
    assert.equal(String(textOf(told)).replaceAll(" ", ""), "abc");
  });

  await t.test("though its sender ends its side at once", async () => {
    const client = await running.open();
    const told = client.say(abc);
    client.socket.end();
    assert.equal(textOf(await told), "abc");
    while ((await client.next()) !== undefined);
  });

  await t.test("anew when audio-start comes again", async () => {
    const client = await running.open();
    client.send("audio-start", format);
    client.send("audio-chunk", format, new Uint8Array(toInt16(toneSignal("ccc")).buffer));
    assert.equal(textOf(await client.say(abc)), "abc");
  });

  await t.test("and counted as any other", async () => {
    const uses = async () => {
      const { models: loaded } = (await (await running.fetch("/api/models")).json()) as {
        models: Record<string, { usage_count: number }>;
      };
      return loaded[running.modelPath("en/tiny")]?.usage_count ?? 0;
    };
    // The last one is counted a moment after its words were sent.
    while ((await uses()) < 10) await new Promise((resolve) => setImmediate(resolve));
    const { total } = (await (await running.fetch("/api/models/stats")).json()) as {
      total: { life: { errors: number } };
    };
    assert.equal(total.life.errors, 1); // the one that was begun anew
  });

  await t.test("describe says what there is; models that are on disk count as installed", async () => {
    const client = await running.open();
    client.send("describe");
    const info = await client.next();
    assert.ok(info !== undefined);
    const [asr] = (info.data as { asr: Record<string, unknown>[] }).asr;
    assert.equal(asr?.supports_transcript_streaming, true);
    const listed = asr?.models as { name: string; languages: string[]; installed: boolean }[];
    assert.deepEqual(
      listed.map(({ name, installed }) => [name, installed]),
      ["en/other", "en/tiny", "slow", "zh"].map((name) => [name, true]),
    );
    assert.deepEqual(listed.find(({ name }) => name === "en/tiny")?.languages, ["en"]);
  });
});

test("Wyoming: on a port, until the server stops", async (t) => {
  const port = await freePort();
  const running = await startWyoming(t, models, { "wyoming.port": port, "wyoming.connections": 2 });
  const [one, two] = [await openClient(t, port), await running.open()];
  one.send("ping");
  assert.equal((await one.next())?.type, "pong");
  two.send("ping");
  assert.equal((await two.next())?.type, "pong");
  const refusal = await (await openClient(t, port)).next();
  assert.equal(refusal?.data.code, "too_many_connections");
  assert.match(String(refusal?.data.text), /wyoming\.connections/);
  two.send("transcribe", { language: "zh" });
  two.send("audio-start", format);
  two.send("ping");
  assert.equal((await two.next())?.type, "pong");
  const stopping = running.server.stop();
  assert.deepEqual((await one.next())?.data.code, "server_stopping");
  const last = await two.next();
  assert.deepEqual([last?.data.code, /[\p{Script=Han}]/u.test(String(last?.data.text))], ["server_stopping", true]);
  assert.equal(await one.next(), undefined);
  await stopping;
});
