import type { Reason } from "@voxpool/client/contract";
import type { SettingKey } from "../../dist/base/settings.js";

/** A limit, what becomes of what goes beyond it, and where it counts. */
export interface LimitRow {
  readonly setting: SettingKey;
  /** The reasons of the refusal; none: what else is done is in `instead`. */
  readonly reasons: readonly Reason[];
  readonly instead?: { readonly en: string; readonly zh: string };
  readonly where: readonly Where[];
  /** A test beside that of the table, where it takes time or a crowd. */
  readonly shownBy?: string;
}

/** Where a limit counts. */
export const places = {
  native: { en: "native", zh: "原生" },
  openai: { en: "OpenAI", zh: "OpenAI" },
  oip: { en: "OIP", zh: "OIP" },
  stream: { en: "`/api/stream`", zh: "`/api/stream`" },
  realtime: { en: "`/v1/realtime`", zh: "`/v1/realtime`" },
  vosk: { en: "vosk-server", zh: "vosk-server" },
  wyoming: { en: "Wyoming", zh: "Wyoming" },
} as const;

type Where = keyof typeof places;

const requests = ["native", "openai", "oip"] as const;
const sockets = ["stream", "realtime", "vosk", "wyoming"] as const;
const onHttp = [...requests, "stream", "realtime"] as const;
const everywhere = [...requests, ...sockets] as const;
const tooLarge = { en: "close 1009", zh: "以 1009 关闭" };

/** Every limit. `limits.test.ts` goes through it with a server, and the page about limits is made of it. */
export const limitTable: readonly LimitRow[] = [
  { setting: "limits.requests_per_minute_per_key", reasons: ["rate_limited"], where: [...onHttp, "vosk"] },
  { setting: "limits.requests_per_minute_per_address", reasons: ["rate_limited"], where: everywhere },
  { setting: "limits.concurrent_requests_per_key", reasons: ["too_many_requests"], where: onHttp },
  { setting: "limits.concurrent_requests_per_address", reasons: ["too_many_requests"], where: onHttp },
  { setting: "limits.connections_per_address", reasons: ["too_many_connections"], where: everywhere },
  {
    setting: "limits.connections",
    reasons: [],
    instead: { en: "the connection is cut", zh: "断开连接" },
    where: [...onHttp, "vosk"],
    shownBy: "packages/server/test/limits/http.test.ts",
  },
  { setting: "wyoming.connections", reasons: ["too_many_connections"], where: ["wyoming"] },
  {
    setting: "limits.sessions",
    reasons: ["too_many_sessions"],
    where: requests,
    shownBy: "packages/server/test/server/overload.test.ts",
  },
  { setting: "limits.live_sessions", reasons: ["too_many_sessions"], where: sockets },
  { setting: "limits.sessions_per_client", reasons: ["client_sessions_full"], where: everywhere },
  { setting: "limits.sessions_per_key", reasons: ["client_sessions_full"], where: [...onHttp, "vosk"] },
  {
    setting: "limits.queue_seconds",
    reasons: ["over_capacity"],
    where: requests,
    shownBy: "packages/server/test/server/overload.test.ts",
  },
  { setting: "limits.holds", reasons: ["holds_full"], where: ["native", "oip"] },
  { setting: "limits.event_readers", reasons: ["too_many_event_readers"], where: ["native"] },
  { setting: "limits.failed_attempts", reasons: ["too_many_failed_attempts"], where: [...onHttp, "vosk"] },
  { setting: "limits.head_bytes", reasons: ["head_too_large"], where: onHttp },
  { setting: "limits.url_bytes", reasons: ["url_too_long"], where: onHttp },
  { setting: "limits.json_bytes", reasons: ["body_too_large"], where: ["native", "oip"] },
  { setting: "oip.json_bytes", reasons: ["body_too_large"], where: ["oip"] },
  { setting: "limits.body_bytes", reasons: ["body_too_large"], where: requests },
  { setting: "limits.message_bytes", reasons: [], instead: tooLarge, where: ["stream", "vosk"] },
  { setting: "openai.message_bytes", reasons: [], instead: tooLarge, where: ["realtime"] },
  {
    setting: "limits.spool_bytes",
    reasons: ["spool_full"],
    where: requests,
    shownBy: "packages/server/test/gateway/spool.test.ts",
  },
  {
    setting: "limits.upload_idle_seconds",
    reasons: ["upload_stalled", "client_too_slow"],
    where: onHttp,
    shownBy: "packages/server/test/gateway/hostile.test.ts",
  },
  {
    setting: "limits.upload_bytes_per_second",
    reasons: ["upload_stalled"],
    where: requests,
    shownBy: "packages/server/test/gateway/hostile.test.ts",
  },
  { setting: "limits.audio_seconds", reasons: ["audio_too_long"], where: requests },
  {
    setting: "limits.live_seconds",
    reasons: ["live_too_long"],
    where: sockets,
    shownBy: "packages/server/test/api/live.test.ts",
  },
  {
    setting: "limits.live_idle_seconds",
    reasons: ["live_idle"],
    where: sockets,
    shownBy: "packages/server/test/api/live.test.ts",
  },
  {
    setting: "limits.live_buffer_seconds",
    reasons: [],
    instead: { en: "its sender is held back", zh: "暂停接收" },
    where: sockets,
    shownBy: "packages/server/test/ws/pressure.test.ts",
  },
  { setting: "wyoming.idle_seconds", reasons: ["upload_stalled"], where: ["wyoming"] },
];
