import { entry } from "./catalogue-entry.ts";

/** What goes wrong with keys and with what they allow, and with the trust of a client in a server. */
export const accessErrors = {
  https_required: entry(
    400,
    false,
    "This port speaks HTTPS: write https:// (for live sessions wss://) in place of http://.",
    "此端口使用 HTTPS：请把 http:// 改为 https://（实时会话用 wss://）。",
  ),
  certificate_untrusted: entry(
    502,
    false,
    "{url} cannot be trusted: {detail}. Nothing was sent.",
    "无法信任 {url}：{detail}。未发送任何内容。",
  ),
  key_missing: entry(
    401,
    false,
    "An API key is needed here: send Authorization: Bearer KEY. On the server, voxpool keys create NAME makes one.",
    "此处需要 API 密钥：请发送 Authorization: Bearer KEY。在服务器上用 voxpool keys create NAME 创建密钥。",
  ),
  key_invalid: entry(
    401,
    false,
    "The API key is none of this server's: it is misspelt, or was revoked.",
    "该 API 密钥不属于此服务器：可能有误，或已被吊销。",
  ),
  key_expired: entry(
    401,
    false,
    "The API key {name} has expired. On the server, voxpool keys create NAME makes another one.",
    "API 密钥 {name} 已过期。在服务器上用 voxpool keys create NAME 创建新密钥。",
  ),
  ticket_invalid: entry(
    401,
    false,
    "The ticket was used before, or is too old: ask for another one (POST /api/tickets).",
    "该票据已被使用或已过期：请重新申请（POST /api/tickets）。",
  ),
  scope_missing: entry(
    403,
    false,
    "The API key {name} may not do this: it lacks the scope {scope}. Use another key, or make one with it.",
    "API 密钥 {name} 无权执行此操作：缺少权限 {scope}。请使用或创建具有该权限的密钥。",
  ),
  too_many_failed_attempts: entry(
    429,
    true,
    "Too many wrong API keys came from this address ({setting}); wait {retry_after_seconds} s. Right ones are taken meanwhile.",
    "该地址发送的错误 API 密钥过多（{setting}）；请等待 {retry_after_seconds} 秒。正确的密钥不受影响。",
  ),
  address_not_allowed: entry(
    403,
    false,
    "This port takes no connections from your address ({setting}).",
    "此端口不接受来自您地址的连接（{setting}）。",
  ),
  origin_not_allowed: entry(
    403,
    false,
    "Pages of another origin ({origin}) may not use this server. Its operator can let them in: cors.origins.",
    "其他来源（{origin}）的网页不得使用此服务器。管理员可通过 cors.origins 允许。",
  ),
  host_not_allowed: entry(
    403,
    false,
    "This server is not known as {host}, so pages under that name may be anybody's. Its operator can name it: http.hosts.",
    "此服务器不以 {host} 为名，该名称下的网页可能来自任何人。管理员可在 http.hosts 中列出该名称。",
  ),
  key_not_found: entry(404, false, "There is no API key {key}.", "没有 API 密钥 {key}。"),
  key_name_taken: entry(
    409,
    false,
    "There is an API key {name} already: choose another name, rotate it, or revoke it first.",
    "API 密钥 {name} 已存在：请换一个名称，或先轮换或吊销它。",
  ),
  keys_full: entry(
    409,
    false,
    "There are {limit} API keys already; revoke some first.",
    "API 密钥已达 {limit} 个；请先吊销一些。",
  ),
};
