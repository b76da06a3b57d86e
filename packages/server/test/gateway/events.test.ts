import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createEventLog } from "../../dist/observe/event-log.js";
import { createTestServer, parseAnswer, rawConnection } from "./harness.ts";
import { openEvents } from "./sse-reader.ts";

const state = (path: string, more: object = {}) => ({ type: "model.state", model_path: path, version: "1", ...more });

async function setUp(t: Parameters<typeof createTestServer>[0], options: Parameters<typeof createTestServer>[1] = {}) {
  const server = createTestServer(t, options);
  const { url, port } = await server.listen();
  return { ...server, port, url: `${url}/api/events` };
}

test("a reader gets what happens from now on, each with an id, its type and its JSON", async (t) => {
  const { events, url } = await setUp(t);
  events.append(state("model/before"));
  const reader = await openEvents(url);
  events.append(state("model/cn", { state: "ready", previous_state: "warming" }));
  const event = await reader.next();
  assert.partialDeepStrictEqual(event, { type: "model.state", model_path: "model/cn", state: "ready" });
  assert.ok(reader.text().includes(`id: ${event?.id}\nevent: model.state\ndata: {`), reader.text());
  assert.ok(reader.text().startsWith("id: "), "the place where it began comes first");
  reader.leave();
});

test("who comes again gets what it missed, by header or query; the header wins", async (t) => {
  const { events, url } = await setUp(t);
  const first = await openEvents(url);
  for (const path of ["a", "b", "c"]) events.append(state(path));
  const seen = await first.next();
  first.leave();
  assert.ok(seen);
  events.append(state("d"));
  for (const [query, headers] of [
    ["", { "last-event-id": seen.id }],
    [`?last_event_id=${seen.id}`, {}],
    ["?last_event_id=0", { "last-event-id": seen.id }],
  ] as const) {
    const again = await openEvents(url + query, headers);
    const paths = [await again.next(), await again.next(), await again.next()].map((event) => event?.model_path);
    assert.deepEqual(paths, ["b", "c", "d"], query);
    again.leave();
  }
  const all = await openEvents(`${url}?last_event_id=0`);
  assert.equal((await all.next())?.type, "gap");
  assert.equal((await all.next())?.model_path, "a");
  all.leave();
});

test("filters by type and model; what is left out still moves the reader's place on", async (t) => {
  const { events, url } = await setUp(t);
  const byType = await openEvents(`${url}?types=hold.added,pin.changed`);
  const byModel = await openEvents(`${url}?model_path=model/cn`);
  const byVersion = await openEvents(`${url}?model_path=model/cn@2`);
  events.append(state("model/cn"));
  events.append({ type: "hold.added", model_path: "model/en", version: "1" });
  events.append(state("model/cn", { version: "2" }));
  events.append({ type: "pin.changed", model_path: "model/cn", version: "2" });
  events.append(state("model/cnx"));
  assert.deepEqual([(await byType.next())?.type, (await byType.next())?.type], ["hold.added", "pin.changed"]);
  assert.deepEqual(
    (await byModel.until("pin.changed")).map(({ version }) => version),
    ["1", "2", "2"],
  );
  assert.deepEqual(
    (await byVersion.until("pin.changed")).map(({ type }) => type),
    ["model.state", "pin.changed"],
  );
  for (const reader of [byType, byModel, byVersion]) reader.leave();

  const quiet = await openEvents(`${url}?types=alias.changed`);
  events.append(state("model/cn"));
  events.append({ type: "alias.changed" });
  await quiet.next();
  assert.equal(quiet.place(), events.lastId);
  quiet.leave();
});

test("messages are in the reader's language", async (t) => {
  const { events, url } = await setUp(t);
  const [zh, en] = [await openEvents(url, { "accept-language": "zh-CN" }), await openEvents(url)];
  events.append({ type: "model.quarantined", reason: "internal", message: { en: "bad", zh: "坏" } });
  assert.deepEqual([(await zh.next())?.message, (await en.next())?.message], ["坏", "bad"]);
  for (const reader of [zh, en]) reader.leave();
});

test("thousands of events reach every reader whole and in order", async (t) => {
  const { events, url } = await setUp(t);
  const readers = await Promise.all([openEvents(url), openEvents(url), openEvents(`${url}?types=hold.added`)]);
  for (let number = 0; number < 6000; number++) {
    events.append({ type: number % 100 === 0 ? "hold.added" : "model.state", details: { number } });
    // The readers get their turns now and then, as they do between the events of a real pool.
    if (number % 500 === 0) await new Promise(setImmediate);
  }
  events.append({ type: "hold.added", details: { number: 6000 } });
  for (const [index, reader] of readers.entries()) {
    const step = index === 2 ? 100 : 1;
    for (let number = 0; number <= 6000; number += step) {
      assert.equal((await reader.next())?.details?.number, number);
    }
    reader.leave();
  }
});

