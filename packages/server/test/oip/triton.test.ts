import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pythonWith, runPython } from "../../../../test/fixtures/python.ts";
import { startRunning, toneWav } from "../server/running.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../../test/fixtures/triton-client.py", import.meta.url));
const found = pythonWith("tritonclient.http.aio");

interface Statistics {
  readonly name: string;
  readonly version: string;
  readonly last_inference: number;
  readonly inference_count: number;
  readonly inference_stats: Record<string, { readonly count: number; readonly ns: number }>;
}

/** What the script prints. */
interface Seen {
  readonly sync: Record<string, unknown> & {
    readonly infer: { readonly text: string; readonly response: Record<string, unknown> };
    readonly statistics: { readonly model_stats: readonly Statistics[] };
    readonly all_statistics: { readonly model_stats: readonly Statistics[] };
    readonly failures: Record<string, { readonly status: string; readonly message: string }>;
  };
  readonly aio: Record<string, unknown>;
}

const chinese = "今天天气很好，我们用 Python 写代码。";
const models = {
  zh: { fake: { text: chinese, languages: ["zh"] } },
  "en/tiny": "tone",
  "en/other": { fake: { text: "other", languages: ["en"] } },
  slow: { fake: { text: "late", decodeMs: 60_000 } },
} as const;

/** The program on the page. */
const program = /^```python\n(.*?)^```$/ms.exec(
  readFileSync(new URL("../../../../docs/oip.md", import.meta.url), "utf8"),
)?.[1];

suite("tritonclient", { skip: found.skip }, () => {
  test("does all that it does with Triton, in both of its forms", async (t) => {
    const { server, modelPath } = await startRunning(t, models);
    const folder = mkdtempSync(join(tmpdir(), "voxpool-triton-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const recording = join(folder, "tone.wav");
    writeFileSync(recording, toneWav("abc"));
    assert.ok("python" in found && program !== undefined);
    const { sync, aio } = (await runPython(found.python, script, [new URL(server.url).host, recording])) as Seen;

    const { live, ready, ready_before, ready_after, ready_version, ready_at_end } = sync;
    assert.deepEqual({ live, ready }, { live: true, ready: true });
    assert.deepEqual([ready_before, ready_after, ready_version, ready_at_end], [false, true, true, false]);
    assert.equal((sync.server as { name: string }).name, "voxpool");
    const unloaded = (name: string) => {
      const reason = `Model ${modelPath(name)} is not loaded.`;
      return { name, version: "1", state: "UNAVAILABLE", reason };
    };
    assert.deepEqual(sync.index_before, [
      unloaded("en/other"),
      unloaded("en/tiny"),
      unloaded("slow"),
      { name: "zh", version: "1", state: "READY", reason: "" },
    ]);
    assert.deepEqual(sync.metadata, {
      name: "en/tiny",
      versions: ["1"],
      platform: "voxpool_sherpa-offline_nemo-ctc",
      inputs: [{ name: "audio", datatype: "FP32", shape: [-1] }],
      outputs: [{ name: "text", datatype: "BYTES", shape: [1] }],
    });
    assert.equal((sync.config as { max_batch_size: number }).max_batch_size, 0);

    assert.equal(sync.infer.text, "abc");
    const { id, model_name, model_version } = sync.infer.response;
    assert.deepEqual([id, model_name, model_version], ["42", "en/tiny", "1"]);
    assert.deepEqual(sync.texts, {
      matrix: "abc",
      gzip: "abc",
      deflate: "abc",
      compressed_answer: "abc",
      file: "abc",
      file_matrix: "abc",
      timeout: "abc",
      chinese,
    });
    assert.deepEqual(sync.json, [chinese]);
    assert.deepEqual(sync.async, ["abc", "abc", "abc"]);
    assert.equal(sync.generated, true);

    const [tiny, ...others] = sync.statistics.model_stats;
    assert.ok(tiny !== undefined && others.length === 0);
    assert.deepEqual([tiny.name, tiny.version, tiny.inference_count], ["en/tiny", "1", 11]);
    assert.ok(tiny.last_inference > 1.6e12, "milliseconds since 1970");
    assert.deepEqual(tiny.inference_stats.success?.count, 11);
    assert.ok((tiny.inference_stats.compute_infer?.ns ?? 0) > 0);
    assert.deepEqual(sync.all_statistics.model_stats.map(({ name }) => name).toSorted(), ["en/tiny", "zh"]);

    const statuses = Object.fromEntries(Object.entries(sync.failures).map(([name, { status }]) => [name, status]));
    assert.deepEqual(statuses, {
      unknown: "404",
      late: "504",
      metadata: "404",
      load: "404",
      config: "400",
      route: "404",
    });
    assert.match(sync.failures.unknown?.message ?? "", /There is no model at no\/such/);

    const { server: aioServer, metadata, index, ...rest } = aio;
    assert.deepEqual(aioServer, sync.server);
    assert.equal((metadata as { name: string }).name, "zh");
    assert.equal((index as unknown[]).length, 4);
    assert.deepEqual(rest, { text: chinese, failed: "404" });

    const page = join(folder, "page.py");
    writeFileSync(page, program.replace("127.0.0.1:5000", new URL(server.url).host).replace("speech.wav", recording));
    assert.equal((await run(found.python, [page])).stdout.trim(), "abc");
  });
});
