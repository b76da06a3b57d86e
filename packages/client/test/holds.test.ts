import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { ModelAPIClient as WebClient } from "../dist/index.js";
import { type ClientOptions, httpTransport, ModelAPIClient } from "../dist/node.js";
import { holder } from "./support/holder.ts";
import { beginEvents, deadUrl, sendJson, signalled, startServer } from "./support/server.ts";
import { startService } from "./support/service.ts";
import { soon } from "./support/wire.ts";

/** Longer than the lease that gives back, and renewed three times a second. */
const leaseMs = 1_001;

async function holding(t: TestContext, options: ClientOptions = {}) {
  const service = holder();
  const { url } = await startServer(t, service.handler);
  const client = new ModelAPIClient(url, { clientId: "desk", leaseMs, retry: soon, ...options });
  t.after(() => client.close());
  return { service, client, url };
}

test("a client renews its lease by itself, under the path that it loaded", async (t) => {
  const { service, client } = await holding(t);
  assert.ok((await client.loadModel("cn", { keepAlive: "10m", pin: true })).success);
  const renewed = [await service.next("/models/renew"), await service.next("/models/renew")];
  const renewal = { path: "/models/renew", body: { client_id: "desk", model_path: "cn", lease_ms: leaseMs } };
  assert.deepEqual(renewed, [renewal, renewal]);
  const load = { model_path: "cn", client_id: "desk", lease_ms: leaseMs, keep_alive: "10m", pin: true };
  assert.deepEqual(service.calls[0], { path: "/models/load", body: load });
});

test("where the server has forgotten the hold, the model is loaded again, without its pin, and renewed on", async (t) => {
  const { service, client } = await holding(t);
  await client.loadModel("cn", { keepAlive: 5, pin: true });
  service.forgetAll();
  const again = await service.next("/models/load");
  assert.deepEqual(again.body, { model_path: "cn", client_id: "desk", lease_ms: leaseMs, keep_alive: 5 });
  await service.next("/models/renew");
  assert.deepEqual([...service.held], ["desk model/cn"]);
});

test("a server that is away for a while finds the client again", async (t) => {
  const service = holder();
  const gone = await startService(t, service.handler);
  const client = new ModelAPIClient(gone.url, { clientId: "desk", leaseMs, retry: false });
  t.after(() => client.close());
  await client.loadModel("cn");
  await gone.goAway();
  service.forgetAll();
  await gone.comeBack();
  await service.next("/models/load");
  assert.ok(service.held.has("desk model/cn"));
});

test("a renewal that fails is sent again with the policy of the client", async (t) => {
  const { service, client } = await holding(t);
  await client.loadModel("cn");
  const refused = signalled();
  service.instead.set("/models/renew", (_, response) => {
    response.writeHead(503, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: false, message: "Later.", reason: "server_stopping", retryable: true }));
    refused.resolve();
  });
  await refused.promise;
  await service.next("/models/renew");
  assert.equal(service.calls.filter(({ path }) => path === "/models/load").length, 1);
});

test("what was unloaded is neither renewed nor loaded again, whichever of its names was used", async (t) => {
  const { service, client } = await holding(t);
  await client.loadModel("cn");
  await client.loadModel("en");
  await client.unloadModel("model/cn", { force: true });
  await service.next("/models/renew");
  await service.next("/models/renew");
  const later = service.calls.slice(service.calls.findIndex(({ path }) => path === "/models/unload"));
  assert.deepEqual(later[0]?.body, { model_path: "model/cn", client_id: "desk", force: true });
  assert.ok(later.slice(1).every(({ path, body }) => path === "/models/renew" && body.model_path === "en"));
});

test("a load that an unload overtook is not renewed", async (t) => {
  const { service, client } = await holding(t);
  const answered = signalled();
  service.instead.set("/models/load", async (_, response) => {
    await answered.promise;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: true, message: "Loaded.", model_path: "model/cn" }));
  });
  const loading = client.loadModel("cn");
  await service.next("/models/load");
  await client.unloadModel("cn");
  answered.resolve();
  assert.ok((await loading).success);
  await client.loadModel("en");
  await service.next("/models/renew");
  await service.next("/models/renew");
  assert.ok(service.calls.every(({ path, body }) => path !== "/models/renew" || body.model_path === "en"));
});

test("an unload that got no answer is tried once more by close, also when another one succeeded", async (t) => {
  const { service, client } = await holding(t, { retry: false });
  await client.loadModel("cn", { leaseMs: null });
  await client.loadModel("en", { leaseMs: null });
  service.instead.set("/models/unload", (request) => request.socket.destroy());
  assert.equal((await client.unloadModel("cn")).success, false);
  assert.ok((await client.unloadModel("en")).success);
  await client.close();
  assert.deepEqual([...service.held], []);
  const given = service.calls.filter(({ path }) => path === "/models/renew").map(({ body }) => body.model_path);
  assert.deepEqual(given, ["cn"]);
});

