import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessage } from "../../dist/gateway/vosk-server/message.js";
import { Replies } from "../../dist/gateway/vosk-server/replies.js";
import { waveHead } from "../../dist/gateway/vosk-server/wave-header.js";

const config = (settings: object) => ({ type: "config", config: settings });

const messages: readonly (readonly [said: string, read: object])[] = [
  ['{"eof" : 1}', { type: "eof" }],
  ['{"eof":0}', { type: "eof" }],
  ['{"reset" : 1}', { type: "reset" }],
  ['{"config":{"sample_rate":16000}}', config({ sampleRateHz: 16_000 })],
  [
    '{"config":{"sample_rate":"16000.0","words":1,"max_alternatives":"3"}}',
    config({ sampleRateHz: 16_000, words: true, alternatives: 3 }),
  ],
  ['{"config":{"words":false,"model":"cn"}}', config({ words: false, model: "cn" })],
  ['{"config":{"words":"0","max_alternatives":-1}}', config({ words: false, alternatives: 0 })],
  ['{"config":{"max_alternatives":1e9}}', config({ alternatives: 20 })],
  ['{"config":{"phrase_list":["zero one","[unk]",7,""]}}', config({ phrases: ["zero one", "[unk]"] })],
  ['{"config":{"phrase_list":"zero"}}', config({})],
  ['{"config":{"sample_rate":"fast","words":{},"model":{}}}', config({})],
  ['{"config":{"sample_rate":-1}}', config({})],
  ['{"config":{"sample_rate":1}}', config({})],
  ['{"config":{"sample_rate":1e9}}', config({})],
  ['{"config":{"__proto__":{"words":true},"unknown":1}}', config({})],
  ['{"config":[]}', { type: "unknown" }],
  ["[]", { type: "unknown" }],
  ["null", { type: "unknown" }],
  ["hello", { type: "unknown" }],
  ["", { type: "unknown" }],
  ["[".repeat(500_000), { type: "unknown" }],
];

test("what clients say is read; what is no setting is as good as left out", () => {
  for (const [said, read] of messages) assert.deepEqual(readMessage(said), read, said.slice(0, 80));
});

const timed = (word: string, start: number) => ({ word, start, end: start + 0.5, confidence: 0.9 });
const segment = (id: number, text: string) => ({ id, start: id, end: id + 1, text });
const plain = { words: true, alternatives: 0 };

test("a reply is the utterance under way, until a final has come", () => {
  const replies = new Replies();
  assert.equal(replies.next(plain), '{"partial":""}');
  replies.hearing("one");
  assert.equal(replies.next(plain), '{"partial":"one"}');
  replies.heard({ segment: { ...segment(0, "one two"), words: [timed("one", 0), timed("two", 0.5)] } });
  assert.deepEqual(JSON.parse(replies.next(plain)), {
    result: [
      { conf: 0.9, start: 0, end: 0.5, word: "one" },
      { conf: 0.9, start: 0.5, end: 1, word: "two" },
    ],
    text: "one two",
  });
  assert.equal(replies.next(plain), '{"partial":""}');
});

test("several finals for one message are joined, and what was left over comes with the last result", () => {
  const replies = new Replies();
  replies.heard({ segment: { ...segment(0, "今天 天气"), words: [timed("今天", 0), timed("天气", 0.5)] } });
  replies.heard({ segment: { ...segment(1, "好"), words: [timed("好", 1)] } });
  const { text, result } = JSON.parse(replies.next(plain));
  assert.equal(text, "今天 天气 好");
  assert.deepEqual(
    result.map((each: { word: string }) => each.word),
    ["今天", "天气", "好"],
  );
  assert.equal(replies.rest(plain), '{"text":""}');
  replies.heard({ segment: segment(2, "end") });
  assert.equal(replies.rest(plain), '{"text":"end"}');
});

test("without words there is the text alone, with alternatives a list of readings", () => {
  const replies = new Replies();
  const heard = { segment: { ...segment(0, "one"), words: [timed("one", 0)] } };
  replies.heard(heard);
  assert.equal(replies.next({ words: false, alternatives: 0 }), '{"text":"one"}');
  replies.heard({
    ...heard,
    alternatives: [
      { text: "one", confidence: 210.5 },
      { text: "won", confidence: 200 },
    ],
  });
  assert.deepEqual(JSON.parse(replies.next({ words: true, alternatives: 2 })), {
    alternatives: [
      { confidence: 210.5, result: [{ start: 0, end: 0.5, word: "one" }], text: "one" },
      { confidence: 200, text: "won" },
    ],
  });
  assert.deepEqual(JSON.parse(replies.rest({ words: true, alternatives: 2 })), {
    alternatives: [{ confidence: 0, text: "" }],
  });
});

/** A WAV file's head: `extra` bytes of another chunk before the samples. */
function head(extra: number): Buffer {
  const file = Buffer.alloc(44 + (extra > 0 ? 8 + extra : 0) + 10);
  file.write("RIFF", 0);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt32LE(44_100, 24);
  if (extra > 0) {
    file.write("LIST", 36);
    file.writeUInt32LE(extra, 40);
  }
  const data = extra > 0 ? 44 + extra : 36;
  file.write("data", data);
  return file.subarray(0, data + 18);
}

test("the head of a WAV file is found where it is, and nothing else is taken for one", () => {
  assert.deepEqual(waveHead(head(0)), { bytes: 44, sampleRateHz: 44_100 });
  assert.deepEqual(waveHead(head(26)), { bytes: 78, sampleRateHz: 44_100 });
  for (let length = 0; length < 44; length++) assert.equal(waveHead(head(0).subarray(0, length)), undefined);
  const endless = head(0);
  endless.writeUInt32LE(0xffff_ffff, 16);
  assert.equal(waveHead(endless), undefined);
  assert.equal(waveHead(Buffer.alloc(4000, 1)), undefined);
  for (const rate of [0, 1, 3999, 192_001, 0xffff_ffff]) {
    const odd = head(0);
    odd.writeUInt32LE(rate, 24);
    assert.equal(waveHead(odd), undefined, `${rate}`);
  }
});
