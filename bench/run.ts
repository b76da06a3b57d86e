/** Measures voxpool against its goals; see README.md. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cases, resultNames } from "./cases.ts";
import { type Bench, type BenchCase, Unavailable } from "./support/case.ts";
import { loadAverage } from "./support/machine.ts";
import { defaultModel, toneModel } from "./support/model.ts";
import { record } from "./support/record.ts";
import { speechRecordings, toneRecordings } from "./support/recordings.ts";
import { line } from "./support/report.ts";
import type { CaseResult } from "./support/results.ts";

const names = cases.map(({ name }) => name);
const usage = `usage: npm run bench -- [--smoke] [--runs N] [--only NAME]…
  --smoke       each case once with tiny numbers and the tone model; fetches and writes nothing
  --runs N      rounds that are interleaved, 5 if left out
  --only NAME   ${names.join(", ")}`;

process.setMaxListeners(100); // one for each process that is to end with this one
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
await main();

async function main(): Promise<void> {
  const { smoke, runs, only } = readArguments();
  const cacheDirectory = join(import.meta.dirname, ".cache");
  const temporaryDirectory = mkdtempSync(join(tmpdir(), "voxpool-bench-"));
  mkdirSync(cacheDirectory, { recursive: true });
  try {
    const model = smoke ? await toneModel(temporaryDirectory) : await defaultModel(cacheDirectory, say);
    const recordings = smoke
      ? toneRecordings(temporaryDirectory)
      : speechRecordings(join(temporaryDirectory, "recordings"));
    const bench: Bench = { smoke, runs, model, recordings, cacheDirectory, temporaryDirectory, say };
    await measure(bench, only);
  } finally {
    rmSync(temporaryDirectory, { recursive: true, force: true });
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function measure(bench: Bench, only: readonly string[]): Promise<void> {
  for (const one of cases.filter(({ name }) => only.length === 0 || only.includes(name))) {
    bench.say(`== ${one.name}`);
    const result = await resultOf(one, bench);
    for (const row of result.rows) bench.say(line(row));
    if (result.unavailable !== undefined) bench.say(`not measured: ${result.unavailable}`);
    // After each case, so that one that fails loses nothing of those before it.
    if (!bench.smoke) record(bench.cacheDirectory, result, resultNames);
  }
}

async function resultOf(one: BenchCase, bench: Bench): Promise<CaseResult> {
  const circumstances = {
    name: one.name,
    measuredAt: new Date().toISOString().slice(0, 16),
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    loadBefore: loadAverage(),
    runs: bench.runs,
    model: bench.model.title,
  };
  try {
    const rows = await one.run(bench);
    return { ...circumstances, rows, loadAfter: loadAverage() };
  } catch (error) {
    if (error instanceof Unavailable)
      return { ...circumstances, rows: [], loadAfter: loadAverage(), unavailable: error.message };
    throw error;
  }
}

function readArguments(): { smoke: boolean; runs: number; only: readonly string[] } {
  try {
    const { values } = parseArgs({
      options: {
        smoke: { type: "boolean", default: false },
        runs: { type: "string" },
        only: { type: "string", multiple: true, default: [] },
      },
    });
    const runs = Number(values.runs ?? (values.smoke ? 1 : 5));
    const unknown = values.only.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`there is no case ${unknown}`);
    if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs takes a whole number above 0");
    return { smoke: values.smoke, runs, only: values.only };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}