test("a slow reader is overtaken and told so: nothing is kept for it", async (t) => {
  const log = createEventLog({ mostEvents: 500 });
  const { events, port } = await setUp(t, { events: log, config: { "limits.upload_idle_seconds": 300 } });
  const { socket, received } = await rawConnection(t, port);
  socket.write("GET /api/events HTTP/1.1\r\nHost: a\r\n\r\n");
  await received("id: ");
  socket.pause();
  const before = socket.bytesRead;
  for (let number = 0; number < 30_000; number++) {
    events.append({ type: "model.state", model_path: "x".repeat(4000) });
    if (number % 100 === 0) await new Promise(setImmediate);
  }
  socket.resume();
  await received("event: gap");
  await received(`id: ${events.lastId}\n`);
  // Of 120 MB it got what the sockets hold, and the end.
  assert.ok(socket.bytesRead - before < 40_000_000, `${socket.bytesRead - before} bytes`);
});

test("a reader that takes nothing at all is cut off", async (t) => {
  const { events, port, requestLines } = await setUp(t, { config: { "limits.upload_idle_seconds": 0.2 } });
  const { socket, received } = await rawConnection(t, port);
  socket.write("GET /api/events?types=hold.added HTTP/1.1\r\nHost: a\r\n\r\n");
  await received("id: ");
  socket.pause();
  const over = new AbortController();
  const line = requestLines(1).finally(() => over.abort());
  while (!over.signal.aborted) {
    for (let number = 0; number < 1000; number++) {
      events.append({
        type: number % 2 === 0 ? "hold.added" : "pin.changed",
        message: { en: "x".repeat(2000), zh: "" },
      });
    }
    await new Promise(setImmediate);
  }
  assert.partialDeepStrictEqual((await line)[0]?.fields, { route: "/api/events", status: 200 });
});

test("readers are limited; a refusal names the setting, and a place is free again however its reader left", async (t) => {
  const { events, url, port, requestLines } = await setUp(t, { config: { "limits.event_readers": 1 } });
  let lines = 0;
  for (const how of ["leaves", "ends its side", "vanishes"]) {
    const { socket, received } = await rawConnection(t, port);
    socket.write("GET /api/events HTTP/1.1\r\nHost: a\r\n\r\n");
    await received("id: ");
    const refused = await fetch(url, { headers: { "accept-language": "zh" } });
    const body = (await refused.json()) as { reason: string; message: string };
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "5"], how);
    assert.equal(body.reason, "too_many_event_readers");
    assert.match(body.message, /limits\.event_readers/);
    if (how === "leaves") socket.destroy();
    else if (how === "ends its side") socket.end();
    else socket.resetAndDestroy();
    lines += 2;
    await requestLines(lines);
    await new Promise(setImmediate);
  }
  const reader = await openEvents(url);
  events.append(state("model/cn"));
  assert.equal((await reader.next())?.type, "model.state");
  reader.leave();
});

test("a reader to whom nothing happens is shown that the connection lives", async (t) => {
  const { port } = await setUp(t, { eventHeartbeatMs: 5 });
  const { socket, received } = await rawConnection(t, port);
  socket.write("GET /api/events HTTP/1.1\r\nHost: a\r\n\r\n");
  const text = await received(":\n\n\r\n3\r\n:\n\n");
  assert.match(text, /content-type: text\/event-stream/i);
});

test("a server that stops ends the streams, so that their readers come again", async (t) => {
  const { fastify, url } = await setUp(t);
  const reader = await openEvents(url);
  const closed = fastify.close();
  assert.equal(await reader.next(), undefined);
  await closed;
});

test("what is wrong with a wish is said; ids of any kind do no harm", async (t) => {
  const { events, url, port } = await setUp(t);
  for (const query of ["types=model.stat", "types=a&types=b", `model_path=${"x".repeat(5000)}`, "types=hold.added,"]) {
    const answer = await fetch(`${url}?${query}`);
    const body = (await answer.json()) as { reason: string };
    assert.deepEqual([answer.status, body.reason], [400, "option_invalid"], query);
  }
  const epoch = events.lastId.split(":")[0] ?? "";
  for (const id of [`${epoch}:000`, `${epoch}:-1`, `${epoch}:1e3`, `${epoch}:99999`, ":", "💥", `${epoch}:0:0`]) {
    const reader = await openEvents(`${url}?last_event_id=${encodeURIComponent(id)}`);
    events.append({ type: "pin.changed", details: { id } });
    const seen = await reader.until("pin.changed");
    assert.ok(seen.length > 0, id);
    reader.leave();
  }
  const { socket, closed } = await rawConnection(t, port);
  socket.write("HEAD /api/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await once(socket, "close");
  assert.equal((await closed).split(" ")[1], "405");
  const post = await rawConnection(t, port);
  post.socket.write("POST /api/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  assert.equal(parseAnswer(await post.closed).status, 405);
});
