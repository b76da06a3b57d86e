import { fstatSync } from "node:fs";
import type { CallFailure, LiveSession, ModelAPIClient, SessionOptions } from "@voxpool/client";
import { withActivity } from "../activity.ts";
import { type ClientFlags, createLiveClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../failures.ts";
import { type RawAudioFlags, rawAudioOptions, readUntil, withRawAudioOptions } from "../listen/raw-audio.ts";
import { recordersOf } from "../listen/recorders.ts";
import { installedOf, type Recording, startRecording } from "../listen/recording.ts";
import { printSession, showsPartials } from "../listen/screen.ts";
import { deafText, listeningText, lostText, noRecorderText, pipedText } from "../listen/texts.ts";
import { firstWindowsMicrophone } from "../listen/windows-device.ts";
import { say } from "../output.ts";
import { wholeNumber } from "../raw-options.ts";
import { type TextFlags, textOptions, withTextOptions } from "../text-options.ts";
import { createLocalClient, type LocalClient } from "../transcribe/local-client.ts";

interface ListenFlags extends ClientFlags, TextFlags, RawAudioFlags {
  readonly model?: string;
  readonly language?: string;
  readonly partials?: boolean;
  readonly partialsModel?: string;
  readonly silenceMs?: string;
  readonly device?: string;
  readonly local?: boolean;
}

/** `voxpool listen` */
export function registerListen(program: CliCommand, context: CommandContext): void {
  withRawAudioOptions(withTextOptions(withListenOptions(program.command("listen"))))
    .describe({
      en: "Recognise what a microphone hears, as it is said, until Ctrl-C.",
      zh: "实时识别麦克风的声音，直到按下 Ctrl-C。",
    })
    .withClientOptions({ en: "Print a JSON document for each event, on a line.", zh: "每个事件输出一行 JSON 文档。" })
    .withExamples(
      {
        command: "voxpool listen",
        en: "A line for each utterance; below them what is being said. Ctrl-C ends the recording and waits for the last words; again, it leaves at once.",
        zh: "每句话一行，正在说的内容显示在下方。Ctrl-C 结束录音并等待最后的文字；再按一次立即退出。",
      },
      {
        command: "voxpool listen --model model/cn --language zh >> notes.txt",
        en: "Dictation into a file.",
        zh: "听写到文件。",
      },
      {
        command: "ffmpeg -loglevel error -i talk.mp3 -f s16le -ac 1 -ar 16000 - | voxpool listen --raw",
        en: "What another program makes.",
        zh: "识别其他程序输出的声音。",
      },
    )
    .action(async (flags: ListenFlags) => {
      context.exitCode = await listen(flags, context);
    });
}

function withListenOptions(command: CliCommand): CliCommand {
  return command
    .withOption("--model <path>", {
      en: "Model to use, for example model/cn; else the server's default. It is loaded if need be.",
      zh: "使用的模型，例如 model/cn；省略则用服务器的默认模型。需要时自动加载。",
    })
    .withOption("--language <language>", {
      en: "Language that is spoken: en, zh-CN, Chinese.",
      zh: "所说的语言：en、zh-CN、Chinese。",
    })
    .withOption("--device <name>", {
      en: "Microphone, as the recorder calls it (arecord -L, pactl list sources short); else its default.",
      zh: "麦克风名称，以录音程序的叫法为准（arecord -L 或 pactl 可列出）；省略则用默认麦克风。",
    })
    .withOption("--partials", {
      en: "Have the text come while it is spoken. Default on a terminal and with --json.",
      zh: "说话时即给出文字。在终端和 --json 下默认开启。",
    })
    .withOption("--no-partials", { en: "Whole utterances only.", zh: "只输出完整的句子。" })
    .withOption("--partials-model <path>", {
      en: "A fast model for the text while it is spoken; what stays is of --model. Default: the server's live.partials_model.",
      zh: "说话时的文字由该快速模型给出，最终文字由 --model 给出。默认：服务器的 live.partials_model。",
    })
    .withOption("--silence-ms <ms>", {
      en: "The pause that ends an utterance, milliseconds. Default: 500.",
      zh: "多长的停顿结束一句话（毫秒）。默认：500。",
    })
    .withOption("--local", {
      en: "Without a server: load the model for this command alone, set up as a server would be (VOXPOOL_…, voxpool.yaml).",
      zh: "不用服务器：仅为此命令加载模型，配置与服务器相同（VOXPOOL_…、voxpool.yaml）。",
    });
}

/** Begins to take in the sound, or says why it cannot. */
type OpenSource = () => Promise<Source | { readonly problem: string }>;
type Source = Pick<Recording, "audio" | "stop">;

async function listen(flags: ListenFlags, context: CommandContext): Promise<number> {
  const options = optionsOf(flags, context);
  const open = flags.raw === undefined ? await microphone(flags, context) : standardInput(context);
  if (open === undefined) {
    const text = isPiped(context.stdin)
      ? pipedText(context.language)
      : noRecorderText(process.platform, context.language);
    return failed(text, context);
  }
  // An interruption ends the recording, not the client: the last words are still to come.
  const calm = { ...context, signal: new AbortController().signal };
  const source = await clientOf(flags, calm);
  try {
    const label = context.language === "zh" ? "正在准备模型" : "getting the model ready";
    const session = await withActivity(label, context, () => openSession(source.client, options, context.signal));
    if (!session.success) return reportFailure(session, context, flags);
    const sayBegin = (program: string) => say(context, listeningText(program, session.modelPath, context.language));
    return await record(session, open, sayBegin, { ...flags, context, calm });
  } finally {
    await source.close();
  }
}

/** An interruption ends the waiting for a session; one that is open ends in order. */
async function openSession(
  client: ModelAPIClient,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<LiveSession | CallFailure> {
  const opening = new AbortController();
  const abort = () => opening.abort();
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await client.openSession({ ...options, signal: opening.signal });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

interface RecordParts {
  readonly json?: boolean;
  readonly context: CommandContext;
  /** The same without its signal. */
  readonly calm: CommandContext;
}

async function record(
  session: LiveSession,
  open: OpenSource,
  sayBegin: (source: string) => void,
  { json, context, calm }: RecordParts,
): Promise<number> {
  const printing = printSession(session, json === true, calm);
  const source = await open();
  if ("problem" in source) {
    await session.close();
    await printing;
    return context.signal.aborted ? exitCodes.ok.code : failed(source.problem, context);
  }
  if ("program" in source) sayBegin(String(source.program));
  const stop = () => source.stop();
  if (context.signal.aborted) stop();
  context.signal.addEventListener("abort", stop, { once: true });
  const piped = await session.pipeFrom(source.audio);
  stop();
  const end = await session.end();
  await printing;
  const failure = [end, piped].find((result) => !result.success);
  // With --json the session has told its failure by an event.
  return failure === undefined || failure.success ? exitCodes.ok.code : reportFailure(failure, calm);
}

/** The recorders of this machine; undefined if there is none. */
async function microphone(flags: ListenFlags, context: CommandContext): Promise<OpenSource | undefined> {
  const { env, language, signal } = context;
  const { platform } = process;
  const device = flags.device ?? (platform === "win32" ? await firstWindowsMicrophone() : undefined);
  const recorders = await installedOf(recordersOf(platform, device), env, platform);
  if (recorders.length === 0) return undefined;
  return async () => {
    const recording = await startRecording(recorders, signal);
    return "audio" in recording ? recording : { problem: deafText(recording.complaints, language) };
  };
}

/** Whether a program or a file gives its sound to a command that was not told to take it. */
function isPiped({ fd }: CommandContext["stdin"]): boolean {
  if (fd === undefined) return false;
  try {
    const input = fstatSync(fd);
    return input.isFIFO() || input.isFile() || input.isSocket();
  } catch {
    return false; // it is closed
  }
}

function standardInput({ stdin }: CommandContext): OpenSource {
  const stopping = new AbortController();
  return async () => ({ audio: readUntil(stdin, stopping.signal), stop: () => stopping.abort() });
}

async function clientOf(flags: ListenFlags, context: CommandContext): Promise<LocalClient> {
  if (flags.local) return createLocalClient(context);
  return { client: await createLiveClient(flags, context), close: async () => {} };
}

/** @throws UsageError for flags that do not go together */
function optionsOf(flags: ListenFlags, context: CommandContext): SessionOptions {
  const { model, language, partials, partialsModel, silenceMs, json, local, url, key, raw, device } = flags;
  const refuse = (en: string, zh: string): never => {
    throw new UsageError(context.language === "zh" ? zh : en);
  };
  if (model === "") refuse("--model needs the path of a model", "--model 需要模型路径");
  if (language === "") refuse("--language needs a language", "--language 需要语言");
  if (device === "") refuse("--device needs the name of a microphone", "--device 需要麦克风名称");
  if (raw !== undefined && device !== undefined) {
    refuse("--raw takes no microphone: leave out --device", "--raw 不使用麦克风：请去掉 --device");
  }
  if (local && (url !== undefined || key !== undefined)) {
    refuse("--local needs no server: leave out --url and --key", "--local 不用服务器：请去掉 --url 和 --key");
  }
  return {
    ...textOptions(flags),
    ...rawAudioOptions(flags, context),
    partials: partials ?? (json === true || showsPartials(context)),
    ...(partialsModel !== undefined && { partials_model: partialsModel }),
    ...(silenceMs !== undefined && {
      endpointing: { silence_ms: wholeNumber("--silence-ms", silenceMs, 100, 10_000, context) },
    }),
    ...(model !== undefined && { model_path: model }),
    ...(language !== undefined && { language }),
    onLost: () => say(context, lostText(context.language)),
  };
}

function failed(problem: string, context: CommandContext): number {
  say(context, problem);
  return exitCodes.failed.code;
}
