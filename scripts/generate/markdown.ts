/** A Markdown table; what would end a cell or open a tag is escaped. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [rowOf(titles), `|${"---|".repeat(titles.length)}`, ...rows.map(rowOf)].join("\n");
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.map(escapeCell).join(" | ")} |`;
}

function escapeCell(text: string): string {
  const flat = text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
  // Inside code everything but the bar is literal already.
  return flat.startsWith("`") ? flat : flat.replaceAll("<", "&lt;");
}
