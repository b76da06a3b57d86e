import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** What a layer may import, besides itself. The longest prefix names the layer of a file. */
const layers: Readonly<Record<string, readonly string[]>> = {
  "client/contract": [],
  "client/text": [],
  client: ["client/contract", "client/text"],
  "server/base": ["client/contract"],
  "server/engine": ["server/base", "client/text"],
  "server/audio": ["server/base"],
  "server/host/wire": ["server/base", "server/engine types"],
  "server/host/child": ["server/host/wire", "server/engine", "server/base"],
  "server/host/parent": ["server/host/wire", "server/engine types", "server/base"],
  "server/catalog": ["server/engine", "server/base", "client/contract types"],
  "server/pool": ["server/host/parent", "server/catalog", "server/engine types", "server/base", "client/contract"],
  "server/schedule": ["server/base"],
  "server/store": ["server/base"],
  "server/access": ["server/store types", "server/base", "client/contract"],
  "server/recognition": [
    "server/pool",
    "server/schedule",
    "server/host/parent",
    "server/catalog",
    "server/engine",
    "server/base",
    "client/contract",
  ],
  "server/rollout": [
    "server/recognition",
    "server/pool",
    "server/catalog",
    "server/audio",
    "server/engine",
    "server/base",
    "client/contract",
  ],
  "server/observe": ["server/pool types", "server/base", "client/contract"],
  "server/api": [
    "server/api/subtitles",
    "server/access",
    "server/rollout",
    "server/recognition",
    "server/pool",
    "server/schedule",
    "server/catalog",
    "server/audio",
    "server/engine",
    "server/base",
    "client/contract",
  ],
  "server/gateway/ws": ["server/gateway", "server/access types", "server/api", "server/base", "client/contract"],
  "server/gateway": [
    "server/access",
    "server/api",
    "server/observe types",
    "server/audio",
    "server/base",
    "client/contract",
  ],
  "server/gateway/origin": ["server/base"],
  "server/gateway/auth": ["server/gateway", "server/gateway/limits types", "server/access", "server/base"],
  "server/gateway/limits": ["server/gateway", "server/base", "client/contract types"],
  "server/gateway/http": [
    "server/gateway",
    "server/gateway/auth",
    "server/gateway/limits",
    "server/gateway/origin",
    "server/access",
    "server/gateway/ws",
    "server/api",
    "server/api/subtitles",
    "server/observe",
    "server/audio",
    "server/base",
    "client/contract",
  ],
  "server/gateway/oip": ["server/gateway", "server/api", "server/base", "client/contract"],
  "server/gateway/wyoming": [
    "server/gateway",
    "server/gateway/auth types",
    "server/gateway/limits types",
    "server/api",
    "server/base",
    "client/contract types",
  ],
  "server/gateway/vosk-server": [
    "server/gateway",
    "server/gateway/auth",
    "server/gateway/limits",
    "server/gateway/origin",
    "server/access types",
    "server/api",
    "server/base",
    "client/contract",
  ],
  "server/gateway/openai": [
    "server/gateway",
    "server/api",
    "server/api/subtitles",
    "server/audio types",
    "server/base",
    "client/contract",
  ],
  "server/compose": [
    "server/gateway",
    "server/gateway/auth",
    "server/gateway/limits",
    "server/gateway/origin",
    "server/gateway/http",
    "server/gateway/oip",
    "server/gateway/vosk-server",
    "server/gateway/openai",
    "server/gateway/wyoming",
    "server/observe",
    "server/access",
    "server/api",
    "server/rollout",
    "server/recognition",
    "server/schedule",
    "server/pool",
    "server/host/parent",
    "server/catalog",
    "server/engine types",
    "server/audio",
    "server/store",
    "server/base",
  ],
  "server/main": ["server/compose", "server/api", "server/catalog types", "server/base"],
  "server/index": ["server/main", "server/base"],
  "server/local": ["client", "server/compose", "server/catalog types", "server/base"],
  "server/api/subtitles": [],
  "server/doctor": ["client", "server/local", "server/api", "server/catalog", "server/engine", "server/base"],
  "server/cli": [
    "server/store",
    "client",
    "client/contract",
    "server/base",
    "server/catalog",
    "server/doctor",
    "server/api/subtitles",
    "server/local",
    "server/main",
  ],
};

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typesOnly: boolean;
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

