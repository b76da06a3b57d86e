import { existsSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { type Report, readConfigFile } from "./config-file.ts";
import { parseValue, type RawEntry } from "./config-value.ts";
import { type MessageLanguage, VoxpoolError } from "./errors.ts";
import { environmentName, flagName, isSettingKey, nearest, settingKeys } from "./setting-names.ts";
import { type Config, type SettingKey, settings } from "./settings.ts";

/** Flags by their name without dashes (`limits-body-bytes`), as they were written. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[]>>;

export interface ConfigSources {
  /** A YAML file that must be there. Without it: `VOXPOOL_CONFIG`, else `voxpool.yaml` in `cwd` if it is there. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Flags;
  /** Where `voxpool.yaml` is looked for; the working directory of the process if it is left out. */
  readonly cwd?: string;
  /** Of the messages. */
  readonly language?: MessageLanguage;
  /** Is told each thing that is wrong (`config_invalid`), and what is right is loaded. Without it the first is thrown. */
  readonly onProblem?: Report;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Where each value came from: `default`, `voxpool.yaml:3`, `VOXPOOL_PORT`, `--port`. */
  readonly origins: Readonly<Record<SettingKey, string>>;
  /** The file that was read. */
  readonly file?: string;
}

/** Variables of the command line that are no settings; `VOXPOOL_TEST_…` belongs to tests. */
export const otherVariables = ["VOXPOOL_CONFIG", "VOXPOOL_URL", "VOXPOOL_KEY", "VOXPOOL_CACERT"] as const;

/**
 * The configuration out of, in rising order: defaults, YAML file, environment, flags.
 *
 * Relative paths in any of them are relative to the working directory, never to the file, so that a value
 * means the same wherever it is written. A list in the environment is separated as `PATH` is (`:`, on Windows
 * `;`), a flag of a list is repeated. An empty variable counts as not set.
 * @throws VoxpoolError `config_invalid` {source, detail}: unknown key or bad value, with the nearest valid one
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const language = sources.language ?? "en";
  const report = sources.onProblem ?? raise;
  const file = findFile(sources);
  const written = [
    ...(file === undefined ? [] : readConfigFile(file.path, file.name, language, report)),
    ...environmentEntries(sources.env, language),
    ...flagEntries(sources.flags, language),
  ];
  const values = new Map<SettingKey, unknown>(settingKeys.map((key) => [key, settings[key].default]));
  const origins = new Map<SettingKey, string>(settingKeys.map((key) => [key, "default"]));
  // Each value is checked, also one that a later source replaces: a mistake in a file does not hide behind a flag.
  for (const entry of written) {
    try {
      values.set(entry.key, parseValue(entry, language));
      origins.set(entry.key, entry.source);
    } catch (error) {
      report(VoxpoolError.from(error));
    }
  }
  return {
    // Both maps have every key of the table, and parseValue keeps to the kinds.
    config: Object.freeze(Object.fromEntries(values)) as Config,
    origins: Object.freeze(Object.fromEntries(origins)) as Record<SettingKey, string>,
    ...(file === undefined ? {} : { file: file.path }),
  };
}

/**
 * The configuration out of values that a program gives; environment and files are not read.
 * @throws VoxpoolError `config_invalid` {source, detail}: unknown key or bad value
 */
export function configFrom(given: Partial<Config>, source: string): Config {
  const values = new Map<SettingKey, unknown>(settingKeys.map((key) => [key, settings[key].default]));
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!isSettingKey(key)) throw unknownName(key, "…", settingKeys, "en");
    const raw = Array.isArray(value) ? value.map(String) : String(value);
    values.set(key, parseValue({ key, raw, source }, "en"));
  }
  return Object.freeze(Object.fromEntries(values)) as Config;
}

function raise(problem: VoxpoolError): never {
  throw problem;
}

function findFile(sources: ConfigSources): { path: string; name: string } | undefined {
  const cwd = sources.cwd ?? process.cwd();
  const asked = sources.file ?? (sources.env.VOXPOOL_CONFIG || undefined);
  if (asked !== undefined) return { path: resolve(cwd, asked), name: asked };
  const path = resolve(cwd, "voxpool.yaml");
  return existsSync(path) ? { path, name: "voxpool.yaml" } : undefined;
}

const keysByVariable: ReadonlyMap<string, SettingKey> = new Map(settingKeys.map((key) => [environmentName(key), key]));
const keysByFlag: ReadonlyMap<string, SettingKey> = new Map(settingKeys.map((key) => [flagName(key), key]));

function environmentEntries(env: ConfigSources["env"], language: MessageLanguage): RawEntry[] {
  const entries: RawEntry[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("VOXPOOL_") || value === undefined || value === "") continue;
    if (
      name.startsWith("VOXPOOL_TEST_") ||
      otherVariables.some((other) => other === name) ||
      isServiceLink(name, value)
    )
      continue;
    const key = keysByVariable.get(name);
    if (key === undefined)
      throw unknownName(name, "VOXPOOL_…", [...keysByVariable.keys(), ...otherVariables], language);
    entries.push({ key, raw: settings[key].kind === "list" ? splitList(value) : value, source: name });
  }
  return entries;
}

/**
 * Kubernetes puts variables for each service into every container; for one that is called `voxpool` they are
 * `VOXPOOL_PORT=tcp://10.0.0.1:5000`, `VOXPOOL_SERVICE_HOST` and others. They are nobody's configuration.
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /^VOXPOOL_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(name) ||
    (/^VOXPOOL_(\w+_)?PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

function splitList(value: string): string[] {
  return value.split(delimiter).filter((item) => item !== "");
}

function flagEntries(flags: Flags, language: MessageLanguage): RawEntry[] {
  return Object.entries(flags).map(([name, value]) => {
    const key = keysByFlag.get(name);
    if (key === undefined)
      throw unknownName(
        `--${name}`,
        "--…",
        [...keysByFlag.keys()].map((flag) => `--${flag}`),
        language,
      );
    return { key, raw: typeof value === "boolean" ? String(value) : value, source: `--${name}` };
  });
}

function unknownName(
  name: string,
  form: string,
  candidates: readonly string[],
  language: MessageLanguage,
): VoxpoolError {
  const found = nearest(name, candidates);
  const detail =
    language === "zh"
      ? `没有这个 ${form} 设置；最接近的是 ${found}`
      : `there is no such setting; the nearest is ${found}`;
  return new VoxpoolError("config_invalid", { source: name.slice(0, 100), detail });
}
