import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";

interface UnloadFlags extends ClientFlags {
  readonly force?: boolean;
}

/** `voxpool unload PATH` */
export function registerUnload(program: CliCommand, context: CommandContext): void {
  program
    .command("unload")
    .describe({
      en: "Give a model back: once its work is finished it is unloaded with every byte of its memory, unless others hold it.",
      zh: "归还模型：任务完成后卸载并释放其全部内存；若有其他客户端持有，则保持加载。",
    })
    .withArgument("<path>", { en: "Path of the model, for example model/cn.", zh: "模型路径，例如 model/cn。" })
    .withOption("--force", {
      en: "Unload it whoever holds it, and unpin it. Work in progress is still finished first.",
      zh: "无论谁持有都卸载，并取消固定。进行中的任务仍会先完成。",
    })
    .withClientOptions()
    .withExamples(
      { command: "voxpool unload model/cn", en: "Unloads it.", zh: "卸载该模型。" },
      {
        command: "voxpool unload model/cn --force",
        en: "Takes it from everybody. voxpool ps shows who holds what.",
        zh: "从所有客户端收回。可用 voxpool ps 查看谁在持有。",
      },
    )
    .action(async (path: string, flags: UnloadFlags) => {
      context.exitCode = await unload(path, flags, context);
    });
}

async function unload(path: string, flags: UnloadFlags, context: CommandContext): Promise<number> {
  const label = context.language === "zh" ? `正在卸载 ${path}` : `unloading ${path}`;
  const { force } = flags;
  return changeModel(label, flags, context, (client) => client.unloadModel(path, force === undefined ? {} : { force }));
}
