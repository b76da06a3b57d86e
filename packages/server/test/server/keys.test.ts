import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { ModelAPIClient as BrowserClient } from "../../../client/dist/index.js";
import { ownerSocketPath } from "../../dist/base/owner-socket-path.js";
import { scratchDirectory } from "../base/scratch.ts";
import { type Answer, startGuarded } from "./guarded.ts";
import { toneWav } from "./running.ts";

const isPosix = process.platform !== "win32";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

suite("a server that asks for keys", () => {
  test("the socket of the state directory is its owner's alone, who is the administrator", async (t) => {
    const { server, asOwner, fetch } = await startGuarded(t);
    if (isPosix) assert.equal(statSync(ownerSocketPath(server.stateDir)).mode & 0o777, 0o600);
    assert.equal((await asOwner("/api/keys")).status, 200);
    assert.equal((await asOwner("/api/models")).status, 200);
    const refused = await fetch("/api/keys");
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get("www-authenticate"), 'Bearer realm="voxpool"');
    assert.equal(((await refused.json()) as Answer).reason, "key_missing");
  });

  test("takes a key wherever clients can carry one", async (t) => {
    const { make, fetch, server } = await startGuarded(t);
    const secret = await make({ name: "all", scopes: ["read"] });
    for (const headers of [
      { authorization: `Bearer ${secret}` },
      { authorization: `bearer   ${secret}` },
      { "x-api-key": secret },
      { authorization: basic(`anybody:${secret}`) },
      { authorization: basic(`:${secret}`) },
      { authorization: basic(`${secret}:`) },
      { "sec-websocket-protocol": `realtime, openai-insecure-api-key.${secret}` },
      { authorization: "Negotiate abc", "x-api-key": secret },
    ] as Record<string, string>[]) {
      assert.equal((await fetch("/api/models", { headers })).status, 200, JSON.stringify(headers));
    }
    for (const headers of [
      { authorization: secret },
      { authorization: `Basic ${secret}` },
      { authorization: "Basic !!!" },
      { authorization: "Bearer" },
      { "x-api-key": "" },
      { cookie: `key=${secret}` },
    ] as Record<string, string>[]) {
      assert.equal((await fetch("/api/models", { headers })).status, 401, JSON.stringify(headers));
    }
    assert.equal((await fetch(`/api/models?key=${secret}`)).status, 401);
    const url = server.url.replace("http://", `http://anybody:${secret}@`);
    assert.equal((await new ModelAPIClient(url, { retry: false }).listModels()).success, true);
  });

  test("a ticket stands once for a key, on a route that refuses unknown options too", async (t) => {
    const { make, ask, fetch } = await startGuarded(t);
    const secret = await make({ name: "page", scopes: ["read"] });
    const { body } = await ask(secret, "/api/tickets", {});
    const ticket = String(body["ticket"]);
    assert.equal((await fetch(`/api/models/available?ticket=${ticket}`)).status, 200);
    const again = await fetch(`/api/models/available?ticket=${ticket}`);
    assert.deepEqual([again.status, ((await again.json()) as Answer).reason], [401, "ticket_invalid"]);
  });

  test("sees the models of its patterns alone: lists, states, statistics, aliases, recognition", async (t) => {
    const { make, ask, asOwner, fetch, modelPath } = await startGuarded(t);
    await asOwner("/api/models/load", { model_path: "en/tiny" });
    await asOwner("/api/models/load", { model_path: "cn" });
    await asOwner("/api/models/alias", { alias: "other", model_path: "en/tiny" });
    await asOwner("/api/models/alias", { alias: "mine", model_path: "cn" });
    const secret = await make({ name: "cn-only", scopes: ["read", "models", "recognize"], models: ["cn"] });
    const keysOf = async (path: string, field: string) => Object.keys((await ask(secret, path)).body[field] ?? {});
    assert.deepEqual(await keysOf("/api/models", "models"), [modelPath("cn")]);
    assert.deepEqual(await keysOf("/api/models/available", "models"), [modelPath("cn")]);
    assert.deepEqual(await keysOf("/api/models/aliases", "aliases"), ["mine"]);
    assert.deepEqual(await keysOf("/api/models/stats", "models"), [`${modelPath("cn")}@1`]);
    for (const name of ["en/tiny", "other", modelPath("en/tiny"), "en/tiny@1", "EN/tiny"]) {
      const foreign = await ask(secret, `/api/models/status/${name}`);
      const unknown = await ask(secret, "/api/models/status/nowhere");
      assert.deepEqual(
        { ...foreign.body, message: "", model_path: "" },
        { ...unknown.body, message: "", model_path: "" },
        name,
      );
      assert.equal(foreign.body.reason, "model_not_found");
      for (const path of ["load", "unload", "warmup", "reload", "pin", "switch"]) {
        const answer = await ask(secret, `/api/models/${path}`, { model_path: name });
        assert.equal(answer.body.reason, "model_not_found", `${path} ${name}`);
      }
      assert.equal((await ask(secret, `/api/models/stats/${name}`)).body.reason, "model_not_found");
    }
    assert.equal(
      (await ask(secret, "/api/models/alias", { alias: "x", model_path: "en/tiny" })).body.reason,
      "model_not_found",
    );
    assert.equal(
      (await ask(secret, "/api/models/alias", { alias: "other", model_path: "cn" })).body.reason,
      "alias_invalid",
    );
    assert.equal(
      (await ask(secret, "/api/models/alias", { alias: "other", model_path: null })).body.reason,
      "alias_not_found",
    );
    const transcribe = async (query: string) => {
      const headers = { authorization: `Bearer ${secret}`, "content-type": "audio/wav" };
      return fetch(`/api/transcribe${query}`, { method: "POST", body: toneWav("abc"), headers });
    };
    assert.equal((await transcribe("?model_path=other")).status, 404);
    assert.equal((await transcribe("?model_path=mine")).status, 200);
  });

  test("a hold belongs to the key and the client: others cannot give it back", async (t) => {
    const { make, ask } = await startGuarded(t);
    const one = await make({ name: "one", scopes: ["models", "read"] });
    const two = await make({ name: "two", scopes: ["models", "read"] });
    const body = { model_path: "cn", client_id: "app" };
    assert.equal((await ask(one, "/api/models/load", body)).status, 200);
    const stolen = await ask(two, "/api/models/unload", body);
    assert.deepEqual([stolen.status, stolen.body.reason], [409, "model_in_use"]);
    const renewed = await ask(two, "/api/models/renew", { client_id: "app" });
    assert.equal(renewed.body.reason, "hold_unknown");
    const batch = { operations: [{ operation: "unload", model_path: "cn" }], client_id: "app" };
    assert.equal((await ask(two, "/api/models/batch", batch)).body["failed"], 1);
    assert.equal((await ask(one, "/api/models/renew", { client_id: "app" })).status, 200);
    assert.equal((await ask(one, "/api/models/unload", body)).status, 200);
    // Without an id it is the key's at this address.
    assert.equal((await ask(one, "/api/models/load", { model_path: "cn" })).status, 200);
    assert.equal((await ask(two, "/api/models/unload", { model_path: "cn" })).body.reason, "model_in_use");
    assert.equal((await ask(one, "/api/models/unload", { model_path: "cn" })).status, 200);
  });

  test("a revoked key ends the events that it reads, and those of foreign models are not among them", async (t) => {
    const { make, asOwner, fetch } = await startGuarded(t);
    const secret = await make({ name: "reader", scopes: ["read"], models: ["cn"] });
    const answer = await fetch("/api/events", { headers: { authorization: `Bearer ${secret}` } });
    assert.equal(answer.status, 200);
    await asOwner("/api/models/alias", { alias: "secret-name", model_path: "en/tiny" });
    await asOwner("/api/models/load", { model_path: "en/tiny" });
    await asOwner("/api/models/alias", { alias: "mine", model_path: "cn" });
    await asOwner("/api/keys/revoke", { key: "reader" });
    await asOwner("/api/models/alias", { alias: "after", model_path: "cn" });
    const text = await answer.text();
    assert.match(text, /"alias":"mine"/);
    assert.doesNotMatch(text, /en\/tiny|secret-name|"alias":"after"/);
  });
});

