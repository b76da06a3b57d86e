import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { eventLine } from "../event-line.ts";
import { exitCodeOf, reportFailure } from "../failures.ts";
import { printLine, say } from "../output.ts";

interface EventsFlags extends ClientFlags {
  readonly types?: string;
  readonly model?: string;
  readonly since?: string;
}

/** `voxpool events` */
export function registerEvents(program: CliCommand, context: CommandContext): void {
  program
    .command("events")
    .describe({
      en: "Show what happens in the pool, as it happens, until Ctrl-C. A lost connection is made anew.",
      zh: "实时显示模型池中发生的事件，直到按下 Ctrl-C。连接中断后会自动重连。",
    })
    .withOption("--types <types>", {
      en: "Only these, separated by commas, for example model.state,model.evicted.",
      zh: "仅显示这些类型，以逗号分隔，例如 model.state,model.evicted。",
    })
    .withOption("--model <path>", {
      en: "Only what concerns this model, or one version of it (model/cn@1).",
      zh: "仅显示该模型或其某个版本（model/cn@1）的事件。",
    })
    .withOption("--since <id>", {
      en: "Begin behind the event with this id; 0: with the oldest that the server keeps.",
      zh: "从该编号之后的事件开始；0：从服务器保留的最早事件开始。",
    })
    .withClientOptions({ en: "Print a JSON document for each event, on a line.", zh: "每个事件输出一行 JSON 文档。" })
    .withExamples(
      { command: "voxpool events", en: "A line for each event.", zh: "每个事件一行。" },
      {
        command: "voxpool events --since 0 --json | jq -r .id",
        en: "From the oldest on, for a script.",
        zh: "从最早的事件开始，供脚本使用。",
      },
    )
    .action(async (flags: EventsFlags) => {
      context.exitCode = await showEvents(flags, context);
    });
}

async function showEvents(flags: EventsFlags, context: CommandContext): Promise<number> {
  const { types, model, since, json } = flags;
  const { language } = context;
  const events = createClient(flags, context).events({
    ...(types !== undefined && { types: types.split(",").map((type) => type.trim()) }),
    ...(model !== undefined && { modelPath: model }),
    ...(since !== undefined && { lastEventId: since }),
    onLost: () => say(context, language === "zh" ? "连接中断，正在重连" : "the connection was lost; connecting again"),
  });
  for await (const event of events) {
    if ("failure" in event) {
      const { failure } = event;
      return context.signal.aborted ? exitCodeOf(failure, context) : reportFailure(failure, context, flags);
    }
    await printLine(context, json ? JSON.stringify(event) : eventLine(event, language));
  }
  throw new Error("unreachable: the events end with a failure");
}
