// Writes the generated parts of the documents: what stands between `<!-- generated:NAME -->` and
// `<!-- /generated:NAME -->`. Everything around them is written by hand.
//
//   node scripts/generate.ts             write
//   node scripts/generate.ts --check     compare; exit code 1 names what is out of step
//   node scripts/generate.ts --docs DIR  another directory than docs/
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Block, blocks } from "./generate/blocks.ts";

/** The pages and the blocks that each must have. A page `x.md` has its Chinese sister `x.zh-CN.md`. */
const pages: Readonly<Record<string, readonly string[]>> = {
  errors: ["errors", "warnings"],
  configuration: ["settings", "other-variables", "example-file"],
  cli: ["exit-codes", "commands"],
  "model-folders": ["families"],
  sdk: ["sdk-methods", "wire-options"],
  models: ["catalogue"],
  protocols: ["protocols"],
  limits: ["limits"],
};

const { values } = parseArgs({ options: { check: { type: "boolean" }, docs: { type: "string" } } });
const directory = values.docs ?? fileURLToPath(new URL("../docs", import.meta.url));
const stale: string[] = [];

for (const [page, names] of Object.entries(pages)) {
  for (const language of ["en", "zh"] as const) {
    const file = `${page}${language === "zh" ? ".zh-CN" : ""}.md`;
    const path = join(directory, file);
    const present = readFileSync(path, "utf8");
    const wanted = names.reduce((text, name) => replaceBlock(text, name, blockOf(name)(language), file), present);
    if (wanted === present) continue;
    if (values.check) stale.push(file);
    else writeFileSync(path, wanted);
  }
}

if (stale.length > 0) {
  console.error(`Out of step with the code: ${stale.map((file) => `docs/${file}`).join(", ")}. Run: npm run generate`);
  process.exitCode = 1;
}

function blockOf(name: string): Block {
  const block = blocks[name];
  if (block === undefined) throw new Error(`there is no block ${name}`);
  return block;
}

function replaceBlock(text: string, name: string, content: string, file: string): string {
  const [open, close] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
  const start = text.indexOf(open);
  const end = text.indexOf(close);
  if (start < 0 || end < start) throw new Error(`${file} has no ${open} … ${close}`);
  return `${text.slice(0, start + open.length)}\n${content}\n${text.slice(end)}`;
}
