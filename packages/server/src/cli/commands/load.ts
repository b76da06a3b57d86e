import { parseDuration } from "../../base/duration.ts";
import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";

const longestLeaseMs = 30 * 86_400_000;

interface LoadFlags extends ClientFlags {
  readonly keepAlive?: string;
  readonly lease?: string;
  readonly pin?: boolean;
}

/** `voxpool load PATH` */
export function registerLoad(program: CliCommand, context: CommandContext): void {
  program
    .command("load")
    .describe({
      en: "Load a model, or find it loaded. It stays until the same user of this machine unloads it.",
      zh: "加载模型；若已加载则直接返回。模型会一直保持加载，直到本机的同一用户将其卸载。",
    })
    .withArgument("<path>", { en: "Path of the model, for example model/cn.", zh: "模型路径，例如 model/cn。" })
    .withOption("--keep-alive <time>", {
      en: "How long it stays when nobody holds or uses it: seconds, 10m, 1h30m; 0: not at all, -1: for ever.",
      zh: "无人持有或使用时保留多久：秒数、10m、1h30m；0 为不保留，-1 为永久保留。",
    })
    .withOption("--lease <time>", {
      en: "Hold it for so long only: seconds, 10m, 1h30m. Default: until it is unloaded.",
      zh: "只持有这么久：秒数、10m、1h30m。默认：直到卸载。",
    })
    .withOption("--pin", {
      en: "Pin it: it is never evicted, and is loaded again when the server starts.",
      zh: "固定该模型：不会被驱逐，服务器启动时会重新加载。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool load model/cn", en: "Returns when the model is usable.", zh: "模型可用后返回。" },
      {
        command: "voxpool load en/tiny --url http://server:5000/api",
        en: "On another machine; the name of the model directory may be left out.",
        zh: "在另一台机器上加载；模型目录名可省略。",
      },
      {
        command: "voxpool load cn --lease 2h --keep-alive 30m",
        en: "Holds it for two hours; after that it stays for half an hour after each use.",
        zh: "持有两小时；此后每次使用后再保留半小时。",
      },
    )
    .action(async (path: string, flags: LoadFlags) => {
      context.exitCode = await load(path, flags, context);
    });
}

async function load(path: string, flags: LoadFlags, context: CommandContext): Promise<number> {
  const label = context.language === "zh" ? `正在加载 ${path}` : `loading ${path}`;
  const { keepAlive, pin, lease } = flags;
  const options = {
    ...(lease !== undefined && { leaseMs: leaseMsOf(lease, context) }),
    ...(keepAlive !== undefined && { keepAlive }),
    ...(pin !== undefined && { pin }),
  };
  return changeModel(label, flags, context, (client) => client.loadModel(path, options));
}

/** @throws UsageError if it is no time that a lease can have */
function leaseMsOf(text: string, { language }: CommandContext): number {
  const zh = language === "zh";
  try {
    const ms = Math.round(parseDuration(text, "lease") * 1000);
    if (ms >= 1000 && ms <= longestLeaseMs) return ms;
  } catch {
    // What is no time at all is met with the same words.
  }
  throw new UsageError(
    zh
      ? `--lease 应为 1 秒到 30 天的时间，如 10m，而不是 "${text}"`
      : `--lease takes 1 s to 30 d, like 10m; not "${text}"`,
  );
}