test("what a batch loads first is renewed while the batch runs", async (t) => {
  const { service, client } = await holding(t);
  const renewed = service.next("/models/renew");
  service.instead.set("/models/batch", async (_, response) => {
    const send = beginEvents(response);
    const answer = { success: true, message: "Loaded.", model_path: "model/cn" };
    send({ type: "result", result: { index: 0, operation: "load", status: "done", answer } });
    await renewed; // the rest of the batch takes longer than a third of the lease
    send({ type: "done", answer: { success: true, message: "", results: [], done: 2, failed: 0, skipped: 0 } });
    response.end();
  });
  await client.batch([
    { operation: "load", model_path: "cn" },
    { operation: "warmup", model_path: "cn" },
  ]);
  assert.deepEqual((await renewed).body, { client_id: "desk", model_path: "cn", lease_ms: leaseMs });
});

test("what a batch unloads is not loaded again by a renewal that comes in between", async (t) => {
  const { service, client } = await holding(t);
  await client.loadModel("cn");
  service.instead.set("/models/batch", async (_, response) => {
    const send = beginEvents(response);
    send({ type: "started", index: 0, operation: "unload" });
    service.forgetAll();
    // Renewals come one after the other: the second shows that nothing followed the first.
    await service.next("/models/renew");
    await service.next("/models/renew");
    const answer = { success: true, message: "Unloaded.", model_path: "model/cn", unloaded: true, holds: [] };
    send({ type: "result", result: { index: 0, operation: "unload", status: "done", answer } });
    send({ type: "done", answer: { success: true, message: "", results: [], done: 1, failed: 0, skipped: 0 } });
    response.end();
  });
  await client.batch([{ operation: "unload", model_path: "cn" }]);
  assert.equal(service.calls.filter(({ path }) => path === "/models/load").length, 1);
  assert.deepEqual([...service.held], []);
});

test("an unload that a batch did not come to leaves the model held", async (t) => {
  const { service, client } = await holding(t);
  await client.loadModel("cn");
  service.instead.set("/models/batch", (_, response) => {
    const results = [{ index: 0, operation: "unload", status: "skipped" }];
    sendJson(response, 200, { success: false, message: "", results, done: 0, failed: 0, skipped: 1 });
  });
  await client.batch([{ operation: "unload", model_path: "cn" }]);
  service.forgetAll();
  await service.next("/models/load");
});

test("close gives every hold back by letting it lapse, so that models stay for their keep-alive", async (t) => {
  const { service, client } = await holding(t);
  await client.loadModel("cn");
  await client.loadModel("en", { leaseMs: null });
  await client.close();
  assert.deepEqual(
    service.calls.slice(2).map(({ path, body }) => [path, body.model_path, body.lease_ms]),
    [
      ["/models/renew", "cn", 1000],
      ["/models/renew", "en", 1000],
    ],
  );
  assert.deepEqual([...service.held], []);
  const late = await client.loadModel("cn");
  assert.ok(!late.success);
  assert.equal(late.reason, "request_cancelled");
  await client.close();
  assert.equal(service.calls.length, 4, "nothing is given back twice");
});

test("close ends and does not fail when the server is gone or gives no answer", async (t) => {
  const service = holder();
  const gone = await startService(t, service.handler);
  const one = new ModelAPIClient(gone.url, { leaseMs: null });
  await one.loadModel("cn");
  await gone.goAway();
  await one.close();
  const { service: silent, client } = await holding(t);
  await client.loadModel("cn", { leaseMs: null });
  silent.instead.set("/models/renew", () => undefined);
  await client.close();
  assert.equal(silent.calls.length, 2);
});

test("a client with an aborted signal still gives back what it holds", async (t) => {
  const ended = new AbortController();
  const { service, client } = await holding(t, { signal: ended.signal });
  await client.loadModel("cn");
  ended.abort();
  await client.close();
  assert.deepEqual([...service.held], []);
});

test("await using closes the client", async (t) => {
  const { service, url } = await holding(t);
  {
    await using client = new WebClient(url, { clientId: "page" });
    await client.loadModel("cn");
    assert.deepEqual([...service.held], ["page model/cn"]);
  }
  assert.deepEqual([...service.held], []);
});

