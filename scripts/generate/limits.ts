import type { Setting } from "../../packages/server/dist/base/setting-kinds.js";
import { settings } from "../../packages/server/dist/base/settings.js";
import { limitTable, places } from "../../packages/server/test/limits/table.ts";
import type { Block } from "./blocks.ts";
import { markdownTable } from "./markdown.ts";

/** What `packages/server/test/limits/limits.test.ts` goes through. */
export const limitsBlock: Block = (language) => {
  const zh = language === "zh";
  const titles = zh ? ["设置", "默认值", "超出时", "适用于"] : ["setting", "default", "beyond it", "where"];
  const rows = limitTable.map(({ setting, reasons, instead, where }) => {
    const { default: value }: Setting<unknown> = settings[setting];
    const refusals = reasons.map((reason) => `\`${reason}\``).join(zh ? "、" : ", ");
    const names = where.map((place) => places[place][language]).join(zh ? "、" : ", ");
    return [`\`${setting}\``, `\`${String(value)}\``, instead?.[language] ?? refusals, names];
  });
  return markdownTable(titles, rows);
};
