import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";

/** `voxpool pin MODEL`, `voxpool unpin MODEL` */
export function registerPin(program: CliCommand, context: CommandContext): void {
  program
    .command("pin")
    .describe({
      en: "Pin a model: it is never evicted, does not idle out, and is loaded when the server starts.",
      zh: "固定模型：不会被驱逐，不会因空闲而卸载，服务器启动时会加载。",
    })
    .withArgument("<model>", { en: "A model, a version (cn@2) or an alias.", zh: "模型、版本（cn@2）或别名。" })
    .withClientOptions()
    .withExamples({ command: "voxpool pin cn", en: "Keeps it in memory.", zh: "使其常驻内存。" })
    .action(async (path: string, flags: ClientFlags) => {
      context.exitCode = await setPin(path, true, flags, context);
    });
  program
    .command("unpin")
    .describe({ en: "Let a pinned model go like others.", zh: "取消固定模型。" })
    .withArgument("<model>", { en: "A model, a version (cn@2) or an alias.", zh: "模型、版本（cn@2）或别名。" })
    .withClientOptions()
    .withExamples({
      command: "voxpool unpin cn",
      en: "From now on its keep-alive counts.",
      zh: "此后按保留时间计算。",
    })
    .action(async (path: string, flags: ClientFlags) => {
      context.exitCode = await setPin(path, false, flags, context);
    });
}

function setPin(path: string, pinned: boolean, flags: ClientFlags, context: CommandContext): Promise<number> {
  return changeModel(path, flags, context, (client) => client.pin(path, pinned));
}
