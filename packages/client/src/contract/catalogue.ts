import { accessErrors } from "./catalogue-access.ts";
import { type CatalogueEntry, entry } from "./catalogue-entry.ts";
import { limitErrors } from "./catalogue-limits.ts";
import { modelErrors } from "./catalogue-models.ts";

export type { CatalogueEntry };

/**
 * The error catalogue: every `reason` that voxpool puts on the wire, once.
 *
 * `status` is the HTTP status, `retryable` says whether the same request can succeed later without
 * a change, `en` and `zh` are the messages for people. `{name}` is filled in from the error's details.
 * Nothing but its own parts is imported here, so that the SDK can use the names without a schema library.
 */
export const catalogue = {
  // The request itself
  request_invalid: entry(400, false, "The request is not valid: {detail}.", "请求无效：{detail}。"),
  json_invalid: entry(400, false, "The body is not a JSON object: {detail}.", "请求体不是 JSON 对象：{detail}。"),
  option_invalid: entry(400, false, "{option}: {detail}.", "{option}：{detail}。"),
  option_unknown: entry(
    400,
    false,
    "There is no option {option} here: {detail}.{hint}",
    "此处没有选项 {option}：{detail}。{hint}",
  ),
  content_type_unsupported: entry(
    415,
    false,
    "Content type {content_type} is not supported here; send {expected}.",
    "此处不支持内容类型 {content_type}；请发送 {expected}。",
  ),
  multipart_invalid: entry(
    400,
    false,
    "The multipart body is not valid: {detail}.",
    "multipart 请求体无效：{detail}。",
  ),
  body_too_large: entry(
    413,
    false,
    "The body is larger than {limit_bytes} bytes ({setting}).",
    "请求体超过 {limit_bytes} 字节（{setting}）。",
  ),
  upload_stalled: entry(
    408,
    true,
    "Too little data arrived in {idle_seconds} seconds ({setting}); send the request again.",
    "{idle_seconds} 秒内收到的数据过少（{setting}）；请重新发送请求。",
  ),
  route_not_found: entry(404, false, "There is no {method} {path}; see /docs.", "没有 {method} {path}；请见 /docs。"),
  method_not_allowed: entry(
    405,
    false,
    "{method} is not allowed on {path}; use {allowed}.",
    "{path} 不允许 {method}；请使用 {allowed}。",
  ),
  upgrade_required: entry(
    426,
    false,
    "{path} is a WebSocket: connect to it with ws:// or wss://.",
    "{path} 是 WebSocket：请用 ws:// 或 wss:// 连接。",
  ),
  request_cancelled: entry(499, false, "The request was cancelled.", "请求已取消。"),

  ...accessErrors,

  ...limitErrors,

  ...modelErrors,

  // Recognition
  audio_missing: entry(
    400,
    false,
    "The request has no audio: {detail}. Send the bytes of the recording as the multipart field file, or as the body.",
    "请求中没有音频：{detail}。请用 multipart 字段 file 或请求体发送录音的内容。",
  ),
  audio_unsupported: entry(
    415,
    false,
    "The audio is in no format voxpool reads: {detail}.",
    "无法读取该音频格式：{detail}。",
  ),
  audio_decoder_missing: entry(
    415,
    false,
    "The audio is {codec}, which needs ffmpeg on the server's PATH, or npm install @audio/decode-aac beside voxpool.",
    "音频编码为 {codec}：请在服务器上安装 ffmpeg 并加入 PATH，或在 voxpool 旁运行 npm install @audio/decode-aac。",
  ),
  audio_invalid: entry(400, false, "The audio is damaged: {detail}.", "音频已损坏：{detail}。"),
  audio_too_long: entry(
    413,
    false,
    "The audio is longer than {limit_seconds} seconds ({setting}).",
    "音频超过 {limit_seconds} 秒（{setting}）。",
  ),
  channels_too_many: entry(
    400,
    false,
    "The recording has {channels} channels; channels=split recognises at most {limit}. Send channels=mix or first.",
    "录音有 {channels} 个声道；channels=split 最多识别 {limit} 个。请改用 channels=mix 或 first。",
  ),
  language_unsupported: entry(
    400,
    false,
    "Model {model_path} cannot recognise {language}; it knows {languages}.",
    "模型 {model_path} 不能识别 {language}；它支持 {languages}。",
  ),
  capability_missing: entry(
    400,
    false,
    "Model {model_path} cannot give {capability}.",
    "模型 {model_path} 不支持 {capability}。",
  ),
  live_commit_empty: entry(
    400,
    false,
    "There is no audio to commit: send some with input_audio_buffer.append first.",
    "没有可提交的音频：请先用 input_audio_buffer.append 发送音频。",
  ),
  translation_missing: entry(
    400,
    false,
    "No model here translates. Send the recording to /v1/audio/transcriptions, and translate its text.",
    "此处没有能翻译的模型。请将录音发送到 /v1/audio/transcriptions，再翻译其文字。",
  ),
  punctuation_missing: entry(
    400,
    false,
    "The text of {model_path} cannot be punctuated: {detail}. Run: voxpool pull punct/zh-en, or put another CT-Transformer model into a model directory.",
    "无法为 {model_path} 的文字添加标点：{detail}。请运行：voxpool pull punct/zh-en，或将其他 CT-Transformer 标点模型放入模型目录。",
  ),
  host_crashed: entry(
    503,
    true,
    "The process of model {model_path} ended: {detail}. Send the request again.",
    "模型 {model_path} 的进程已退出：{detail}。请重新发送请求。",
  ),
  host_hung: entry(
    503,
    true,
    "The process of model {model_path} did not answer for {idle_seconds} seconds and was ended. Send the request again.",
    "模型 {model_path} 的进程 {idle_seconds} 秒没有响应，已被结束。请重新发送请求。",
  ),
  decode_failed: entry(
    500,
    false,
    "Model {model_path} could not decode this audio: {detail}.",
    "模型 {model_path} 无法解码该音频：{detail}。",
  ),

  // Live sessions
  message_invalid: entry(400, false, "A message is not valid: {detail}.", "消息无效：{detail}。"),
  session_unknown: entry(
    404,
    false,
    "There is no session of this id to resume: it is over, or nobody came back to it in time ({setting}). Begin a new one.",
    "没有可恢复的该会话：它已结束，或未及时恢复（{setting}）。请开始新的会话。",
  ),
  resume_gap: entry(
    410,
    false,
    "The session cannot be resumed behind event {after}: those up to {dropped} are no longer kept. Begin a new one.",
    "无法从第 {after} 号事件之后恢复会话：第 {dropped} 号及之前的事件已不再保留。请开始新的会话。",
  ),
  session_taken_over: entry(409, false, "Another connection has resumed this session.", "另一个连接已恢复该会话。"),
  client_too_slow: entry(
    408,
    true,
    "Events were not read for {idle_seconds} seconds ({setting}); read them while audio is sent.",
    "{idle_seconds} 秒内未读取事件（{setting}）；请在发送音频的同时读取事件。",
  ),

  // The server
  too_many_sessions: entry(
    429,
    true,
    "{limit} recognitions are running already ({setting}); try again later.",
    "已有 {limit} 个识别任务在运行（{setting}）；请稍后重试。",
  ),
  over_capacity: entry(
    429,
    true,
    "The work in front of this request takes about {wait_seconds} seconds, more than the {limit_seconds} allowed ({setting}). Try again in {retry_after_seconds} seconds.",
    "排在该请求之前的工作约需 {wait_seconds} 秒，超过允许的 {limit_seconds} 秒（{setting}）。请在 {retry_after_seconds} 秒后重试。",
  ),
  client_sessions_full: entry(
    429,
    true,
    "Client {client} has {limit} recognitions running already ({setting}); try again in {retry_after_seconds} seconds.",
    "客户端 {client} 已有 {limit} 个识别任务在运行（{setting}）；请在 {retry_after_seconds} 秒后重试。",
  ),
  holds_full: entry(
    429,
    true,
    "Model {model_path} is held {limit} times already ({setting}). It is loaded and can be used without a hold; or give back a hold that is no longer needed.",
    "模型 {model_path} 已有 {limit} 个持有（{setting}）。模型已加载，不持有也可使用；也可归还不再需要的持有。",
  ),
  live_idle: entry(
    408,
    true,
    "No audio came for {idle_seconds} seconds ({setting}); what was said before is complete. Begin another session.",
    "{idle_seconds} 秒内没有收到音频（{setting}）；此前的内容已完整识别。请重新开始会话。",
  ),
  model_forced_away: entry(
    503,
    true,
    "Model {model_path} was unloaded by force; what was said before is complete. Begin another session.",
    "模型 {model_path} 被强制卸载；此前的内容已完整识别。请重新开始会话。",
  ),
  live_too_long: entry(
    413,
    true,
    "A live session may last {limit_seconds} seconds ({setting}); what was said is complete. Begin another session.",
    "实时会话最长 {limit_seconds} 秒（{setting}）；已说的内容已完整识别。请重新开始会话。",
  ),
  too_many_event_readers: entry(
    429,
    true,
    "{limit} readers of events are connected already ({setting}); try again in {retry_after_seconds} seconds.",
    "已有 {limit} 个事件读取方连接（{setting}）；请在 {retry_after_seconds} 秒后重试。",
  ),
  too_many_connections: entry(
    429,
    true,
    "{limit} connections are open already ({setting}); try again later.",
    "已有 {limit} 个连接打开（{setting}）；请稍后重试。",
  ),
  not_ready: entry(503, true, "The server is not ready yet; try again.", "服务器尚未就绪；请重试。"),
  server_stopping: entry(503, true, "The server is stopping.", "服务器正在停止。"),
  disk_full: entry(507, true, "No room on the disk for {what}.", "磁盘空间不足，无法保存{what}。"),
  spool_full: entry(
    507,
    true,
    "Uploads that are being received may take {limit_bytes} bytes of the disk together, and this one finds no room ({setting}). Try again later, or raise the setting.",
    "正在接收的上传合计最多占用磁盘 {limit_bytes} 字节，已无空间接收此上传（{setting}）。请稍后重试，或调高该设置。",
  ),
  internal: entry(
    500,
    true,
    "Something went wrong inside the server; its log says more.",
    "服务器内部出错；详情见日志。",
  ),

  too_many_backups: entry(
    429,
    true,
    "{limit} backups are being sent already; try again in {retry_after_seconds} seconds.",
    "已有 {limit} 个备份正在发送；请在 {retry_after_seconds} 秒后重试。",
  ),

  // The command line and set-up
  backup_invalid: entry(
    400,
    false,
    "{file} is no backup of voxpool: {detail}. Nothing was changed.",
    "{file} 不是 voxpool 的备份：{detail}。未作任何改动。",
  ),
  config_invalid: entry(400, false, "{source}: {detail}", "{source}：{detail}"),
  port_taken: entry(
    500,
    false,
    "Port {port} on {host} is taken by {what}. Choose another one: {flag} {suggestion}.",
    "{host} 的端口 {port} 已被{what}占用。请换一个：{flag} {suggestion}。",
  ),
  state_locked: entry(
    500,
    false,
    "The state directory {state_dir} is in use by voxpool process {pid}{url}. Stop that one, or choose another directory: --state-dir DIR.",
    "状态目录 {state_dir} 正被 voxpool 进程 {pid}{url} 使用。请先停止它，或另选目录：--state-dir DIR。",
  ),
  state_newer: entry(
    500,
    false,
    "A newer voxpool wrote {file} (format {version}; this one knows up to {known}). Start that version, or choose another directory: --state-dir DIR.",
    "{file} 由更新版本的 voxpool 写入（格式 {version}；本版本最高支持 {known}）。请启动该版本，或另选目录：--state-dir DIR。",
  ),
  state_unwritable: entry(
    507,
    true,
    "What was decided holds now but does not outlive a restart, since {file} cannot be written: {detail}. Make room, or see to the permissions of its directory; it is kept by itself as soon as that is possible.",
    "该设置现已生效，但重启后会丢失，因为无法写入 {file}：{detail}。请腾出磁盘空间，或检查其所在目录的权限；一旦可以写入，便会自动保存。",
  ),
  output_unwritable: entry(500, false, "{path} could not be written: {detail}.", "无法写入 {path}：{detail}。"),
  server_unreachable: entry(
    503,
    true,
    "No voxpool server answers at {url}: {detail}. Start one with: voxpool serve.",
    "{url} 没有 voxpool 服务器响应：{detail}。启动命令：voxpool serve。",
  ),
  download_failed: entry(
    502,
    true,
    "{name} could not be fetched from {url}: {detail}.",
    "无法从 {url} 下载 {name}：{detail}。",
  ),
  download_sources_failed: entry(
    502,
    true,
    "{name} could not be fetched from any of its sources:\n{tried}",
    "所有来源都无法下载 {name}：\n{tried}",
  ),
  download_by_hand: entry(
    502,
    true,
    "{name} could not be fetched:\n{tried}\nBy hand: fetch this where there is a way, and bring it here:\n{files}\nThen run:\n  {command}",
    "无法下载 {name}：\n{tried}\n手动方式：在能访问的机器上下载以下文件，并拷贝到本机：\n{files}\n然后运行：\n  {command}",
  ),
  download_page_by_hand: entry(
    502,
    true,
    "{name} could not be fetched:\n{tried}\nBy hand: fetch the files of {page} where there is a way, and put them, in the same folders, into:\n  {directory}",
    "无法下载 {name}：\n{tried}\n手动方式：在能访问的机器上下载 {page} 的文件，并按同样的文件夹结构放入：\n  {directory}",
  ),
  download_changed: entry(
    502,
    false,
    "What came from {url} for {name} is not what came the first time: its sha256 is {actual}, then it was {expected}. Nothing was kept. If its makers published a new file and you want it, remove {path} and pull again.",
    "从 {url} 得到的 {name} 与首次下载的不同：其 sha256 为 {actual}，首次为 {expected}。未保留任何文件。如果发布者确实更新了文件且您需要它，请删除 {path} 后重新下载。",
  ),
  disk_space_short: entry(
    507,
    true,
    "{name} needs {needed_mb} MB on the disk of {directory}, where {free_mb} MB are free: {missing_mb} MB are missing.",
    "{name} 在 {directory} 所在磁盘上需要 {needed_mb} MB，可用 {free_mb} MB，还差 {missing_mb} MB。",
  ),
  pull_target_invalid: entry(400, false, "{what} cannot be pulled: {detail}.", "无法下载 {what}：{detail}。"),
  download_corrupt: entry(
    502,
    false,
    "What came from {url} is not {name}: its {algorithm} is {actual}, not {expected}. Nothing was kept.",
    "从 {url} 得到的不是 {name}：其 {algorithm} 为 {actual}，应为 {expected}。未保留任何文件。",
  ),
  download_unknown: entry(
    404,
    false,
    "{name} is not in the catalogue.{hint} It has {names}.",
    "目录中没有 {name}。{hint}现有 {names}。",
  ),
  platform_unsupported: entry(
    500,
    false,
    "{what} is not published for {platform}: {detail}.",
    "{what} 没有发布 {platform} 版本：{detail}。",
  ),
  // What a client finds out by itself (with server_unreachable and request_cancelled)
  request_timeout: entry(504, true, "No answer within {timeout_ms} ms.", "{timeout_ms} 毫秒内没有响应。"),
  connection_lost: entry(
    502,
    true,
    "The connection to {url} was lost before the answer was complete: {detail}.",
    "与 {url} 的连接在响应完成前中断：{detail}。",
  ),
  answer_invalid: entry(
    502,
    false,
    "{url} gave an answer that is not voxpool's: {detail}.",
    "{url} 的响应不是 voxpool 的响应：{detail}。",
  ),
  audio_unreadable: entry(400, false, "The audio could not be read: {detail}.", "无法读取音频：{detail}。"),
} as const satisfies Record<string, CatalogueEntry>;

/** A name of the error catalogue. Clients treat names that they do not know as `internal`. */
export type Reason = keyof typeof catalogue;

export { type WarningReason, warningCatalogue } from "./catalogue-warnings.ts";
