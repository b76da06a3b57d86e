import { entry } from "./catalogue-entry.ts";

/** What goes beyond the limits of requests and connections. */
export const limitErrors = {
  rate_limited: entry(
    429,
    true,
    "More than {limit} requests a minute came from {who} ({setting}); try again in {retry_after_seconds} seconds.",
    "来自 {who} 的请求每分钟超过 {limit} 个（{setting}）；请在 {retry_after_seconds} 秒后重试。",
  ),
  too_many_requests: entry(
    429,
    true,
    "{limit} requests of {who} are under way already ({setting}); try again in {retry_after_seconds} seconds.",
    "{who} 已有 {limit} 个请求正在进行（{setting}）；请在 {retry_after_seconds} 秒后重试。",
  ),
  head_too_large: entry(
    431,
    false,
    "The head of the request is larger than {limit_bytes} bytes ({setting}).",
    "请求头部超过 {limit_bytes} 字节（{setting}）。",
  ),
  url_too_long: entry(
    414,
    false,
    "The URL of the request is longer than {limit_bytes} bytes ({setting}).",
    "请求的 URL 超过 {limit_bytes} 字节（{setting}）。",
  ),
};
