/** The part of the phrase book that is about logs, metrics and probes. */
export const logPhrases: Readonly<Record<string, string>> = {
  "it must be twice log.rotate_size at least": "至少须为 log.rotate_size 的两倍",
  "cannot write to {}: {}": "无法写入 {1}：{2}",
  "The log file cannot be written; lines are dropped meanwhile": "无法写入日志文件；其间的日志行被丢弃",
  "it does not answer": "没有应答",
  "it failed": "失败",
  "it is still being prepared": "仍在准备",
  "only {} MB are free for the state directory": "状态目录所在磁盘只剩 {1} MB",
  "the server is {} s late with everything": "服务器的一切响应都延迟了 {1} 秒",
  "the recognition ended without a transcript": "识别结束但没有结果",
  "it took longer than 30 seconds, or broke": "耗时超过 30 秒，或中途出错",
  "write a URL, for example http://127.0.0.1:4318": "请填写 URL，例如 http://127.0.0.1:4318",
  "traces need packages that are not installed: npm install {}": "追踪所需的软件包尚未安装：npm install {1}",
  "Traces cannot be sent; they are dropped": "无法发送追踪；已丢弃",
  "An administrative act": "管理操作",
};
