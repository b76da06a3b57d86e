import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
  type ClientOptions,
  type LiveSession,
  ModelAPIClient,
  type SessionEvent,
  type SessionOptions,
} from "@voxpool/client";

/** A session of a client of its own, which is closed after the test. */
export async function openSession(
  t: TestContext,
  url: string,
  client: ClientOptions,
  options: SessionOptions = {},
): Promise<LiveSession> {
  const opener = new ModelAPIClient(url, client);
  t.after(() => opener.close());
  const session = await opener.openSession(options);
  assert.ok(session.success, JSON.stringify(session));
  return session;
}

/** All events, to the last one. */
export async function collect(session: LiveSession): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for await (const event of session) events.push(event);
  return events;
}

export const finalsOf = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === "final" ? [event.segment.text] : []));
