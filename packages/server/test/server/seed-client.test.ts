import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { startRunning } from "./running.ts";

/** As the client of the old service sends it: JSON content type on everything, slashes of the path unquoted. */
const headers = { "content-type": "application/json" };
const post = (body: unknown): RequestInit => ({ method: "POST", headers, body: JSON.stringify(body) });

test("the calls of a seed client: load, list, status, unload, health", async (t) => {
  const { fetch, modelPath } = await startRunning(t, { other: "tone", cn: "tone" });
  const path = modelPath("cn");
  const health = await fetch("/api/health", { headers });
  const { version, ...body } = (await health.json()) as Record<string, unknown>;
  assert.equal(health.status, 200);
  assert.deepEqual(body, { success: true, status: "running", loaded_models_count: 1 });
  assert.equal(typeof version, "string");

  const notYet = await fetch(`/api/models/status/${path}`, { headers });
  assert.equal(notYet.status, 404);
  assert.equal(((await notYet.json()) as { model_path: string }).model_path, path);

  for (const time of ["first", "second"]) {
    const loaded = await fetch("/api/models/load", post({ model_path: path }));
    assert.equal(loaded.status, 200, time);
    const { message, success, model_path } = (await loaded.json()) as Record<string, unknown>;
    assert.deepEqual([success, model_path], [true, path]);
    assert.equal(typeof message, "string");
  }

  const list = (await (await fetch("/api/models", { headers })).json()) as {
    count: number;
    models: Record<string, { loaded_at: number; load_time: number; usage_count: number }>;
  };
  assert.equal(list.count, 2);
  const entry = list.models[path];
  assert.ok(entry && Math.abs(entry.loaded_at - Date.now() / 1000) < 3600 && entry.load_time > 0);
  assert.equal(entry.usage_count, 0);

  const status = await fetch(`/api/models/status/${path}`, { headers });
  const found = (await status.json()) as { status: { loaded: boolean }; model_path: string };
  assert.deepEqual([status.status, found.status.loaded, found.model_path], [200, true, path]);

  for (const unloaded of [false, true]) {
    // It was loaded twice from this address, so it is given back twice.
    const answer = await fetch("/api/models/unload", post({ model_path: path }));
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { unloaded: boolean }).unloaded, unloaded);
  }
  const again = await fetch("/api/models/unload", post({ model_path: path }));
  assert.equal(again.status, 400);
  assert.equal(((await again.json()) as { model_path: string }).model_path, path);
});

test("every spelling of a path is one model", async (t) => {
  const { fetch, modelDir } = await startRunning(t, { "my model 模型": "tone", other: "tone" });
  const working = join(modelDir, "..");
  symlinkSync(join(modelDir, "other"), join(modelDir, "link"));
  const full = `${modelDir}/my model 模型`;
  const spellings = [full, `${full}/`, full.replaceAll("/", "//"), `${modelDir}/./my model 模型`, "my model 模型"];
  for (const spelling of [...spellings, full.replaceAll("/", "\\"), encodeURIComponent(full)]) {
    const loaded = await fetch("/api/models/load", post({ model_path: spelling }));
    const body = (await loaded.json()) as Record<string, unknown>;
    assert.deepEqual([loaded.status, body["model_path"]], [200, full], `${spelling}: ${JSON.stringify(body)}`);
    const quoted = spelling.split("/").map(encodeURIComponent).join("/");
    const status = await fetch(`/api/models/status/${quoted}`, { headers, redirect: "error" });
    assert.equal(status.status, 200, spelling);
  }
  const linked = await fetch("/api/models/load", post({ model_path: `${modelDir}/link` }));
  assert.equal(linked.status, 200);
  const list = (await (await fetch("/api/models", { headers })).json()) as { count: number };
  assert.equal(list.count, 2, relative(working, modelDir));
});

test("paths out of the model directories are refused", async (t) => {
  const { fetch, modelDir } = await startRunning(t, { tone: "tone" });
  symlinkSync("/", join(modelDir, "out"));
  const hostile = [
    "../state",
    "/etc",
    `${modelDir}/../state`,
    `${modelDir}/out/etc`,
    "..\\..\\etc",
    "a\0b",
    "x".repeat(4097),
  ];
  for (const path of hostile) {
    const answer = await fetch("/api/models/load", post({ model_path: path }));
    const body = (await answer.json()) as { success: boolean; reason: string };
    assert.equal(answer.status, 400, path);
    assert.ok(
      !body.success && ["model_path_invalid", "model_not_found", "option_invalid"].includes(body.reason),
      `${path}: ${JSON.stringify(body)}`,
    );
  }
});
