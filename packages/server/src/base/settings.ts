import { limitSettings } from "./limit-settings.ts";
import { networkSettings } from "./network-settings.ts";
import { choice, flag, integer, list, type Setting, text } from "./setting-kinds.ts";

/**
 * Every setting of the server, once: key, kind, default, text. The YAML file uses the key, the environment
 * `VOXPOOL_LIMITS_BODY_BYTES`, the command line `--limits-body-bytes`. Documents are generated from this table.
 */
export const settings = {
  host: text("0.0.0.0", "Address to listen on.", "监听地址。"),
  port: integer(5000, [0, 65_535], "Port to listen on; 0 takes a free one.", "监听端口；0 表示任选空闲端口。"),
  ...networkSettings,
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
  "auth.required": flag(
    "Whether callers need an API key. The owner of state_dir needs none: voxpool keys create NAME makes the first one.",
    "是否要求调用方提供 API 密钥。state_dir 的所有者不需要：用 voxpool keys create NAME 创建第一个密钥。",
  ),
  "auth.keyless": list(
    [],
    "With auth.required: addresses and networks from which the ports of vosk-server and Wyoming ask no key, such as 127.0.0.1.",
    "auth.required 开启时：vosk-server 与 Wyoming 端口对这些地址和网段不要求密钥，如 127.0.0.1。",
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
  "log.file": text(
    "",
    "File that the log is written to, as JSON lines; standard error then has it on a terminal alone. Empty: standard error.",
    "日志文件，每行一个 JSON；此时仅在终端上才同时写标准错误。留空：标准错误。",
  ),
  "log.rotate_size": text(
    "100MB",
    "A log file that would grow beyond it is put aside and compressed: bytes, or text like 100MB. 0: never.",
    "日志文件超过该大小即转存并压缩：字节数，或如 100MB 的文字。0：从不。",
  ),
  "log.rotate_age": text(
    "1d",
    "A log file that is older is put aside and compressed: seconds, or text like 1d; -1: never.",
    "日志文件超过该时长即转存并压缩：秒数，或如 1d 的文字；-1：从不。",
  ),
  "log.keep": text(
    "1GB",
    "The files of a log may take so much together; the oldest are removed. 0: no limit.",
    "一个日志的所有文件合计可占用的空间；超出时删除最旧的。0：不限。",
  ),
  "audit.file": text(
    "",
    "File for the lines about administrative acts alone. Empty: they are in the log, with audit: true.",
    "单独记录管理操作的文件。留空：写入日志，并带有 audit: true。",
  ),
  "stop.grace_seconds": integer(
    20,
    [0, 86_400],
    "When the server is asked to stop, what runs may go on for so long; new work is refused meanwhile. 0: it ends at once.",
    "收到停止请求后，正在运行的任务最多继续这么久；期间拒绝新任务。0：立即结束。",
  ),
  ...limitSettings,
  "live.partials_model": text(
    "",
    "A fast model that gives the partial texts of live sessions while their own gives the finals. Empty: their own gives both.",
    "为实时会话提供中间结果的快速模型，最终结果仍由会话自身的模型给出。留空：均由自身的模型给出。",
  ),
  "live.resume_seconds": integer(
    30,
    [0, 3600],
    "A live session whose connection broke can be resumed for so long; 0: not at all.",
    "连接中断后，实时会话在该秒数内可以恢复；0：不可恢复。",
  ),
  "host.load_idle_seconds": integer(
    30,
    [1, 86_400],
    "A load without progress for so long is ended.",
    "加载停滞超过该秒数即中止。",
  ),
  "host.hang_seconds": integer(
    10,
    [1, 3600],
    "A decode may take so long, or ten times the expected if that is more; then its process is ended.",
    "一次解码最多允许的秒数（或预期的十倍，取大者）；超时则结束其进程。",
  ),
  "pool.keep_alive": text(
    "10m",
    "How long a model that nobody holds or uses stays loaded: seconds, or text like 10m; 0: not at all; -1: for ever.",
    "无人持有或使用的模型保持加载多久：秒数，或如 10m 的文字；0：立即卸载；-1：一直保持。",
  ),
  "pool.memory": text(
    "80%",
    "Memory that all models may take together: bytes, text like 8GB, or a share of what the machine or container has. 0: no limit.",
    "所有模型合计可占用的内存：字节数、如 8GB 的文字，或机器（容器）内存的百分比。0：不限。",
  ),
  "pool.instances": integer(
    0,
    [0, 10_000],
    "Models that may be loaded at once. 0: no limit.",
    "同时加载的模型数。0：不限。",
  ),
  "pool.preload": list(
    [],
    "Models that are loaded and warm before the server is ready, beside the default model.",
    "除默认模型外，服务器就绪前即加载并预热的模型。",
  ),
  "pool.hold_idle": text(
    "1d",
    "A hold without client_id lapses when nothing came from its address for so long.",
    "没有 client_id 的持有，其地址超过该时长没有请求即失效。",
  ),
  "failover.chains": list(
    [],
    "Models that serve when another one cannot, each as model/a > model/b > model/c.",
    "某模型无法服务时由哪些模型代为服务，每条形如 model/a > model/b > model/c。",
  ),
  "failover.automatic": choice(
    "unnamed",
    ["off", "unnamed", "all"],
    "Whether a model that no chain names may serve when another one cannot: off; for requests that name no model; for all. Never another language.",
    "某模型无法服务时，是否可由未列入链的模型代为服务：off 否；unnamed 仅限未指明模型的请求；all 全部。绝不换成其他语言。",
  ),
  "failover.wait": text(
    "10s",
    "Who waits longer for a model that loads is served by another one that is ready.",
    "等待模型加载超过该时长，则由另一个已就绪的模型服务。",
  ),
  "switch.probation": text(
    "10m",
    "After a switch the old version stays warm so long, and serves again by itself if the new one fails too often or is too slow. 0: not limited by time.",
    "切换后旧版本保持预热多久；期间新版本出错过多或过慢则自动切回。0：不以时间为限。",
  ),
  "switch.probation_requests": integer(
    50,
    [0, 1_000_000],
    "The new version is confirmed after so many recognitions, if that is earlier. 0: not limited by number; both 0: no probation.",
    "新版本完成这么多次识别后即确认（若更早）。0：不以次数为限；两者均为 0：没有观察期。",
  ),
  "host.memory": text(
    "auto",
    "A model's process that takes more is replaced by a fresh one: bytes, or text like 2GB. auto: twice what it took when it was warm, and 1 GB. 0: never.",
    "模型进程占用超过该值时由新进程接替：字节数，或如 2GB 的文字。auto：预热后占用的两倍再加 1 GB。0：从不。",
  ),
  "ready.canary_seconds": integer(
    0,
    [0, 86_400],
    "How often three seconds of a recording are decoded with the default model, while it is loaded; if that fails, GET /readyz says no. 0: never.",
    "每隔多少秒用已加载的默认模型解码三秒录音；失败时 GET /readyz 返回未就绪。0：从不。",
  ),
  "tracing.otlp_endpoint": text(
    "",
    "Where traces are sent by OTLP over HTTP, for example http://127.0.0.1:4318. Empty: nothing is traced.",
    "以 OTLP/HTTP 发送追踪的地址，例如 http://127.0.0.1:4318。留空：不追踪。",
  ),
  "tracing.sample_percent": integer(
    100,
    [0, 100],
    "How many of a hundred requests are traced, where their caller has not decided.",
    "调用方未作决定时，每一百个请求中追踪多少个。",
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
  "oip.enabled": flag(
    "Whether Open Inference Protocol v2 (clients of Triton and KServe) is answered below /v2.",
    "是否在 /v2 下提供开放推理协议 v2（OIP，Triton 与 KServe 客户端）。",
    true,
  ),
  "oip.json_bytes": integer(
    8_388_608,
    [1024, 268_435_456],
    "Largest JSON of a request to infer; binary tensors behind it count towards limits.body_bytes alone.",
    "推理请求中 JSON 部分的最大字节数；其后的二进制张量只受 limits.body_bytes 限制。",
  ),
  "openai.enabled": flag(
    "Whether clients of OpenAI's audio API are served below /v1.",
    "是否在 /v1 下为 OpenAI 音频 API 的客户端提供服务。",
    true,
  ),
  "openai.message_bytes": integer(
    22_020_096,
    [65_536, 268_435_456],
    "Largest message on the WebSocket of /v1/realtime, where audio is text.",
    "/v1/realtime 的 WebSocket 消息的最大字节数（音频以文本发送）。",
  ),
  "wyoming.port": integer(
    0,
    [0, 65_535],
    "Port of the Wyoming protocol, for Home Assistant; 10300 by convention. 0: none.",
    "Wyoming 协议（Home Assistant）的端口，惯例为 10300。0：不开启。",
  ),
  "wyoming.host": text(
    "127.0.0.1",
    "Address that the Wyoming port listens on; 0.0.0.0 for other machines. The protocol has no keys: see auth.keyless.",
    "Wyoming 端口的监听地址；供其他机器使用请填 0.0.0.0。该协议没有密钥，参见 auth.keyless。",
  ),
  "wyoming.allow": list(
    [],
    "Addresses and networks (192.168.1.0/24) that may connect to the Wyoming port. Empty: all.",
    "可连接 Wyoming 端口的地址和网段（192.168.1.0/24）。留空：不限。",
  ),
  "wyoming.socket": text(
    "",
    "Path of a Unix socket for the Wyoming protocol. Empty: none.",
    "Wyoming 协议的 Unix 套接字路径。留空：不开启。",
  ),
  "wyoming.zeroconf": flag(
    "Announce the Wyoming port on the local network, so that Home Assistant finds it.",
    "在局域网内广播 Wyoming 端口，便于 Home Assistant 发现。",
  ),
  "wyoming.connections": integer(
    64,
    [1, 100_000],
    "Wyoming connections that are open at once.",
    "同时打开的 Wyoming 连接数。",
  ),
  "wyoming.idle_seconds": integer(
    300,
    [1, 86_400],
    "A Wyoming connection on which nobody speaks is closed after so long; within an utterance limits.live_idle_seconds counts.",
    "Wyoming 连接无人说话超过该秒数即关闭；说话过程中以 limits.live_idle_seconds 为准。",
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
  "vosk.port": integer(
    0,
    [0, 65_535],
    "Port for clients of vosk-server, by convention 2700. 0: none. A key goes in the URL: ws://any:KEY@host or ?key=KEY.",
    "供 vosk-server 客户端使用的端口，惯例为 2700。0：不开放。密钥写在 URL 中：ws://any:KEY@host 或 ?key=KEY。",
  ),
  "vosk.host": text(
    "127.0.0.1",
    "Address that vosk.port listens on; 0.0.0.0 lets the network in.",
    "vosk.port 的监听地址；0.0.0.0 表示对网络开放。",
  ),
  "vosk.allow": list(
    [],
    "Addresses and networks (192.168.1.0/24) that may connect to vosk.port. Empty: all.",
    "可连接 vosk.port 的地址和网段（192.168.1.0/24）。留空：不限。",
  ),
  "vosk.sample_rate": integer(
    8000,
    [4000, 192_000],
    "Hertz of the audio of clients that say none and send no WAV header.",
    "客户端既未说明采样率也未发送 WAV 文件头时，音频的采样率（赫兹）。",
  ),
  "vosk.model": text(
    "",
    "Model for clients of vosk-server that name none. Empty: the default model.",
    "vosk-server 客户端未指明模型时使用的模型。留空：默认模型。",
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
