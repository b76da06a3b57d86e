/** Uses a server for a long time, in every way at once, while its processes are killed; see README.md. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { resultNames } from "./cases.ts";
import { soak } from "./soak/run.ts";
import { isMet, type Measurement, Unavailable } from "./support/case.ts";
import { loadAverage } from "./support/machine.ts";
import { type BenchModel, defaultModel } from "./support/model.ts";
import { record } from "./support/record.ts";
import { speechRecordings } from "./support/recordings.ts";
import { line } from "./support/report.ts";

const usage = `usage: npm run soak -- [--minutes N] [--seed S]
  --minutes N   how long the traffic lasts, 10 if left out; below 1 only the tone model, and nothing is fetched or written
  --seed S      a whole number: the same decisions in the same order, 1 if left out`;

process.setMaxListeners(100); // one for each process that is to end with this one
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
await main();

async function main(): Promise<void> {
  const { minutes, seed } = readArguments();
  const isRecorded = minutes >= 1;
  const cacheDirectory = join(import.meta.dirname, ".cache");
  const temporaryDirectory = mkdtempSync(join(tmpdir(), "voxpool-soak-"));
  mkdirSync(cacheDirectory, { recursive: true });
  const circumstances = {
    name: "soak",
    measuredAt: new Date().toISOString().slice(0, 16),
    command: ["npm run soak --", ...process.argv.slice(2)].join(" "),
    loadBefore: loadAverage(),
    runs: 1,
  };
  try {
    const real = isRecorded ? await realModel(cacheDirectory) : undefined;
    const speech = real === undefined ? [] : speechRecordings(join(temporaryDirectory, "recordings"));
    const logFile = join(cacheDirectory, "soak-server.log");
    const journalFile = join(cacheDirectory, "soak-events.jsonl");
    const rows = await soak({ minutes, seed, real, speech, temporaryDirectory, logFile, journalFile, say });
    for (const row of rows) say(`${line(row)}${row.note === "" ? "" : `\n  ${row.note}`}`);
    const model = ["the tone model", "fake models", ...(real === undefined ? [] : [real.title])].join(", ");
    const result = { ...circumstances, model, rows, loadAfter: loadAverage() };
    if (isRecorded) record(cacheDirectory, result, resultNames);
    if (rows.some(isMissed)) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    say(`not measured: ${error.message}`);
  } finally {
    rmSync(temporaryDirectory, { recursive: true, force: true });
  }
}

/** The soak goes on without it: what it is about does not hang on one model. */
async function realModel(cacheDirectory: string): Promise<BenchModel | undefined> {
  try {
    return await defaultModel(cacheDirectory, say);
  } catch (error) {
    say(`without a real model: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function isMissed({ value, goal }: Measurement): boolean {
  return goal !== undefined && value !== undefined && !isMet(value, goal);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readArguments(): { minutes: number; seed: number } {
  try {
    const { values } = parseArgs({
      options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: "1" } },
    });
    const minutes = Number(values.minutes);
    const seed = Number(values.seed);
    if (!(minutes > 0 && minutes <= 10_000)) throw new Error("--minutes takes a number above 0");
    if (!Number.isInteger(seed)) throw new Error("--seed takes a whole number");
    return { minutes, seed };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}
