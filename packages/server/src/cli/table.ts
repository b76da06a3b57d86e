import { printable } from "./format.ts";
import { widthOf } from "./width.ts";

/** Columns that hold numbers are aligned at their end. */
export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** Rows under titles, aligned by what a terminal shows: Chinese characters are two columns wide. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => widthOf(row[index] ?? ""))));
  const lines = cells.map((row) =>
    columns
      .map(({ isNumber }, index) => pad(row[index] ?? "", widths[index] ?? 0, isNumber === true))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** `name   value` lines. */
export function renderFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...fields.map(([name]) => widthOf(name)));
  return fields.map(([name, value]) => `${pad(name, width, false)}  ${oneLine(value)}\n`).join("");
}

function oneLine(text: string): string {
  return printable(text).replaceAll(/\s/g, " ");
}

function pad(text: string, width: number, atEnd: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return atEnd ? space + text : text + space;
}
