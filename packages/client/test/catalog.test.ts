import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, sendJson, startServer } from "./support/server.ts";
import { entries } from "./support/wire.ts";

const answer = { success: true, message: "cn is fetched", name: "cn", already_there: false, model_path: "model/cn" };
const progress = { type: "progress", phase: "download", file: "a.zip", received_bytes: 5, total_bytes: 10 };

const sse = (...events: readonly object[]): string =>
  events.map((event) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`).join("");

function refuse(): never {
  throw new Error("mine");
}

for (const [name, Client] of entries) {
  test(`${name}: the catalogue is asked with what is wished, and a model by its name`, async (t) => {
    const server = await startServer(t, (_, response) =>
      sendJson(response, 200, { success: true, models: [], count: 0 }),
    );
    const client = new Client(server.url);
    assert.ok((await client.searchCatalog()).success);
    assert.ok((await client.searchCatalog({ query: "a b", language: "zh" })).success);
    await client.getCatalogModel("en/tiny");
    assert.deepEqual(
      server.asked.map(({ url }) => url),
      ["/api/catalog", "/api/catalog?query=a+b&language=zh", "/api/catalog/en/tiny"],
    );
    await assert.rejects(client.getCatalogModel(""), TypeError);
    await assert.rejects(client.pullModel(5 as unknown as string), TypeError);
    await assert.rejects(client.pullModel("cn", { onEvent: 5 as unknown as () => void }), TypeError);
  });

  test(`${name}: a pull without a listener asks for the answer alone, one with it for events`, async (t) => {
    const bodies: string[] = [];
    const server = await startServer(t, async (request, response) => {
      const body = (await bodyOf(request)).toString();
      bodies.push(body);
      if (body.includes("true")) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(`:\n\n${sse({ type: "of a newer server" }, progress, { type: "done", answer })}`);
      } else sendJson(response, 200, answer);
    });
    const client = new Client(server.url);
    assert.deepEqual(await client.pullModel("cn"), answer);
    const heard: object[] = [];
    assert.deepEqual(await client.pullModel("cn", { onEvent: (event) => heard.push(event) }), answer);
    assert.deepEqual(heard, [progress]);
    assert.deepEqual(bodies, ['{"name":"cn","stream":false}', '{"name":"cn","stream":true}']);
  });

  test(`${name}: a pull that fails, before or in its events, or whose stream is cut, is a failure`, async (t) => {
    const failure = { type: "error", message: "no", reason: "download_failed", retryable: true };
    const cases = [
      [sse(progress, failure), "download_failed"],
      [sse(progress), "connection_lost"],
      ["data: {broken\n\n", "answer_invalid"],
      [sse({ type: "done" }), "answer_invalid"],
    ] as const;
    for (const [body, reason] of cases) {
      const server = await startServer(t, (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).end(body);
      });
      const result = await new Client(server.url, { retry: false }).pullModel("cn", { onEvent: () => undefined });
      assert.ok(!result.success);
      assert.equal(result.reason, reason);
    }
    const refusing = await startServer(t, (_, response) =>
      sendJson(response, 404, { success: false, message: "no", reason: "download_unknown", retryable: false }),
    );
    const refused = await new Client(refusing.url).pullModel("x", { onEvent: () => assert.fail("no event") });
    assert.ok(!refused.success && refused.reason === "download_unknown" && refused.error_code === 404);
  });

  test(`${name}: what a listener throws ends the pull and is thrown`, async (t) => {
    const server = await startServer(t, (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(sse(progress));
    });
    await assert.rejects(new Client(server.url).pullModel("cn", { onEvent: refuse }), /mine/);
  });
}
