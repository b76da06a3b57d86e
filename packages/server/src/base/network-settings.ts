import { flag, list, text } from "./setting-kinds.ts";

/** The part of the settings about how clients reach the server. */
export const networkSettings = {
  "tls.cert": text(
    "",
    "Certificate (PEM, with those between it and its authority): the port speaks HTTPS then. A changed file is taken up. Empty: HTTP.",
    "证书（PEM，含中间证书）；设置后端口使用 HTTPS。文件更改后自动生效。留空：HTTP。",
  ),
  "tls.key": text("", "Private key of tls.cert (PEM, without a passphrase).", "tls.cert 的私钥（PEM，无密码）。"),
  "vosk.tls": flag(
    "With tls.cert: whether vosk.port speaks wss too; off for clients that can only speak ws.",
    "设置了 tls.cert 时 vosk.port 是否也使用 wss；客户端只支持 ws 时请关闭。",
    true,
  ),
  "proxy.trusted": list(
    [],
    "Addresses and networks of reverse proxies, whose X-Forwarded-For, -Proto and -Host count. Empty: nobody's.",
    "反向代理的地址和网段；只采信它们的 X-Forwarded-For、-Proto 和 -Host。留空：均不采信。",
  ),
  "http.base_path": text(
    "",
    "Path below which a proxy shows the server, such as /speech, whether or not the proxy takes it off. Empty: none.",
    "代理对外提供服务的路径前缀，如 /speech；代理转发时是否去掉前缀均可。留空：无。",
  ),
  "cors.origins": list(
    [],
    "Origins whose pages may use the server from a browser, such as https://app.example; * lets all pages in. Empty: its own alone.",
    "可从浏览器使用服务器的网页来源，如 https://app.example；* 允许所有网页。留空：仅限服务器自身的网页。",
  ),
  "http.hosts": list(
    [],
    "Public names by which browsers reach the server without HTTPS, such as asr.example.com. Addresses, localhost and names of local networks need no entry.",
    "浏览器不经 HTTPS 访问服务器所用的公网名称，如 asr.example.com。IP 地址、localhost 和局域网名称无需列出。",
  ),
} as const;
