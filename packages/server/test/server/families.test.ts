import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { familyFixtures } from "../../../../test/fixtures/tone-families.ts";
import { wavBytes } from "../../../../test/fixtures/wav.ts";
import { startRunning } from "./running.ts";

const fixtureOf = (family: string) => {
  const fixture = familyFixtures.find((one) => one.family === family);
  assert.ok(fixture);
  return fixture;
};
const wav = (samples: Float32Array) => new Uint8Array(wavBytes(samples, 16_000));
/** Tones are no speech to Silero. */
const manifest = { files: { "voxpool.json": '{"segmenter":"energy"}' } };

test("a Whisper folder is a model: recognised, loaded, and told the language of each request", async (t) => {
  const { client, modelDir, modelPath } = await startRunning(t, { tone: "tone", whisper: manifest });
  const whisper = fixtureOf("whisper");
  whisper.write(join(modelDir, "whisper"));
  const audio = wav(whisper.signal("abc"));
  const texts = await Promise.all(
    [undefined, "zh", "en", "zh-CN"].map(async (language) => {
      const options = { model_path: modelPath("whisper"), ...(language !== undefined && { language }) };
      const result = await client.transcribe(audio, { contentType: "audio/wav", ...options });
      assert.ok(result.success, !result.success ? result.error_message : "");
      return result.text;
    }),
  );
  assert.deepEqual(texts, ["[en]abc", "[zh]abc", "[en]abc", "[zh]abc"]);
  const refused = await client.transcribe(audio, {
    contentType: "audio/wav",
    model_path: modelPath("whisper"),
    language: "de",
  });
  assert.ok(!refused.success);
  assert.equal(refused.reason, "language_unsupported");
});

test("a model that its engine would die of is refused with what is wrong, and the others load", async (t) => {
  const { client, modelDir, modelPath } = await startRunning(t, { tone: "tone", broken: manifest });
  fixtureOf("nemo-transducer").write(join(modelDir, "broken"));
  writeFileSync(join(modelDir, "broken", "tokens.txt"), "a 0\n<blk> 1\n");
  const loaded = await client.loadModel(modelPath("broken"));
  assert.ok(!loaded.success);
  assert.equal(loaded.reason, "model_files_invalid");
  assert.match(loaded.error_message, /tokens\.txt has 2 tokens, and the model was made for 27/);
  const tone = await client.loadModel(modelPath("tone"));
  assert.ok(tone.success);
});
