import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../../dist/base/folders.js";
import { plainly, systemText } from "../../dist/base/system-text.js";
import { scratchDirectory } from "./scratch.ts";

const source = fileURLToPath(new URL("../../src/", import.meta.url));
const skipNoProc = { skip: existsSync("/proc/self") ? false : "needs /proc" };

suite("makeFolder", () => {
  test("makes all that are missing, and takes one that is there", async (t) => {
    const directory = join(scratchDirectory(t), "a", "b", "c");
    await makeFolder(directory, 0o700);
    await makeFolder(directory, 0o700);
    assert.ok(statSync(directory).isDirectory());
    if (process.platform !== "win32") assert.equal(statSync(join(directory, "..")).mode & 0o777, 0o700);
  });

  test("many at once make the same one", async (t) => {
    const directory = join(scratchDirectory(t), "a", "b", "c");
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(directory)));
    assert.ok(existsSync(directory));
  });

  test("says that a file or a dangling link is in the way", async (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, "file"), "");
    symlinkSync(join(directory, "nowhere"), join(directory, "dangling"));
    await assert.rejects(makeFolder(join(directory, "file")), { code: "EEXIST" });
    await assert.rejects(makeFolder(join(directory, "file", "below")), { code: /EEXIST|ENOTDIR/ });
    await assert.rejects(makeFolder(join(directory, "dangling", "below")), { code: /EEXIST|ENOENT/ });
  });

  test("ends below /proc, where a folder that is there has none below it", skipNoProc, async () => {
    await assert.rejects(makeFolder("/proc/voxpool/deep"), { code: "ENOENT" });
  });

  test("is the only way in which folders are made: Node's own never ends there", () => {
    const others = globSync("**/*.ts", { cwd: source }).filter((file) =>
      /\bmkdir(Sync)?\([^;]*recursive/.test(readFileSync(join(source, file), "utf8")),
    );
    assert.deepEqual(others, []);
  });
});

suite("systemText", () => {
  const cases: readonly (readonly [text: string, plain: string])[] = [
    ["ENOENT: no such file or directory, open 'a, b.wav'", "there is no such file or folder"],
    ["EACCES: permission denied, mkdir '/x'", "there is no permission for it"],
    ["EISDIR: illegal operation on a directory, read", "this is a folder, not a file"],
    [
      "EXDEV: cross-device link not permitted, rename 'a' -> 'b'",
      "EXDEV: cross-device link not permitted, rename 'a' -> 'b'",
    ],
    ["(ENOENT: no such file or directory, stat '/x'); choose", "(there is no such file or folder); choose"],
    ["connect ECONNREFUSED 127.0.0.1:1", "connect ECONNREFUSED 127.0.0.1:1"],
  ];
  for (const [text, plain] of cases) test(text, () => assert.equal(plainly(text), plain));

  test("takes whatever was thrown", () => assert.equal(systemText("a word"), "a word"));
});
