import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { newFolder } from "../../../../test/fixtures/folders.ts";
import type { FamilyFixture } from "../../../../test/fixtures/tone-ear.ts";
import { familyFixtures } from "../../../../test/fixtures/tone-families.ts";
import { writeParaformer } from "../../../../test/fixtures/tone-stacked.ts";
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { layouts } from "../../dist/engine/detect/layouts.js";
import { preflight } from "../../dist/engine/detect/preflight.js";
import type { SegmentEngine } from "../../dist/engine/engine.js";
import { loadEngine } from "../../dist/engine/load.js";
import { SettingTurns } from "../../dist/engine/sherpa-offline/turns.js";

const assets = { sileroFile: "", voskLibraryFile: "" };

describe("the language of a session", () => {
  it("is told to Whisper, which else finds it out", async () => {
    const { engine, signal } = await loaded("whisper");
    const text = async (language?: string) =>
      (await engine.decode(signal("abc"), { words: false, ...(language !== undefined && { language }) })).text;
    assert.equal(await text(), "[en]abc");
    assert.equal(await text("zh"), "[zh]abc");
    assert.equal(await text("en"), "[en]abc");
    assert.equal(await text("zh"), "[zh]abc");
    assert.equal(await text(), "[en]abc");
  });

  it("is each session's own when many in several languages are decoded at once", async () => {
    const { engine, signal } = await loaded("whisper");
    const samples = signal("hello");
    const languages = Array.from({ length: 40 }, (_, index) => (["zh", "en", undefined] as const)[index % 3]);
    const heard = await Promise.all(
      languages.map((language) =>
        engine.decode(samples, { words: false, ...(language !== undefined && { language }) }),
      ),
    );
    assert.deepEqual(
      heard.map(({ text }) => text),
      languages.map((language) => `[${language ?? "en"}]hello`),
    );
  });

  it("never is one that Whisper does not have, which would end the process", async () => {
    const { engine, signal } = await loaded("whisper", { languages: ["de"] });
    for (const language of ["de", "xx", "", "../en", "zh,en"]) {
      const { text } = await engine.decode(signal("abc"), { words: false, language });
      assert.equal(text, "[en]abc", language);
    }
  });

  it("is told to Canary on both sides, so that it does not translate", async () => {
    const { engine, signal } = await loaded("canary");
    const heard = await Promise.all(
      ["de", "en", "fr", "es", "de"].map((language) => engine.decode(signal("abc"), { words: false, language })),
    );
    assert.deepEqual(
      heard.map(({ text }) => text),
      ["[de]abc", "[en]abc", "[fr]abc", "[es]abc", "[de]abc"],
    );
  });

  it("is fixed for SenseVoice when it is loaded: it finds it out, or knows it from the manifest", async () => {
    const open = await loaded("sense-voice");
    const chinese = await loaded("sense-voice", { languages: ["zh"] });
    assert.equal((await open.engine.decode(open.signal("abc"), { words: false, language: "zh" })).text, "abc.");
    assert.equal((await chinese.engine.decode(open.signal("abc"), { words: false })).text, "abc。");
  });

  it("is the one of the manifest where that names one alone", async () => {
    const { engine, signal } = await loaded("whisper", { languages: ["zh-CN"] });
    assert.equal((await engine.decode(signal("abc"), { words: false })).text, "[zh]abc");
  });
});

describe("number writing and punctuation of the model itself", () => {
  it("is on, and a session can turn it off", async () => {
    const { engine, signal } = await loaded("sense-voice");
    const text = async (itn?: boolean) =>
      (await engine.decode(signal("abc"), { words: true, ...(itn !== undefined && { itn }) })).text;
    assert.equal(await text(), "abc.");
    assert.equal(await text(false), "abc");
    assert.equal(await text(true), "abc.");
  });
});

