import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { httpTransport, ModelAPIClient, type ServedByChange } from "@voxpool/client";
import { deadUrl } from "../../../client/test/support/server.ts";
import { type Letters, startLetters, startWire } from "./letters.ts";

const soon = { baseMs: 1, capMs: 20 };
const bytes = (text: string) => new TextEncoder().encode(text);

/** A client whose fallback is a second server of letters. */
async function withFallback(t: TestContext, url: string) {
  const letters = await startLetters(t);
  const changes: ServedByChange["servedBy"][] = [];
  let isOpen = false;
  const client = new ModelAPIClient(url, {
    retry: soon,
    fallback: {
      async open() {
        isOpen = true;
        const close = async () => {
          isOpen = false;
        };
        return { ...httpTransport(letters.url), close };
      },
      probeEveryMs: 0,
      closeAfterMs: 1,
      onChange: ({ servedBy }) => changes.push(servedBy),
    },
  });
  t.after(() => client.close());
  return { client, letters, changes, isOpen: () => isOpen };
}

async function opened(client: ModelAPIClient) {
  const session = await client.openSession();
  assert.ok(session.success, JSON.stringify(session));
  return session;
}

test("a session goes to the service, and to the fallback while the service is away", async (t) => {
  const service = await startLetters(t);
  const wire = await startWire(t, service.url);
  const { client, letters, changes } = await withFallback(t, wire.url);
  const first = await opened(client);
  assert.equal(first.answered_by, "service");
  await first.write(bytes("one."));
  const summary = await first.end();
  assert.deepEqual([summary.success && summary.text, summary.answered_by], ["one", "service"]);
  await assertAway(wire, client);
  assert.deepEqual([service.sessions.length, letters.sessions.length, changes], [2, 1, ["fallback", "service"]]);
});

/** With the port closed sessions go to the fallback; with it open again they go back. */
async function assertAway(wire: Awaited<ReturnType<typeof startWire>>, client: ModelAPIClient): Promise<void> {
  const reopen = await wire.closePort();
  const second = await opened(client);
  assert.equal(second.answered_by, "fallback");
  await second.write(bytes("two."));
  const summary = await second.end();
  assert.deepEqual([summary.success && summary.text, summary.answered_by], ["two", "fallback"]);
  await reopen();
  const third = await opened(client);
  assert.equal(third.answered_by, "service");
  await third.close();
}

test("a session in progress never changes to the other one: it goes on with its own, or ends with an error", async (t) => {
  const service = await startLetters(t);
  const wire = await startWire(t, service.url);
  const { client, letters } = await withFallback(t, wire.url);
  const session = await opened(client);
  await session.write(bytes("one."));
  wire.cut();
  await session.write(bytes("two."));
  const finalized = await session.finalize();
  assert.equal(finalized.success && finalized.text, "one two");
  (service.sessions as unknown[]).splice(0);
  wire.cut();
  const end = await session.end();
  assert.ok(!end.success);
  assert.deepEqual([end.reason, end.answered_by, letters.sessions.length], ["request_invalid", "service", 0]);
});

test("a session of the fallback is resumed there, and keeps it open", async (t) => {
  const { client, letters, isOpen } = await withFallback(t, await deadUrl());
  const session = await opened(client);
  await session.write(bytes("one."));
  await session.finalize();
  cutAll(letters);
  await session.write(bytes("two."));
  const summary = await session.end();
  assert.deepEqual([summary.success && summary.text, summary.answered_by], ["one two", "fallback"]);
  assert.deepEqual([letters.sessions.length, isOpen()], [1, true]);
});

function cutAll({ sessions }: Letters): void {
  for (const { socket } of sessions) socket?.terminate();
}

const noFallback = () => Promise.reject(new Error("no model is installed"));

test("where neither can serve, the result says both", async (t) => {
  const client = new ModelAPIClient(await deadUrl(), { retry: soon, fallback: noFallback });
  t.after(() => client.close());
  const failed = await client.openSession();
  assert.ok(!failed.success);
  assert.equal(failed.reason, "server_unreachable");
  assert.match(failed.message, /nothing listens there.*fallback could not be opened: no model is installed/);
});
