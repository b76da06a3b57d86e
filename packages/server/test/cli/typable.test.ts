import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { suite, test } from "node:test";
import { commandName, typable } from "../../dist/cli/typable.js";
import { scratchDirectory } from "../base/scratch.ts";
import { closedUrl, run } from "./support.ts";

suite("how voxpool is called in messages", () => {
  const clone = "/home/me/voxpool/node_modules/.bin";
  const cases: readonly (readonly [
    what: string,
    path: string,
    there: readonly string[],
    platform: NodeJS.Platform,
    name: string,
  ])[] = [
    ["installed for all", "/usr/bin:/usr/local/bin", ["/usr/local/bin/voxpool"], "linux", "voxpool"],
    ["in a clone", "/usr/bin:/usr/local/bin", [], "linux", "npx voxpool"],
    [
      "by npx or npm start, which put their own folder in front",
      `${clone}:/usr/bin`,
      [`${clone}/voxpool`],
      "linux",
      "npx voxpool",
    ],
    [
      "on Windows",
      "C:\\Windows;C:\\Users\\me\\AppData\\npm",
      ["C:\\Users\\me\\AppData\\npm\\voxpool.cmd"],
      "win32",
      "voxpool",
    ],
    [
      "by npx on Windows",
      "C:\\x\\node_modules\\.bin",
      ["C:\\x\\node_modules\\.bin\\voxpool.cmd"],
      "win32",
      "npx voxpool",
    ],
    ["without a PATH", "", [], "linux", "npx voxpool"],
  ];
  for (const [what, path, there, platform, name] of cases) {
    test(what, () =>
      assert.equal(commandName({ PATH: path }, { platform, exists: (one) => there.includes(one) }), name),
    );
  }

  test("command lines are told from other words", () => {
    const text =
      "voxpool serve; npx voxpool pull cn, a voxpool server, @x/voxpool pull, voxpool.yaml，运行：voxpool pull cn。";
    assert.equal(
      typable(text, "npx voxpool"),
      "npx voxpool serve; npx voxpool pull cn, a voxpool server, @x/voxpool pull, voxpool.yaml，运行：npx voxpool pull cn。",
    );
    assert.equal(typable("npx voxpool pull cn", "voxpool"), "voxpool pull cn");
  });

  test("a failure, the help and the doctor say what can be typed", {
    skip: process.platform === "win32",
  }, async (t) => {
    const bin = join(scratchDirectory(t), "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "voxpool"), "");
    chmodSync(join(bin, "voxpool"), 0o755);
    const url = await closedUrl();
    for (const [path, name] of [
      [bin, "voxpool"],
      [join(bin, "none"), "npx voxpool"],
    ] as const) {
      const env = { PATH: [path, "/usr/bin"].join(delimiter) };
      assert.match((await run(t, ["status", "--url", url], { env })).stderr, new RegExp(`with: ${name} serve\\.`));
      assert.match(
        (await run(t, ["load", "--help"], { env })).stdout,
        new RegExp(`^Usage: ${name} load .*\\$ ${name} load`, "s"),
      );
    }
  });
});
