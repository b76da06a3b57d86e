import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";

/** `voxpool warmup MODEL` */
export function registerWarmup(program: CliCommand, context: CommandContext): void {
  program
    .command("warmup")
    .describe({
      en: "Warm a model up: it is loaded if need be, without being held, and recognises a recording.",
      zh: "预热模型：必要时加载（不持有），并识别一段录音。",
    })
    .withArgument("<model>", { en: "A model, a version (cn@2) or an alias.", zh: "模型、版本（cn@2）或别名。" })
    .withClientOptions()
    .withExamples({
      command: "voxpool warmup cn",
      en: "Before the first request comes.",
      zh: "在第一个请求到来之前使用。",
    })
    .action(async (path: string, flags: ClientFlags) => {
      const label = context.language === "zh" ? `正在预热 ${path}` : `warming up ${path}`;
      context.exitCode = await changeModel(label, flags, context, (client) => client.warmUp(path));
    });
}
