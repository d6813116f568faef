import { z } from "zod";
import {
  parseQuarantineId,
  quarantineIdText,
} from "../pipeline/domain/quarantine_id.ts";
import { REJECT_REASONS } from "../pipeline/domain/tick.ts";
import { epochMicros, toMillis } from "../pipeline/domain/time.ts";
import type { QuarantineCursor, QuarantinedRow } from "../pipeline/ports.ts";
import {
  checkRange,
  choice,
  parameter,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import { quarantined } from "./answers/quarantine.ts";
import { CONTENT_TYPES } from "./rows_response.ts";
import { csvField, jsonLines } from "./row_text.ts";
import { liveResponse } from "./etag_response.ts";
import { quarantineOf, type Services } from "./services.ts";

/** Rows of one page, and of one asking for readmission, at most. */
export const QUARANTINE_LIMIT_MAX = 1_000;
export const QUARANTINE_LIMIT = 100;

const cursorParameter = parameter<QuarantineCursor>(
  "a cursor that an answer's next gave",
  (text) => {
    const match = /^(\d{1,16})@(.{1,128})$/.exec(text);
    const id = parseQuarantineId(match?.[2] ?? "");
    return match === null || id === null
      ? null
      : { receivedAt: epochMicros(Number(match[1])), id };
  },
);

export const feedParameter = parameter(
  "the name of a feed, at most 64 characters",
  (text) => /^\P{Cc}{1,64}$/u.test(text) ? text : null,
);

/** What rows are asked for: times are those at which their lines came in. */
export const quarantineFilter = {
  reason: choice(...REJECT_REASONS).optional(),
  feed: feedParameter.optional(),
  symbol: symbolParameter.optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  cursor: cursorParameter.optional(),
  limit: wholeNumber(1, QUARANTINE_LIMIT_MAX).default(QUARANTINE_LIMIT),
};

/** Parameters of `/api/quarantine`. */
export const quarantineQuery = z.object({
  ...quarantineFilter,
  readmitted: choice("0", "1").optional(),
  format: choice("json", "csv", "ndjson").default("json"),
});
export type QuarantineQueryText = z.output<typeof quarantineQuery>;

/** A row as clients see it; `raw` is text that somebody else wrote. */
type QuarantineView = z.output<typeof quarantined>;

const COLUMNS = quarantined.keyof().options;

function viewOf(row: QuarantinedRow): QuarantineView {
  const { id, key, receivedAt, reject, readmitted } = row;
  const { seq, line, reason, detail, symbol, ts, raw } = reject;
  return {
    id: quarantineIdText(id),
    feed: key.feed,
    epoch: key.epoch,
    received_at: toMillis(receivedAt),
    seq,
    line,
    reason,
    detail,
    symbol,
    ts: ts === null ? null : toMillis(ts),
    raw,
    readmitted,
  };
}

export function cursorAfter(row: QuarantinedRow): string {
  return `${row.receivedAt}@${quarantineIdText(row.id)}`;
}

/** Answers with a page of rows, in the order in which they came in. */
export async function quarantineResponse(
  request: Request,
  services: Services,
  query: QuarantineQueryText,
): Promise<Response> {
  checkRange(query);
  const { store } = quarantineOf(services);
  const { cursor, readmitted, format, limit, ...filter } = query;
  const rows = await store.find({
    ...filter,
    after: cursor,
    ...readmitted !== undefined && { readmitted: readmitted === "1" },
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const next = rows.length > limit ? cursorAfter(page[limit - 1]) : null;
  const headers: Record<string, string> = {
    "Content-Type": CONTENT_TYPES[format],
  };
  if (next !== null) {
    const url = new URL(request.url);
    url.searchParams.set("cursor", next);
    headers.Link = `<${url.pathname}${url.search}>; rel="next"`;
  }
  const views = page.map(viewOf);
  switch (format) {
    case "csv":
      return liveResponse(
        [COLUMNS.join(","), ...views.map(csvRow), ""].join("\r\n"),
        headers,
      );
    case "ndjson":
      return liveResponse(
        jsonLines(views),
        headers,
      );
    case "json":
      return liveResponse(
        JSON.stringify({ rows: views, counts: await store.counts(), next }),
        headers,
      );
  }
}

function csvRow(view: QuarantineView): string {
  return COLUMNS.map((column) => csvField(view[column])).join(",");
}
