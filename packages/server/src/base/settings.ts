/**
 * Every setting of the server, once: key, kind, default, text. The YAML file uses the key, the environment
 * `VOXPOOL_LIMITS_BODY_BYTES`, the command line `--limits-body-bytes`. Documents are generated from this table.
 */
export interface Setting<T> {
  readonly default: T;
  readonly kind: "text" | "list" | "integer" | "boolean" | "choice";
  /** Smallest and largest value of an integer. */
  readonly range?: readonly [number, number];
  /** The values of a choice. */
  readonly choices?: readonly string[];
  readonly en: string;
  readonly zh: string;
}

const text = (value: string, en: string, zh: string): Setting<string> => ({ default: value, kind: "text", en, zh });
const list = (value: readonly string[], en: string, zh: string): Setting<readonly string[]> => ({
  default: value,
  kind: "list",
  en,
  zh,
});
const integer = (value: number, range: readonly [number, number], en: string, zh: string): Setting<number> => ({
  default: value,
  kind: "integer",
  range,
  en,
  zh,
});
const flag = (en: string, zh: string): Setting<boolean> => ({ default: false, kind: "boolean", en, zh });
const choice = <T extends string>(value: T, choices: readonly T[], en: string, zh: string): Setting<T> => ({
  default: value,
  kind: "choice",
  choices,
  en,
  zh,
});

const most = Number.MAX_SAFE_INTEGER;

export const settings = {
  host: text("0.0.0.0", "Address to listen on.", "监听地址。"),
  port: integer(5000, [0, 65_535], "Port to listen on; 0 takes a free one.", "监听端口；0 表示任选空闲端口。"),
  model_dir: list(["model"], "Directories that hold models, one or more.", "存放模型的目录，可有多个。"),
  default_model: text(
    "",
    "Model for requests that name none. Empty: model/cn when it is there, else en/tiny, fetched once.",
    "请求未指明模型时使用的模型。留空：有 model/cn 则用之，否则用 en/tiny（首次自动下载）。",
  ),
  state_dir: text(
    "",
    "Directory of everything durable, and of the lock. Empty: the platform's data directory.",
    "持久数据与锁所在目录。留空：平台默认数据目录。",
  ),
  "log.level": choice(
    "info",
    ["debug", "info", "warn", "error", "silent"],
    "The least important lines that are written.",
    "写出的最低日志级别。",
  ),
  "log.format": choice(
    "auto",
    ["auto", "pretty", "json"],
    "auto: pretty on a terminal, else JSON.",
    "auto：终端上为易读格式，否则为 JSON。",
  ),
  "limits.json_bytes": integer(1_048_576, [1024, most], "Largest JSON body.", "JSON 请求体的最大字节数。"),
  "limits.body_bytes": integer(4_294_967_296, [1024, most], "Largest upload of audio.", "音频上传的最大字节数。"),
  "limits.audio_seconds": integer(21_600, [1, most], "Longest recording.", "录音的最大秒数。"),
  "limits.sessions": integer(256, [1, 100_000], "Recognitions that run at once.", "同时运行的识别任务数。"),
  "limits.connections": integer(
    4096,
    [1, 1_000_000],
    "HTTP connections that are open at once.",
    "同时打开的 HTTP 连接数。",
  ),
  "limits.upload_idle_seconds": integer(
    30,
    [1, 86_400],
    "An upload that sends nothing, or a reader of a stream that takes nothing, for so long is ended.",
    "上传停顿，或流式结果无人读取，超过该秒数即中止。",
  ),
  "limits.upload_bytes_per_second": integer(
    100,
    [0, most],
    "An upload that brings less on average, over limits.upload_idle_seconds, is ended; 0: as slow as it likes.",
    "在 limits.upload_idle_seconds 内平均速度低于该值的上传即中止；0：不限。",
  ),
  "limits.spool_bytes": integer(
    8_589_934_592,
    [1_048_576, most],
    "Room on the disk for uploads that are being received, all together.",
    "正在接收的上传在磁盘上合计可占用的字节数。",
  ),
  "host.load_idle_seconds": integer(
    30,
    [1, 86_400],
    "A load without progress for so long is ended.",
    "加载停滞超过该秒数即中止。",
  ),
  "host.hang_seconds": integer(
    5,
    [1, 3600],
    "A decode may take so long, or ten times the expected if that is more; then its process is ended.",
    "一次解码最多允许的秒数（或预期的十倍，取大者）；超时则结束其进程。",
  ),
  "schedule.cores": integer(
    0,
    [0, 4096],
    "Decodes that run at once. 0: the cores there are.",
    "同时解码的数量。0：等于核数。",
  ),
  "audio.workers": integer(
    0,
    [0, 256],
    "Threads that decode audio. 0: the cores there are.",
    "解码音频的线程数。0：等于核数。",
  ),
  "text.punctuation": text(
    "auto",
    "Punctuation for Chinese and English text that has none. auto: with the CT-Transformer model in the model directories, if there is one; off; or the path of one.",
    "为没有标点的中英文文字添加标点。auto：模型目录中有 CT-Transformer 标点模型则使用；off：不添加；或填写模型路径。",
  ),
  "text.itn": choice(
    "on",
    ["on", "off"],
    "Numbers in figures, where the model can do both or its folder has rules (itn*.fst).",
    "数字写成阿拉伯数字（模型支持切换，或其目录中有规则文件 itn*.fst 时）。",
  ),
  "text.script": choice(
    "model",
    ["model", "hans", "hant"],
    "Characters that Chinese is written in: as the model writes them, simplified, traditional.",
    "中文字形：与模型一致、简体、繁体。",
  ),
  "vosk.library": text(
    "",
    "Path of libvosk. Empty: fetched once when a Vosk model is first loaded.",
    "libvosk 的路径。留空：首次加载 Vosk 模型时自动下载。",
  ),
  "download.npm_registry": text(
    "",
    "npm registry for downloads. Empty: npm_config_registry, else the public one.",
    "下载使用的 npm 源。留空：npm_config_registry，否则为公共源。",
  ),
  "download.pypi_index": text(
    "",
    "Python package index for downloads. Empty: PIP_INDEX_URL, else the public one.",
    "下载使用的 PyPI 源。留空：PIP_INDEX_URL，否则为公共源。",
  ),
  "download.hf_endpoint": text(
    "",
    "Hugging Face or a mirror of it, for downloads. Empty: HF_ENDPOINT, else huggingface.co, then hf-mirror.com.",
    "下载使用的 Hugging Face 或其镜像。留空：HF_ENDPOINT，否则先 huggingface.co，再 hf-mirror.com。",
  ),
  "download.modelscope_endpoint": text(
    "",
    "ModelScope, for downloads. Empty: MODELSCOPE_ENDPOINT, else modelscope.cn.",
    "下载使用的 ModelScope。留空：MODELSCOPE_ENDPOINT，否则 modelscope.cn。",
  ),
  "download.github_mirror": text(
    "",
    "An address that is put before those of github.com, for example https://mirror.example/. Empty: none.",
    "加在 github.com 地址之前的镜像地址，例如 https://mirror.example/。留空：不使用。",
  ),
  "engine.fake": flag(
    "Allow models of the fake engine, whose words are written in fake.json. For tests of applications.",
    "允许使用 fake 引擎的模型，其文字写在 fake.json 中。用于应用程序测试。",
  ),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingKey = keyof typeof settings;

/** The values of all settings, by key. */
export type Config = {
  readonly [K in SettingKey]: (typeof settings)[K] extends Setting<infer T> ? T : never;
};
