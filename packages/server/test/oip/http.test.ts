import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import type { ModelEntry, ModelList } from "@voxpool/client/contract";
import { startRunning, toneWav } from "../server/running.ts";
import { binaryRequest, element, errorOf, fp32, type Oip, sampleBytes, samples, startOip, textOf } from "./support.ts";

test("Open Inference Protocol: a recording is recognised", async (t) => {
  const oip = await startOip(t);

  const ways: readonly (readonly [name: string, request: () => ReturnType<typeof binaryRequest>])[] = [
    ["of samples", () => binaryRequest(fp32, sampleBytes)],
    ["of a file", () => binaryRequest({ datatype: "BYTES", shape: [1] }, element(toneWav("abc")))],
    [
      "of samples packed with gzip",
      () => {
        const { headers, body } = binaryRequest(fp32, sampleBytes);
        return { headers: { ...headers, "content-encoding": "gzip" }, body: gzipSync(body) };
      },
    ],
    [
      "of a file packed with deflate, with the type of a form",
      () => {
        const { headers, body } = binaryRequest({ datatype: "BYTES", shape: [1, 1] }, element(toneWav("abc")));
        const type = { "content-type": "application/x-www-form-urlencoded" };
        return { headers: { ...headers, ...type, "content-encoding": "deflate" }, body: deflateSync(body) };
      },
    ],
    [
      "of a file in base64",
      () => {
        const data = [Buffer.from(toneWav("abc")).toString("base64")];
        const inputs = [{ name: "file", datatype: "BYTES", shape: [1], data }];
        return { headers: {}, body: Buffer.from(JSON.stringify({ inputs })) };
      },
    ],
    [
      "of samples in JSON",
      () => {
        const data = Array.from(samples, (value) => Math.round(value * 1000) / 1000);
        return { headers: {}, body: Buffer.from(JSON.stringify({ inputs: [{ name: "a", ...fp32, data }] })) };
      },
    ],
  ];
  for (const [name, request] of ways) {
    await t.test(name, async () => {
      const { status, headers, body } = await oip.infer(request());
      assert.deepEqual([status, textOf(body)], [200, "abc"]);
      assert.equal(headers.get("content-type"), "application/json");
      assert.equal(headers.get("content-encoding"), null);
    });
  }

  for (const [name, bytes, headers] of [
    ["bare samples", sampleBytes, {}],
    ["a bare WAV file", toneWav("abc"), {}],
    ["a bare file that says so", toneWav("abc"), { "content-type": "audio/wav" }],
  ] as const) {
    await t.test(`of ${name}, which is answered with a binary tensor`, async () => {
      const answer = await oip.post("/models/en/tiny/infer", new Uint8Array(bytes), {
        ...headers,
        "inference-header-content-length": "0",
      });
      const body = Buffer.from(await answer.arrayBuffer());
      const length = Number(answer.headers.get("inference-header-content-length"));
      assert.equal(answer.status, 200, body.toString());
      assert.equal((JSON.parse(body.toString("utf8", 0, length)) as { model_name: string }).model_name, "en/tiny");
      assert.equal(body.toString("utf8", length + 4), "abc");
    });
  }

  for (const model of [
    "en/tiny",
    "en%2Ftiny",
    "en/tiny/versions/1",
    "en%2Ftiny/versions/1",
    "en/tiny@1",
    "model/en/tiny",
  ]) {
    await t.test(`by the model ${model}`, async () => {
      const { status, body } = await oip.infer(binaryRequest(fp32, sampleBytes), model);
      assert.deepEqual([status, textOf(body), body.model_version], [200, "abc", "1"], JSON.stringify(body));
    });
  }

  await t.test("in Chinese, with its marks and spaces as the text step writes them", async () => {
    const { body } = await oip.infer(
      binaryRequest(fp32, sampleBytes, { id: "编号", parameters: { language: "zh-CN" } }),
      encodeURIComponent("中文"),
    );
    assert.deepEqual([body.id, body.model_name], ["编号", "中文"]);
    assert.equal(textOf(body), "今天天气很好，我们用 Python 写代码。");
  });

  await t.test("with samples that are no numbers, which are silence", async () => {
    const broken = samples.slice();
    broken.fill(Number.NaN, 0, 200);
    broken.fill(Number.POSITIVE_INFINITY, broken.length - 200);
    const { status, body } = await oip.infer(binaryRequest(fp32, new Uint8Array(broken.buffer)));
    assert.deepEqual([status, textOf(body)], [200, "abc"]);
  });

  await t.test("with no samples, which are no words", async () => {
    const { status, body } = await oip.infer(binaryRequest({ datatype: "FP32", shape: [0] }, Buffer.alloc(0)));
    assert.deepEqual([status, textOf(body)], [200, ""]);
  });

  await t.test("and counted as any other", async () => {
    const used = await usageCount(oip, "en/tiny");
    await oip.infer(binaryRequest(fp32, sampleBytes));
    assert.equal(await usageCount(oip, "en/tiny"), used + 1);
    const { model_stats: stats } = (await (await oip.fetch("/v2/models/en%2Ftiny/versions/1/stats")).json()) as {
      model_stats: { name: string; inference_count: number }[];
    };
    assert.ok(stats.length === 1 && (stats[0]?.inference_count ?? 0) > used);
  });
});

