import type { CallFailure, ModelAPIClient, ResponseFormat, Transcript, TranscriptText } from "@voxpool/client";
import { Option } from "commander";
import { withActivity } from "../activity.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { exitCodeOf, reportFailure } from "../failures.ts";
import { print, printJson, say } from "../output.ts";
import { progressText } from "../progress.ts";
import { createStatusLine } from "../status-line.ts";
import { type TextFlags, textOptions, withTextOptions } from "../text-options.ts";

interface TranscribeFlags extends ClientFlags, TextFlags {
  readonly model?: string;
  readonly language?: string;
  readonly format?: ResponseFormat;
}

type Result = Transcript | TranscriptText | CallFailure;

const formats = ["text", "json", "verbose_json", "srt", "vtt"] as const satisfies readonly ResponseFormat[];

/** `voxpool transcribe FILE…` */
export function registerTranscribe(program: CliCommand, context: CommandContext): void {
  const command = program.command("transcribe");
  command
    .describe({ en: "Recognise recordings and print the words.", zh: "识别录音并输出文字。" })
    .withArgument("<file...>", {
      en: "Recordings, one after the other; - is standard input.",
      zh: "录音文件，依次处理；- 表示标准输入。",
    })
    .addOption(
      new Option(
        "--format <format>",
        `${command.text({ en: "What is printed:", zh: "输出格式：" })} ${formats.join(", ")}`,
      ).choices(formats),
    )
    .withOption("--model <path>", {
      en: "Model to use, for example model/cn; else the server's default. It is loaded if need be.",
      zh: "使用的模型，例如 model/cn；省略则用服务器的默认模型。需要时自动加载。",
    })
    .withOption("--language <language>", {
      en: "Language of the recording: en, zh-CN, Chinese.",
      zh: "录音的语言：en、zh-CN、Chinese。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool transcribe speech.wav", en: "Prints the text.", zh: "输出文字。" },
      { command: "voxpool transcribe --format srt film.wav > film.srt", en: "Writes subtitles.", zh: "生成字幕。" },
      {
        command: "voxpool transcribe --model model/cn --language zh a.wav b.wav",
        en: "Two recordings, each under a line with its name. One that fails does not stop the others; the exit code is then 1.",
        zh: "两个录音，各自前有文件名行。一个失败不影响其他；此时退出码为 1。",
      },
      {
        command: "arecord -f S16_LE -r 16000 -d 5 | voxpool transcribe -",
        en: "Records five seconds and prints their words.",
        zh: "录音五秒并输出文字。",
      },
      {
        command: "voxpool transcribe --json speech.wav | jq .segments",
        en: "The whole answer of the server; with several files an array of them.",
        zh: "服务器的完整响应；多个文件时为数组。",
      },
    )
    .action(async (files: readonly string[], flags: TranscribeFlags) => {
      context.exitCode = await transcribe(files, flags, context);
    });
  withTextOptions(command);
}

async function transcribe(files: readonly string[], flags: TranscribeFlags, context: CommandContext): Promise<number> {
  const format = flags.format ?? (flags.json ? "json" : "text");
  const isJson = format === "json" || format === "verbose_json";
  checkUsage(files, flags.json === true && !isJson, context);
  const client = createClient(flags, context);
  const results: Result[] = [];
  let code: number = exitCodes.ok.code;
  for (const [index, file] of files.entries()) {
    const result = await transcribeOne(client, file, format, flags, context);
    results.push(result);
    if (!result.success) {
      reportFailure(result, context, { about: nameOf(file) });
      code = exitCodeOf(result, context);
      // The other files would meet the same.
      if (context.signal.aborted || code === exitCodes.unreachable.code) break;
    } else if (!isJson) {
      printText(result, index, files, context);
    }
    if (result.success && "warnings" in result)
      for (const { message } of result.warnings) say(context, `${nameOf(file)}: ${message}`);
  }
  if (isJson) printJson(context, files.length === 1 ? results[0] : results);
  if (code !== exitCodes.ok.code) return code;
  return results.every((result) => result.success) ? exitCodes.ok.code : exitCodes.failed.code;
}

function checkUsage(files: readonly string[], isTextAsJson: boolean, context: CommandContext): void {
  const zh = context.language === "zh";
  if (isTextAsJson)
    throw new UsageError(
      zh ? "--json 只能与 --format json 或 verbose_json 合用" : "--json goes with --format json or verbose_json only",
    );
  const fromStdin = files.filter((file) => file === "-").length;
  if (fromStdin > 1) throw new UsageError(zh ? "- 只能出现一次" : "- can be given only once");
  if (fromStdin === 1 && context.stdin.isTTY) {
    throw new UsageError(
      zh ? "标准输入是终端；请用管道传入录音" : "standard input is a terminal; pipe a recording into it",
    );
  }
}

async function transcribeOne(
  client: ModelAPIClient,
  file: string,
  format: ResponseFormat,
  flags: TranscribeFlags,
  context: CommandContext,
): Promise<Result> {
  const source = file === "-" ? context.stdin : file;
  const options = {
    ...(flags.model === undefined ? {} : { model_path: flags.model }),
    ...(flags.language === undefined ? {} : { language: flags.language }),
    ...textOptions(flags),
  };
  const label = nameOf(file);
  // Subtitles are written by the server when all is done: there are no events on the way.
  if (format === "srt" || format === "vtt") {
    return withActivity(label, context, () => client.transcribe(source, { ...options, response_format: format }));
  }
  const line = createStatusLine(context);
  const startMs = Date.now();
  line.show(label);
  try {
    return await client.transcribe(source, {
      ...options,
      response_format: format === "verbose_json" ? format : "json",
      onEvent(event) {
        if (event.type !== "progress") return;
        const done = event.processed_seconds;
        const rate = done / Math.max(0.001, (Date.now() - startMs) / 1000);
        line.show(progressText({ label, done, total: event.duration, unit: "seconds", rate }, context.language));
      },
    });
  } catch (error) {
    // An empty model or language is a misuse of the client, and so of the command line.
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  } finally {
    line.clear();
  }
}

/** Several texts stand under their files' names, as `head` prints several files. */
function printText(
  result: Transcript | TranscriptText,
  index: number,
  files: readonly string[],
  context: CommandContext,
): void {
  const heading = files.length === 1 ? "" : `${index === 0 ? "" : "\n"}==> ${nameOf(files[index] ?? "")} <==\n`;
  const { text } = result;
  print(context, heading + text + (text.endsWith("\n") ? "" : "\n"));
}

function nameOf(file: string): string {
  return file === "-" ? "stdin" : file;
}
