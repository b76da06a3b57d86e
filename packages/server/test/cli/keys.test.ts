import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../../../test/fixtures/wav.ts";
import { startRunning } from "../server/running.ts";
import { run } from "./support.ts";

test("the owner of the state directory makes the first key, and it is told once", async (t) => {
  const { server, client, modelPath } = await startRunning(t, { cn: "tone" }, { "auth.required": true });
  const env = { VOXPOOL_STATE_DIR: server.stateDir };
  const owner = (...args: string[]) => run(t, args, { env });
  assert.equal((await owner("keys", "list")).stdout, "No keys. Make one: voxpool keys create dictation\n");
  const made = await owner("keys", "create", "boss", "--scopes", "admin, read", "--expires", "90d");
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^vxp_[0-9a-f]{12}_[\w-]{43}\n$/);
  assert.match(made.stderr, /read, admin.*not shown again/s);
  const secret = made.stdout.trim();

  const named = { VOXPOOL_URL: server.url };
  const refused = await run(t, ["keys", "list"], { env: named });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /API key is needed/);
  const listed = await run(t, ["keys", "list"], { env: { ...named, VOXPOOL_KEY: secret } });
  assert.match(listed.stdout, /^boss +active +read,admin/m);
  assert.equal(listed.stdout.includes(secret.slice(-43)), false);
  const flagged = await run(t, ["ps", "--url", server.url, "--key", secret]);
  assert.equal(flagged.code, 0, flagged.stderr);

  const heard = await run(t, ["listen", "--raw", "--model", modelPath("cn")], {
    env,
    input: new Uint8Array(pcmBytes(toneSignal("abc"))),
  });
  assert.deepEqual([heard.code, heard.stdout.trim()], [0, "abc"], heard.stderr);

  const rotated = await owner("keys", "rotate", "boss", "--overlap", "1h", "--json");
  const answer = JSON.parse(rotated.stdout);
  assert.equal(answer.key.name, "boss");
  assert.notEqual(answer.secret, secret);
  const withKey = (key: string) => new ModelAPIClient(server.url, { key, retry: false });
  assert.equal((await withKey(secret).listModels()).success, true);
  assert.equal((await withKey(answer.secret).listModels()).success, true);
  assert.equal((await client.listModels()).success, false);
  const revoked = await owner("keys", "revoke", "boss");
  assert.equal(revoked.stdout, "API key boss is revoked\n");
  const gone = await withKey(answer.secret).listModels();
  assert.deepEqual([gone.success, "reason" in gone && gone.reason], [false, "key_invalid"]);
  assert.match((await owner("keys", "list")).stdout, /^boss +revoked/m);
});

test("what is wrong on the command line, or refused by the server, is told", async (t) => {
  const { server } = await startRunning(t, { cn: "tone" });
  const owner = (...args: string[]) =>
    run(t, args, { env: { VOXPOOL_STATE_DIR: server.stateDir, LANG: "zh_CN.UTF-8" } });
  const expires = await owner("keys", "create", "a", "--expires", "soon");
  assert.deepEqual([expires.code, expires.stderr.includes("12h")], [2, true]);
  const scopes = await owner("keys", "create", "a", "--scopes", "all");
  assert.deepEqual([scopes.code, scopes.stdout], [1, ""]);
  assert.match(scopes.stderr, /scopes/);
  const unknown = await owner("keys", "revoke", "nobody");
  assert.match(unknown.stderr, /没有 API 密钥 nobody/);
});
