import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { chineseGoldens } from "../../../../test/fixtures/chinese-goldens.ts";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { type Running, startRunning } from "../server/running.ts";
import { clients, type Place, type ProtocolClient, Refused } from "./clients.ts";
import { type CheckName, checks, type ProtocolName, protocols } from "./table.ts";

/** How each protocol tells that there is no such model. */
const refusals: Readonly<Record<ProtocolName, RegExp>> = {
  native: /"reason":"model_not_found"/,
  stream: /"type":"error".*"reason":"model_not_found"/,
  openai: /"error":\{.*"message"/,
  realtime: /"error":\{/,
  vosk: /"code":1011,"reason":"model_not_found"/,
  wyoming: /error/,
  oip: /^\{"error":".*nowhere/,
};

const saying = toneSignal("hello");

type Check = (place: Place, client: ProtocolClient, name: ProtocolName) => Promise<void>;

const proofs: Readonly<Record<CheckName, Check>> = {
  async words(place, client) {
    assert.equal(await client.say(place, "tone", saying), "hello");
  },
  async chinese(place, client, name) {
    for (const [index, { text, voskText }] of chineseGoldens.entries()) {
      const said = await client.say(place, `said-${index}`, toneSignal("a"));
      assert.equal(said, name === "vosk" ? voskText : text);
    }
  },
  async silence(place, client) {
    assert.equal(await client.say(place, "tone", silentSignal(1)), "");
  },
  async unknown(place, client, name) {
    const refused = await client.say(place, "nowhere", saying).catch((error: unknown) => error);
    assert.ok(refused instanceof Refused, String(refused));
    assert.match(refused.message, refusals[name]);
  },
  async counted(place, client) {
    const before = await statusOf(place.running);
    await client.say(place, "tone", saying);
    await client.say(place, "tone", saying);
    const after = await until(place.running, ({ usage_count }) => usage_count >= before.usage_count + 2);
    assert.equal(after.usage_count, before.usage_count + 2);
  },
  async left(place, client) {
    for (let round = 0; round < 3; round++) await client.leave(place, "tone", toneSignal("abcdefgh"));
    assert.equal((await until(place.running, ({ sessions }) => sessions === 0)).sessions, 0);
    assert.equal(await client.say(place, "tone", saying), "hello");
  },
};

interface Status {
  readonly usage_count: number;
  readonly sessions: number;
}

async function statusOf({ fetch }: Running): Promise<Status> {
  const answer = await fetch("/api/models/status/tone");
  return ((await answer.json()) as { status: Status }).status;
}

/** What a server tells of a client that has just gone is true a moment later. */
async function until(running: Running, holds: (status: Status) => boolean): Promise<Status> {
  for (;;) {
    const status = await statusOf(running);
    if (holds(status)) return status;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function start(t: TestContext): Promise<Place> {
  const said = chineseGoldens.map(({ engineText }, index) => [
    `said-${index}`,
    { fake: { text: engineText, languages: ["zh"], words: true } },
  ]);
  const [voskPort, wyomingPort] = [await freePort(), await freePort()];
  const running = await startRunning(
    t,
    { tone: "tone", ...Object.fromEntries(said) },
    { "vosk.port": voskPort, "wyoming.port": wyomingPort },
  );
  return { t, running, voskUrl: `ws://127.0.0.1:${voskPort}`, wyomingPort };
}

test("one pool behind every protocol", { timeout: 110_000 }, async (t) => {
  const place = await start(t);
  for (const [name, client] of Object.entries(clients) as [ProtocolName, ProtocolClient][]) {
    for (const [check, proof] of Object.entries(proofs) as [CheckName, Check][]) {
      await t.test(`${protocols[name].en}: ${checks[check].en}`, () => proof(place, client, name));
    }
  }
});
