import assert from "node:assert/strict";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import type { Hold, ModelEntry } from "@voxpool/client/contract";
import type { Config } from "../../dist/base/settings.js";
import { isAlive, type ModelContent, startRunning, toneWav } from "./running.ts";

/** Bodies of answers, as far as these tests look at them. */
interface Answer {
  readonly status: number;
  readonly body: {
    readonly success: boolean;
    readonly reason?: string;
    readonly message?: string;
    readonly model_path?: string;
    readonly state?: string;
    readonly unloaded?: boolean;
    readonly holds?: readonly Hold[];
    readonly expires_at?: number | null;
    readonly status?: ModelEntry;
    readonly renewed?: readonly { readonly model_path: string; readonly until: number | null }[];
  };
}

const hello: ModelContent = { fake: { text: "hello" } };

const answer = async (response: Response): Promise<Answer> => ({
  status: response.status,
  body: (await response.json()) as Answer["body"],
});

async function running(t: TestContext, models: Record<string, ModelContent> = {}, config: Partial<Config> = {}) {
  const started = await startRunning(t, { tone: "tone", one: hello, ...models }, config);
  const post = async (operation: string, body: object, language = "en"): Promise<Answer> => {
    const headers = { "content-type": "application/json", "accept-language": language };
    return answer(
      await started.fetch(`/api/models/${operation}`, { method: "POST", headers, body: JSON.stringify(body) }),
    );
  };
  const model_path = started.modelPath("one");
  const status = async (path = model_path) => answer(await started.fetch(`/api/models/status/${path}`));
  return { ...started, post, status, model_path };
}

const who = (holds: readonly Hold[] | undefined) =>
  holds?.map(({ client, kind, count }) => `${kind} ${client} ${count}`);

test("two clients with ids and one without: each gives back its own, and the last one unloads", async (t) => {
  const { post, status, model_path } = await running(t);
  const before = Date.now() / 1000;
  const phone = await post("load", { model_path, client_id: "phone" });
  assert.deepEqual(who(phone.body.holds), ["client phone 1"]);
  assert.equal(phone.body.expires_at, null);
  await post("load", { model_path, client_id: "phone" });
  await post("load", { model_path, client_id: "laptop", lease_ms: 600_000 });
  await post("load", { model_path });
  const all = await post("load", { model_path });
  assert.deepEqual(who(all.body.holds), ["client phone 1", "client laptop 1", "address 127.0.0.1 2"]);
  const shown = (await status()).body.status;
  assert.deepEqual(who(shown?.holds), who(all.body.holds));
  const [first, second] = shown?.holds ?? [];
  assert.ok(first && second && first.since >= before - 1 && first.since <= Date.now() / 1000 + 1);
  assert.equal(first.until, null);
  assert.ok(second.until !== null && Math.abs(second.until - before - 600) < 120);

  const stranger = await post("unload", { model_path, client_id: "stranger" });
  assert.deepEqual([stranger.status, stranger.body.success, stranger.body.reason], [409, false, "model_in_use"]);
  assert.match(stranger.body.message ?? "", /phone, laptop, 127\.0\.0\.1/);
  const back = await post("unload", { model_path, client_id: "phone" });
  assert.deepEqual([back.status, back.body.success, back.body.unloaded], [200, true, false]);
  assert.deepEqual(who(back.body.holds), ["client laptop 1", "address 127.0.0.1 2"]);
  const again = await post("unload", { model_path, client_id: "phone" });
  assert.deepEqual([again.status, again.body.reason], [409, "model_in_use"]);
  const chinese = await post("unload", { model_path }, "zh");
  assert.match(chinese.body.message ?? "", /仍由 laptop、127\.0\.0\.1 持有/);
  assert.equal((await post("unload", { model_path })).body.unloaded, false);
  const nobody = await post("unload", { model_path });
  assert.deepEqual([nobody.status, nobody.body.reason], [409, "model_in_use"]);
  const pid = (await status()).body.status?.pid ?? 0;
  const last = await post("unload", { model_path, client_id: "laptop" });
  assert.deepEqual([last.body.unloaded, last.body.holds], [true, []]);
  assert.equal(isAlive(pid), false);
  assert.equal((await post("unload", { model_path })).body.reason, "model_not_loaded");
});

test("an id that is written like an address is not that address", async (t) => {
  const { post, model_path } = await running(t);
  await post("load", { model_path });
  const disguised = await post("unload", { model_path, client_id: "127.0.0.1" });
  assert.deepEqual([disguised.status, disguised.body.reason], [409, "model_in_use"]);
  assert.equal((await post("unload", { model_path })).body.unloaded, true);
});

