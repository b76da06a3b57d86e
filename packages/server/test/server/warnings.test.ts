import assert from "node:assert/strict";
import { test } from "node:test";
import type { Transcript } from "@voxpool/client";
import { startRunning, toneWav } from "./running.ts";

test("warnings speak the caller's language, whole and as a stream", async (t) => {
  const { fetch, modelPath } = await startRunning(t, { any: { fake: { text: "hello", languages: [] } } });
  // The last samples never arrived, though the header promises them.
  const cut = toneWav("abcdefabcdef").slice(0, 32_000);
  const warningsIn = async (language: string, query = "") => {
    const headers = { "content-type": "audio/wav", "accept-language": language };
    const model = encodeURIComponent(modelPath("any"));
    const answer = await fetch(`/api/transcribe?language=fr&model_path=${model}${query}`, {
      method: "POST",
      headers,
      body: cut,
    });
    const text = await answer.text();
    const last = query === "" ? text : (text.trim().split("data: ").at(-1) ?? "");
    const { warnings } = query === "" ? JSON.parse(last) : JSON.parse(last).transcript;
    return (warnings as { reason: string; message: string }[]).toSorted((a, b) => a.reason.localeCompare(b.reason));
  };
  for (const query of ["", "&stream=true"]) {
    for (const [language, truncated, unverified] of [
      ["en", /^The recording ends after/, /^Nothing says which languages/],
      ["zh-CN,zh;q=0.9", /^录音在/, /^无从得知/],
    ] as const) {
      const warnings = await warningsIn(language, query);
      assert.deepEqual(
        warnings.map(({ reason }) => reason),
        ["audio_truncated", "language_unverified"],
      );
      assert.match(warnings[0]?.message ?? "", truncated);
      assert.match(warnings[1]?.message ?? "", unverified);
    }
  }
});

test("hints that the model cannot use are named", async (t) => {
  const { fetch } = await startRunning(t, { tone: "tone" });
  const body = new FormData();
  body.set("prompt", "abc");
  body.set("temperature", "0.2");
  body.set("file", new Blob([toneWav("cab")]), "a.wav");
  for (const [language, message] of [
    ["en", /^prompt, temperature: of no effect, since model .*tone cannot use it\.$/],
    ["zh", /^prompt, temperature：未起作用，模型 .*tone 不支持。$/],
  ] as const) {
    const answer = await fetch("/api/transcribe", { method: "POST", body, headers: { "accept-language": language } });
    const { text, warnings } = (await answer.json()) as Transcript;
    assert.equal(text, "cab");
    assert.deepEqual(
      warnings.map(({ reason }) => reason),
      ["hints_unused"],
    );
    assert.match(warnings[0]?.message ?? "", message);
  }
});
