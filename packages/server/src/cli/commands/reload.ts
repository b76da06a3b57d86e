import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";

/** `voxpool reload MODEL` */
export function registerReload(program: CliCommand, context: CommandContext): void {
  program
    .command("reload")
    .describe({
      en: "Load a model anew: a fresh process reads its files and takes over once it is warm. No request fails.",
      zh: "重新加载模型：新进程读取文件，预热后接管。不会有请求失败。",
    })
    .withArgument("<model>", { en: "A model, a version (cn@2) or an alias.", zh: "模型、版本（cn@2）或别名。" })
    .withClientOptions()
    .withExamples({ command: "voxpool reload cn", en: "After its files were changed.", zh: "在其文件改动之后使用。" })
    .action(async (path: string, flags: ClientFlags) => {
      const label = context.language === "zh" ? `正在重新加载 ${path}` : `reloading ${path}`;
      context.exitCode = await changeModel(label, flags, context, (client) => client.reload(path));
    });
}
