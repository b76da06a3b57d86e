import { availableParallelism } from "node:os";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { say } from "../output.ts";
import { type RawFlags, rawContentType, wholeNumber, withRawOptions } from "../raw-options.ts";
import { type SoundFlags, soundOptions, withSoundOptions } from "../sound-options.ts";
import { type TextFlags, textOptions, withTextOptions } from "../text-options.ts";
import { type Format, formatNames, isJsonFormat, parseFormats } from "../transcribe/formats.ts";
import { leftOutText } from "../transcribe/left-out.ts";
import { createLocalClient, type LocalClient } from "../transcribe/local-client.ts";
import { createRecogniser, type Wishes } from "../transcribe/recogniser.ts";
import { findRecordings } from "../transcribe/recordings.ts";
import { createServerLink } from "../transcribe/server-link.ts";
import { toFiles, toStdout } from "../transcribe/targets.ts";

interface TranscribeFlags extends ClientFlags, TextFlags, SoundFlags, RawFlags {
  readonly model?: string;
  readonly language?: string;
  readonly format?: string;
  readonly output?: string;
  readonly recursive?: boolean;
  readonly overwrite?: boolean;
  readonly jobs?: string;
  readonly wait?: string;
  readonly local?: boolean;
}

const defaultJobs = Math.min(4, availableParallelism());
const defaultWaitSeconds = 60;

