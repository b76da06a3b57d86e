import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { CallFailure, PoolEvent } from "../dist/index.js";
import { deadUrl, sendJson, signalled, startServer } from "./support/server.ts";
import { entries } from "./support/wire.ts";

const retry = { retries: 2, baseMs: 1, capMs: 2, totalMs: 30_000 };

const event = (number: number, more: object = {}): PoolEvent => ({
  id: `e:${number}`,
  type: "pin.changed",
  at: 1,
  ...more,
});

const textOf = (one: PoolEvent): string => `id: ${one.id}\nevent: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`;

function begin(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
}

/** All that an iteration gives, as ids; of what it ends with the reason. */
async function idsOf(events: AsyncIterable<PoolEvent | { failure: CallFailure }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const one of events) ids.push("failure" in one ? one.failure.reason : one.id);
  return ids;
}

for (const [name, Client] of entries) {
  test(`${name}: events go on where they were after each loss, and what is lost is told`, async (t) => {
    let connections = 0;
    const server = await startServer(t, (_request, response) => {
      connections += 1;
      // Refused for the moment, by the server and by a proxy, it tries again.
      if (connections === 3)
        return sendJson(response, 429, { success: false, message: "full", reason: "x", retryable: true });
      if (connections === 4) return response.writeHead(502).end("<html>");
      begin(response);
      if (connections === 1) response.end(`id: e:5\n\n${textOf(event(6))}${textOf(event(7))}`);
      // The place moves on without an event of those that were asked for, and the connection breaks in an event.
      else if (connections === 2) response.write("id: e:9\n\nid: e:10\nevent: pin.ch", () => response.destroy());
      else response.write(`${textOf(event(11, { type: "gap" }))}:\n\n${textOf(event(12))}`);
    });
    const lost: string[] = [];
    const leaving = new AbortController();
    const events = new Client(server.url, { retry }).events({
      lastEventId: "e:4",
      types: ["pin.changed", "hold.added"],
      modelPath: "model/中文",
      signal: leaving.signal,
      onLost: ({ reason }) => lost.push(reason),
    });
    const ids: string[] = [];
    for await (const one of events) {
      ids.push("failure" in one ? one.failure.reason : one.id);
      if (ids.at(-1) === "e:12") leaving.abort();
    }
    assert.deepEqual(ids, ["e:6", "e:7", "e:11", "e:12", "request_cancelled"]);
    assert.deepEqual(lost, ["connection_lost", "connection_lost"]);
    const queries = server.asked.map(({ url }) => new URL(url, "http://a").searchParams);
    assert.deepEqual(
      queries.map((query) => query.get("last_event_id")),
      ["e:4", "e:7", "e:10", "e:10", "e:10"],
    );
    assert.deepEqual(
      [queries[0]?.get("types"), queries[0]?.get("model_path")],
      ["pin.changed,hold.added", "model/中文"],
    );
  });

  test(`${name}: what cannot go on ends with one error`, async (t) => {
    const missing = { success: false, message: "no", reason: "route_not_found", retryable: false };
    let connections = 0;
    const gone = await startServer(t, (_request, response) => {
      connections += 1;
      if (connections > 1) return sendJson(response, 404, missing);
      begin(response);
      response.end(textOf(event(1)));
    });
    assert.deepEqual(await idsOf(new Client(gone.url, { retry }).events()), ["e:1", "route_not_found"]);
    assert.equal(gone.asked.length, 2);

    const once = await startServer(t, (_request, response) => {
      begin(response);
      response.end(textOf(event(1)));
    });
    assert.deepEqual(await idsOf(new Client(once.url, { retry: false }).events()), ["e:1", "connection_lost"]);
    assert.deepEqual(await idsOf(new Client(await deadUrl(), { retry }).events()), ["server_unreachable"]);

    for (const body of ["data: {\n\n", "data: null\n\n", 'data: {"type":5,"id":"a"}\n\n', 'data: {"type":"a"}\n\n']) {
      const strange = await startServer(t, (_request, response) => {
        begin(response);
        response.write(body);
      });
      assert.deepEqual(await idsOf(new Client(strange.url, { retry }).events()), ["answer_invalid"], body);
    }
    const page = await startServer(t, (_request, response) => sendJson(response, 200, { success: true }));
    assert.deepEqual(await idsOf(new Client(page.url, { retry }).events()), ["answer_invalid"]);
  });

  test(`${name}: whoever leaves, aborts or closes is gone for the server`, async (t) => {
    for (const how of ["leave", "abort", "close"]) {
      const left = signalled();
      const server = await startServer(t, (_request, response) => {
        response.on("close", left.resolve);
        begin(response);
        response.write(textOf(event(1)));
      });
      const client = new Client(server.url, { retry });
      const leaving = new AbortController();
      for await (const one of client.events({ signal: leaving.signal })) {
        if ("failure" in one) assert.equal(one.failure.reason, "request_cancelled");
        else if (how === "leave") break;
        else if (how === "abort") leaving.abort();
        else await client.close();
      }
      await left.promise;
    }
  });

  test(`${name}: a connection over which nothing comes is lost, and a timeout of the client's is none of it`, async (t) => {
    const server = await startServer(t, (_request, response) => {
      begin(response);
      if (server.asked.length > 1) response.write(textOf(event(server.asked.length)));
    });
    const lost: string[] = [];
    const onLost = ({ error_message: message }: CallFailure) => lost.push(message);
    for await (const one of new Client(server.url, { retry, timeoutMs: 20 }).events({ idleMs: 60, onLost })) {
      assert.ok(!("failure" in one), JSON.stringify(one));
      break;
    }
    assert.match(lost[0] ?? "", /nothing came for 60 ms/);
  });
}

test("what is no option is misuse", async () => {
  const [[, Client]] = entries;
  const client = new Client("http://127.0.0.1:1/api");
  const wrong = [
    { lastEventId: 5 },
    { types: "a" },
    { types: [1] },
    { modelPath: {} },
    { onLost: 1 },
    { idleMs: 0 },
    null,
  ];
  for (const options of wrong) await assert.rejects(client.events(options as object).next(), TypeError);
});

for (const [name, Client] of entries) {
  test(`${name}: statistics of all and of one, by its path`, async (t) => {
    const server = await startServer(t, (_request, response) => sendJson(response, 200, { success: true, models: {} }));
    const client = new Client(server.url);
    assert.deepEqual(await client.stats(), { success: true, models: {} });
    assert.equal((await client.modelStats("model/中文 1@2")).success, true);
    assert.deepEqual(
      server.asked.map(({ url }) => decodeURIComponent(url)),
      ["/api/models/stats", "/api/models/stats/model/中文 1@2"],
    );
    await assert.rejects(client.modelStats(""), TypeError);
  });
}
