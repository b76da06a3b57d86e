import type { MessageLanguage } from "../base/errors.ts";

const chinese: Readonly<Record<string, string>> = {
  running: "运行中",
  loading: "正在加载",
  warming: "正在预热",
  ready: "就绪",
  draining: "正在收尾",
  stopped: "已停止",
  failed: "失败",
  restarting: "正在重启",
};

/** The state of a model or server for people; a state that a newer server knows stays as it came. */
export function stateText(state: string, language: MessageLanguage): string {
  return language === "zh" && Object.hasOwn(chinese, state) ? (chinese[state] ?? state) : state;
}
