/**
 * Writes rows of a running program into a file: candles, forecasts or signals; `--help` says what it can
 * do.
 *
 * Exits with 0 if all were written, 2 for a bad command line, 1 for everything
 * else.
 */
import { type Interval, INTERVALS } from "../pipeline/domain/interval.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import { CANDLE_TABLE } from "../web/candle_table.ts";
import { FORECAST_TABLE } from "../web/forecast_table.ts";
import { ParquetRows } from "../web/parquet_rows.ts";
import type { Table } from "../web/row_table.ts";
import { csvHead, csvRows, jsonLines } from "../web/row_text.ts";
import { SIGNAL_TABLE } from "../web/signal_table.ts";
import { candlePages, minutePages, type Page } from "./export_pages.ts";
import { ProgramApi } from "./program_api.ts";
import { Progress } from "./progress.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  flag,
  helpOption,
  option,
  optional,
  OptionsError,
  parseOptions,
  symbolOption,
  timeOption,
  urlOption,
} from "./task_options.ts";

const FORMATS = ["csv", "ndjson", "parquet"] as const;
type Format = typeof FORMATS[number];
const FILLS = ["none", "null", "prev"] as const;
const PAGE = 10_000;

/** What may be written, and how it is laid out. */
const TABLES = {
  candles: CANDLE_TABLE,
  forecasts: FORECAST_TABLE,
  signals: SIGNAL_TABLE,
};
type What = keyof typeof TABLES;
const WHATS = Object.keys(TABLES) as What[];

const OPTIONS = {
  symbol: symbolOption("Symbol of what is written"),
  what: option<What>({
    takes: "WHAT",
    fallback: "candles",
    wanted: `one of ${WHATS.join(", ")}`,
    meaning: "What is written",
    read: (text) => WHATS.find((what) => what === text) ?? null,
  }),
  interval: option<Interval>({
    takes: "I",
    fallback: "1m",
    wanted: `one of ${INTERVALS.join(", ")}`,
    meaning: "Interval of the candles",
    read: (text) => INTERVALS.find((interval) => interval === text) ?? null,
  }),
  model: optional<string>({
    takes: "MODEL",
    wanted: "a model's name, such as random-walk",
    meaning: "Model of the forecasts; by default the one that was shown",
    read: (text) => text === "" ? null : text,
  }),
  from: timeOption("First minute; by default the first that there is"),
  to: timeOption("Time before which the last one begins; by default now"),
  fill: option<typeof FILLS[number]>({
    takes: "HOW",
    fallback: "none",
    wanted: `one of ${FILLS.join(", ")}`,
    meaning: "What stands where nothing was traded",
    read: (text) => FILLS.find((fill) => fill === text) ?? null,
  }),
  format: optional<Format>({
    takes: "FORMAT",
    wanted: `one of ${FORMATS.join(", ")}`,
    meaning: "How they are written; by default as the file's name ends, or csv",
    read: (text) => FORMATS.find((format) => format === text) ?? null,
  }),
  out: optional<string>({
    takes: "FILE",
    wanted: "the path of a file",
    meaning: "Where they are written; by default stdout",
    read: (text) => text === "" ? null : text,
  }),
  overwrite: flag("Replaces a file that is there already"),
  url: urlOption,
  help: helpOption,
};

const USAGE =
  `Writes candles, forecasts or signals as CSV, lines of JSON or Parquet.

deno task export --symbol S [OPTIONS]

Reads them page by page from the running program; API_TOKEN is sent if it is
set. A file appears once it is whole: one line of JSON says what is in it.
Columns are those of /api/candles, /api/forecasts and /api/signals; times are in
Unix milliseconds, in Parquet timestamps in UTC.

${describeOptions(OPTIONS)}
`;