test("force unloads what others hold, and what is pinned; without it a pinned model is refused", async (t) => {
  const { post, status, model_path } = await running(t);
  await post("load", { model_path, client_id: "phone", pin: true });
  assert.equal((await status()).body.status?.pinned, true);
  const kept = await post("unload", { model_path, client_id: "phone" });
  assert.deepEqual([kept.status, kept.body.unloaded, kept.body.holds], [200, false, []]);
  const pinned = await post("unload", { model_path, client_id: "phone" });
  assert.deepEqual([pinned.status, pinned.body.reason], [409, "model_pinned"]);
  await post("load", { model_path, client_id: "laptop" });
  const forced = await post("unload", { model_path, client_id: "phone", force: true });
  assert.deepEqual([forced.status, forced.body.unloaded, forced.body.holds], [200, true, []]);
  await post("load", { model_path, client_id: "phone" });
  assert.equal((await status()).body.status?.pinned, false, "whoever forces it out lifts the pin");
});

test("a client renews one hold or all of them; who holds nothing is told so", async (t) => {
  const { post, status, model_path, modelPath } = await running(t, { two: hello });
  const none = await post("renew", { client_id: "phone" });
  assert.deepEqual([none.status, none.body.reason], [404, "hold_unknown"]);
  for (const path of [model_path, modelPath("two")]) {
    await post("load", { model_path: path, client_id: "phone", lease_ms: 60_000 });
  }
  const until = async (path: string) => (await status(path)).body.status?.holds[0]?.until ?? 0;
  const [one, two] = [await until(model_path), await until(modelPath("two"))];
  const renewed = await post("renew", { client_id: "phone", model_path, lease_ms: 3_600_000 });
  assert.deepEqual(
    renewed.body.renewed?.map((entry) => entry.model_path),
    [model_path],
  );
  assert.ok((await until(model_path)) > one + 3000);
  assert.ok(Math.abs((await until(modelPath("two"))) - two) < 1);
  const all = await post("renew", { client_id: "phone" });
  assert.deepEqual(
    all.body.renewed?.map((entry) => entry.model_path),
    [model_path, modelPath("two")],
  );
  const other = await post("renew", { client_id: "laptop", model_path });
  assert.deepEqual([other.status, other.body.reason], [404, "hold_unknown"]);
});

test("a lease that is not renewed lapses; without holds, keep_alive counts", async (t) => {
  const { post, status, model_path } = await running(t);
  const loaded = await post("load", { model_path, client_id: "phone", lease_ms: 1000, keep_alive: 0 });
  assert.equal(loaded.body.expires_at, null, "while it is held it does not expire");
  for (;;) {
    const { status: code, body } = await status();
    if (code === 404) break;
    assert.ok(body.status?.holds.length === 1 || body.status?.state !== "ready" || body.status.expires_at !== null);
  }
  assert.equal((await post("renew", { client_id: "phone" })).body.reason, "hold_unknown");
});

const keepAlives: [string | number, (expiresAt: number | null | undefined) => boolean][] = [
  [-1, (at) => at === null],
  ["1h", (at) => typeof at === "number" && Math.abs(at - Date.now() / 1000 - 3600) < 60],
  [120, (at) => typeof at === "number" && Math.abs(at - Date.now() / 1000 - 120) < 60],
];

for (const [keep_alive, isRight] of keepAlives) {
  test(`keep_alive ${JSON.stringify(keep_alive)} shows in expires_at once nobody holds the model`, async (t) => {
    const { post, status, model_path } = await running(t);
    await post("load", { model_path, client_id: "phone", keep_alive, pin: true });
    await post("unload", { model_path, client_id: "phone" });
    await post("pin", { model_path, pinned: false });
    const { expires_at } = (await status()).body.status ?? {};
    assert.ok(isRight(expires_at), String(expires_at));
  });
}

test("what is wrong with an id, a lease or a time is said", async (t) => {
  const { post, model_path, status } = await running(t);
  const wrong = [
    { client_id: "" },
    { client_id: "x".repeat(10_000) },
    { client_id: 7 },
    { lease_ms: 0 },
    { lease_ms: 1e300 },
    { lease_ms: "soon" },
    { keep_alive: "soon" },
    { keep_alive: "1h 30m" },
    { keep_alive: null },
    { pin: "yes" },
  ];
  for (const options of wrong) {
    const { status: code, body } = await post("load", { model_path, ...options });
    assert.equal(code, 400, JSON.stringify(options).slice(0, 60));
    assert.ok(body.message, JSON.stringify(options).slice(0, 60));
  }
  assert.equal((await status()).status, 404, "nothing was loaded");
});

