import { integer, type Setting } from "./setting-kinds.ts";

const most = Number.MAX_SAFE_INTEGER;

/** How much of everything is taken; the group `limits` of the settings. */
export const limitSettings = {
  "limits.json_bytes": integer(1_048_576, [1024, most], "Largest JSON body.", "JSON 请求体的最大字节数。"),
  "limits.body_bytes": integer(4_294_967_296, [1024, most], "Largest upload of audio.", "音频上传的最大字节数。"),
  "limits.audio_seconds": integer(21_600, [1, most], "Longest recording.", "录音的最大秒数。"),
  "limits.sessions": integer(256, [1, 100_000], "Recognitions that run at once.", "同时运行的识别任务数。"),
  "limits.sessions_per_client": integer(
    0,
    [0, 100_000],
    "Recognitions of one client that run at once. 0: three quarters of limits.sessions.",
    "单个客户端同时运行的识别任务数。0：limits.sessions 的四分之三。",
  ),
  "limits.requests_per_minute_per_key": integer(
    600_000,
    [0, most],
    "Requests that one API key may send a minute; those that it saves up, it may send at once. 0: any number.",
    "单个 API 密钥每分钟可发送的请求数；未用完的可一次发送。0：不限。",
  ),
  "limits.requests_per_minute_per_address": integer(
    600_000,
    [0, most],
    "Requests that may come from one address a minute; those that it saves up, it may send at once. 0: any number.",
    "单个地址每分钟可发送的请求数；未用完的可一次发送。0：不限。",
  ),
  "limits.concurrent_requests_per_key": integer(
    0,
    [0, 1_000_000],
    "Requests of one API key that are under way at once. 0: three quarters of limits.connections.",
    "单个 API 密钥同时进行的请求数。0：limits.connections 的四分之三。",
  ),
  "limits.concurrent_requests_per_address": integer(
    0,
    [0, 1_000_000],
    "Requests from one address that are under way at once. 0: three quarters of limits.connections.",
    "单个地址同时进行的请求数。0：limits.connections 的四分之三。",
  ),
  "limits.sessions_per_key": integer(
    0,
    [0, 100_000],
    "Recognitions and live sessions of one API key at once, whatever its clients call themselves. 0: no limit of its own.",
    "单个 API 密钥同时进行的识别任务与实时会话数（不论其客户端如何自称）。0：不另设限制。",
  ),
  "limits.holds": integer(
    1000,
    [1, 100_000],
    "Clients and addresses that may hold one model at once.",
    "可同时持有同一个模型的客户端和地址数。",
  ),
  "limits.queue_seconds": integer(
    60,
    [0, 86_400],
    "A recognition whose first words would have to wait longer is refused, with the time to come again. 0: it waits.",
    "若识别开始前需等待超过该秒数，则拒绝请求并告知重试时间。0：一直等待。",
  ),
  "limits.connections": integer(
    4096,
    [1, 1_000_000],
    "HTTP connections that are open at once.",
    "同时打开的 HTTP 连接数。",
  ),
  "limits.connections_per_address": integer(
    0,
    [0, 1_000_000],
    "Connections from one address that are open at once, on all ports together. 0: three quarters of limits.connections.",
    "单个地址在所有端口上同时打开的连接数。0：limits.connections 的四分之三。",
  ),
  "limits.head_bytes": integer(
    16_384,
    [1024, 1_048_576],
    "Largest head of a request: its first line and all its headers.",
    "请求头部（首行与所有标头）的最大字节数。",
  ),
  "limits.url_bytes": integer(
    16_384,
    [256, 1_048_576],
    "Longest URL of a request; limits.head_bytes counts, too.",
    "请求 URL 的最大字节数；同时受 limits.head_bytes 限制。",
  ),
  "limits.message_bytes": integer(
    1_048_576,
    [65_536, 268_435_456],
    "Largest message on the WebSockets of /api/stream and of vosk.port.",
    "/api/stream 与 vosk.port 的 WebSocket 消息的最大字节数。",
  ),
  "limits.failed_attempts": integer(
    20,
    [0, 1_000_000],
    "Wrong API keys that one address may send a minute; it waits a second for the answer to each further one. 0: any number.",
    "单个地址每分钟可发送的错误 API 密钥数；超出后每次应答延迟一秒。0：不限。",
  ),
  "limits.event_readers": integer(
    64,
    [1, 100_000],
    "Readers of GET /api/events that are connected at once.",
    "同时连接的 GET /api/events 读取方数量。",
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
  "limits.live_sessions": integer(
    200,
    [1, 100_000],
    "Live sessions that are open at once; of one client as limits.sessions_per_client says, or three quarters.",
    "同时打开的实时会话数；单个客户端按 limits.sessions_per_client，默认四分之三。",
  ),
  "limits.live_buffer_seconds": integer(
    30,
    [1, 3600],
    "Audio of a live session that may wait to be recognised; what comes then is held back.",
    "实时会话中可等待识别的音频秒数；超过后暂停接收。",
  ),
  "limits.live_idle_seconds": integer(
    60,
    [1, 86_400],
    "A live session to which no audio comes for so long is ended.",
    "实时会话在该秒数内没有收到音频即结束。",
  ),
  "limits.live_seconds": integer(14_400, [1, most], "How long a live session may last.", "实时会话的最长秒数。"),
  "limits.spool_bytes": integer(
    8_589_934_592,
    [1_048_576, most],
    "Room on the disk for uploads that are being received, all together.",
    "正在接收的上传在磁盘上合计可占用的字节数。",
  ),
} as const satisfies Record<string, Setting<unknown>>;
