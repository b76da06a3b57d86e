import type { BatchingEvent, BatchOperation, BatchOptions, BatchOutcome, BatchResult } from "@voxpool/client";
import type { MessageLanguage } from "../../base/errors.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { exitCodeOf, reportFailure } from "../failures.ts";
import { readOperations } from "../operations.ts";
import { print, printJson, printLine } from "../output.ts";
import { createStatusLine, type StatusLine } from "../status-line.ts";

interface BatchFlags extends ClientFlags {
  readonly parallel?: boolean;
  readonly jobs?: string;
  readonly keepGoing?: boolean;
}

/** `voxpool batch FILE` */
export function registerBatch(program: CliCommand, context: CommandContext): void {
  program
    .command("batch")
    .describe({
      en: "Have a server do many operations (load, unload, reload, warmup, pin, switch, alias), and show the result of each.",
      zh: "让服务器执行多个操作（load、unload、reload、warmup、pin、switch、alias），并显示每个操作的结果。",
    })
    .withArgument("<file>", {
      en: "A JSON array of operations, or one a line; - is standard input.",
      zh: "操作的 JSON 数组，或每行一个；- 表示标准输入。",
    })
    .withOption("-p, --parallel", {
      en: "Several at once, not one after the other.",
      zh: "同时执行多个，而非逐个执行。",
    })
    .withOption("-j, --jobs <n>", {
      en: "How many at once, at most 64; implies --parallel.",
      zh: "同时执行几个，最多 64；隐含 --parallel。",
    })
    .withOption("-k, --keep-going", { en: "Go on after one that failed.", zh: "某个操作失败后继续。" })
    .withClientOptions()
    .withExamples(
      {
        command: "voxpool batch morning.json",
        en: "Stops at the first that fails.",
        zh: "遇到第一个失败的操作即停止。",
      },
      {
        command: 'echo \'{"operation": "load", "model_path": "cn"}\' | voxpool batch -',
        en: "A JSON object for each operation, with the fields of its own call.",
        zh: "每个操作一个 JSON 对象，字段与其自身的接口相同。",
      },
      {
        command: "voxpool batch all.jsonl -p -k --json | jq '.results[] | select(.status == \"failed\")'",
        en: "All at once; what failed, for a script.",
        zh: "并行执行；供脚本使用：列出失败的操作。",
      },
    )
    .action(async (file: string, flags: BatchFlags) => {
      context.exitCode = await batch(file, flags, context);
    });
}

async function batch(file: string, flags: BatchFlags, context: CommandContext): Promise<number> {
  const options = optionsOf(flags, context);
  const client = createClient(flags, context);
  const list = await readOperations(file, context.stdin, context.language);
  if (context.signal.aborted) return exitCodeOf({ reason: "request_cancelled" }, context);
  const line = createStatusLine(context);
  try {
    for await (const event of client.batchEvents(list.operations, { ...list.options, ...options })) {
      line.clear();
      if (event.type === "error") return reportFailure(event.failure, context, flags);
      if (event.type === "done") return conclude(event.answer, flags, context);
      await show(event, list.operations, line, flags, context);
    }
    throw new Error("unreachable: the events end with done or error");
  } catch (error) {
    // What the file says of order and errors.
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  } finally {
    line.clear();
  }
}

function optionsOf(flags: BatchFlags, { language }: CommandContext): BatchOptions {
  const { jobs, parallel, keepGoing } = flags;
  if (jobs !== undefined && !/^([1-9]|[1-5]\d|6[0-4])$/.test(jobs)) {
    throw new UsageError(
      language === "zh" ? `--jobs 应为 1 到 64，而不是 "${jobs}"` : `--jobs takes 1 to 64, not "${jobs}"`,
    );
  }
  return {
    ...((parallel || jobs !== undefined) && { order: "parallel" as const }),
    ...(jobs !== undefined && { concurrency: Number(jobs) }),
    ...(keepGoing && { onError: "continue" as const }),
  };
}

async function show(
  event: Extract<BatchingEvent, { type: "started" | "result" }>,
  operations: readonly BatchOperation[],
  line: StatusLine,
  { json }: BatchFlags,
  context: CommandContext,
): Promise<void> {
  const { index, operation } = event.type === "started" ? event : event.result;
  const title = `${index + 1}/${operations.length} ${operation} ${subjectOf(operations[index])}`.trimEnd();
  if (event.type === "started") line.show(title);
  else if (!json) await printLine(context, `${title}: ${resultText(event.result, context.language)}`);
}

function subjectOf(operation: BatchOperation | undefined): string {
  if (operation === undefined) return "";
  const subject: unknown = operation.operation === "alias" ? operation.alias : operation.model_path;
  return typeof subject === "string" ? subject : "";
}

function resultText({ status, answer, failure }: BatchResult, language: MessageLanguage): string {
  const zh = language === "zh";
  if (status === "skipped") return zh ? "已跳过" : "skipped";
  if (status === "failed") return `${zh ? "失败：" : "FAILED: "}${failure?.message ?? ""}`;
  const { message } = (answer ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : zh ? "完成" : "done";
}

/** Ends with the numbers of those that were done, failed and left. */
function conclude(answer: BatchOutcome, { json }: BatchFlags, context: CommandContext): number {
  if (json) printJson(context, answer);
  else print(context, `${answer.message}\n`);
  return answer.success ? exitCodes.ok.code : exitCodes.failed.code;
}
