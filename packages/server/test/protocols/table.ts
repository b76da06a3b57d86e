/** What every protocol is held to, and by which the page `docs/protocols.md` is written. */

interface Said {
  readonly en: string;
  readonly zh: string;
}

export type ProtocolName = "native" | "stream" | "openai" | "realtime" | "vosk" | "wyoming" | "oip";

export interface ProtocolRow extends Said {
  readonly page: string;
  /** The setting that gives it its port, or switches it off. */
  readonly setting?: string;
}

export const protocols: Readonly<Record<ProtocolName, ProtocolRow>> = {
  native: { en: "Native, `POST /api/transcribe`", zh: "原生接口，`POST /api/transcribe`", page: "transcribing" },
  stream: { en: "Native, `WS /api/stream`", zh: "原生接口，`WS /api/stream`", page: "live" },
  openai: { en: "OpenAI, transcriptions", zh: "OpenAI，转写", page: "openai", setting: "openai.enabled" },
  realtime: { en: "OpenAI, Realtime", zh: "OpenAI，Realtime", page: "openai", setting: "openai.enabled" },
  vosk: { en: "vosk-server", zh: "vosk-server", page: "vosk-server", setting: "vosk.port" },
  wyoming: { en: "Wyoming", zh: "Wyoming", page: "home-assistant", setting: "wyoming.port" },
  oip: { en: "Open Inference Protocol v2", zh: "Open Inference Protocol v2", page: "oip", setting: "oip.enabled" },
};

export const checks = {
  words: { en: "words are right", zh: "文字正确" },
  chinese: { en: "Chinese, with and without spaces", zh: "中文（有无空格）" },
  silence: { en: "silence gives empty text", zh: "静音得到空文本" },
  unknown: { en: "unknown model: its own error", zh: "未知模型：协议自身的错误" },
  counted: { en: "counted in `usage_count`", zh: "计入 `usage_count`" },
  left: { en: "who leaves in the middle leaves nothing behind", zh: "中途离开不留任何占用" },
} as const satisfies Readonly<Record<string, Said>>;

export type CheckName = keyof typeof checks;
