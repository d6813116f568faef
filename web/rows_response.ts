import { liveJson, liveResponse } from "./etag_response.ts";
import { parquetFile } from "./parquet_rows.ts";
import { choice } from "./read_query.ts";
import type { Table } from "./row_table.ts";
import { csvHead, csvRows, jsonLines } from "./row_text.ts";

/** Media types of the formats that rows are given in. */
export const CONTENT_TYPES = {
  json: "application/json",
  csv: "text/csv; charset=utf-8; header=present",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
} as const;

export type RowFormat = keyof typeof CONTENT_TYPES;

/** Parameter `format` of what is answered as rows. */
export const formatParameter = choice("json", "csv", "ndjson", "parquet")
  .default("json");

/** A name of a file as browsers save it. */
export function attachment(name: string): string {
  return `attachment; filename="${name.replace(/[^\w.-]/g, "-")}"`;
}

/** Rows that are old at once, in the format that was asked for. */
export function rowsResponse<Row>(
  { format, table, rows, json, name }: {
    readonly format: RowFormat;
    readonly table: Table<Row>;
    readonly rows: readonly Row[];
    /** The answer as JSON, which may have more than rows. */
    readonly json: unknown;
    /** Of the file, without an ending. */
    readonly name: string;
  },
): Response {
  const headers: Record<string, string> = {
    "Content-Type": CONTENT_TYPES[format],
  };
  switch (format) {
    case "json":
      return liveJson(json);
    case "csv":
      return liveResponse(csvHead(table) + csvRows(table, rows), headers);
    case "ndjson":
      return liveResponse(jsonLines(rows), headers);
    case "parquet":
      headers["Content-Disposition"] = attachment(`${name}.parquet`);
      return liveResponse(parquetFile(table, {}, rows), headers);
  }
}
