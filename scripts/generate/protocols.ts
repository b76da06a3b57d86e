import { checks, protocols } from "../../packages/server/test/protocols/table.ts";
import type { Block } from "./blocks.ts";
import { markdownTable } from "./markdown.ts";

/** What `packages/server/test/protocols/conformance.test.ts` proves of each protocol: a cell is a test. */
export const protocolTable: Block = (language) => {
  const zh = language === "zh";
  const titles = [
    zh ? "协议" : "protocol",
    ...Object.values(checks).map((check) => check[language]),
    zh ? "设置" : "setting",
  ];
  const rows = Object.values(protocols).map((protocol) => [
    `[${protocol[language]}](${protocol.page}${zh ? ".zh-CN" : ""}.md)`,
    ...Object.keys(checks).map(() => "✓"),
    protocol.setting === undefined ? "" : `\`${protocol.setting}\``,
  ]);
  return markdownTable(titles, rows);
};
