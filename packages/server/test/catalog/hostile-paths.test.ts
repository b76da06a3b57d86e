import assert from "node:assert/strict";
import { realpath } from "node:fs/promises";
import { sep } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { makeTree } from "./tree.ts";

const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("model", "cn", "en", "tiny", "1", "2", "v", "alias", "out", "secret", "中 文"),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "..",
      ".",
      "%2e%2e",
      "%2E.",
      "%252e",
      "",
      "~",
      "C:",
      "NUL",
      "@1",
      "@2",
      "%",
      "\0",
      "%00",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
);
const separator = fc.constantFrom("/", "//", "\\", "%2F", "%5c", "/./", "");
const hostile = fc
  .tuple(
    fc.constantFrom("", "", "", "/", "//", "ROOT/", "ROOT/model/", "ROOT/secret/"),
    fc.array(fc.tuple(piece, separator), { maxLength: 8 }),
  )
  .map(([start, pieces]) => start + pieces.flat().join(""));

const plausible = fc
  .tuple(
    fc.constantFrom("", "./", "model/", "model\\", "ROOT/model/", "//ROOT//model/./", "model%2F"),
    fc.constantFrom("cn", "en/tiny", "en", "v", "v/2", "alias", "中 文", encodeURIComponent("中 文"), "out", "out/cn"),
    fc.constantFrom("", "/", "\\", "/.", "%2f", "@1", "@2", "/..", " "),
  )
  .map((pieces) => pieces.join(""));
const path = fc.oneof({ weight: 4, arbitrary: hostile }, { weight: 1, arbitrary: plausible });

test("no path resolves to a place outside, and what it resolves to names itself", async (t) => {
  const cwd = await makeTree(t, {
    "secret/x.onnx": "",
    "secret/cn/x.onnx": "",
    "model/cn/am/final.mdl": "",
    "model/en/tiny/voxpool.json": '{"name":"en/tiny"}',
    "model/v/1/x.onnx": "",
    "model/v/2/inner/x.onnx": "",
    "model/中 文/x.onnx": "",
    "model/alias": { link: "cn" },
    "model/out": { link: "../secret" },
  });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: cwd });
  const inside = `${cwd}${sep}model${sep}`;
  let found = 0;
  await fc.assert(
    fc.asyncProperty(path, async (text) => {
      const spelling = text.replace("ROOT", cwd);
      try {
        const folder = await catalog.resolve(spelling);
        assert.ok((await realpath(folder.directory)).startsWith(inside), folder.directory);
        assert.deepEqual(await catalog.resolve(folder.modelPath), folder);
        assert.deepEqual(await catalog.resolve(encodeURIComponent(folder.modelPath)), folder);
        found++;
      } catch (error) {
        assert.ok(error instanceof VoxpoolError, String(error));
        assert.match(error.reason, /^model_(path_invalid|not_found)$/);
        assert.ok(error.message.length < 500);
      }
    }),
    { numRuns: 1500, examples: [["model/cn"], ["ROOT/model/out/cn"], ["v@1"], ["model%2Fv\\1"]] },
  );
  assert.ok(found > 50, `only ${found} of the paths were found; the property says little`);
});
