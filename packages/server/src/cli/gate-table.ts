import type { GateResult } from "@voxpool/client";
import type { MessageLanguage } from "../base/errors.ts";
import { renderFields, renderTable } from "./table.ts";

const titles = {
  en: ["RECORDING", "GATE", "WORD ERRORS", "ALLOWED", "TIME FACTOR", "ALLOWED"],
  zh: ["录音", "检验", "错词率", "上限", "实时率", "上限"],
} as const;

/** How a new version did on the golden recordings; of those that it did not pass also what it heard. */
export function gateTable(results: readonly GateResult[], language: MessageLanguage): string {
  const zh = language === "zh";
  const table = renderTable(
    titles[language].map((title, index) => ({ title, isNumber: index >= 2 })),
    results.map((one) => [
      one.recording,
      one.passed ? (zh ? "通过" : "passed") : zh ? "未通过" : "FAILED",
      percent(one.word_error_rate),
      percent(one.limit_word_error_rate),
      one.real_time_factor.toFixed(3),
      one.limit_real_time_factor?.toFixed(3) ?? "",
    ]),
  );
  const failed = results.filter(
    ({ passed, word_error_rate: rate, limit_word_error_rate: limit }) => !passed && rate > limit,
  );
  const [recording, expected, heard] = zh ? ["录音", "应为", "听到"] : ["recording", "expected", "heard"];
  const fields = failed.map((one) =>
    renderFields([
      [recording, one.recording],
      [expected, one.expected],
      [heard, one.heard],
    ]),
  );
  return [table, ...fields].join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
