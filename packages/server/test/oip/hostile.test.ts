import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { rawConnection } from "../gateway/harness.ts";
import { toneWav } from "../server/running.ts";
import { binaryRequest, element, errorOf, fp32, type Sent, sampleBytes, startOip, textOf } from "./support.ts";

test("Open Inference Protocol: what is wrong is said in one text, and nothing else suffers", async (t) => {
  const oip = await startOip(t);

  const request = binaryRequest(fp32, sampleBytes);
  const length = request.headers["inference-header-content-length"] ?? "";
  const cases: readonly (readonly [
    name: string,
    status: number,
    detail: RegExp,
    body: Uint8Array,
    headers?: Record<string, string>,
  ])[] = [
    ["a body that ends early", 400, /ends before/, request.body.subarray(0, -1), request.headers],
    ["bytes behind the tensor", 400, /bytes follow/, Buffer.concat([request.body, Buffer.alloc(1)]), request.headers],
    [
      "a JSON length beyond the body",
      400,
      /ends before/,
      request.body.subarray(0, 100),
      { "inference-header-content-length": "9000" },
    ],
    [
      "a JSON length beyond the limit",
      413,
      /oip\.json_bytes/,
      request.body,
      { "inference-header-content-length": "262145" },
    ],
    ["a JSON length that is short", 400, /JSON/, request.body, { "inference-header-content-length": "10" }],
    [
      "a JSON length that is negative",
      400,
      /no whole number/,
      request.body,
      { "inference-header-content-length": "-1" },
    ],
    [
      "a JSON length that is a text",
      400,
      /no whole number/,
      request.body,
      { "inference-header-content-length": "0x10" },
    ],
    ["no JSON length", 400, /JSON/, request.body, {}],
    ["nothing", 400, /inputs/, Buffer.alloc(0)],
    [
      "an element that is longer than the tensor",
      400,
      /BYTES element/,
      ...split(binaryRequest({ datatype: "BYTES", shape: [1] }, element(toneWav("a"), 4e9))),
    ],
    [
      "an element that is shorter than the tensor",
      400,
      /BYTES element/,
      ...split(binaryRequest({ datatype: "BYTES", shape: [1] }, element(toneWav("a"), 1))),
    ],
    [
      "a file that is none",
      415,
      /plain text|audio/,
      ...split(binaryRequest({ datatype: "BYTES", shape: [1] }, element(Buffer.from("no audio at all")))),
    ],
    ["half a sample", 400, /FP32/, Buffer.alloc(4001), { "inference-header-content-length": "0" }],
    ["JSON beyond the limit", 413, /oip\.json_bytes/, Buffer.alloc(262_145, " ")],
    ["brackets without end", 400, /nests/, Buffer.alloc(200_000, "[")],
    ["a coding that is not read", 400, /Content-Encoding/, request.body, { "content-encoding": "br" }],
    ["two codings", 400, /Content-Encoding/, request.body, { "content-encoding": "gzip, deflate" }],
    ["gzip that is none", 400, /unpacked/, request.body, { ...request.headers, "content-encoding": "gzip" }],
    [
      "gzip that ends early",
      400,
      /unpacked/,
      gzipSync(request.body).subarray(0, -9),
      { ...request.headers, "content-encoding": "gzip" },
    ],
    ["a bomb of JSON", 413, /oip\.json_bytes/, gzipSync(Buffer.alloc(50_000_000, " ")), { "content-encoding": "gzip" }],
    [
      "a bomb of samples",
      400,
      /bytes follow/,
      gzipSync(Buffer.concat([request.body, Buffer.alloc(50_000_000)])),
      { ...request.headers, "content-encoding": "gzip" },
    ],
    [
      "a bomb without JSON",
      413,
      /limits\.body_bytes/,
      gzipSync(Buffer.alloc(50_000_000)),
      { "inference-header-content-length": "0", "content-encoding": "gzip" },
    ],
    ["a body beyond the limit", 413, /limits\.body_bytes/, Buffer.alloc(4_194_305), request.headers],
  ];
  for (const [name, status, detail, body, headers = {}] of cases) {
    await t.test(name, async () => {
      const [got, error] = await errorOf(await oip.post("/models/en/tiny/infer", new Uint8Array(body), headers));
      assert.equal(got, status, error);
      assert.match(error, detail);
    });
  }
  assert.ok(length !== "");

  await t.test("more samples than a recording may have, before they come", async (one) => {
    const json = JSON.stringify({
      inputs: [{ name: "a", datatype: "FP32", shape: [500_000_000], parameters: { binary_data_size: 2_000_000_000 } }],
    });
    const { socket, received } = await rawConnection(one, Number(new URL(oip.server.url).port));
    socket.write(
      "POST /v2/models/en/tiny/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" +
        `Inference-Header-Content-Length: ${json.length}\r\n\r\n${json.length.toString(16)}\r\n${json}\r\n` +
        `1000\r\n${"\0".repeat(4096)}\r\n`,
    );
    assert.match(await received("error"), /^HTTP\/1.1 413/);
  });

  await t.test("in Chinese where that is asked for", async () => {
    const headers = { "accept-language": "zh-CN", "inference-header-content-length": "x" };
    const [, error] = await errorOf(await oip.post("/models/en/tiny/infer", "", headers));
    assert.match(error, /请求无效：其 Inference-Header-Content-Length 头不是整数/);
  });

  const paths: readonly (readonly [method: string, path: string, status: number])[] = [
    ["GET", "/v2/nothing", 404],
    ["GET", "/v2/models", 404],
    ["POST", "/v2/systemsharedmemory/region/a/register", 404],
    ["GET", "/v2/models/en/tiny/infer", 405],
    ["POST", "/v2/models/en/tiny/ready", 405],
    ["POST", "/v2/models/en/tiny", 405],
    ["DELETE", "/v2/models/en/tiny", 405],
    ["POST", "/v2/repository/models/en/tiny", 404],
    ["GET", "/v2/repository/index", 405],
    ["GET", "/v2/models/..%2F..%2Fetc/ready", 400],
    ["GET", "/v2/models/%00/ready", 400],
    ["GET", "/v2/models/%E4%B8/ready", 400],
    ["GET", "/v2/models/no/such/ready", 404],
    ["GET", "/v2/models/no/such/stats", 404],
    ["GET", "/v2/models/en/tiny/versions/7", 404],
    ["GET", "/v2/models/en/tiny/versions/new/ready", 400],
    ["GET", "/v2/models/en/other/ready", 404],
    ["POST", "/v2/repository/models/no/such/load", 404],
    ["POST", "/v2/repository/models/broken/load", 400],
    ["POST", "/v2/repository/models/en/other/unload", 404],
  ];
  for (const [method, path, status] of paths) {
    await t.test(`${method} ${path}`, async () => {
      assert.equal((await errorOf(await oip.fetch(path, { method })))[0], status);
    });
  }

  await t.test("a body that is cut off ends its recognition alone", async (one) => {
    const port = Number(new URL(oip.server.url).port);
    const cut = await rawConnection(one, port);
    cut.socket.write(
      `POST /v2/models/en/tiny/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${request.body.length}\r\n` +
        `Inference-Header-Content-Length: ${length}\r\n\r\n`,
    );
    cut.socket.write(request.body.subarray(0, 2000), () => cut.socket.destroy());
    await cut.closed;
    assert.equal(textOf((await oip.infer(request)).body), "abc");
  });
});

function split({ body, headers }: Sent): readonly [Uint8Array, Sent["headers"]] {
  return [body, headers];
}
