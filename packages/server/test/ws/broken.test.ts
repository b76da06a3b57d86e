import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveEvent } from "@voxpool/client/contract";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../../../test/fixtures/wav.ts";
import { finalsOf, finish, type RealServer, sendAudio, startReal, textsOf } from "./real-server.ts";
import { connect, type StreamClient } from "./socket.ts";

const pause = silentSignal(0.7);
const words = ["abc", "de", "fghij", "k", "lmnop"];
const spoken = pcmBytes(joinedSignals(...words.flatMap((word) => [toneSignal(word, { silenceSeconds: 0.3 }), pause])));

/** Where a connection is cut: when so many bytes were sent, and this has come since it began. */
interface Cut {
  readonly bytes: number;
  readonly after?: LiveEvent["type"];
  /** `end` has been said, or `finalize`. */
  readonly said?: "end" | "finalize";
}

/** What a client hears that loses its connection again and again, without the `ready`s. */
async function speakWithCuts(
  server: RealServer,
  t: Parameters<typeof connect>[0],
  wishes: object,
  cuts: readonly Cut[],
) {
  const heard: LiveEvent[] = [];
  let { client, ready } = await server.begin(wishes);
  const { session_id } = ready;
  let last = 1;
  for (const { bytes, after, said } of cuts) {
    sendAudio(client, spoken.subarray(ready.received_bytes, bytes), 1999);
    if (said !== undefined) client.send({ type: said });
    if (after !== undefined) await client.until(after);
    last = await cut(client, heard, last);
    client = await connect(t, server.url);
    client.send({ type: "resume", session_id, after: last });
    ready = await client.until("ready");
    assert.equal(ready.session_id, session_id);
    assert.ok(ready.received_bytes <= Math.max(bytes, ready.received_bytes) && ready.received_bytes <= spoken.length);
  }
  sendAudio(client, spoken.subarray(ready.received_bytes), 1999);
  client.send({ type: "end" });
  assert.deepEqual(await client.closed, { code: 1000, reason: "ended" });
  keep(client, heard);
  return heard;
}

/** Cuts without a word; gives the number of the last event that came. */
async function cut(client: StreamClient, heard: LiveEvent[], last: number): Promise<number> {
  client.socket.terminate();
  await client.closed;
  keep(client, heard);
  return Math.max(last, ...heard.map(({ number }) => number));
}

function keep({ events }: StreamClient, heard: LiveEvent[]): void {
  heard.push(...events.filter(({ type }) => type !== "ready"));
}

/** What does not depend on how quickly things went. */
function lasting(events: readonly LiveEvent[]): readonly object[] {
  return events
    .filter(({ type }) => type === "final" || type === "ended" || type === "error")
    .map((event) => ({ ...event, number: 0 }));
}

const models = { tone: "tone", streaming: { fake: { input: "frames", text: "one two" } } } as const;

const half = Math.floor(spoken.length / 2);
const cuts: readonly (readonly [name: string, readonly Cut[]])[] = [
  ["before any audio", [{ bytes: 0 }]],
  ["in the middle of a sample", [{ bytes: 3333 }]],
  ["as soon as something is heard", [{ bytes: 32_000, after: "partial" }]],
  ["as soon as a final has come", [{ bytes: half, after: "final" }]],
  ["with audio on its way", [{ bytes: half }]],
  ["behind finalize", [{ bytes: half, said: "finalize", after: "finalized" }]],
  ["behind end, of which nothing was read", [{ bytes: spoken.length, said: "end" }]],
  ["at ten places", Array.from({ length: 10 }, (_, index) => ({ bytes: ((index + 1) * spoken.length) / 10 }))],
  ["twice at one place", [{ bytes: half }, { bytes: half }]],
];

test("wherever its connection is cut, a session that is resumed tells everything once", async (t) => {
  const server = await startReal(t, models);
  for (const model of Object.keys(models)) {
    const wishes = { model_path: server.modelPath(model) };
    const { client } = await server.begin(wishes);
    sendAudio(client, spoken);
    const whole = lasting(await finish(client));
    for (const [name, places] of cuts) {
      await t.test(`${model}: ${name}`, async () => {
        const heard = await speakWithCuts(server, t, wishes, places);
        const numbers = heard.map(({ number }) => number);
        assert.deepEqual(
          numbers,
          [...new Set(numbers)].toSorted((a, b) => a - b),
        );
        if (places.some(({ said }) => said === "finalize")) assertOnce(heard);
        else assert.deepEqual(lasting(heard), whole);
      });
    }
  }
});

/** Every segment has come, and none twice. */
function assertOnce(events: readonly LiveEvent[]): void {
  const ids = finalsOf(events).map(({ segment }) => segment.id);
  assert.deepEqual(
    ids,
    ids.map((_, index) => index),
  );
  const last = events.at(-1);
  assert.ok(last?.type === "ended" && last.segments === ids.length && last.duration === spoken.length / 32_000);
}

async function processOf(server: RealServer, model_path: string): Promise<number> {
  const status = await server.client.getModelStatus(model_path);
  assert.ok(status.success);
  return status.status.pid;
}

/** As it is told; each asking is a request of its own. */
async function stateOf(server: RealServer, model_path: string): Promise<string | undefined> {
  const answer = await server.fetch(`/api/models/status/${model_path}`);
  const { state, status } = (await answer.json()) as { state?: string; status?: { state?: string } };
  return status?.state ?? state;
}

test("a process that is killed while the connection is broken costs no word", async (t) => {
  const server = await startReal(t, models);
  for (const model of Object.keys(models)) {
    const model_path = server.modelPath(model);
    const { client, ready } = await server.begin({ model_path });
    sendAudio(client, spoken.subarray(0, half));
    await client.until("final");
    client.socket.terminate();
    await client.closed;
    process.kill(await processOf(server, model_path), "SIGKILL");
    const again = await connect(t, server.url);
    again.send({ type: "resume", session_id: ready.session_id, after: client.events.at(-1)?.number ?? 0 });
    const { received_bytes } = await again.until("ready");
    sendAudio(again, spoken.subarray(received_bytes));
    const events = [...client.events, ...(await finish(again))];
    assertOnce(events);
    assert.deepEqual(textsOf(events), model === "tone" ? words : Array(textsOf(events).length).fill("one two"));
  }
});

test("a model that is unloaded by force: its session says what it heard and why it ends; the next one loads it anew", async (t) => {
  const server = await startReal(t, { tone: "tone" });
  const model_path = server.modelPath("tone");
  const { client } = await server.begin({ model_path });
  sendAudio(client, pcmBytes(toneSignal("abc")));
  await client.until("speech_started");
  const pid = await processOf(server, model_path);
  const unloaded = await server.client.unloadModel(model_path, { force: true });
  assert.ok(unloaded.success);
  assert.deepEqual(await client.closed, { code: 1013, reason: "model_forced_away" });
  assert.deepEqual(textsOf(client.events), ["abc"]);
  const { client: next } = await server.begin({ model_path });
  sendAudio(next, spoken);
  assert.deepEqual(textsOf(await finish(next)), words);
  assert.notEqual(await processOf(server, model_path), pid);
});

test("an unload that somebody waits for is forced by another one", async (t) => {
  const server = await startReal(t, { tone: "tone" });
  const model_path = server.modelPath("tone");
  const { client } = await server.begin({ model_path });
  const asked = server.client.unloadModel(model_path);
  while ((await stateOf(server, model_path)) !== "draining");
  assert.ok((await server.client.unloadModel(model_path, { force: true })).success);
  assert.equal((await client.until("error")).reason, "model_forced_away");
  assert.ok((await asked).success);
});