/** The task, for a process's arguments and environment. */
export async function exportRows(
  args: readonly string[],
  { API_TOKEN: token }: { readonly API_TOKEN?: string },
  { signal, say }: TaskContext,
  { page = PAGE, progress = new Progress(), stdout = Deno.stdout }: {
    /** Rows asked for at a time. */
    readonly page?: number;
    readonly progress?: Progress;
    readonly stdout?: Pick<typeof Deno.stdout, "write" | "isTerminal">;
  } = {},
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  const { symbol, what, interval, model, fill, out, overwrite } = values;
  if (rest.length > 0) throw new OptionsError(`Cannot use ${rest.join(" ")}`);
  if (symbol === undefined) {
    throw new OptionsError("Cannot export without --symbol");
  }
  if (what !== "candles" && (interval !== "1m" || fill !== "none")) {
    throw new OptionsError("Only candles have --interval and --fill");
  }
  if (what !== "forecasts" && model !== undefined) {
    throw new OptionsError("Only forecasts have --model");
  }
  const format = values.format ?? formatOf(out);
  if (format === "parquet" && out === undefined && stdout.isTerminal()) {
    throw new OptionsError("Cannot write Parquet to a terminal: give --out");
  }
  const from = values.from === undefined ? 0 : toMillis(values.from);
  const to = values.to === undefined ? Date.now() : toMillis(values.to);
  const api = new ProgramApi({ url: values.url, token, signal });
  const target = out === undefined
    ? toStdout(stdout)
    : await toFile(out, overwrite);
  const told = { bytes: 0, minutes_without_ticks: 0 };
  let rows = 0;
  let first: number | null = null;
  let last: number | null = null;
  const ask = { symbol, from, to, limit: page };
  const pages: AsyncIterable<Page> = what === "candles"
    ? candlePages(api, { ...ask, interval, fill })
    : minutePages(api, what, { ...ask, ...model !== undefined && { model } });
  try {
    const labels = {
      symbol,
      ...what === "candles" && { interval },
    };
    const writer = writerOf(format, TABLES[what] as Table<unknown>, labels);
    const write = async (bytes: Uint8Array) => {
      told.bytes += bytes.length;
      await target.write(bytes);
    };
    await write(writer.head);
    for await (const part of pages) {
      await write(writer.add(part.rows));
      rows += part.rows.length;
      told.minutes_without_ticks += part.minutesWithoutTicks;
      first ??= part.rows.at(0)?.t ?? null;
      last = part.rows.at(-1)?.t ?? last;
      if (first !== null && last !== null && to > first) {
        progress.at((last - first) / (to - first), `${rows} ${what}`);
      }
    }
    await write(writer.finish());
    await target.done();
  } catch (error) {
    await target.drop();
    throw error;
  } finally {
    progress.done();
  }
  if (told.minutes_without_ticks > 0) {
    say(
      `Ticks of ${told.minutes_without_ticks} minutes are not kept, and their ` +
        `candles of ${interval} left out`,
    );
  }
  const iso = (t: number | null) =>
    t === null ? null : new Date(t).toISOString();
  const report = {
    file: out,
    format,
    [what]: rows,
    ...told,
    first: iso(first),
    last: iso(last),
  };
  if (out !== undefined) return { report, ok: true };
  say(JSON.stringify(report));
  return { report: null, ok: true };
}

function formatOf(file: string | undefined): Format {
  const end = file?.toLowerCase().split(".").at(-1);
  return FORMATS.find((format) => format === end) ?? "csv";
}

/** Rows to bytes; the memory of one page. */
interface RowWriter {
  readonly head: Uint8Array;
  add(rows: readonly unknown[]): Uint8Array;
  finish(): Uint8Array;
}

function writerOf(
  format: Format,
  table: Table<unknown>,
  labels: Readonly<Record<string, string>>,
): RowWriter {
  const encoder = new TextEncoder();
  const none = new Uint8Array();
  switch (format) {
    case "csv":
      return {
        head: encoder.encode(csvHead(table)),
        add: (rows) => encoder.encode(csvRows(table, rows)),
        finish: () => none,
      };
    case "ndjson":
      return {
        head: none,
        add: (rows) => encoder.encode(jsonLines(rows)),
        finish: () => none,
      };
    case "parquet": {
      const file = new ParquetRows(table, labels);
      return {
        head: none,
        add: (rows) => file.add(rows),
        finish: () => file.finish(),
      };
    }
  }
}

/** Where bytes go: in the end they are all there, or nothing is. */
interface Target {
  write(bytes: Uint8Array): Promise<void>;
  done(): Promise<void>;
  drop(): Promise<void>;
}

function toStdout(stdout: Pick<typeof Deno.stdout, "write">): Target {
  return {
    write: (bytes) => writeAll(stdout, bytes),
    done: () => Promise.resolve(),
    drop: () => Promise.resolve(),
  };
}

async function toFile(path: string, overwrite: boolean): Promise<Target> {
  const there = await Deno.stat(path).then(() => true, () => false);
  if (there && !overwrite) {
    throw new Error(
      `Cannot write ${path} as it exists; --overwrite replaces it`,
    );
  }
  const part = `${path}.part`;
  const file = await Deno.open(part, {
    write: true,
    create: true,
    truncate: true,
  }).catch((cause) => {
    throw new Error(`Cannot write ${path}: ${cause.message}`, { cause });
  });
  return {
    write: (bytes) => writeAll(file, bytes),
    async done() {
      await file.sync();
      file.close();
      await Deno.rename(part, path);
    },
    async drop() {
      file.close();
      await Deno.remove(part);
    },
  };
}

async function writeAll(
  to: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await to.write(bytes.subarray(at));
  }
}

if (import.meta.main) {
  await runTask((args, context) =>
    exportRows(args, { API_TOKEN: Deno.env.get("API_TOKEN") }, context)
  );
}
