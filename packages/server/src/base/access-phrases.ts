/** The part of the phrase book about keys and who may come in. */
export const accessPhrases: Readonly<Record<string, string>> = {
  "A caller was refused": "已拒绝一个调用方",
  "When API keys were used last could not be written": "无法写入 API 密钥的最近使用时间",
  "a key with admin sees all models": "具有 admin 的密钥可见所有模型",
  "write letters, digits, dots, dashes and underscores, at most 64": "请使用字母、数字、点、连字符和下划线，最多 64 个",
  "{} is no address and no network; write 192.168.1.10 or 192.168.1.0/24":
    "{1} 不是地址或网段；请写 192.168.1.10 或 192.168.1.0/24",
  "{} is no origin; write https://app.example:8443, without a path, or *":
    "{1} 不是网页来源；请写 https://app.example:8443（不含路径），或 *",
  "{} is no host name; write asr.example.com, without scheme and port":
    "{1} 不是主机名；请写 asr.example.com（不含协议和端口）",
  "No key is asked of anybody on the network; auth.required asks for one, host 127.0.0.1 keeps it to this machine":
    "网络中的任何人无需密钥即可使用；auth.required 可要求密钥，host 设为 127.0.0.1 则仅限本机",
  "There is no socket for the owner of the state directory; commands on this machine need a URL and a key":
    "未能为状态目录的所有者打开套接字；本机命令需要 URL 和密钥",
  "Nobody can use Wyoming: with auth.required it serves the addresses in auth.keyless alone, and there are none":
    "Wyoming 无人可用：开启 auth.required 后只为 auth.keyless 中的地址服务，而该设置为空",
  "Keys can be read by whoever listens in on the network; tls.cert and tls.key give HTTPS, proxy.trusted names a proxy that has it":
    "网络中的窃听者可以看到密钥；设置 tls.cert 和 tls.key 可启用 HTTPS，或用 proxy.trusted 指明带 HTTPS 的代理",
  "it is no certificate in PEM": "不是 PEM 格式的证书",
  "it is no key in PEM without a passphrase that belongs to tls.cert": "不是与 tls.cert 配套、无密码的 PEM 私钥",
  "it holds no certificate in PEM": "其中没有 PEM 格式的证书",
  "it is larger than 1 MB": "超过 1 MB",
  "it is no file": "不是文件",
  "it is needed beside {}": "需与 {1} 一同设置",
  "it is there already; --force replaces it": "已存在；--force 可替换",
  "{} is no path; write it like /speech": "{1} 不是路径；请写成 /speech 这样",
  "paths of the server itself begin with /{}; choose another one, like /speech":
    "服务器自身的路径以 /{1} 开头；请另选一个，如 /speech",
  "nobody known vouches for its certificate; if it is the right one, name its file: --cacert of voxpool, NODE_EXTRA_CA_CERTS of Node ({})":
    "其证书没有受信任的机构担保；若确认无误，请指定证书文件：voxpool 用 --cacert，Node 用 NODE_EXTRA_CA_CERTS（{1}）",
  "its certificate is not valid yet; is the clock right? ({})": "其证书尚未生效；时钟是否正确？（{1}）",
  "what listens there does not speak HTTPS; write http:// ({})": "该端口不使用 HTTPS；请改写为 http://（{1}）",
  "the certificate was read again": "已重新读取证书",
  "the new certificate is not taken up; the old one stays": "新证书未启用；继续使用旧证书",
  "the certificate has expired: clients refuse it": "证书已过期：客户端会拒绝",
  "the certificate expires soon": "证书即将过期",
};