test("where no key is asked of anybody, keys themselves are still the administrator's", async (t) => {
  const { asOwner, fetch, make, ask } = await startGuarded(t, { "auth.required": false });
  assert.equal((await fetch("/api/models")).status, 200);
  assert.equal((await fetch("/api/models", { headers: { authorization: "Bearer nonsense" } })).status, 200);
  const refused = await fetch("/api/keys", { method: "POST", body: '{"name":"mine","scopes":["admin"]}' });
  assert.equal(refused.status, 401);
  const reader = await make({ name: "reader" });
  const missing = await ask(reader, "/api/keys");
  assert.deepEqual([missing.status, missing.body.reason], [403, "scope_missing"]);
  assert.match(String(missing.body["message"]), /reader.*admin/);
  const admin = await make({ name: "boss", scopes: ["admin"] });
  assert.equal((await ask(admin, "/api/keys")).status, 200);
  assert.equal((await asOwner("/api/keys")).body["count"], 2);
});

test("what a killed server left at the socket's path does not keep the next one from listening", async (t) => {
  const stateDir = scratchDirectory(t);
  if (isPosix) writeFileSync(ownerSocketPath(stateDir), "");
  const { asOwner } = await startGuarded(t, { state_dir: stateDir });
  assert.equal((await asOwner("/api/keys")).status, 200);
});

test("a live session of the SDK has its key: as a header, and as a ticket where sockets take none", async (t) => {
  const { make, server, modelPath } = await startGuarded(t);
  const key = await make({ name: "mic", scopes: ["recognize"] });
  for (const Client of [ModelAPIClient, BrowserClient]) {
    const client = new Client(server.url, { key, retry: false });
    const session = await client.openSession({ model_path: modelPath("cn") });
    assert.equal(session.success, true, JSON.stringify(session));
    await session.close();
    await client.close();
  }
  for (const Client of [ModelAPIClient, BrowserClient]) {
    const client = new Client(server.url, { key: "vxp_wrong", retry: false });
    const refused = await client.openSession({ model_path: modelPath("cn") });
    assert.deepEqual([refused.success, "reason" in refused && refused.reason], [false, "key_invalid"]);
  }
});
