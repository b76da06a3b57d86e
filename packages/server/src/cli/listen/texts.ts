import type { MessageLanguage } from "../../base/errors.ts";

export function listeningText(program: string, modelPath: string, language: MessageLanguage): string {
  return language === "zh"
    ? `正在聆听（${program}，${modelPath}）；按 Ctrl-C 结束。`
    : `listening (${program}, ${modelPath}); Ctrl-C ends it.`;
}

export function lostText(language: MessageLanguage): string {
  return language === "zh" ? "连接中断，正在重连" : "the connection was lost; connecting again";
}

/** What to install where no recorder is. */
export function noRecorderText(platform: NodeJS.Platform, language: MessageLanguage): string {
  const advice = { win32: "winget install ffmpeg", darwin: "brew install sox" } as Readonly<Record<string, string>>;
  const install = advice[platform] ?? "apt install alsa-utils";
  return language === "zh"
    ? `没有找到录音程序。请安装一个（${install}），或用 --raw 从标准输入读取音频。`
    : `there is no program that records. Install one (${install}), or pipe audio in with --raw.`;
}

/** What to say where audio is piped in, and there is no microphone to hear. */
export function pipedText(language: MessageLanguage): string {
  return language === "zh"
    ? "标准输入是管道或文件，但没有 --raw：加上 --raw（16 kHz 单声道 s16le，或用 --raw 格式、--rate、--raw-channels 说明）即可识别其中的声音；有文件头的录音请用 voxpool transcribe。"
    : "standard input is a pipe or a file, and --raw is missing: with --raw what comes there is heard (s16le of 16 kHz, mono; else say --raw FORMAT, --rate, --raw-channels). Recordings with a header are for voxpool transcribe.";
}

/** @param complaints what each recorder said */
export function deafText(complaints: readonly string[], language: MessageLanguage): string {
  const said = complaints.map((one) => `\n  ${one.replaceAll(/\s*\n\s*/g, " ")}`).join("");
  return language === "zh"
    ? `录音程序没有收到声音；--device 可指定麦克风：${said}`
    : `no recorder hears anything; --device names a microphone:${said}`;
}
