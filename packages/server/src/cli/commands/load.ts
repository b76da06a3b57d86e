import { changeModel } from "../change-model.ts";
import type { ClientFlags } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";

/** `voxpool load PATH` */
export function registerLoad(program: CliCommand, context: CommandContext): void {
  program
    .command("load")
    .describe({ en: "Load a model, or find it loaded.", zh: "加载模型；若已加载则直接返回。" })
    .withArgument("<path>", { en: "Path of the model, for example model/cn.", zh: "模型路径，例如 model/cn。" })
    .withClientOptions()
    .withExamples(
      { command: "voxpool load model/cn", en: "Returns when the model is usable.", zh: "模型可用后返回。" },
      {
        command: "voxpool load en/tiny --url http://server:5000/api",
        en: "On another machine; the name of the model directory may be left out.",
        zh: "在另一台机器上加载；模型目录名可省略。",
      },
    )
    .action(async (path: string, flags: ClientFlags) => {
      context.exitCode = await load(path, flags, context);
    });
}

async function load(path: string, flags: ClientFlags, context: CommandContext): Promise<number> {
  const label = context.language === "zh" ? `正在加载 ${path}` : `loading ${path}`;
  return changeModel(label, flags, context, (client) => client.loadModel(path));
}
