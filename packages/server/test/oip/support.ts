import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { type Running, startRunning } from "../server/running.ts";

/** A request to infer, as it goes over the wire. */
export interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Oip extends Running {
  readonly post: (
    path: string,
    body?: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
  readonly infer: (
    sent: Sent,
    model?: string,
  ) => Promise<{ status: number; headers: Headers; body: Record<string, unknown> }>;
}

const models = {
  "en/tiny": "tone",
  "en/other": { fake: { text: "other", languages: ["en"] } },
  中文: { fake: { text: "今天 天气很好，我们用 Python 写代码。", languages: ["zh"] } },
  broken: { files: { "model.onnx": "" } },
} as const;

/** A server with a tone model, two of the fake engine, and one that is none; its limits are small. */
export async function startOip(t: TestContext): Promise<Oip> {
  const limits = { "oip.json_bytes": 262_144, "limits.body_bytes": 4_194_304 };
  const running = await startRunning(t, models, limits);
  const post: Oip["post"] = (path, body, headers = {}) =>
    running.fetch(`/v2${path}`, { method: "POST", headers, ...(body !== undefined && { body: bodyOf(body) }) });
  return {
    ...running,
    post,
    async infer({ headers, body }, model = "en/tiny") {
      const answer = await post(`/models/${model}/infer`, body, headers);
      return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
    },
  };
}

const bodyOf = (body: string | Uint8Array) => (typeof body === "string" ? body : new Uint8Array(body));

/** As tritonclient writes it: JSON, and the tensor behind it. */
export function binaryRequest(input: object, tensor: Uint8Array, more: object = {}): Sent {
  const parameters = { binary_data_size: tensor.length };
  const json = Buffer.from(JSON.stringify({ inputs: [{ name: "audio", parameters, ...input }], ...more }));
  return {
    headers: { "inference-header-content-length": String(json.length) },
    body: Buffer.concat([json, tensor]),
  };
}

/** What the tone model reads as `abc`. */
export const samples = toneSignal("abc");
export const sampleBytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
export const fp32 = { datatype: "FP32", shape: [samples.length] };

/** An element of BYTES: its length, or another one, and itself. */
export function element(bytes: Uint8Array, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(length);
  return Buffer.concat([prefix, bytes]);
}

export const textOf = (body: Record<string, unknown>): string | undefined =>
  (body.outputs as { data: string[] }[])[0]?.data[0];

/** The status and the text of a failure, which has nothing else. */
export async function errorOf(answer: Response): Promise<readonly [status: number, error: string]> {
  const body = (await answer.json()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(body), ["error"]);
  return [answer.status, String(body.error)];
}