/** `voxpool transcribe FILE…` */
export function registerTranscribe(program: CliCommand, context: CommandContext): void {
  const command = program.command("transcribe");
  withTextOptions(withRawOptions(withSoundOptions(withTranscribeOptions(command))))
    .describe({
      en: "Recognise recordings and print the words, or write them into files.",
      zh: "识别录音，输出文字或写入文件。",
    })
    .withArgument("<file...>", {
      en: "Recordings, folders that hold some, patterns such as 'calls/**/*.mp3'; - is standard input.",
      zh: "录音文件、存放录音的文件夹、'calls/**/*.mp3' 之类的通配模式；- 表示标准输入。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool transcribe speech.wav", en: "Prints the text.", zh: "输出文字。" },
      { command: "voxpool transcribe --format srt film.wav > film.srt", en: "Writes subtitles.", zh: "生成字幕。" },
      {
        command: "voxpool transcribe calls -r --format srt,text,json --output words",
        en: "A folder: three files for each of its recordings, in the same folders below words/.",
        zh: "整个文件夹：每个录音生成三个文件，在 words/ 下保持原有目录结构。",
      },
      {
        command: "voxpool transcribe --local speech.wav",
        en: "No server is needed; the model is loaded anew each time.",
        zh: "无需服务器；每次都重新加载模型。",
      },
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
        command: "arecord -t raw -f S16_LE -r 16000 -d 5 | voxpool transcribe --raw s16le --rate 16000 -",
        en: "The same without a header (raw PCM).",
        zh: "同上，但没有文件头（原始 PCM）。",
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
}

function withTranscribeOptions(command: CliCommand): CliCommand {
  return command
    .withOption("--format <formats>", {
      en: `What is made of a recording: ${formatNames.join(", ")}. With --output several, as in srt,text,json. Default: text.`,
      zh: `输出格式：${formatNames.join("、")}。与 --output 合用时可有多个，如 srt,text,json。默认：text。`,
    })
    .withOption("-o, --output <folder>", {
      en: "Write a file for each recording and format into this folder, and print its path. Recordings whose files are there, newer, and made with the same options are passed over: the same command goes on where it stopped, without a flag for that (--overwrite does all again).",
      zh: "为每个录音和格式在该文件夹中写一个文件，并输出其路径。文件已存在、比录音新且用相同选项生成的会跳过：再次运行同一命令即从中断处继续，无需其他选项（--overwrite 全部重做）。",
    })
    .withOption("-r, --recursive", {
      en: "Take the recordings in the folders below a folder, too.",
      zh: "也处理子文件夹中的录音。",
    })
    .withOption("--overwrite", {
      en: "Recognise all again, also what is done.",
      zh: "全部重新识别，包括已完成的。",
    })
    .withOption("-j, --jobs <n>", {
      en: "Recordings at once. Default: the processors of this machine, at most 4.",
      zh: "同时处理的录音数。默认：本机处理器数，最多 4。",
    })
    .withOption("--wait <seconds>", {
      en: `Of several recordings: how long a server that went away is waited for. Default: ${defaultWaitSeconds}.`,
      zh: `处理多个录音时：服务器中断后最多等待的秒数。默认：${defaultWaitSeconds}。`,
    })
    .withOption("--local", {
      en: "Without a server: load the model for this command alone, set up as a server would be (VOXPOOL_…, voxpool.yaml).",
      zh: "不用服务器：仅为此命令加载模型，配置与服务器相同（VOXPOOL_…、voxpool.yaml）。",
    })
    .withOption("--model <path>", {
      en: "Model to use, for example model/cn; else the server's default. It is loaded if need be.",
      zh: "使用的模型，例如 model/cn；省略则用服务器的默认模型。需要时自动加载。",
    })
    .withOption("--language <language>", {
      en: "Language of the recording: en, zh-CN, Chinese.",
      zh: "录音的语言：en、zh-CN、Chinese。",
    });
}

async function transcribe(files: readonly string[], flags: TranscribeFlags, context: CommandContext): Promise<number> {
  const numbers = readNumbers(flags, context);
  const contentType = rawContentType(flags, context);
  const formats = parseFormats(flags.format ?? (flags.json && flags.output === undefined ? "json" : "text"), context);
  checkUsage(files, flags, formats, context);
  const source = await clientOf(flags, context);
  const { client } = source;
  try {
    const wishes = wishesOf(flags, contentType);
    const leftOut: string[] = [];
    const recordings = await findRecordings(
      files,
      {
        recursive: flags.recursive === true,
        raw: contentType !== undefined,
        onLeftOut: (name) => leftOut.push(name),
      },
      context,
    );
    const link = createServerLink({
      client,
      waitSeconds: recordings.length > 1 ? numbers.wait : 0,
      signal: context.signal,
      onLost: () => say(context, lostText(numbers.wait, context)),
    });
    const recogniserFor = (format: Format) => createRecogniser({ client, wishes, format, link, context });
    const run = { recordings, wishes, formats, jobs: numbers.jobs, link, recogniserFor, context };
    const { output } = flags;
    const code = output === undefined ? await toStdout(run) : await toFiles(run, { ...flags, output });
    const text = leftOutText(leftOut, context);
    if (text !== undefined) say(context, text);
    return code;
  } finally {
    await source.close();
  }
}

async function clientOf(flags: TranscribeFlags, context: CommandContext): Promise<LocalClient> {
  if (flags.local) return createLocalClient(context);
  return { client: createClient(flags, context), close: async () => {} };
}

function wishesOf({ model, language, ...flags }: TranscribeFlags, contentType: string | undefined): Wishes {
  return {
    ...textOptions(flags),
    ...soundOptions(flags),
    ...(contentType !== undefined && { contentType }),
    ...(model === undefined ? {} : { model_path: model }),
    ...(language === undefined ? {} : { language }),
  };
}

function readNumbers(flags: TranscribeFlags, context: CommandContext): { jobs: number; wait: number } {
  return {
    jobs: flags.jobs === undefined ? defaultJobs : wholeNumber("--jobs", flags.jobs, 1, 64, context),
    wait: flags.wait === undefined ? defaultWaitSeconds : wholeNumber("--wait", flags.wait, 0, 86_400, context),
  };
}

function checkUsage(
  files: readonly string[],
  { json, output, overwrite, local, url, key, model, language }: TranscribeFlags,
  formats: readonly Format[],
  context: CommandContext,
): void {
  const refuse = (en: string, zh: string): never => {
    throw new UsageError(context.language === "zh" ? zh : en);
  };
  if (model === "") refuse("--model needs the path of a model", "--model 需要模型路径");
  if (language === "") refuse("--language needs a language", "--language 需要语言");
  if (local && (url !== undefined || key !== undefined)) {
    refuse("--local needs no server: leave out --url and --key", "--local 不用服务器：请去掉 --url 和 --key");
  }
  if (output === "") refuse("--output needs the name of a folder", "--output 需要文件夹名");
  if (output === undefined && overwrite)
    refuse("--overwrite goes with --output only", "--overwrite 只能与 --output 合用");
  if (output === undefined && formats.length > 1) {
    refuse("several formats need a folder for their files: --output FOLDER", "多种格式需要用 --output 指定文件夹");
  }
  if (output === undefined && json && !formats.every(isJsonFormat)) {
    refuse("--json goes with --format json or verbose_json only", "--json 只能与 --format json 或 verbose_json 合用");
  }
  if (files.includes("-") && context.stdin.isTTY) {
    refuse("standard input is a terminal; pipe a recording into it", "标准输入是终端；请用管道传入录音");
  }
}

function lostText(seconds: number, { language }: CommandContext): string {
  return language === "zh"
    ? `服务器没有响应；最多等待 ${seconds} 秒。`
    : `the server does not answer; it is waited for, up to ${seconds} s.`;
}
