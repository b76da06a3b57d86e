import type { CallFailure } from "@voxpool/client";
import { catalogue } from "@voxpool/client/contract/catalogue";
import { type MessageLanguage, VoxpoolError } from "../base/errors.ts";
import { inChinese } from "../base/phrases.ts";
import { plainly } from "../base/system-text.ts";
import { type CommandContext, UsageError } from "./context.ts";
import { exitCodes, signalCodes } from "./exit-codes.ts";
import { printJson, say } from "./output.ts";
import { inShellTerms } from "./shell-text.ts";

/** Says why a call failed and gives the exit code; with `--json` the failure is also the result. */
export function reportFailure(
  failure: Pick<CallFailure, "error_code" | "error_message" | "reason">,
  context: CommandContext,
  options: { readonly json?: boolean; readonly about?: string } = {},
): number {
  if (options.json === true) printJson(context, failure);
  const about = options.about === undefined ? "" : `${options.about}: `;
  if (!context.signal.aborted) say(context, about + inShellTerms(messageOf(failure, context.language)));
  return exitCodeOf(failure, context);
}

/** The exit code of a failed call. */
export function exitCodeOf(failure: Pick<CallFailure, "reason">, context: CommandContext): number {
  if (context.signal.aborted) return interruptedCode(context.signal);
  return failure.reason === "server_unreachable" ? exitCodes.unreachable.code : exitCodes.failed.code;
}

/** Says what a command threw, and gives the exit code. */
export function reportError(error: unknown, context: CommandContext, json = false): number {
  if (context.signal.aborted) return interruptedCode(context.signal);
  if (error instanceof UsageError) {
    say(context, context.language === "zh" ? inChinese(error.message) : error.message);
    return exitCodes.usage.code;
  }
  if (error instanceof VoxpoolError) {
    const message = error.messageIn(context.language);
    const { reason, details, entry } = error;
    if (json) printJson(context, { success: false, message, reason, retryable: entry.retryable, details });
    say(context, reason === "internal" ? stackOf(error.cause ?? error) : inShellTerms(message));
    return reason === "config_invalid" ? exitCodes.usage.code : exitCodes.failed.code;
  }
  say(context, stackOf(error));
  return exitCodes.failed.code;
}

/** A server answers in the language it was asked for; what the client found out by itself is put into it here. */
export function messageOf(
  failure: Pick<CallFailure, "error_code" | "error_message" | "reason">,
  language: MessageLanguage,
): string {
  const { reason } = failure;
  const message = failure.error_code === 0 ? plainly(failure.error_message) : failure.error_message;
  // How a recording is sent is no matter of the command line.
  if (reason === "audio_missing")
    return language === "zh" ? "录音是空的，没有内容。" : "it is empty: there is no audio in it.";
  if (failure.error_code !== 0 || language === "en" || !Object.hasOwn(catalogue, reason)) return message;
  const { en, zh } = catalogue[reason as keyof typeof catalogue];
  const names = [...en.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const pattern = en
    .split(/\{\w+\}/)
    .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("(.*)");
  const found = new RegExp(`^${pattern}$`, "s").exec(message);
  if (found === null) return message;
  return zh.replace(/\{(\w+)\}/g, (_, name: string) => inChinese(found[names.indexOf(name) + 1] ?? ""));
}

function interruptedCode(signal: AbortSignal): number {
  const { reason } = signal as { reason: unknown };
  return reason === "SIGTERM" || reason === "SIGHUP" ? signalCodes[reason] : signalCodes.SIGINT;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
