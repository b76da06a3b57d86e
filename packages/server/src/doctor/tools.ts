import { runChild } from "./child.ts";
import { type Finding, note, ok, type Probe, same } from "./types.ts";

interface Tool {
  readonly command: string;
  /** What makes it say its version. */
  readonly flag: string;
}

const ffmpeg: Tool = { command: "ffmpeg", flag: "-version" };
/** Any one of them records from a microphone. */
const recorders: readonly Tool[] = [
  { command: "arecord", flag: "--version" },
  { command: "rec", flag: "--version" },
  { command: "sox", flag: "--version" },
];

/** Programs that are of use beside voxpool; none is needed. */
export const toolsProbe: Probe = {
  name: "tools",
  title: { en: "audio tools", zh: "音频工具" },
  limitSeconds: 15,
  async run(_place, signal) {
    const converter = await versionOf(ffmpeg, signal);
    const found: string[] = [];
    for (const tool of recorders) if ((await versionOf(tool, signal)) !== undefined) found.push(tool.command);
    return [converterFinding(converter), recorderFinding(found)];
  },
};

async function versionOf({ command, flag }: Tool, signal: AbortSignal): Promise<string | undefined> {
  const ended = await runChild(command, [flag], signal);
  if (ended?.code !== 0) return undefined;
  return (ended.stdout || ended.stderr).split(/ Copyright|\n/, 1)[0]?.slice(0, 60) ?? "";
}

function converterFinding(version: string | undefined): Finding {
  if (version !== undefined) return ok(same(version));
  return note(
    {
      en: "no ffmpeg: AAC and rare formats cannot be read; all others can",
      zh: "没有 ffmpeg：无法读取 AAC 及少见格式，其余不受影响",
    },
    { en: "install ffmpeg where such recordings come in", zh: "如需处理此类录音，请安装 ffmpeg" },
  );
}

function recorderFinding(found: readonly string[]): Finding {
  if (found.length > 0) {
    return ok({
      en: `for recording from a microphone: ${found.join(", ")}`,
      zh: `可用于麦克风录音：${found.join("、")}`,
    });
  }
  return note({
    en: "no arecord or sox: nothing here records from a microphone on the command line",
    zh: "没有 arecord 或 sox：命令行无法用麦克风录音",
  });
}
