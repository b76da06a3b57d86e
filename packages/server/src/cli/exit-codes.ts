/** How the command line ends. The help and docs/cli.md are made from this table. */
export const exitCodes = {
  ok: { code: 0, en: "Done.", zh: "成功。" },
  failed: {
    code: 1,
    en: "The request failed; the message on standard error says why. With several files: at least one failed.",
    zh: "请求失败，原因见标准错误输出。处理多个文件时：至少一个失败。",
  },
  usage: {
    code: 2,
    en: "The command line or the configuration is not valid; nothing was done.",
    zh: "命令行或配置无效；未执行任何操作。",
  },
  unreachable: { code: 3, en: "No server answers.", zh: "没有服务器响应。" },
  hangup: { code: 129, en: "The terminal was closed (SIGHUP).", zh: "终端被关闭（SIGHUP）。" },
  interrupted: { code: 130, en: "Interrupted (Ctrl-C).", zh: "被中断（Ctrl-C）。" },
  terminated: { code: 143, en: "Terminated (SIGTERM).", zh: "被终止（SIGTERM）。" },
} as const;

/** The exit code of a process that a signal ended. */
export const signalCodes = {
  SIGHUP: exitCodes.hangup.code,
  SIGINT: exitCodes.interrupted.code,
  SIGTERM: exitCodes.terminated.code,
} as const;

export type EndingSignal = keyof typeof signalCodes;
