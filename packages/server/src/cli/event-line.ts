import type { PoolEvent } from "@voxpool/client";
import type { MessageLanguage } from "../base/errors.ts";
import type { Text } from "./context.ts";
import { formatTime } from "./format.ts";
import { stateText } from "./states.ts";

/** An event for people, on one line. A type that a newer server knows stays as it came. */
export function eventLine(event: PoolEvent, language: MessageLanguage): string {
  const { at, model_path: path, version, message, details } = event;
  const model = path === undefined ? [] : [version === undefined ? path : `${path}@${version}`];
  const facts = message ?? factsIn(details);
  const parts = [formatTime(at), ...model, whatHappened(event, language), ...(facts === "" ? [] : [facts])];
  return parts.join("  ").replaceAll(/\s*[\r\n]+\s*/g, " ");
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
