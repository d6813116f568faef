import { isTickInterval } from "../pipeline/domain/interval.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import { CANDLE_COLUMNS } from "./answers/candles.ts";
import type { FilledCandle } from "./fill_candles.ts";
import { CANDLE_TABLE, candleRow } from "./candle_table.ts";
import { parquetFile } from "./parquet_rows.ts";
import { csvHead, csvRows, jsonLines } from "./row_text.ts";
import { attachment, CONTENT_TYPES } from "./rows_response.ts";
import { closedRangeResponse, liveResponse } from "./etag_response.ts";
import type { CandlesPage, CandlesQuery } from "./query_candles.ts";

/**
 * A page of candles in the format that was asked for.
 *
 * @param shared Whether caches that serve others may keep it.
 */
export async function candlesResponse(
  request: Request,
  query: CandlesQuery,
  page: CandlesPage,
  shared: boolean,
): Promise<Response> {
  const headers: Record<string, string> = {
    "Content-Type": CONTENT_TYPES[query.format],
  };
  if (query.format === "parquet") {
    const name = `${query.symbol}-${query.interval}.parquet`;
    headers["Content-Disposition"] = attachment(name);
  }
  if (page.next !== null) {
    const url = new URL(request.url);
    url.searchParams.set("cursor", page.next);
    headers.Link = `<${url.pathname}${url.search}>; rel="next"`;
  }
  if (isTickInterval(query.interval)) {
    headers["Minutes-Without-Ticks"] = String(page.minutesWithoutTicks);
  }
  const body = formatPage(query, page);
  return page.settled
    ? await closedRangeResponse(request, body, headers, {
      forever: page.final,
      shared,
    })
    : liveResponse(body, headers);
}

function formatPage(
  query: CandlesQuery,
  page: CandlesPage,
): string | Uint8Array<ArrayBuffer> {
  const { symbol, interval, format, shape } = query;
  const rows = page.candles;
  switch (format) {
    case "parquet":
      return parquetFile(CANDLE_TABLE, { symbol, interval }, rows);
    case "csv":
      return csvHead(CANDLE_TABLE) + csvRows(CANDLE_TABLE, rows);
    case "ndjson":
      return jsonLines(rows.map((row) => shaped(row, shape)));
    case "json":
      return JSON.stringify({
        symbol,
        interval,
        ...(shape === "array" ? { columns: CANDLE_COLUMNS } : {}),
        candles: rows.map((row) => shaped(row, shape)),
        ...(query.fill === "none" ? {} : {
          gaps: page.gaps.map(({ from, to, kind }) => ({
            from: toMillis(from),
            to: toMillis(to),
            kind,
          })),
        }),
        ...(isTickInterval(interval)
          ? { minutes_without_ticks: page.minutesWithoutTicks }
          : {}),
        next: page.next,
      });
  }
}

function shaped(row: FilledCandle, shape: "object" | "array"): unknown {
  return shape === "object" ? row : candleRow(row);
}
