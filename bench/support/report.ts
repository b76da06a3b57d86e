import { type Goal, isMet, type Measurement } from "./case.ts";
import type { CaseResult } from "./results.ts";

/** The whole of RESULTS.md. */
export function report(machine: readonly (readonly [string, string])[], results: readonly CaseResult[]): string {
  return [
    "# Measured",
    "",
    "Written by `npm run bench`; see [README.md](README.md) for what each case does. Sides that are compared run",
    "alternately on the same machine; figures are medians, in brackets the smallest and the largest.",
    "",
    ...machine.map(([name, value]) => `- ${name}: ${value}`),
    `- Model: ${[...new Set(results.map(({ model }) => model))].join("; ")}`,
    "",
    "| what | figures | ratio | goal | met |",
    "|---|---|---|---|---|",
    ...results.flatMap(rowsOf),
    "",
    "## How, and why",
    "",
    ...results.flatMap(notesOf),
    "## When",
    "",
    "Load is the mean number of processes that wanted to run: what a case itself adds is 1 to 4. A case that began with",
    "more than 1 shared the cores with others, and its figures say less.",
    "",
    "| case | measured | runs | load before | load at the end | command |",
    "|---|---|---|---|---|---|",
    ...results.map(whenOf),
    "",
  ].join("\n");
}

/** One row for the terminal. */
export function line({ what, figure, value, unit, goal }: Measurement): string {
  const verdict =
    goal === undefined || value === undefined ? "" : `, goal ${shownGoal(goal, unit)}: ${met(value, goal, unit)}`;
  return `${what}: ${figure}${value === undefined ? "" : `: ${shown(value, unit)}`}${verdict}`;
}

function rowsOf({ name, rows, unavailable }: CaseResult): readonly string[] {
  if (unavailable !== undefined) return [`| ${name} | not measured: ${cell(unavailable)} | | | |`];
  return rows.map(({ what, figure, value, unit, goal }) => {
    const judged = goal === undefined || value === undefined ? "" : met(value, goal, unit);
    const ratio = value === undefined ? "" : shown(value, unit);
    return `| ${cell(what)} | ${cell(figure)} | ${ratio} | ${goal === undefined ? "" : shownGoal(goal, unit)} | ${judged} |`;
  });
}

function notesOf({ rows }: CaseResult): readonly string[] {
  return rows.flatMap((row) => [`- **${row.what}.** ${row.note}${why(row)}`, ""]);
}

function why({ value, goal, whyMissed }: Measurement): string {
  const isMissed = goal !== undefined && value !== undefined && !isMet(value, goal);
  return isMissed && whyMissed !== undefined ? ` Why it is missed: ${whyMissed}` : "";
}

function whenOf({ name, measuredAt, runs, loadBefore, loadAfter, command }: CaseResult): string {
  return `| ${name} | ${measuredAt} | ${runs} | ${loadBefore.toFixed(1)} | ${loadAfter.toFixed(1)} | \`${command}\` |`;
}

function met(value: number, goal: Goal, unit: Measurement["unit"]): string {
  return isMet(value, goal) ? "yes" : `no, by ${shown(Math.abs(value - goal.value), unit)}`;
}

function shownGoal({ kind, value }: Goal, unit: Measurement["unit"]): string {
  return `${kind} ${shown(value, unit)}`;
}

function shown(value: number, unit: Measurement["unit"]): string {
  const digits = unit === "ms" ? 1 : Math.abs(value) < 0.02 ? 4 : Math.abs(value) < 2 ? 3 : 2;
  return `${Number(value.toFixed(digits))}${unit === "" ? "" : ` ${unit}`}`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
