import type { Table, Value } from "./row_table.ts";

/** The first line of a table as CSV. */
export function csvHead<Row>(table: Table<Row>): string {
  return table.map(({ name }) => name).join(",") + "\r\n";
}

/** Rows as lines of CSV, without the first. */
export function csvRows<Row>(table: Table<Row>, rows: readonly Row[]): string {
  return rows.map((row) =>
    table.map(({ of }) => csvField(of(row))).join(",") + "\r\n"
  ).join("");
}

/** Text that a spreadsheet would run as a formula begins with a quote mark. */
export function csvField(value: Value): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Values as lines of JSON. */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value) + "\n").join("");
}