test("without a name of their own, clients have different ones that say what they are", () => {
  const names = [new WebClient().clientId, new ModelAPIClient().clientId];
  for (const name of names) assert.match(name, /^sdk:[0-9a-f]{24}$/);
  assert.notEqual(names[0], names[1]);
});

test("a hold that is renewed keeps no process alive", async (t) => {
  const service = holder();
  const { url } = await startServer(t, service.handler);
  const entry = join(import.meta.dirname, "../dist/node.js");
  const script = `import { ModelAPIClient } from ${JSON.stringify(entry)};
    const { success } = await new ModelAPIClient(${JSON.stringify(url)}, { leaseMs: 3000 }).loadModel("cn");
    console.log(success);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  assert.equal(stdout, "true\n");
});

test("a hold in the fallback is made in the service once that is back, and a renewal opens no fallback", async (t) => {
  const [here, there] = [holder(), holder()];
  const service = await startService(t, here.handler);
  const other = await startService(t, there.handler);
  let opened = 0;
  const open = () => {
    opened++;
    return httpTransport(other.url);
  };
  const options = { clientId: "desk", leaseMs, retry: false, fallback: { open, probeEveryMs: 0 } } as const;
  const client = new ModelAPIClient(service.url, options);
  t.after(() => client.close());
  assert.equal((await client.loadModel("cn")).answered_by, "service");
  await service.goAway();
  here.forgetAll();
  assert.equal((await client.loadModel("en")).answered_by, "fallback");
  await there.next("/models/renew");
  assert.deepEqual([...there.held], ["desk model/en"], "what is held in the service alone is not loaded here");
  await service.comeBack();
  while (here.held.size < 2) await here.next("/models/load");
  assert.deepEqual([...here.held].toSorted(), ["desk model/cn", "desk model/en"]);
  assert.equal(opened, 1);
});

test("a service that goes away is no reason to open the fallback while nobody asks for anything", async (t) => {
  const here = holder();
  const service = await startService(t, here.handler);
  let opened = 0;
  const fallback = async () => {
    opened++;
    return httpTransport(await deadUrl());
  };
  const client = new ModelAPIClient(service.url, { leaseMs, retry: false, fallback });
  t.after(() => client.close());
  await client.loadModel("cn");
  const cut = signalled();
  here.instead.set("/models/renew", () => void service.goAway().then(() => cut.resolve()));
  await cut.promise;
  await service.comeBack();
  await here.next("/models/renew");
  assert.equal(opened, 0);
});

test("a page that goes away gives back what it holds, and takes it again if it comes back", async (t) => {
  const window = new EventTarget();
  const names = ["addEventListener", "removeEventListener"] as const;
  Object.assign(globalThis, { onpagehide: null });
  for (const name of names) Object.assign(globalThis, { [name]: window[name].bind(window) });
  t.after(() => {
    for (const name of ["onpagehide", ...names]) Reflect.deleteProperty(globalThis, name);
  });
  const service = holder();
  const { url } = await startServer(t, service.handler);
  const kept: (boolean | undefined)[] = [];
  const watching: typeof fetch = (input, init) => {
    kept.push(init?.keepalive);
    return fetch(input, init);
  };
  const client = new WebClient(url, { clientId: "page", leaseMs, fetch: watching });
  await client.loadModel("cn");
  window.dispatchEvent(new Event("pagehide"));
  const given = await service.next("/models/renew");
  assert.deepEqual(given.body, { client_id: "page", model_path: "cn", lease_ms: 1000 });
  assert.equal(kept[1], true);
  await service.next("/models/load");
  assert.ok(service.held.has("page model/cn"));
  await client.close();
  window.dispatchEvent(new Event("pagehide"));
  assert.equal(service.calls.at(-1)?.path, "/models/renew");
  assert.deepEqual([...service.held], []);
});

test("wrong options of holds are a misuse", async () => {
  for (const options of [
    { clientId: "" },
    { clientId: 5 },
    { leaseMs: 10 },
    { leaseMs: 1.5e3 + 0.5 },
    { leaseMs: "1m" },
  ]) {
    assert.throws(() => new ModelAPIClient(undefined, options as object), TypeError, JSON.stringify(options));
  }
  const client = new ModelAPIClient("http://127.0.0.1:9");
  for (const options of [
    { leaseMs: 0 },
    { leaseMs: 2 ** 40 },
    { keepAlive: "" },
    { keepAlive: Infinity },
    { pin: 1 },
  ]) {
    await assert.rejects(client.loadModel("cn", options as object), TypeError, JSON.stringify(options));
  }
  await assert.rejects(client.unloadModel("cn", { force: 1 } as object), TypeError);
  await assert.rejects(client.unloadModel("cn", { timeoutMs: -1 }), TypeError);
});
