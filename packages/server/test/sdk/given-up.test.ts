import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { startLetters, startWire } from "./letters.ts";

test("an attempt to resume that is given up leaves the session for the next one", async (t) => {
  const letters = await startLetters(t);
  const wire = await startWire(t, letters.url);
  const client = new ModelAPIClient(wire.url, { retry: { baseMs: 1, capMs: 20 } });
  t.after(() => client.close());
  const session = await client.openSession();
  assert.ok(session.success);
  const givenUp = Promise.withResolvers<number>();
  letters.answer = (socket, { type }) => {
    if (type !== "resume") return false;
    letters.answer = undefined;
    socket.once("close", givenUp.resolve);
    socket.send('{"type":"error","number":1,"reason":"not_ready","message":"Not yet.","retryable":true}');
    return true;
  };
  wire.cut();
  // 1000 would end it.
  assert.equal(await givenUp.promise, 4000);
  await session.write(new TextEncoder().encode("one."));
  const end = await session.end();
  assert.equal(end.success && end.text, "one");
});
