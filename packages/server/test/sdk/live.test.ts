import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type LiveSession, ModelAPIClient, type SessionEvent, type SessionOptions } from "@voxpool/client";
import { startLetters, startWire } from "./letters.ts";

const soon = { baseMs: 1, capMs: 20 };
const bytes = (text: string) => new TextEncoder().encode(text);

async function opened(t: TestContext, url: string, options: SessionOptions = {}): Promise<LiveSession> {
  const client = new ModelAPIClient(url, { retry: soon, clientId: "test" });
  t.after(() => client.close());
  const session = await client.openSession(options);
  assert.ok(session.success, JSON.stringify(session));
  return session;
}

/** All events, to the last one. */
async function collect(session: LiveSession): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for await (const event of session) events.push(event);
  return events;
}

const finalsOf = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === "final" ? [event.segment.text] : []));

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
