import { z } from "zod";
import { auditAnswer } from "./answers/audit.ts";
import { calendarAnswer } from "./answers/calendar.ts";
import {
  candlesAnswer,
  candlesInColumns,
  candlesWithEmpty,
} from "./answers/candles.ts";
import { forecastsAnswer } from "./answers/forecasts.ts";
import { gapsAnswer } from "./answers/gaps.ts";
import { healthAnswer, liveAnswer, readyAnswer } from "./answers/health.ts";
import { instrumentsAnswer } from "./answers/instruments.ts";
import { modelsAnswer } from "./answers/models.ts";
import { qualityAnswer } from "./answers/quality.ts";
import { quarantineAnswer, readmitAnswer } from "./answers/quarantine.ts";
import { rebuildAnswer } from "./answers/rebuild.ts";
import { reliabilityAnswer } from "./answers/reliability.ts";
import { revisionsAnswer } from "./answers/revisions.ts";
import { signalsAnswer } from "./answers/signals.ts";
import { systemAnswer } from "./answers/system.ts";
import {
  udfConfigAnswer,
  udfHistoryAnswer,
  udfMarksAnswer,
  udfQuotesAnswer,
  udfSearchAnswer,
  udfSymbolAnswer,
  udfTimescaleMarksAnswer,
} from "./answers/udf.ts";
import { auditQuery } from "./query_audit.ts";
import { calendarQuery } from "./query_calendar.ts";
import { candlesQuery } from "./query_candles.ts";
import { forecastsQuery } from "./query_forecasts.ts";
import { gapsQuery } from "./query_gaps.ts";
import { instrumentsQuery } from "./query_instruments.ts";
import { modelsQuery } from "./query_models.ts";
import { qualityQuery } from "./query_quality.ts";
import { quarantineQuery } from "./query_quarantine.ts";
import { rebuildQuery } from "./query_rebuild.ts";
import { reliabilityQuery } from "./query_reliability.ts";
import { revisionsQuery } from "./query_revisions.ts";
import { signalsQuery } from "./query_signals.ts";
import { noQuery } from "./read_query.ts";
import { readmitBody } from "./readmit_request.ts";
import { streamQuery } from "./stream_response.ts";
import { historyQuery } from "./udf/udf_history.ts";
import { marksQuery } from "./udf/udf_marks.ts";
import { quotesQuery } from "./udf/udf_quotes.ts";
import { searchQuery } from "./udf/udf_search.ts";
import { symbolsQuery } from "./udf/udf_symbol.ts";

/** One thing that can be asked of the program over HTTP. */
export interface Operation {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly group: Group;
  /** What it gives, in a line. */
  readonly summary: string;
  /** What a caller must know besides. */
  readonly notes?: readonly string[];
  readonly query: z.ZodObject;
  readonly body?: z.ZodType;
  /** JSON of success; `null` if it is no JSON. */
  readonly answer: z.ZodType | null;
  /** JSON that some parameters change the answer to. */
  readonly variants?: readonly z.ZodType[];
  /** Media types besides JSON. */
  readonly formats?: readonly string[];
  /** Other statuses that have the same answer, and when. */
  readonly also?: Readonly<Record<number, string>>;
  /** Statuses of errors that it has besides those that all have. */
  readonly problems?: readonly number[];
}

export const GROUPS = {
  market: "Candles and instruments",
  forecasts: "Forecasts and signals",
  data: "What the data is worth",
  live: "Events as they happen",
  udf: "Charting protocol (UDF)",
  program: "The program itself",
} as const;
export type Group = keyof typeof GROUPS;

/** Formats of rows, beside JSON. */
const ROWS = [
  "text/csv",
  "application/x-ndjson",
  "application/vnd.apache.parquet",
] as const;

const RANGE = "from is included, to is not; both may be left out.";

