import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import { moonshineSpec, recordings } from "../../../../test/fixtures/speech.ts";
import { toneSignal, writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { moonshineTokenTable } from "../../dist/catalog/moonshine-tokens.js";
import { loadEngine } from "../../dist/engine/load.js";
import { wordsFromTokens } from "../../dist/engine/sherpa/words.js";

const moonshine = await moonshineSpec();
const assets = { sileroFile: "", voskLibraryFile: "" };

describe("loading a sherpa-offline model", () => {
  const spec = writeToneModel(newFolder());
  const failures = [
    { name: "a family that it does not know", spec: { ...spec, family: "unheard-of" }, detail: /family unheard-of/ },
    { name: "a role without a file", spec: { ...spec, files: { model: spec.files.model } }, detail: /file for tokens/ },
    {
      name: "a file that is not there",
      spec: { ...spec, files: { ...spec.files, model: join(spec.directory, "gone.onnx") } },
      detail: /gone\.onnx cannot be read/,
    },
  ];
  for (const { name, spec: bad, detail } of failures) {
    it(`fails with a reason for ${name}`, async () => {
      await assert.rejects(loadEngine(bad, assets), (error: { reason?: string; details?: { detail?: string } }) => {
        assert.equal(error.reason, "model_load_failed");
        assert.match(error.details?.detail ?? "", detail);
        assert.ok(!error.details?.detail?.includes(spec.directory), "a path of the server");
        return true;
      });
    });
  }

  it("loads twice, and the two are independent", async () => {
    const chinese = Array.from("你好世界");
    const other = writeToneModel(newFolder(), { symbols: chinese, languages: ["zh"] });
    const [english, second] = await Promise.all([loadEngine(spec, assets), loadEngine(other, assets)]);
    assert.ok(english.input === "segments" && second.input === "segments");
    const [letters, characters] = await Promise.all([
      english.decode(toneSignal("abc"), { words: true }),
      second.decode(toneSignal("你好世界", { symbols: chinese }), { words: true }),
    ]);
    assert.equal(letters.text, "abc");
    assert.equal(characters.text, "你好世界");
    assert.deepEqual(
      characters.words?.map(({ word }) => word),
      chinese,
    );
  });
});

interface WordCase {
  readonly name: string;
  readonly tokens: readonly string[];
  readonly starts: readonly number[];
  /** Each word with its start and end. */
  readonly words: readonly string[];
  readonly text?: string;
  readonly wordTokens?: boolean;
}

describe("words from tokens", () => {
  const cases: readonly WordCase[] = [
    { name: "nothing", tokens: [], starts: [], words: [] },
    {
      name: "word pieces",
      tokens: [" hel", "lo", " you"],
      starts: [0.1, 0.2, 0.5],
      words: ["hello 0.1-0.4", "you 0.5-0.7"],
    },
    {
      name: "letters with a space of their own",
      tokens: ["a", "b", " ", "c"],
      starts: [0, 0.1, 0.2, 0.3],
      words: ["ab 0-0.2", "c 0.3-0.5"],
    },
    { name: "Chinese characters", tokens: ["你", "好"], starts: [0.2, 0.4], words: ["你 0.2-0.4", "好 0.4-0.6"] },
    {
      name: "Chinese beside English",
      tokens: ["用", "py", "thon", "写"],
      starts: [0, 0.2, 0.3, 0.5],
      words: ["用 0-0.2", "python 0.2-0.5", "写 0.5-0.7"],
    },
    {
      name: "single bytes",
      tokens: [" ", "<0xE4>", "<0xBD>", "<0xA0>", "好"],
      starts: [0, 0.1, 0.12, 0.14, 0.3],
      words: ["你 0.1-0.3", "好 0.3-0.5"],
    },
    {
      name: "bytes in disguise: byte-level BPE",
      tokens: ["▁Ƌš", "ī", "ƌŊ", "ŏ", "▁OK"],
      starts: [0.1, 0.2, 0.3, 0.4, 0.6],
      text: "今天 OK",
      words: ["今 0.1-0.3", "天 0.3-0.5", "OK 0.6-0.8"],
    },
    {
      name: "letters that byte-level BPE uses, where they are meant",
      tokens: [" Pl", "ā", "t"],
      starts: [0.1, 0.2, 0.3],
      words: ["Plāt 0.1-0.5"],
    },
    {
      name: "pieces that go on after @@",
      tokens: ["我", "用", "py@@", "thon", "code"],
      starts: [0, 0.1, 0.2, 0.3, 0.5],
      wordTokens: true,
      words: ["我 0-0.1", "用 0.1-0.2", "python 0.2-0.5", "code 0.5-0.7"],
    },
    {
      name: "punctuation, which stays with the word before it",
      tokens: ["你", "好", "，", " yes", ".", "吗", "？"],
      starts: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
      words: ["你 0-0.1", "好， 0.1-0.3", "yes. 0.3-0.5", "吗？ 0.5-0.8"],
    },
    { name: "the end of the audio", tokens: [" end"], starts: [0.95], words: ["end 0.95-1"] },
    { name: "fewer times than tokens", tokens: [" a", " b"], starts: [0.1], words: ["a 0.1-0.3"] },
  ];
  for (const { name, tokens, starts, words, text = tokens.join(""), wordTokens = false } of cases) {
    it(`are right for ${name}`, () => {
      const made = wordsFromTokens(tokens, starts, { endSeconds: 1, text, wordTokens });
      assert.deepEqual(
        made.map(({ word, startSeconds, endSeconds }) => `${word} ${startSeconds}-${endSeconds}`),
        words,
      );
    });
  }
});

describe("the token table of Moonshine", () => {
  const vocabulary = ["<unk>", "<s>", "</s>", "<0x00>", "<0x0A>", "<0xF0>", "▁the", "▁▁", "边", "'s", "<0xfz>"];

  it("has a line an id: base64 of the piece with spaces and bytes put in", () => {
    const lines = moonshineTokenTable(vocabulary).split("\n");
    assert.equal(lines.pop(), "");
    assert.deepEqual(
      lines.map((line) => line.split(" ")[1]),
      vocabulary.map((_, id) => String(id)),
    );
    const pieces = lines.map((line) => Buffer.from(line.split(" ")[0] ?? "", "base64"));
    const texts = [" ", " ", " ", " ", " ", Buffer.of(0xf0), " the", "  ", "边", "'s", "<0xfz>"];
    assert.deepEqual(
      pieces,
      texts.map((text) => Buffer.from(text)),
    );
  });

  const recording = recordings()?.find(({ file }) => file === "austen-0930.wav");
  const skip = typeof moonshine !== "string" && recording ? false : "Moonshine tiny or the recordings are not there";
  it("lets sherpa join bytes to Chinese and emoji, and takes raw control characters", { skip }, async () => {
    assert.ok(typeof moonshine !== "string" && recording);
    const lines = readFileSync(moonshine.files.tokens, "utf8").trim().split("\n");
    // What is heard is "He might even have been made amiable himself": its first pieces become bytes and signs.
    const swapped = swap(lines, {
      " He": Buffer.of(0xf0),
      " might": Buffer.of(0x9f),
      " even": Buffer.of(0x8e),
      " have": Buffer.of(0x89),
      " been": Buffer.from("边"),
      " made": Buffer.of(0x0a),
    });
    const tokens = join(newFolder(), "tokens.txt");
    writeFileSync(tokens, swapped);
    const engine = await loadEngine({ ...moonshine, files: { ...moonshine.files, tokens } }, assets);
    assert.ok(engine.input === "segments");
    const { text } = await engine.decode(recording.samples, { words: false });
    assert.equal(text, "🎉边  amiable himself.");
  });
});

function swap(lines: readonly string[], pieces: Readonly<Record<string, Buffer>>): string {
  const ids = new Map(Object.entries(pieces).map(([piece, bytes]) => [Buffer.from(piece).toString("base64"), bytes]));
  return lines
    .map((line) => {
      const [piece = "", id = ""] = line.split(" ");
      return `${ids.get(piece)?.toString("base64") ?? piece} ${id}\n`;
    })
    .join("");
}
