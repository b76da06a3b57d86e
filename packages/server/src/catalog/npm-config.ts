import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What npm is told of registries and proxies, by its environment or the user's `.npmrc`. */
export interface NpmConfig {
  readonly registry?: string;
  readonly proxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
  /** Tokens by the address that they are for, without its protocol: `//registry.example/`. */
  readonly tokens: Readonly<Record<string, string>>;
}

const maxFileBytes = 262_144;

/** Reads npm's own settings: the environment goes before the user's file. Files that are not there count as empty. */
export function readNpmConfig(env: NodeJS.ProcessEnv = process.env): NpmConfig {
  const file = parse(textOf(env.npm_config_userconfig ?? env.NPM_CONFIG_USERCONFIG ?? userFile()), env);
  const value = (name: string) => env[`npm_config_${name.replaceAll("-", "_")}`] || file.get(name);
  const [registry, proxy, httpsProxy, noProxy] = ["registry", "proxy", "https-proxy", "noproxy"].map(value);
  const tokens = [...file].flatMap(([key, token]) =>
    key.endsWith(":_authToken") ? [[key.slice(0, -":_authToken".length), token] as const] : [],
  );
  return {
    ...(registry && { registry }),
    ...(isProxy(proxy) && { proxy }),
    ...(isProxy(httpsProxy) && { httpsProxy }),
    ...(noProxy && { noProxy }),
    tokens: Object.fromEntries(tokens),
  };
}

/** The token for an address: of the longest entry that it begins with. */
export function tokenFor(url: string, tokens: NpmConfig["tokens"]): string | undefined {
  const address = url.replace(/^https?:/, "");
  const fits = Object.keys(tokens).filter((prefix) => prefix.endsWith("/") && address.startsWith(prefix));
  const longest = fits.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : tokens[longest];
}

/** npm writes `null` and `false` for what is switched off. */
function isProxy(value: string | undefined): value is string {
  return value !== undefined && URL.canParse(value);
}

function userFile(): string | undefined {
  try {
    return join(homedir(), ".npmrc");
  } catch {
    return undefined; // A user without a home directory.
  }
}

function textOf(path: string | undefined): string {
  try {
    return path === undefined ? "" : readFileSync(path, "utf8").slice(0, maxFileBytes);
  } catch {
    return "";
  }
}

/** `key = value` lines; `${NAME}` stands for a variable. */
function parse(text: string, env: NodeJS.ProcessEnv): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*([^#;=[\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) {
      continue;
    }
    const plain = value.replace(/^(["'])(.*)\1$/, "$2");
    values.set(
      key,
      plain.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => env[name] ?? whole),
    );
  }
  return values;
}
