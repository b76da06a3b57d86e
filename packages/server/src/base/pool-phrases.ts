/** The part of the phrase book that is about the pool: loading, room, failover, aliases. */
export const poolPhrases: Readonly<Record<string, string>> = {
  "it loaded, but its warm-up failed: {}": "已加载，但预热失败：{1}",
  "it took {} MB and was ended": "占用 {1} MB，已被结束",
  "it is still being loaded": "仍在加载",
  "it needs about {} of {}, and these stay: {}": "约需 {1}（上限 {2}），而以下模型不能让出：{3}",
  "{} models may be loaded at once, and these stay: {}": "最多同时加载 {1} 个模型，而以下模型不能让出：{2}",
  "No fresh process could take over": "没有新进程可以接替",
  "The lifetime counters could not be read; counting begins anew": "无法读取累计计数；重新开始计数",
  "A change could not be kept and will be gone after a restart": "有一项更改无法保存，重启后将丢失",
  "write bytes, or text like 8GB, 512MiB or 80%": "请写字节数，或如 8GB、512MiB、80% 的文字",
  "send seconds, or text like 10m or 1h30m; -1 is for ever": "请写秒数，或如 10m、1h30m 的文字；-1 表示一直保持",
  "write letters, digits, dots, dashes and underscores, at most 100": "只可用字母、数字、点、横线和下划线，最多 100 个",
  "there is a model {}": "已有模型 {1}",
  "{}: write model/a > model/b": "{1}：请写成 model/a > model/b",
  "{} begins two chains; write one": "{1} 是两条链的开头；请只写一条",
  "those who load it": "正在加载它的调用方",
};