describe("punctuation", () => {
  it("is expected of a NeMo or Zipformer model that has the marks among its tokens", async () => {
    for (const family of ["nemo-transducer", "transducer", "zipformer-ctc"]) {
      const { folder } = await written(family);
      assert.equal((await engineOf(folder)).info.punctuates, undefined, family);
      const path = join(folder, "tokens.txt");
      const marked = readFileSync(path, "utf8").replace(/^x /m, ", ").replace(/^y /m, ". ").replace(/^z /m, "▁? ");
      writeFileSync(path, marked);
      assert.equal((await engineOf(folder)).info.punctuates, true, family);
    }
  });
});

describe("word times", () => {
  it("are there with a Paraformer that gives its peaks, and not with one that does not", async () => {
    const { signal } = fixtureOf("paraformer");
    for (const times of [true, false]) {
      const folder = newFolder();
      writeParaformer(folder, times);
      const engine = await engineOf(folder);
      assert.equal(engine.info.words, times);
      const { text, words } = await engine.decode(signal("ab"), { words: true });
      assert.equal(text, "a b");
      assert.deepEqual(
        words?.map(({ word, startSeconds }) => `${word} ${startSeconds}`),
        times ? ["a 0.48", "b 0.72"] : undefined,
      );
    }
  });

  it("are those of the tones", async () => {
    for (const family of ["zipformer-ctc", "transducer", "nemo-transducer", "sense-voice", "dolphin", "fire-red-ctc"]) {
      const { engine, signal } = await loaded(family);
      const { words } = await engine.decode(signal("ab"), { words: true });
      const [word] = words ?? [];
      assert.ok(word && Math.abs(word.startSeconds - 0.5) < 0.05, `${family}: ${JSON.stringify(words)}`);
    }
  });
});

/** Each key that a loader reads, and the file that lacks it. */
const neededKeys = familyFixtures.flatMap(({ family }) => {
  const layout = layouts.find((one) => one.engine === "sherpa-offline" && one.family === family);
  return Object.entries(layout?.needs ?? {}).flatMap(([role, { numbers = [], lists = [], texts = [] }]) =>
    [...numbers, ...lists, ...texts].map((key) => ({ family, role, key })),
  );
});

describe("metadata that a loader reads", () => {
  for (const { family } of familyFixtures) {
    it(`is whole in an untouched model of ${family}, which loads`, async () => {
      const { folder, spec } = await written(family);
      await preflight(spec);
      assert.equal(await loadElsewhere(folder), "loaded");
    });
  }

  for (const { family, role, key } of neededKeys) {
    it(`is missed before the engine sees the files: ${key} of ${family}`, async () => {
      const { spec } = await without(family, role, key);
      await assert.rejects(
        preflight(spec),
        refusal(
          new RegExp(`^${basename(spec.files[role] ?? "")} has no ${key} in its metadata, which ${family} needs$`),
        ),
      );
    });
  }

  const firstOfEach = neededKeys.filter(
    ({ family, key }) => key !== "model_type" && neededKeys.find((one) => one.family === family)?.key === key,
  );
  for (const { family, role, key } of firstOfEach) {
    it(`is no whim: without ${key} ${family} ends the process`, async () => {
      const { folder } = await without(family, role, key);
      assert.notEqual(await loadElsewhere(folder), "loaded");
    });
  }

  it("must not be negative, and lists hold numbers", async () => {
    const cases = [
      { family: "whisper", role: "encoder", from: "n_text_ctx\u0012\u0003448", to: "n_text_ctx\u0012\u0003-48" },
      { family: "paraformer", role: "model", from: "neg_mean\u0012\u00df\b0,0", to: "neg_mean\u0012\u00df\bx,0" },
    ];
    for (const { family, role, from, to } of cases) {
      const { spec } = await rewritten(family, role, from, to);
      await assert.rejects(
        preflight(spec),
        refusal(/in its metadata that is no (whole number from 0 on|list of numbers)/),
      );
    }
  });

  it("names as many languages as it has tokens for", async () => {
    const { spec } = await rewritten("whisper", "encoder", "zh,en", "zhhen");
    await assert.rejects(preflight(spec), refusal(/all_language_codes as all_language_tokens/));
  });
});

