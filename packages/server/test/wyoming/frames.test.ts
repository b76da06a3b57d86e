import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeEvent, readEvents, type WyomingEvent } from "../../dist/gateway/wyoming/frames.js";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Uint8Array | string, size = 1 << 20): Promise<WyomingEvent[]> {
  const events: WyomingEvent[] = [];
  for await (const event of readEvents(inPieces(Buffer.from(bytes), size))) events.push(event);
  return events;
}

const plain = ({ type, data, payload }: WyomingEvent) => ({
  type,
  data,
  ...(payload !== undefined && { payload: Buffer.from(payload).toString() }),
});

suite("Wyoming frames", () => {
  const table: readonly (readonly [name: string, bytes: string, events: object[]])[] = [
    ["nothing", "", []],
    ["a line alone", '{"type":"describe"}\n', [{ type: "describe", data: {} }]],
    ["data in the line", '{"type":"a","data":{"b":1}}\n', [{ type: "a", data: { b: 1 } }]],
    ["data without a value", '{"type":"a","data":null,"data_length":null}\n', [{ type: "a", data: {} }]],
    ["data in a block", '{"type":"a","data_length":7}\n{"b":2}', [{ type: "a", data: { b: 2 } }]],
    [
      "a block that overrides the line",
      '{"type":"a","data":{"b":1,"c":"中"},"data_length":7}\n{"b":2}',
      [{ type: "a", data: { b: 2, c: "中" } }],
    ],
    ["a payload", '{"type":"a","payload_length":3,"version":"1"}\nabc', [{ type: "a", data: {}, payload: "abc" }]],
    [
      "one behind the other",
      '{"type":"a","data_length":2,"payload_length":2}\n{}\n\n{"type":"b"}\r\n{"type":"c"}\n',
      [
        { type: "a", data: {}, payload: "\n\n" },
        { type: "b", data: {} },
        { type: "c", data: {} },
      ],
    ],
  ];
  for (const [name, bytes, events] of table) {
    test(`${name}, in pieces of any size`, async () => {
      for (const size of [1, 2, 7, 1000]) assert.deepEqual((await readAll(bytes, size)).map(plain), events);
    });
  }

  const wrong: readonly (readonly [name: string, bytes: string | Uint8Array, detail: RegExp])[] = [
    ["a line without end", "x".repeat(70_000), /longer than 65536/],
    ["a long line", `{"type":"${"x".repeat(65_536)}"}\n`, /longer than 65536/],
    ["an empty line", "\n", /no JSON/],
    ["a line that breaks off", '{"type"', /ended within an event/],
    ["no JSON", "GET / HTTP/1.1\r\n\r\n", /no JSON/],
    ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), /no JSON/],
    ["a list", "[]\n", /no JSON object/],
    ["no type", "{}\n", /no type/],
    ["a type that is a number", '{"type":1}\n', /no type/],
    ["data that are a list", '{"type":"a","data":[]}\n', /no JSON object/],
    ["a block that is a text", '{"type":"a","data_length":3}\n"b"', /no JSON object/],
    ["a block that breaks off", '{"type":"a","data_length":7}\n{"b"', /ended within an event/],
    ["a huge block", '{"type":"a","data_length":262145}\n', /data_length is more than 262144/],
    ["a huge payload", '{"type":"a","payload_length":1e300}\n', /payload_length is more than 1048576/],
    ["a negative payload", '{"type":"a","payload_length":-1}\n', /no whole number/],
    ["a payload of a fraction", '{"type":"a","payload_length":1.5}\n', /no whole number/],
    ["a payload of a text", '{"type":"a","payload_length":"3"}\n', /no whole number/],
    ["a payload that breaks off", '{"type":"a","payload_length":3}\nab', /ended within an event/],
    ["deep brackets", `${"[".repeat(60_000)}\n`, /no JSON/],
  ];
  for (const [name, bytes, detail] of wrong) {
    test(`${name} is refused`, async () => {
      for (const size of [4096, 100_000]) {
        await assert.rejects(readAll(bytes, size), (error: Error & { reason?: string }) => {
          assert.equal(error.reason, "request_invalid");
          assert.match(error.message, detail);
          return true;
        });
      }
    });
  }

  test("what is written is read again", async () => {
    const data = { text: "你好，世界。\n", list: [1] };
    const [one, two] = await readAll(
      Buffer.concat([encodeEvent("transcript", data), encodeEvent("transcript-stop")]),
      5,
    );
    assert.deepEqual(
      [one, two],
      [
        { type: "transcript", data },
        { type: "transcript-stop", data: {} },
      ],
    );
    // Other implementations bound the line, and read it until its end.
    assert.equal(encodeEvent("transcript", data).indexOf("\n"), encodeEvent("transcript", data).lastIndexOf("\n"));
  });
});
