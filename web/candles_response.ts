import { isTickInterval } from "../pipeline/domain/interval.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import { CANDLE_COLUMNS } from "./answers/candles.ts";
import type { FilledCandle } from "./fill_candles.ts";
import {
  CANDLE_CSV_HEAD,
  candleCsv,
  candleRow,
  jsonLines,
} from "./candle_text.ts";
import { parquetFile } from "./parquet_candles.ts";
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
    const name = `${query.symbol}-${query.interval}`.replace(/[^\w.-]/g, "-");
    headers["Content-Disposition"] = `attachment; filename="${name}.parquet"`;
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

const CONTENT_TYPES = {
  json: "application/json",
  csv: "text/csv; charset=utf-8; header=present",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
} as const;

function formatPage(
  query: CandlesQuery,
  page: CandlesPage,
): string | Uint8Array<ArrayBuffer> {
  const { symbol, interval, format, shape } = query;
  const rows = page.candles;
  switch (format) {
    case "parquet":
      return parquetFile({ symbol, interval }, rows.map(candleRow));
    case "csv":
      return CANDLE_CSV_HEAD + candleCsv(rows);
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
