import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { AvailableModels } from "@voxpool/client/contract";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createDescription } from "../../dist/gateway/wyoming/describe.js";
import { wyomingInfo } from "../../dist/gateway/wyoming/info.js";
import { readFormat, readWish } from "../../dist/gateway/wyoming/messages.js";
import { createSampleConverter } from "../../dist/gateway/wyoming/samples.js";

const common = { versions: ["1", "2"], size_bytes: 1, loaded: false };
const available: AvailableModels = {
  success: true,
  count: 3,
  models: {
    "model/cn": { ...common, id: "cn", engine: "vosk", family: "kaldi", languages: ["zh"] },
    "more/cn": { ...common, id: "cn", languages: [] },
    "model/bad": { ...common, id: "bad", languages: [], problem: "it is empty" },
  },
};

test("info names each model that can be used, with what the protocol demands of it", () => {
  const [asr, ...others] = wyomingInfo(available, "1.2.3").asr;
  assert.ok(asr !== undefined && others.length === 0);
  assert.deepEqual(
    [asr.name, asr.installed, asr.version, asr.requires_external_vad],
    ["voxpool", true, "1.2.3", false],
  );
  assert.deepEqual(asr.models, [
    {
      name: "cn",
      description: "cn (vosk, kaldi)",
      attribution: { name: "vosk", url: "" },
      installed: true,
      version: "2",
      languages: ["zh"],
    },
    {
      name: "more/cn",
      description: "more/cn",
      attribution: { name: "", url: "" },
      installed: true,
      version: "2",
      languages: [],
    },
  ]);
});

const namesIn = (info: object) =>
  (info as ReturnType<typeof wyomingInfo>).asr.flatMap(({ models }) => models.map(({ name }) => name));

suite("describe is answered", () => {
  test("with what there is, by one look for all who ask at once", async () => {
    let looks = 0;
    const api = {
      async availableModels() {
        looks++;
        return available;
      },
    };
    const { info } = createDescription(api, "1", 60_000);
    for (const one of await Promise.all([info(), info(), info()])) assert.deepEqual(namesIn(one), ["cn", "more/cn"]);
    assert.equal(looks, 1);
  });

  test("with what is known, where looking takes too long or fails", async () => {
    const looking = Promise.withResolvers<AvailableModels>();
    const { info } = createDescription({ availableModels: () => looking.promise }, "1", 1);
    assert.deepEqual(namesIn(await info()), []);
    looking.reject(new Error("the disk is gone"));
    assert.deepEqual(namesIn(await info()), []);
  });
});

suite("messages", () => {
  test("what nobody chose is as good as missing", () => {
    assert.deepEqual(readWish({}), {});
    assert.deepEqual(readWish({ name: null, language: " " }), {});
    assert.deepEqual(readWish({ name: "cn", language: "zh", context: {}, vad_sensitivity: 1 }), {
      name: "cn",
      language: "zh",
    });
  });

  test("names and terms are words to expect, as many as can be", () => {
    const names = ["客厅", "", 7, "x".repeat(201), "lamp"];
    assert.deepEqual(readWish({ transcript_names: names, transcript_terms: ["灯"] }), {
      words: ["客厅", "lamp", "灯"],
    });
    assert.equal(readWish({ transcript_terms: Array.from({ length: 5000 }, () => "a") }).words?.length, 1000);
    assert.deepEqual(readWish({ transcript_names: "lamp", transcript_terms: {} }), {});
  });

  test("samples of any width become 16 bits, though they come in odd pieces", () => {
    const forms: readonly (readonly [width: number, bytes: readonly number[]])[] = [
      [1, [0x00, 0x80, 0xff]],
      [2, [0x00, 0x80, 0x00, 0x00, 0x00, 0x7f]],
      [3, [0xff, 0x00, 0x80, 0xff, 0x00, 0x00, 0xff, 0x00, 0x7f]],
      [4, [9, 9, 0x00, 0x80, 9, 9, 0x00, 0x00, 9, 9, 0x00, 0x7f]],
    ];
    for (const [width, bytes] of forms) {
      for (const size of [1, 2, 5, 100]) {
        const converter = createSampleConverter(width);
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += size)
          pieces.push(converter.convert(Uint8Array.from(bytes.slice(at, at + size))));
        assert.deepEqual(
          Array.from(Buffer.concat(pieces)),
          [0x00, 0x80, 0x00, 0x00, 0x00, 0x7f],
          `${width} in ${size}`,
        );
      }
    }
  });

  for (const data of [{ name: 1 }, { language: {} }, { language: "x".repeat(65) }]) {
    test(`${JSON.stringify(data).slice(0, 30)} is refused`, () => {
      assert.throws(() => readWish(data), VoxpoolError);
    });
  }

  const good = { rate: 16_000, width: 2, channels: 1 };
  test("a format has its numbers", () => {
    assert.deepEqual(readFormat(good), { rateHz: 16_000, width: 2, channels: 1 });
  });
  for (const bad of [
    { rate: 0 },
    { rate: 1.5e4 + 0.5 },
    { rate: "16000" },
    { width: 5 },
    { width: 0 },
    { channels: 9 },
    { channels: null },
  ]) {
    test(`${JSON.stringify(bad)} is refused`, () => {
      assert.throws(() => readFormat({ ...good, ...bad }), VoxpoolError);
    });
  }
});