describe("tables of tokens", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const cases = [
    {
      name: "fewer tokens than the model",
      tokens: [...letters.slice(1), "<blk>"],
      detail: /has 26 tokens, and the model was made for 27/,
    },
    { name: "its blank elsewhere", tokens: ["<blk>", ...letters], detail: /has a <blk> that is not the last token/ },
    { name: "no blank", tokens: [...letters, "<b>"], detail: /has no <blk>, which nemo-transducer needs/ },
  ];
  for (const { name, tokens, detail } of cases) {
    it(`of a NeMo transducer with ${name} are refused, for they would end the process`, async () => {
      const { folder, spec } = await written("nemo-transducer");
      writeFileSync(join(folder, "tokens.txt"), tableOf(tokens));
      await assert.rejects(preflight(spec), refusal(detail));
      assert.notEqual(await loadElsewhere(folder), "loaded");
    });
  }
});

describe("turns of a setting", () => {
  it("let calls with one setting run together, and change it only while none runs", async () => {
    const log: string[] = [];
    let running = 0;
    const turns = new SettingTurns("a", (setting) => {
      assert.equal(running, 0);
      log.push(`is ${setting}`);
    });
    const call = async (setting: string, name: string) =>
      turns.run(setting, async () => {
        running += 1;
        log.push(name);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      });
    await Promise.all([call("a", "1"), call("a", "2"), call("b", "3"), call("a", "4"), call("a", "5")]);
    assert.deepEqual(log, ["1", "2", "is b", "3", "is a", "4", "5"]);
  });

  it("go on after a call that fails", async () => {
    const turns = new SettingTurns("a", () => undefined);
    const failing = turns.run("b", async () => {
      throw new Error("broken");
    });
    const next = turns.run("a", async () => "fine");
    await assert.rejects(failing, /broken/);
    assert.equal(await next, "fine");
  });
});

function tableOf(tokens: readonly string[]): string {
  return tokens.map((token, id) => `${token} ${id}\n`).join("");
}

function fixtureOf(family: string): FamilyFixture {
  const fixture = familyFixtures.find((one) => one.family === family);
  assert.ok(fixture, family);
  return fixture;
}

async function written(family: string, manifest?: unknown) {
  const folder = newFolder();
  fixtureOf(family).write(folder);
  if (manifest !== undefined) writeFileSync(join(folder, "voxpool.json"), JSON.stringify(manifest));
  return { folder, spec: await detect(folder) };
}

async function loaded(family: string, manifest?: unknown) {
  const { folder, spec } = await written(family, manifest);
  await preflight(spec);
  return { engine: await engineOf(folder), signal: fixtureOf(family).signal };
}

async function engineOf(folder: string): Promise<SegmentEngine> {
  const engine = await loadEngine(await detect(folder), assets);
  assert.ok(engine.input === "segments");
  return engine;
}

/** A model whose metadata has another name for a key; its manifest says the family all the same. */
async function without(family: string, role: string, key: string) {
  return rewritten(
    family,
    role,
    `${String.fromCharCode(key.length)}${key}\u0012`,
    `${String.fromCharCode(key.length)}${key.slice(0, -1)}~\u0012`,
  );
}

async function rewritten(family: string, role: string, from: string, to: string) {
  const { folder, spec } = await written(family, { family });
  const path = spec.files[role] ?? "";
  const bytes = readFileSync(path).toString("latin1");
  assert.ok(bytes.includes(from), `${family} has ${from}`);
  writeFileSync(path, Buffer.from(bytes.replace(from, to), "latin1"));
  return { folder, spec };
}

/** What a process that loads the model writes before it ends. */
async function loadElsewhere(folder: string): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "load-and-exit.ts"), folder], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  return Buffer.concat(chunks).toString();
}

function refusal(detail: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof VoxpoolError, String(error));
    assert.equal(error.reason, "model_files_invalid", error.message);
    assert.match(String(error.details.detail), detail);
    return true;
  };
}
