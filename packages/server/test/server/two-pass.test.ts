import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveEvent } from "@voxpool/client/contract";
import { Check } from "typebox/value";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../../../test/fixtures/wav.ts";
import { VoskClient } from "../vosk-server/client.ts";
import { finish, sendAudio, startReal, textsOf } from "../ws/real-server.ts";

const models = { tone: "tone", fast: { fake: { input: "frames", text: "one two three", spanSeconds: 3 } } } as const;
const speech = pcmBytes(joinedSignals(toneSignal("hello"), silentSignal(0.4)));

test("live.partials_model gives the partials of each protocol that has them", async (t) => {
  const port = await freePort();
  const server = await startReal(t, models, {
    "live.partials_model": "fast",
    "vosk.port": port,
    "vosk.sample_rate": 16_000,
  });

  await t.test("WS /api/stream, whose ready names both models", async () => {
    const { client, ready } = await server.begin({ endpointing: { silence_ms: 2000 } });
    assert.equal(ready.model_path, server.modelPath("tone"));
    assert.equal(ready.partials_model_path, server.modelPath("fast"));
    sendAudio(client, speech);
    const partial = await client.until("partial");
    assert.deepEqual([partial.segment_id, partial.stable], [0, ""]);
    assert.ok("one two three".startsWith(partial.text));
    const events = await finish(client);
    assert.deepEqual(textsOf(events), ["hello"]);
    for (const event of events) assert.ok(Check(LiveEvent, event), JSON.stringify(event));
  });

  await t.test("the port of vosk-server", async () => {
    const client = await VoskClient.open(`ws://127.0.0.1:${port}`);
    const replies: unknown[] = [];
    // What is heard meanwhile is in the reply to what comes next.
    while (!replies.some((partial) => typeof partial === "string" && partial.startsWith("one"))) {
      client.send(speech.subarray(0, 32_000));
      replies.push((await client.reply())?.["partial"]);
    }
    const last = await client.eof();
    assert.ok(typeof last?.["text"] === "string" && !last["text"].includes("one"), JSON.stringify(last));
  });
});
