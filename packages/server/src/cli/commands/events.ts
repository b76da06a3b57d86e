import type { PoolEvent } from "@voxpool/client";
import type { MessageLanguage } from "../../base/errors.ts";
import { type ClientFlags, createClient } from "../client.ts";
import type { CliCommand } from "../command.ts";
import type { CommandContext, Text } from "../context.ts";
import { exitCodeOf, reportFailure } from "../failures.ts";
import { formatTime } from "../format.ts";
import { printLine, say } from "../output.ts";
import { stateText } from "../states.ts";

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
    await printLine(context, json ? JSON.stringify(event) : lineOf(event, language));
  }
  throw new Error("unreachable: the events end with a failure");
}

const typeTexts: Readonly<Record<string, Text>> = {
  "model.unloading": { en: "is unloaded", zh: "正在卸载" },
  "model.evicted": { en: "makes room for another model", zh: "为其他模型让出内存" },
  "model.recycled": { en: "has a fresh process", zh: "已换用新进程" },
  "model.restarted": { en: "is restarted", zh: "正在重启" },
  "model.switched": { en: "took over", zh: "已切换至此版本" },
  "model.rolled_back": { en: "was taken back", zh: "已回滚" },
  "model.confirmed": { en: "is confirmed", zh: "已确认" },
  "model.quarantined": { en: "is held back", zh: "已隔离" },
  "model.released": { en: "may be used again", zh: "已解除隔离" },
  "hold.added": { en: "is held", zh: "被占用" },
  "hold.returned": { en: "is given back", zh: "已归还" },
  "hold.lapsed": { en: "is held no longer: the lease lapsed", zh: "租约到期，不再被占用" },
  "hold.dropped": { en: "is held no longer", zh: "不再被占用" },
  "pin.changed": { en: "pin changed", zh: "固定状态已变更" },
  "alias.changed": { en: "alias changed", zh: "别名已变更" },
  "request.failed_over": { en: "a request went to another model", zh: "请求已转由其他模型处理" },
  "request.replayed": { en: "a request is done again", zh: "请求正在重新处理" },
  "request.poisonous": { en: "a request ended two processes and is refused", zh: "请求连续导致两个进程终止，已被拒绝" },
  gap: { en: "events before are no longer known", zh: "之前的事件已不再保留" },
};

/** An event for people, on one line. A type that a newer server knows stays as it came. */
function lineOf(event: PoolEvent, language: MessageLanguage): string {
  const { at, model_path: path, version, message, details } = event;
  const model = path === undefined ? [] : [version === undefined ? path : `${path}@${version}`];
  const facts = message ?? factsIn(details);
  const parts = [formatTime(at), ...model, whatHappened(event, language), ...(facts === "" ? [] : [facts])];
  return parts.join("  ").replaceAll(/\s*[\r\n]+\s*/g, " ");
}

function whatHappened({ type, state, previous_state: previous }: PoolEvent, language: MessageLanguage): string {
  if (type === "model.state" && state !== undefined) {
    const before = previous === undefined ? "" : `${stateText(previous, language)} → `;
    return before + stateText(state, language);
  }
  return Object.hasOwn(typeTexts, type) ? (typeTexts[type]?.[language] ?? type) : type;
}

/** Details that are short, as `name=value`. */
function factsIn(details: PoolEvent["details"] = {}): string {
  return Object.entries(details)
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}
