import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const pairs = globSync(["*.zh-CN.md", "docs/*.zh-CN.md"], { cwd: root }).map((chinese) => ({
  chinese,
  english: chinese.replace(".zh-CN", ""),
}));

for (const { chinese, english } of pairs) {
  test(`${english} and ${chinese} have the same headings and code blocks`, () => {
    const [ours, theirs] = [english, chinese].map((file) => outline(readFileSync(join(root, file), "utf8")));
    assert.deepEqual(theirs, ours);
  });
}

test("documents that users read exist in both languages", () => {
  const forUsers = ["README.md", ...globSync("docs/*.md", { cwd: root })].filter((file) => !file.includes(".zh-CN"));
  const missing = forUsers.filter((file) => !existsSync(join(root, file.replace(".md", ".zh-CN.md"))));
  assert.deepEqual(missing, []);
});

test("links between documents lead somewhere", () => {
  const documents = globSync(["*.md", "docs/*.md"], { cwd: root });
  const broken = documents.flatMap((file) =>
    Array.from(
      readFileSync(join(root, file), "utf8").matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g),
      ([, target = ""]) => target,
    )
      .filter((target) => !existsSync(join(root, dirname(file), target)))
      .map((target) => `${file} -> ${target}`),
  );
  assert.deepEqual(broken, []);
});

/** Levels of the headings, and the code without its comments; of diagrams, whose labels are translated, the place. */
function outline(text: string): string[] {
  const blocks = text.matchAll(/^```(\w*)\n(.*?)^```$|^(#+) /gms);
  return Array.from(blocks, ([, language = "", code = "", hashes]) => {
    if (hashes !== undefined) return hashes;
    return language === "mermaid" ? language : `${language}\n${code.replaceAll(/\s*# .*$/gm, "")}`;
  });
}
