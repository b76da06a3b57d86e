/** What a successful answer may warn of; `reason` of its `warnings`. */
export const warningCatalogue = {
  audio_truncated: {
    en: "The recording ends after {seconds} seconds, its header promised {declared_seconds}.",
    zh: "录音在 {seconds} 秒处结束，而其文件头标明为 {declared_seconds} 秒。",
  },
  language_unverified: {
    en: "Nothing says which languages {model_path} knows; {language} was not checked. Name them in voxpool.json.",
    zh: "无从得知 {model_path} 支持哪些语言；未检查 {language}。请在 voxpool.json 中写明。",
  },
  itn_unavailable: {
    en: "Model {model_path} cannot choose how it writes numbers, and has no rules for it (itn*.fst); they are as it writes them.",
    zh: "模型 {model_path} 不能选择数字的写法，也没有规则文件（itn*.fst）；数字保持模型的写法。",
  },
  served_by_other: {
    en: "{model_path} could not serve ({detail}); {served_by} did.",
    zh: "{model_path} 无法提供服务（{detail}）；由 {served_by} 代为识别。",
  },
  partials_model_unavailable: {
    en: "Partial texts are of the session's own model from now on: {detail}",
    zh: "此后的中间结果由会话自身的模型给出：{detail}",
  },
  nothing_heard: {
    en: "No speech was recognised in {seconds} seconds of audio; check the microphone, the sample rate and the encoding.",
    zh: "{seconds} 秒音频中没有识别到语音；请检查麦克风、采样率和编码。",
  },
  hints_unused: {
    en: "{hints}: of no effect, since model {model_path} cannot use it.",
    zh: "{hints}：未起作用，模型 {model_path} 不支持。",
  },
  punctuation_failed: {
    en: "The text has no punctuation: {detail}",
    zh: "文字没有标点：{detail}",
  },
  script_failed: {
    en: "Some of the text is in the characters that the model writes: {detail}",
    zh: "部分文字仍为模型所写的字形：{detail}",
  },
} as const satisfies Record<string, { readonly en: string; readonly zh: string }>;

export type WarningReason = keyof typeof warningCatalogue;
