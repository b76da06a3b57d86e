/** The part of the phrase book about keys and who may come in. */
export const accessPhrases: Readonly<Record<string, string>> = {
  "A caller was refused": "已拒绝一个调用方",
  "When API keys were used last could not be written": "无法写入 API 密钥的最近使用时间",
  "a key with admin sees all models": "具有 admin 的密钥可见所有模型",
  "write letters, digits, dots, dashes and underscores, at most 64": "请使用字母、数字、点、连字符和下划线，最多 64 个",
  "{} is no address and no network; write 192.168.1.10 or 192.168.1.0/24":
    "{1} 不是地址或网段；请写 192.168.1.10 或 192.168.1.0/24",
  "No key is asked of anybody on the network; auth.required asks for one, host 127.0.0.1 keeps it to this machine":
    "网络中的任何人无需密钥即可使用；auth.required 可要求密钥，host 设为 127.0.0.1 则仅限本机",
  "There is no socket for the owner of the state directory; commands on this machine need a URL and a key":
    "未能为状态目录的所有者打开套接字；本机命令需要 URL 和密钥",
  "Nobody can use Wyoming: with auth.required it serves the addresses in auth.keyless alone, and there are none":
    "Wyoming 无人可用：开启 auth.required 后只为 auth.keyless 中的地址服务，而该设置为空",
};