test("Open Inference Protocol: the repository", async (t) => {
  const oip = await startOip(t);

  const index = async (body?: string) =>
    (await oip.post("/repository/index", body)).json() as Promise<{ name: string; state: string }[]>;

  await t.test("lists what is there and how it is; bad models with why", async () => {
    const states = new Map((await index()).map(({ name, state }) => [name, state]));
    assert.deepEqual(
      [states.get("en/tiny"), states.get("en/other"), states.get("broken")],
      ["READY", "UNAVAILABLE", "UNAVAILABLE"],
    );
    assert.ok((await index('{"ready":true}')).every(({ state }) => state === "READY"));
    assert.equal((await errorOf(await oip.post("/repository/index", '{"ready":1}')))[0], 400);
  });

  await t.test("loads for the address that asks, and gives back what it has", async () => {
    const load = (what: string) =>
      oip.post(`/repository/models/en/other/${what}`, JSON.stringify({ parameters: { unload_dependents: false } }));
    assert.equal((await load("load")).status, 200);
    assert.equal((await load("load")).status, 200);
    const [hold] = (await entryOf(oip, "en/other"))?.holds ?? [];
    assert.deepEqual([hold?.client, hold?.kind, hold?.count], ["127.0.0.1", "address", 2]);
    assert.deepEqual(await (await oip.fetch("/v2/models/en/other/ready")).json(), {
      name: "en/other",
      ready: true,
    });
    const native = JSON.stringify({ model_path: oip.modelPath("en/other"), client_id: "another" });
    await oip.fetch("/api/models/load", { method: "POST", body: native });
    assert.deepEqual(await (await load("unload")).json(), { name: "en/other", unload: true, unloaded: false });
    assert.equal((await load("unload")).status, 200);
    const [status, error] = await errorOf(await load("unload"));
    assert.equal(status, 409);
    assert.match(error, /another/);
  });

  await t.test("probes and the signpost", async () => {
    for (const [path, body] of [
      ["/v2/health/live", { live: true }],
      ["/v2/health/ready", { ready: true }],
    ] as const) {
      const answer = await oip.fetch(path);
      assert.deepEqual([answer.status, await answer.json()], [200, body]);
    }
    const slashed = await oip.fetch("/v2/");
    assert.equal(((await slashed.json()) as { name: string }).name, "voxpool");
  });
});

test("is not there when it is switched off, as any path is not", async (t) => {
  const running = await startRunning(t, { tone: "tone" }, { "oip.enabled": false });
  const answer = await running.fetch("/v2/health/live");
  assert.equal(answer.status, 404);
  assert.equal(((await answer.json()) as { reason: string }).reason, "route_not_found");
});

const usageCount = async (oip: Oip, model: string): Promise<number> => (await entryOf(oip, model))?.usage_count ?? 0;

/** A loaded model as the native call shows it. */
async function entryOf(oip: Oip, model: string): Promise<ModelEntry | undefined> {
  const { models } = (await (await oip.fetch("/api/models")).json()) as ModelList;
  return models[oip.modelPath(model)];
}
