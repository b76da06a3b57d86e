import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boundaryOf, readMultipart } from "../../dist/gateway/multipart.js";
import { boundary, formBody } from "./harness.ts";

const limits = { parts: 10, headBytes: 1000 };

interface Read {
  readonly name: string;
  readonly filename?: string;
  readonly contentType?: string;
  readonly bytes: string;
}

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function readAll(bytes: Uint8Array, sizes: readonly number[] = [7]): Promise<Read[]> {
  const parts: Read[] = [];
  for await (const { body, ...head } of readMultipart(inPieces(bytes, sizes), boundary, limits)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    parts.push({ ...head, bytes: Buffer.concat(chunks).toString("latin1") });
  }
  return parts;
}

const rejects = (bytes: string | Uint8Array, message: RegExp) =>
  assert.rejects(readAll(Buffer.from(bytes)), (error: { reason?: string; message: string }) => {
    assert.equal(error.reason, "multipart_invalid");
    assert.match(error.message, message);
    return true;
  });

test("any parts come back as they were, however the bytes are cut", async () => {
  const nearly = fc.constantFrom("\r\n--", `\r\n--${boundary.slice(0, -1)}`, `--${boundary}`, "\r", "\r\n\r\n", "");
  const value = fc
    .array(
      fc.oneof(
        nearly,
        fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
      ),
    )
    .map((pieces) => pieces.join("x"));
  const name = fc.constantFrom("file", "a b", "中文", "x;y", "=");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ name, value }, { noNullPrototype: true }), { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
      async (parts, sizes) => {
        const sent = parts.map((part) => ({ name: part.name, value: Buffer.from(part.value, "latin1") }));
        const read = await readAll(formBody(sent), sizes);
        assert.deepEqual(
          read.map((part) => ({ name: part.name, value: part.bytes })),
          parts,
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("any bytes at all end in parts or in a clear error", async () => {
  const piece = fc.constantFrom(
    `--${boundary}`,
    "--",
    "\r\n",
    'Content-Disposition: form-data; name="a"',
    ":",
    "x",
    '"',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      try {
        await readAll(Buffer.from(pieces.join("")));
      } catch (error) {
        assert.equal((error as { reason?: string }).reason, "multipart_invalid");
      }
    }),
    { numRuns: 500 },
  );
});

const part = (head: string): string => `--${boundary}\r\n${head}\r\n\r\nv\r\n`;

test("heads are read as clients write them", async () => {
  const body = [
    part("content-disposition:form-data;name=plain"),
    part('Content-Disposition: form-data; name="a \\"quoted\\" name"; filename=""'),
    part("Content-Disposition: form-data; name=\"f\"; filename*=UTF-8''%e4.wav\r\nContent-Type: audio/pcm; rate=8000"),
    part('X-Other: 1\r\nCONTENT-DISPOSITION: FORM-DATA; filename="a;name=b.wav"; name="real"'),
  ].join("");
  const parts = await readAll(Buffer.from(`ignored before\r\n${body}--${boundary}--\r\nignored after`));
  assert.deepEqual(parts, [
    { name: "plain", bytes: "v" },
    { name: 'a "quoted" name', filename: "", bytes: "v" },
    { name: "f", filename: "UTF-8''%e4.wav", contentType: "audio/pcm; rate=8000", bytes: "v" },
    { name: "real", filename: "a;name=b.wav", bytes: "v" },
  ]);
});

test("blanks after a boundary do no harm, and parts that nobody reads are skipped", async () => {
  const body = formBody([
    { name: "a", value: "x".repeat(500) },
    { name: "b", value: "y" },
  ]).toString();
  const names: string[] = [];
  const blanks = Buffer.from(body.replace(`--${boundary}\r\n`, `--${boundary} \t \r\n`));
  for await (const { name, body: bytes } of readMultipart(inPieces(blanks, [9]), boundary, limits)) {
    names.push(name);
    for await (const _ of bytes) break;
  }
  assert.deepEqual(names, ["a", "b"]);
});

test("what is malformed says how", async () => {
  const head = 'Content-Disposition: form-data; name="a"';
  await rejects("", /no boundary line/);
  await rejects(`--${boundary}`, /closing boundary/);
  await rejects(`--${boundary}x\r\n`, /line break/);
  await rejects(`--${boundary}\n${head}\n\nv\n--${boundary}--`, /line break/);
  await rejects(`--${boundary}\r\n${head}`, /middle of a part/);
  await rejects(`--${boundary}\r\n${head}\r\n\r\nv`, /middle of a part/);
  await rejects(`--${boundary}\r\n\r\nv\r\n--${boundary}--`, /Content-Disposition/);
  await rejects(`--${boundary}\r\nContent-Disposition: attachment; name="a"\r\n\r\nv\r\n--${boundary}--`, /form-data/);
  await rejects(`--${boundary}\r\nContent-Disposition: form-data\r\n\r\nv\r\n--${boundary}--`, /name/);
  await rejects(`--${boundary}\r\nno colon\r\n\r\nv\r\n--${boundary}--`, /header line/);
  await rejects(
    `--${boundary}\r\n${head}\r\nContent-Transfer-Encoding: base64\r\n\r\nv\r\n--${boundary}--`,
    /Transfer-Encoding/,
  );
  await rejects(`--${boundary}\r\n${"x: y\r\n".repeat(400)}`, /larger than 1000/);
  await rejects(formBody(Array.from({ length: 11 }, () => ({ name: "a", value: "" }))), /more than 10/);
});

test("a boundary is read from its header, quoted or not", () => {
  assert.equal(boundaryOf("multipart/form-data; boundary=abc"), "abc");
  assert.equal(boundaryOf('Multipart/Form-Data; charset=utf-8; Boundary="a b:c"'), "a b:c");
  for (const header of ["multipart/form-data", 'multipart/form-data; boundary=""', `x; boundary=${"b".repeat(300)}`]) {
    assert.throws(() => boundaryOf(header), { reason: "multipart_invalid" });
  }
});

test("the source is ended when its reader stops", async () => {
  let ended = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield* inPieces(formBody([{ name: "a", value: "x".repeat(500) }]), [100]);
    } finally {
      ended = true;
    }
  }
  for await (const _ of readMultipart(source(), boundary, limits)) break;
  assert.equal(ended, true);
});
