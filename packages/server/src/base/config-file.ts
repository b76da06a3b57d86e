import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { RawEntry, RawValue } from "./config-value.ts";
import { type MessageLanguage, VoxpoolError } from "./errors.ts";
import { isSettingKey, nearest, settingGroups, settingKeys } from "./setting-names.ts";

/** A longer file is a mistake, and parsing takes more than linear time. */
const maxFileBytes = 65_536;
/** A file that is no YAML at all has one for each of its lines. */
const mostSyntaxErrors = 20;

interface FileContext {
  /** The file as it was named, for messages. */
  readonly name: string;
  readonly language: MessageLanguage;
  readonly document: ReturnType<typeof parseDocument>;
  readonly lines: LineCounter;
  readonly report: Report;
}

/** Takes what is wrong; reading goes on with what stands behind it, if it returns. */
export type Report = (problem: VoxpoolError) => void;

/**
 * The settings that a YAML file writes, in its order. Groups may be nested (`limits: {body_bytes: 1}`) or
 * dotted (`limits.body_bytes: 1`). The tree is walked as it was parsed and never becomes an object, so that
 * no key can reach a prototype.
 * @param name the file as it was named, for messages; `path` is where it is
 * @param report is told what is wrong with single entries, `config_invalid` naming the line
 * @throws VoxpoolError `config_invalid` if the file cannot be read at all
 */
export function readConfigFile(path: string, name: string, language: MessageLanguage, report: Report): RawEntry[] {
  const lines = new LineCounter();
  const text = readBounded(path, name, language);
  // Duplicate keys are found below: the library compares every pair, which takes seconds for a hostile file.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: "error",
  });
  const context: FileContext = { name, language, document, lines, report };
  const troubles = [...document.errors, ...document.warnings].slice(0, mostSyntaxErrors);
  for (const { pos, message } of troubles) report(problem(context, pos[0], message, `YAML 语法：${message}`));
  // What stands in a file that is no YAML is a guess.
  if (troubles.length > 0) return [];
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return [];
  if (!isMap(root)) throw problem(context, 0, "this is no list of settings (key: value)", "不是设置列表（key: value）");
  const entries = [...entriesOf(root, "", context)];
  reportDuplicates(entries, context);
  return entries;
}

function readBounded(path: string, name: string, language: MessageLanguage): string {
  try {
    const bytes = readRegularFile(path);
    if (bytes.length <= maxFileBytes) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw invalid(name, language, ...(fileProblems[code] ?? [`cannot be read: ${code}`, `无法读取：${code}`]));
  }
  throw invalid(name, language, `is larger than ${maxFileBytes} bytes`, `超过 ${maxFileBytes} 字节`);
}

const fileProblems: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  ENOENT: ["there is no such file", "没有这个文件"],
  EACCES: ["the file may not be read", "没有读取权限"],
  EISDIR: ["this is a directory, not a file", "这是目录，不是文件"],
  NOT_REGULAR: ["this is no regular file", "不是普通文件"],
  ERR_ENCODING_INVALID_ENCODED_DATA: ["the file is not UTF-8 text", "文件不是 UTF-8 文本"],
};

/** At most one byte more than allowed. A pipe or device is refused: reading one may never end. */
function readRegularFile(path: string): Uint8Array {
  const fd = openSync(path, "r");
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    if (!stat.isFile()) throw Object.assign(new Error(), { code: "NOT_REGULAR" });
    const buffer = new Uint8Array(maxFileBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0; length += read) read = readSync(fd, buffer, length, buffer.length - length, null);
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function* entriesOf(map: YAMLMap, prefix: string, context: FileContext): Generator<RawEntry> {
  for (const pair of map.items) {
    const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
    const text = keyText(pair, offset, context);
    const value = isAlias(pair.value) ? anchored(pair.value, offset, context) : pair.value;
    if (text === undefined || value === undefined) continue;
    const key = prefix + text;
    const isEmpty = !isNode(value) || (isScalar(value) && value.value === null);
    // `host` is both: an address, and a group. Without a value it is an address that was forgotten.
    if (settingGroups.has(key) && (isMap(value) || (isEmpty && !isSettingKey(key)))) {
      if (isMap(value)) yield* entriesOf(value, `${key}.`, context);
      continue;
    }
    if (!isSettingKey(key)) context.report(unknownKey(key, isMap(value), offset, context));
    else yield { key, raw: isEmpty ? undefined : rawOf(value), source: `${context.name}:${lineOf(offset, context)}` };
  }
}

function keyText(pair: Pair, offset: number, context: FileContext): string | undefined {
  if (isScalar(pair.key) && typeof pair.key.value === "string") return pair.key.value;
  context.report(problem(context, offset, "keys are names of settings", "键必须是设置的名称"));
  return undefined;
}

function anchored(alias: Alias, offset: number, context: FileContext): Node | undefined {
  const node = alias.resolve(context.document);
  if (node === undefined) {
    context.report(problem(context, offset, `there is no anchor &${alias.source}`, `没有锚点 &${alias.source}`));
  }
  return node;
}

/** As it was written, so that `default_model: 2024` is a name and `on` is a word. */
function rawOf(node: Node): RawValue {
  if (isScalar(node)) return scalarText(node);
  return isSeq(node) ? node.items.map((item) => (isScalar(item) ? scalarText(item) : "")) : [];
}

function scalarText(scalar: Scalar): string {
  return typeof scalar.value === "string" ? scalar.value : (scalar.source ?? String(scalar.value));
}

function unknownKey(key: string, isGroup: boolean, offset: number, context: FileContext): VoxpoolError {
  const candidates = isGroup ? [...settingGroups, ...settingKeys] : settingKeys;
  const found = nearest(key, candidates);
  const shown = JSON.stringify(key.slice(0, 80));
  return problem(
    context,
    offset,
    `there is no setting ${shown}; the nearest is ${found}`,
    `没有设置 ${shown}；最接近的是 ${found}`,
  );
}

function reportDuplicates(entries: readonly RawEntry[], { language, report }: FileContext): void {
  const first = new Map<string, string>();
  for (const { key, source } of entries) {
    const earlier = first.get(key);
    if (earlier !== undefined)
      report(invalid(source, language, `${key} is set twice, also in ${earlier}`, `${key} 重复设置，另见 ${earlier}`));
    first.set(key, source);
  }
}

function lineOf(offset: number, context: FileContext): number {
  return Math.max(1, context.lines.linePos(offset).line);
}

function problem(context: FileContext, offset: number, en: string, zh: string): VoxpoolError {
  return invalid(`${context.name}:${lineOf(offset, context)}`, context.language, en, zh);
}

function invalid(source: string, language: MessageLanguage, en: string, zh: string): VoxpoolError {
  return new VoxpoolError("config_invalid", { source, detail: language === "zh" ? zh : en });
}
