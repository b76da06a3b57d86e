import assert from "node:assert/strict";
import { test } from "node:test";
import { chineseGoldens } from "../../../../test/fixtures/chinese-goldens.ts";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { startWyoming, textOf, toInt16 } from "../wyoming/support.ts";
import { toneWav } from "./running.ts";

const goldens = chineseGoldens.map((golden, index) => [`golden-${index}`, golden] as const);

test("Chinese as engines write it is the same text through Open Inference Protocol and Wyoming", async (t) => {
  const models = goldens.map(
    ([name, { engineText }]) => [name, { fake: { text: engineText, languages: ["zh"] } }] as const,
  );
  const running = await startWyoming(t, Object.fromEntries(models));
  const inputs = [
    { name: "file", shape: [1], datatype: "BYTES", data: [Buffer.from(toneWav("abc")).toString("base64")] },
  ];
  const samples = toInt16(toneSignal("abc"));
  for (const [name, { engineText, text }] of goldens) {
    await t.test(`${engineText} -> ${text}`, async () => {
      const answer = await running.fetch(`/v2/models/${name}/infer`, {
        method: "POST",
        body: JSON.stringify({ inputs }),
      });
      const { outputs } = (await answer.json()) as { outputs: { data: string[] }[] };
      assert.equal(outputs[0]?.data[0], text);
      const client = await running.open();
      const told = await client.say(samples, { name });
      assert.equal(textOf(told), text);
      assert.equal(
        told
          .filter(({ type }) => type === "transcript-chunk")
          .map(({ data }) => data["text"])
          .join(""),
        text,
      );
      client.socket.destroy();
    });
  }
});