test("a caller that vanishes before the answer holds nothing, and the load goes on", async (t) => {
  const { post, status, server, modelPath } = await running(t, { slow: { fake: { loadMs: 1500 } } });
  const model_path = modelPath("slow");
  const calling = request(`${server.url}/api/models/load`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  calling.on("error", () => undefined);
  calling.end(JSON.stringify({ model_path, client_id: "ghost" }));
  while ((await status(model_path)).body.state !== "loading");
  const closed = Promise.withResolvers<void>();
  calling.once("close", closed.resolve);
  calling.destroy();
  await closed.promise;
  const waiting = await post("load", { model_path, client_id: "patient" });
  assert.deepEqual(who(waiting.body.holds), ["client patient 1"]);
  assert.equal((await post("renew", { client_id: "ghost" })).body.reason, "hold_unknown");
});

for (const [client, holds] of [
  ["desk", ["client desk 1"]],
  [undefined, []],
] as const) {
  const name = client === undefined ? "an address" : "a client";
  test(`a load that a batch has begun is finished though ${name} leaves: pinned, and held by whoever has a name`, async (t) => {
    const { status, server, modelPath } = await running(t, { slow: { fake: { loadMs: 1500 } } });
    const model_path = modelPath("slow");
    const headers = { "content-type": "application/json" };
    const calling = request(`${server.url}/api/models/batch`, { method: "POST", headers });
    calling.on("error", () => undefined);
    const operations = [{ operation: "load", model_path, pin: true }];
    calling.end(JSON.stringify({ operations, ...(client !== undefined && { client_id: client }) }));
    while ((await status(model_path)).body.state !== "loading");
    const closed = Promise.withResolvers<void>();
    calling.once("close", closed.resolve);
    calling.destroy();
    await closed.promise;
    while ((await status(model_path)).body.status?.state !== "ready");
    const entry = (await status(model_path)).body.status;
    assert.equal(entry?.pinned, true);
    assert.deepEqual(who(entry?.holds), holds);
  });
}

test("a recognition without a hold keeps the model for its keep_alive; holds of an address are kept by use", async (t) => {
  const { fetch, post, status, model_path } = await running(t, {}, { "pool.keep_alive": "1h" });
  // Without a client id, as a plain HTTP client sends it.
  const path = `/api/transcribe?model_path=${encodeURIComponent(model_path)}`;
  const upload = { method: "POST", headers: { "content-type": "audio/wav" }, body: toneWav("abc") };
  assert.equal((await fetch(path, upload)).status, 200);
  const used = (await status()).body.status;
  assert.deepEqual(used?.holds, []);
  assert.ok(typeof used?.expires_at === "number");
  await post("load", { model_path });
  const until = async () => (await status()).body.status?.holds[0]?.until ?? 0;
  const before = await until();
  assert.equal((await fetch(path, upload)).status, 200);
  assert.ok((await until()) > before, "what came from the address renewed what it holds");
});

test("who loaded by an alias that was moved or removed since gives back by it what it holds", async (t) => {
  const { post, status, model_path, modelPath } = await running(t, { two: hello });
  const two = modelPath("two");
  const unload = async (client_id?: string) => {
    const { body } = await post("unload", { model_path: "talk", ...(client_id !== undefined && { client_id }) });
    return [body.unloaded ?? body.reason, body.model_path];
  };
  await post("alias", { alias: "talk", model_path });
  for (const client_id of ["phone", "laptop"]) await post("load", { model_path: "talk", client_id });
  await post("load", { model_path: "talk" });
  await post("alias", { alias: "talk", model_path: two });
  await post("load", { model_path: "talk", client_id: "phone" });
  assert.deepEqual(who((await status(two)).body.status?.holds), ["client phone 1"]);
  assert.deepEqual(await unload("phone"), [true, two], "what the alias means goes first");
  assert.deepEqual(await unload("phone"), [false, model_path]);
  assert.deepEqual(who((await status()).body.status?.holds), ["client laptop 1", "address 127.0.0.1 1"]);
  assert.deepEqual(await unload("stranger"), ["model_not_loaded", two]);
  assert.deepEqual(await unload(), [false, model_path]);
  await post("alias", { alias: "talk", model_path: null });
  assert.deepEqual(await unload("laptop"), [true, model_path]);
});

test("a model is held by so many at most; who is refused uses it all the same", async (t) => {
  const { post, status, model_path, client } = await running(t, {}, { "limits.holds": 7 });
  for (let index = 1; index <= 7; index += 1) await post("load", { model_path, client_id: `c${index}` });
  for (const refused of [await post("load", { model_path, client_id: "c8" }), await post("load", { model_path })]) {
    assert.deepEqual([refused.status, refused.body.reason], [429, "holds_full"]);
  }
  assert.equal((await post("load", { model_path, client_id: "c3" })).status, 200, "it is one of them");
  const busy = await post("unload", { model_path, client_id: "c8" });
  assert.match(busy.body.message ?? "", /held by c1, c2, c3, c4, c5 \(\+2\),/);
  assert.ok((await client.transcribe(toneWav("abc"), { model_path })).success);
  await post("unload", { model_path, client_id: "c1" });
  const { body } = await post("load", { model_path });
  assert.equal(body.holds?.length, 7);
  assert.equal((await status()).body.status?.holds.length, 7);
});