test("every source file belongs to a layer", () => {
  const homeless = sources().filter((file) => layerOf(file) === undefined);
  assert.deepEqual(homeless, []);
});

test("imports go down only, and never sideways", () => {
  const wrong = imports().filter((found) => !isAllowed(found));
  assert.deepEqual(
    wrong.map(({ file, target }) => `${file} -> ${target}`),
    [],
  );
});

test("there are no import cycles", () => {
  const edges = new Map<string, string[]>();
  for (const { file, target, typesOnly } of imports())
    if (!typesOnly) edges.set(file, [...(edges.get(file) ?? []), target]);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    assert.ok(!path.includes(file), `cycle: ${[...path, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
});

test("only the command serve loads the server's main, and only --local and the doctor its local pool", () => {
  assert.deepEqual(loaders("server/main.ts"), ["server/cli/commands/serve.ts"]);
  assert.deepEqual(loaders("server/local.ts").toSorted(), [
    "server/cli/transcribe/local-client.ts",
    "server/doctor/decode.ts",
  ]);
});

/** Files of the command line and the doctor that load another one when they run. */
function loaders(wanted: string): string[] {
  const found = imports().filter(({ target, typesOnly }) => target === wanted && !typesOnly);
  return found.map(({ file }) => file).filter((file) => /^server\/(cli|doctor)\//.test(file));
}

function isAllowed({ file, target, typesOnly }: Import): boolean {
  const from = layerOf(file);
  const to = layerOf(target);
  if (from === undefined || to === undefined) return false;
  const allowed = layers[from] ?? [];
  return from === to || allowed.includes(to) || (typesOnly && allowed.includes(`${to} types`));
}

function layerOf(file: string): string | undefined {
  const fits = Object.keys(layers).filter((layer) => file === `${layer}.ts` || file.startsWith(`${layer}/`));
  return fits.toSorted((a, b) => b.length - a.length)[0];
}

/** Source files as `client/…` and `server/…`. */
function sources(): string[] {
  return globSync("packages/{client,server}/src/**/*.ts", { cwd: root }).map(short);
}

const short = (file: string): string =>
  file
    .split(sep)
    .join("/")
    .replace(/^packages\/(client|server)\/src\//, "$1/");

function imports(): Import[] {
  return sources().flatMap((file) => {
    const [name = "", ...path] = file.split("/");
    const text = readFileSync(join(root, "packages", name, "src", ...path), "utf8");
    return importsIn(text).flatMap(({ specifier, typesOnly }) => {
      const target = resolve(file, specifier);
      return target === undefined ? [] : [{ file, target, typesOnly }];
    });
  });
}

function importsIn(text: string): { specifier: string; typesOnly: boolean }[] {
  const statics = text.matchAll(/^(import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm);
  const dynamics = text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g);
  return [
    ...Array.from(statics, ([, , type, specifier = ""]) => ({ specifier, typesOnly: type !== undefined })),
    ...Array.from(dynamics, ([, specifier = ""]) => ({ specifier, typesOnly: false })),
  ];
}

/** Our own file that is meant; undefined for a library. */
function resolve(file: string, specifier: string): string | undefined {
  if (specifier === "@voxpool/client") return "client/index.ts";
  if (specifier.startsWith("@voxpool/client/contract")) return "client/contract/index.ts";
  if (specifier.startsWith("@voxpool/client/")) return `client/${specifier.slice("@voxpool/client/".length)}.ts`;
  if (!specifier.startsWith(".")) return undefined;
  return relative("/", posix.join("/", posix.dirname(file), specifier))
    .split(sep)
    .join("/");
}
