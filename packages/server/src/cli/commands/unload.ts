import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";

/** `voxpool unload PATH` */
export function registerUnload(program: CliCommand, context: CommandContext): void {
  program
    .command("unload")
    .describe({
      en: "Unload a model once its work is finished; every byte of its memory is given back.",
      zh: "待任务完成后卸载模型，归还其全部内存。",
    })
    .withArgument("<path>", { en: "Path of the model, for example model/cn.", zh: "模型路径，例如 model/cn。" })
    .withClientOptions()
    .withExamples({ command: "voxpool unload model/cn", en: "Unloads it.", zh: "卸载该模型。" })
    .action(async (path: string, flags: ClientFlags) => {
      context.exitCode = await unload(path, flags, context);
    });
}

async function unload(path: string, flags: ClientFlags, context: CommandContext): Promise<number> {
  const label = context.language === "zh" ? `正在卸载 ${path}` : `unloading ${path}`;
  return changeModel(label, flags, context, (client) => client.unloadModel(path));
}
