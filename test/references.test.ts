import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { catalogue } from "../packages/client/dist/contract/catalogue.js";
import { phraseBook } from "../packages/server/dist/base/phrase-book.js";
import { buildProgram } from "../packages/server/dist/cli/program.js";

const root = join(import.meta.dirname, "..");
const documents = globSync(["*.md", "docs/*.md", "examples/**/*.{ts,py}"], { cwd: root });
const sources = globSync(["packages/server/src/{cli,doctor}/**/*.ts"], { cwd: root });

/** What users read, by where it stands. */
const texts: readonly (readonly [where: string, text: string])[] = [
  ...[...documents, ...sources].map((file) => [file, readFileSync(join(root, file), "utf8")] as const),
  ...Object.entries(catalogue).flatMap(([reason, { en, zh }]) => [[reason, en] as const, [reason, zh] as const]),
  ...Object.entries(phraseBook).map(([en, zh]) => ["phrase book", `${en}\n${zh}`] as const),
];

/** The routes in the sources of a protocol, which writes them below its prefix. */
function routesIn(protocol: string, prefix: string): string[] {
  const files = globSync(`packages/server/src/gateway/${protocol}/*.ts`, { cwd: root });
  const code = files.map((file) => readFileSync(join(root, file), "utf8"));
  const paths = code.flatMap((text) => Array.from(text.matchAll(/"(\/[\w/.*-]*)"/g), ([, path = ""]) => path));
  return paths.map((path) => (prefix + path).replace(/(?<=\w)\/$/, ""));
}

test("every call that documents and messages name is a route of the server", () => {
  const routes = new Set([...routesIn("http", ""), ...routesIn("oip", "/v2"), ...routesIn("openai", "/v1")]);
  const wrong = texts.flatMap(([where, text]) =>
    Array.from(text.matchAll(/\b(?:GET|POST|PUT|PATCH|DELETE) (\/[\w/.<>-]*[\w>])/g), ([, path = ""]) => path)
      .filter((path) => !routes.has(path) && !routes.has(path.replace(/<\w+>$/, "*")))
      .map((path) => `${where}: ${path}`),
  );
  assert.deepEqual(wrong, []);
});

test("every command and flag that documents and messages name exists", () => {
  const program = buildProgram({ language: "en", command: "voxpool" } as Parameters<typeof buildProgram>[0]);
  const flagsOf = new Map(
    program.commands.map((command) => [
      command.name(),
      new Set([command, ...command.commands].flatMap(({ options }) => options.map(({ long }) => long))),
    ]),
  );
  const wrong = texts.flatMap(([where, text]) =>
    Array.from(text.matchAll(/\bvoxpool (?!is\b)([a-z]+)\b([^\n`。；|]*)/g))
      .filter(({ index }) => isCommandLine(text, index))
      .flatMap(([, name = "", rest = ""]) => {
        const flags = flagsOf.get(name);
        if (flags === undefined) return [`${where}: voxpool ${name}`];
        const given = Array.from(rest.matchAll(/(?<= )--[a-z][a-z-]*/g), ([flag]) => flag);
        return given.filter((flag) => flag !== "--help" && !flags.has(flag)).map((flag) => `${where}: ${name} ${flag}`);
      }),
  );
  assert.deepEqual(wrong, []);
});

test("Chinese documents have no space between Chinese characters, nor a line break, which shows as one", () => {
  const wide = String.raw`[\p{Script=Han}\u3000-\u303f\uff00-\uffef]`;
  const gap = new RegExp(`${wide}(?: +|\\n *)(?!\\d+\\.|[-*#|>])${wide}`, "gu");
  const wrong = documents
    .filter((file) => file.endsWith(".zh-CN.md"))
    .flatMap((file) => {
      const prose = readFileSync(join(root, file), "utf8").replaceAll(/^```.*?^```$/gms, "\n\n");
      return Array.from(prose.matchAll(gap), ([found]) => `${file}: ${found}`);
    });
  assert.deepEqual(wrong, []);
});

/** In code, behind a colon (`run: voxpool pull cn`), at the start of a line, or an example of the command line. */
function isCommandLine(text: string, at: number): boolean {
  return /(?:[`\n"：]|\$ |npx |: )$/.test(text.slice(Math.max(0, at - 12), at));
}
