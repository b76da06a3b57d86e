import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { startRunning, toneWav, writeModel } from "./running.ts";

interface Status {
  readonly state?: string;
  readonly quarantine?: {
    readonly reason: string;
    readonly message: string;
    readonly failures: number;
    readonly until: number;
  };
}

test("a model that fails to load is held back: 503 with when to come again, shown in the status, lifted by other files", async (t) => {
  const { fetch, modelDir, modelPath } = await startRunning(t, { tone: "tone", bad: { fake: { load: "abort" } } });
  const load = () =>
    fetch("/api/models/load", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model_path: modelPath("bad") }),
    });
  const status = async (language = "en") => {
    const headers = { "accept-language": language };
    return (await (await fetch(`/api/models/status/${modelPath("bad")}`, { headers })).json()) as Status;
  };
  assert.equal((await load()).status, 400);
  const refused = await load();
  const body = (await refused.json()) as { reason: string; retryable: boolean; message: string };
  assert.deepEqual([refused.status, body.reason, body.retryable], [503, "model_quarantined", true]);
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 2, String(seconds));
  assert.match(body.message, /SIGABRT/);
  const { quarantine, state } = await status();
  assert.deepEqual([state, quarantine?.reason, quarantine?.failures], ["failed", "model_load_failed", 1]);
  assert.ok(quarantine && Math.abs(quarantine.until - Date.now() / 1000) < 3);
  assert.match((await status("zh")).quarantine?.message ?? "", /[\u4e00-\u9fff]/);
  // Whoever comes at the time that it was told is let in, and fails the second time.
  let code = 0;
  for (code = (await load()).status; code === 503; code = (await load()).status);
  assert.equal(code, 400);
  const second = (await status()).quarantine;
  assert.equal(second?.failures, 2);
  assert.ok((second?.until ?? 0) > (quarantine?.until ?? 0));
  writeModel(join(modelDir, "bad"), { fake: { text: "mended" } });
  assert.equal((await load()).status, 200, "other files are another model");
  assert.equal((await status()).quarantine, undefined);
});

test("a model that crashes on everything is refused after a while with when to come again, and others are served", async (t) => {
  const crashing = { fake: { decode: "abort" } };
  const config = { "failover.automatic": "off" } as const;
  const { client, fetch, modelPath } = await startRunning(t, { tone: "tone", bad: crashing }, config);
  const reasons: string[] = [];
  for (const text of ["a", "b", "c", "d", "e", "f", "ab", "ac", "ad", "ae"]) {
    const result = await client.transcribe(toneWav(text), { model_path: modelPath("bad") });
    assert.ok(!result.success);
    reasons.push(result.reason ?? "");
    if (result.reason === "model_unavailable") break;
  }
  assert.equal(reasons.at(-1), "model_unavailable", reasons.join());
  const refused = await fetch(`/api/transcribe?model_path=${encodeURIComponent(modelPath("bad"))}`, {
    method: "POST",
    headers: { "content-type": "audio/wav" },
    body: toneWav("face"),
  });
  assert.equal(refused.status, 503);
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 10, String(seconds));
  const status = (await (await fetch(`/api/models/status/${modelPath("bad")}`)).json()) as Status;
  assert.deepEqual([status.state, status.quarantine], ["failed", undefined]);
  const served = await client.transcribe(toneWav("ace"), { model_path: modelPath("tone") });
  assert.ok(served.success && served.text === "ace");
});
