import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "./machine.ts";
import { report } from "./report.ts";
import { type CaseResult, ResultStore } from "./results.ts";

/** Keeps a result and writes RESULTS.md anew, with the last results of all others in the order of their names. */
export function record(cacheDirectory: string, result: CaseResult, names: readonly string[]): void {
  const store = new ResultStore(cacheDirectory);
  store.save(result);
  const known = names.map((one) => store.load(one)).filter((one) => one !== undefined);
  writeFileSync(join(import.meta.dirname, "..", "RESULTS.md"), report(machine(), known));
}
