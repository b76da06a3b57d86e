import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { readGolden } from "../../dist/engine/detect/golden.js";
import { folderWith } from "../engine/model-files.ts";

const manifest = (golden: unknown) => ({ "voxpool.json": JSON.stringify({ golden }) });

test("golden recordings are read with their limits, or the usual ones", async (t) => {
  const golden = [
    { file: "golden/a.wav", text: "hello", word_error_rate: 0, real_time_factor: 0.5 },
    { file: "b.wav", text: "" },
  ];
  const directory = await folderWith(t, { ...manifest(golden), "golden/a.wav": "x", "b.wav": "x" });
  assert.deepEqual(await readGolden(directory), [
    {
      name: "golden/a.wav",
      file: join(directory, "golden/a.wav"),
      text: "hello",
      wordErrorRate: 0,
      realTimeFactor: 0.5,
    },
    { name: "b.wav", file: join(directory, "b.wav"), text: "", wordErrorRate: 0.1 },
  ]);
  assert.deepEqual(await readGolden(await folderWith(t, { "fake.json": "{}" })), []);
});

const wrong: readonly (readonly [what: string, golden: unknown, detail: RegExp])[] = [
  ["no list", {}, /wrong golden/],
  ["no text", [{ file: "a.wav" }], /golden.0/],
  ["a limit that is no number", [{ file: "a.wav", text: "a", word_error_rate: "0.1" }], /golden.0.word_error_rate/],
  ["a limit that nothing passes", [{ file: "a.wav", text: "a", real_time_factor: 0 }], /golden.0.real_time_factor/],
  ["too many", Array.from({ length: 101 }, () => ({ file: "a.wav", text: "a" })), /wrong golden/],
  ["a path out of the folder", [{ file: "../a.wav", text: "a" }], /no path inside the folder/],
  ["an absolute path", [{ file: "/etc/passwd", text: "a" }], /no path inside the folder/],
  ["a path with a null", [{ file: "a\0.wav", text: "a" }], /no name of a file/],
  ["a folder", [{ file: "folder", text: "a" }], /no regular file/],
  ["a file that is not there", [{ file: "none.wav", text: "a" }], /none.wav cannot be read/],
  ["a link out of the folder", [{ file: "link.wav", text: "a" }], /leads out of the folder/],
];

for (const [what, golden, detail] of wrong) {
  test(`golden recordings with ${what} are refused`, async (t) => {
    const directory = await folderWith(t, { ...manifest(golden), "a.wav": "x", "folder/x": "x" });
    const outside = await folderWith(t, {});
    writeFileSync(join(outside, "secret.wav"), "x");
    symlinkSync(join(outside, "secret.wav"), join(directory, "link.wav"));
    await assert.rejects(readGolden(directory), (error) => {
      assert.ok(error instanceof VoxpoolError);
      assert.equal(error.reason, "model_files_invalid");
      assert.match(String(error.details.detail), detail);
      return true;
    });
  });
}
