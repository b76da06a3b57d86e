import { printable } from "./format.ts";
import { shorten, widthOf, wrap } from "./width.ts";

/** Columns that hold numbers are aligned at their end. */
export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

/**
 * Rows under titles, aligned by what a terminal shows: Chinese characters are two columns wide.
 * @param room columns of the terminal; texts are cut with `…` to keep to it, but never the first column, which is
 * copied into other commands, nor numbers
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room = Number.POSITIVE_INFINITY,
): string {
  const whole = [columns.map(({ title }) => title), ...rows.map((row) => row.map(oneLine))];
  const wanted = columns.map((_, index) => Math.max(...whole.map((row) => widthOf(row[index] ?? ""))));
  const widths = fitted(columns, wanted, room);
  const cells = whole.map((row) => row.map((cell, index) => shorten(cell, widths[index] ?? 0)));
  const lines = cells.map((row) =>
    columns
      .map(({ isNumber }, index) => pad(row[index] ?? "", widths[index] ?? 0, isNumber === true))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** `name   value` lines; a value that is longer than the terminal's room goes on below itself. */
export function renderFields(
  fields: readonly (readonly [name: string, value: string])[],
  room = Number.POSITIVE_INFINITY,
): string {
  const width = Math.max(...fields.map(([name]) => widthOf(name)));
  const below = `\n${" ".repeat(width + gap)}`;
  return fields
    .map(([name, value]) => {
      const lines = wrap(oneLine(value), Math.max(leastWidth, room - width - gap));
      return `${pad(name, width, false)}${" ".repeat(gap)}${lines.join(below)}\n`;
    })
    .join("");
}

/** Between columns. */
const gap = 2;
/** A text that is cut shorter says nothing any more. */
const leastWidth = 8;

/** The widths of columns, the widest texts made narrower until all find room, or cannot. */
function fitted(columns: readonly Column[], wanted: readonly number[], room: number): readonly number[] {
  const widths = [...wanted];
  const flexible = [...columns.keys()].filter((index) => index > 0 && columns[index]?.isNumber !== true);
  let excess = widths.reduce((sum, width) => sum + width + gap, -gap) - room;
  for (; excess > 0; excess -= 1) {
    const widest = flexible.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined || (widths[widest] ?? 0) <= leastWidth) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function oneLine(text: string): string {
  return printable(text).replaceAll(/\s/g, " ");
}

function pad(text: string, width: number, atEnd: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return atEnd ? space + text : text + space;
}