/** Everything that can be asked, once: what is checked, told and typed. */
export const OPERATIONS = [
  {
    method: "GET",
    path: "/api/candles",
    group: "market",
    summary: "Candles of an instrument, ascending, the forming one last.",
    notes: [
      `${RANGE} Without from the newest limit candles are given.`,
      "fill=prev gives quiet intervals flat at the close before, fill=null " +
      "without prices; neither crosses a session’s edge or an outage.",
      "asof gives candles as they were known at that time.",
      "In other formats than JSON the header Link has the next page.",
      "A range that is over has a strong ETag; it changes by a revision only.",
    ],
    query: candlesQuery,
    answer: candlesAnswer,
    variants: [candlesWithEmpty, candlesInColumns],
    formats: ROWS,
    problems: [304, 404],
  },
  {
    method: "GET",
    path: "/api/instruments",
    group: "market",
    summary: "Instruments, all or one, each with what is known of it now.",
    query: instrumentsQuery,
    answer: instrumentsAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/calendar",
    group: "market",
    summary: "When an instrument trades; from today on for two weeks.",
    notes: [RANGE],
    query: calendarQuery,
    answer: calendarAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/revisions",
    group: "market",
    summary: "What candles were before late ticks revised them, and when.",
    query: revisionsQuery,
    answer: revisionsAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/forecasts",
    group: "forecasts",
    summary: "Forecasts with their scores, of one instrument or of each.",
    notes: [RANGE, "CSV and Parquet have the order as three columns."],
    query: forecastsQuery,
    answer: forecastsAnswer,
    formats: ROWS,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/models",
    group: "forecasts",
    summary: "The record of each model against “no change”.",
    query: modelsQuery,
    answer: modelsAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/reliability",
    group: "forecasts",
    summary: "How often a rise came that a model stated so probable.",
    query: reliabilityQuery,
    answer: reliabilityAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/signals",
    group: "forecasts",
    summary: "Signals with what came of them, and their record.",
    notes: [
      RANGE,
      "CSV and Parquet have each outcome as columns; other formats than JSON " +
      "have no record.",
    ],
    query: signalsQuery,
    answer: signalsAnswer,
    formats: ROWS,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/gaps",
    group: "data",
    summary: "What the feeds of an instrument missed, oldest first.",
    query: gapsQuery,
    answer: gapsAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/quality",
    group: "data",
    summary: "What the candles of a trading day rest on.",
    notes: ["at is any time of the day; that of the newest candle if absent."],
    query: qualityQuery,
    answer: qualityAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/quarantine",
    group: "data",
    summary: "Lines that were not accepted, with the reason.",
    query: quarantineQuery,
    answer: quarantineAnswer,
    formats: ["text/csv", "application/x-ndjson"],
  },
  {
    method: "POST",
    path: "/api/quarantine/readmit",
    group: "data",
    summary: "Takes lines back that it names, or that its filter finds.",
    notes: [
      "Asking again does no harm. The content must be application/json, and " +
      "no page of another site may ask.",
    ],
    query: noQuery,
    body: readmitBody,
    answer: readmitAnswer,
    also: { 202: "Some are not committed yet" },
    problems: [403, 415],
  },
  {
    method: "GET",
    path: "/api/audit",
    group: "data",
    summary: "The books: every line is accounted for.",
    query: auditQuery,
    answer: auditAnswer,
  },
  {
    method: "GET",
    path: "/api/rebuild",
    group: "data",
    summary: "Makes minutes anew from their ticks and tells which differ.",
    notes: ["It only reads; at most 31 days at a time."],
    query: rebuildQuery,
    answer: rebuildAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/api/stream",
    group: "live",
    summary: "Server-sent events, from a snapshot on.",
    notes: [
      "Give the last id as Last-Event-ID, to this process or another one: " +
      "what was missed comes without a hole, some of it perhaps again; if it " +
      "is too old to tell, a snapshot comes instead. Not every event has one.",
      "A snapshot comes in the midst of a stream, too, where this process " +
      "missed what it should have told.",
      "A client that reads too slowly loses updates of forming candles only, " +
      "and is cut off past a bound.",
    ],
    query: streamQuery,
    answer: null,
    formats: ["text/event-stream"],
    problems: [404],
  },
  {
    method: "GET",
    path: "/udf/config",
    group: "udf",
    summary: "What there is.",
    query: noQuery,
    answer: udfConfigAnswer,
  },
  {
    method: "GET",
    path: "/udf/time",
    group: "udf",
    summary: "The server’s time in Unix seconds.",
    query: noQuery,
    answer: null,
    formats: ["text/plain"],
  },
  {
    method: "GET",
    path: "/udf/symbols",
    group: "udf",
    summary: "An instrument with its sessions and holidays.",
    query: symbolsQuery,
    answer: udfSymbolAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/udf/search",
    group: "udf",
    summary: "Instruments by words.",
    query: searchQuery,
    answer: udfSearchAnswer,
  },
  {
    method: "GET",
    path: "/udf/history",
    group: "udf",
    summary: "Bars as columns.",
    query: historyQuery,
    answer: udfHistoryAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/udf/marks",
    group: "udf",
    summary: "Signals as marks on bars.",
    query: marksQuery,
    answer: udfMarksAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/udf/timescale_marks",
    group: "udf",
    summary: "What feeds missed, as marks below the time axis.",
    query: marksQuery,
    answer: udfTimescaleMarksAnswer,
    problems: [404],
  },
  {
    method: "GET",
    path: "/udf/quotes",
    group: "udf",
    summary: "Last prices and the day so far.",
    query: quotesQuery,
    answer: udfQuotesAnswer,
  },
  {
    method: "GET",
    path: "/api/system",
    group: "program",
    summary: "The whole pipeline as it is now, whatever is down.",
    query: noQuery,
    answer: systemAnswer,
  },
  {
    method: "GET",
    path: "/healthz",
    group: "program",
    summary: "How the program does, part by part.",
    query: noQuery,
    answer: healthAnswer,
  },
  {
    method: "GET",
    path: "/readyz",
    group: "program",
    summary: "Whether it can do its work; needs no token.",
    query: noQuery,
    answer: readyAnswer,
    also: { 503: "It cannot" },
  },
  {
    method: "GET",
    path: "/livez",
    group: "program",
    summary: "Whether it turns at all; needs no token.",
    query: noQuery,
    answer: liveAnswer,
    also: { 503: "It is of no use and better started anew" },
  },
  {
    method: "GET",
    path: "/metrics",
    group: "program",
    summary: "Figures for Prometheus, in its text format 0.0.4.",
    query: noQuery,
    answer: null,
    formats: ["text/plain"],
  },
  {
    method: "GET",
    path: "/openapi.json",
    group: "program",
    summary: "This description, as OpenAPI 3.1.",
    query: noQuery,
    answer: z.looseObject({ openapi: z.literal("3.1.0") }),
  },
] as const satisfies readonly Operation[];
