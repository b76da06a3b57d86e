import type { Readable } from "node:stream";
import type { MessageLanguage } from "../base/errors.ts";
import type { CommandName } from "./typable.ts";

/** A text in both languages of voxpool. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a command reads, writes and learns that it should end. */
export interface CommandContext {
  readonly env: Environment;
  readonly language: MessageLanguage;
  /** How voxpool is called in texts for people. */
  readonly command: CommandName;
  /** `fd`: of the process's own. */
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly fd?: number };
  /** For results only. */
  readonly stdout: NodeJS.WriteStream;
  /** For messages and progress. */
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by Ctrl-C and its like; the reason is the name of the signal. */
  readonly signal: AbortSignal;
  /** Set by the command that ran. */
  exitCode: number;
  /** Whether the command goes on when nobody reads its results any more, as a server does. */
  survivesClosedOutput: boolean;
}

/** The command line is wrong in a way that only the command itself can see. */
export class UsageError extends Error {}

/**
 * The language of the user: `LC_ALL`, `LC_MESSAGES`, `LANG`, else the system's. Chinese of every kind is Chinese,
 * everything else English.
 */
export function languageOf(
  env: Environment,
  systemLocale = Intl.DateTimeFormat().resolvedOptions().locale,
): MessageLanguage {
  const locale = [env.LC_ALL, env.LC_MESSAGES, env.LANG].find((value) => value !== undefined && value !== "");
  return /^zh\b|^zh_|^chinese/i.test(locale ?? systemLocale) ? "zh" : "en";
}
