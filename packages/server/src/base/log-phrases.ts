/** The part of the phrase book that is about logs, metrics and probes. */
export const logPhrases: Readonly<Record<string, string>> = {
  "it must be twice log.rotate_size at least": "至少须为 log.rotate_size 的两倍",
  "cannot write to {}: {}": "无法写入 {1}：{2}",
  "The log file cannot be written; lines are dropped meanwhile": "无法写入日志文件；其间的日志行被丢弃",
  "An administrative act": "管理操作",
};
