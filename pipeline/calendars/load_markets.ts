import { z } from "zod";
import type { Calendar } from "../domain/calendar.ts";
import { SCALE_MAX } from "../domain/decimal.ts";
import {
  INSTRUMENT_TYPES,
  type InstrumentSpec,
  SYMBOL_PATTERN,
} from "../domain/instrument.ts";
import { parseTime } from "../domain/time.ts";
import { alwaysOpen } from "./always_open.ts";
import { type CalendarSpec, calendarSpec } from "./calendar_spec.ts";
import { sessionCalendar } from "./session_calendar.ts";

/** A market file that cannot be used, with every place that is wrong. */
export class MarketFileError extends Error {
  override name = "MarketFileError";
}

const moment = z.string().nullable().default(null).transform(
  (text, context) => {
    const t = text === null ? null : parseTime(text);
    if (text !== null && t === null) {
      context.addIssue("must be an ISO date as in 2024-01-20, or null");
      return z.NEVER;
    }
    return t;
  },
);

const scale = z.int().min(0).max(SCALE_MAX);

const instrumentSpec = z.strictObject({
  symbol: z.string().regex(SYMBOL_PATTERN),
  name: z.string().min(1),
  exchange: z.string().min(1),
  type: z.enum(INSTRUMENT_TYPES),
  currency: z.string().min(1),
  priceScale: scale,
  sizeScale: scale,
  tickSize: z.string().regex(/^\d+(\.\d+)?$/).refine(
    (text) => Number(text) > 0,
    "must be above 0",
  ),
  lotSize: z.number().positive(),
  calendar: z.string().min(1),
  costBps: z.number().min(0),
  auto: z.literal(false).default(false),
  note: z.string().nullable().default(null),
  validFrom: moment,
  validTo: moment,
}).refine(
  ({ tickSize, priceScale }) =>
    (tickSize.split(".")[1] ?? "").length <= priceScale,
  { path: ["tickSize"], message: "must not be finer than priceScale" },
);

const instrumentFile = z.array(instrumentSpec).min(1).refine(
  (list) => new Set(list.map((i) => i.symbol)).size === list.length,
  "must not name a symbol twice",
);

/**
 * Instruments from the text of a file, all of them new to the warehouse.
 *
 * @param calendars Names that an instrument may refer to.
 * @throws {MarketFileError} With the file, the place in it and what it wants.
 */
export function parseInstruments(
  text: string,
  file: string,
  calendars: ReadonlyMap<string, Calendar>,
): readonly InstrumentSpec[] {
  const instruments = parseFile(instrumentFile, text, file);
  for (const [i, { symbol, calendar }] of instruments.entries()) {
    if (calendars.has(calendar)) continue;
    throw new MarketFileError(
      `Cannot use ${file}: [${i}].calendar of ${symbol} must be one of ` +
        `${[...calendars.keys()].join(", ")}, got ${JSON.stringify(calendar)}`,
    );
  }
  return instruments;
}

/**
 * A calendar from the text of a file.
 *
 * @throws {MarketFileError} With the file, the place in it and what it wants.
 */
export function parseCalendar(text: string, file: string): Calendar {
  return sessionCalendar(parseCalendarSpec(text, file));
}

/** What `parseCalendar()` makes a calendar of. */
export function parseCalendarSpec(text: string, file: string): CalendarSpec {
  return parseFile(calendarSpec, text, file);
}

/**
 * The calendars of specs that were checked, and the built-in `24x7`, by id.
 */
export function checkedCalendars(
  specs: readonly CalendarSpec[],
): ReadonlyMap<string, Calendar> {
  const calendars = [alwaysOpen(), ...specs.map(sessionCalendar)];
  return new Map(calendars.map((calendar) => [calendar.id, calendar]));
}

/** The instruments of a file. */
export async function loadInstruments(
  file: string | URL,
  calendars: ReadonlyMap<string, Calendar>,
): Promise<readonly InstrumentSpec[]> {
  return parseInstruments(await readText(file), String(file), calendars);
}

/** A file of `markets/`, read. */
export interface MarketFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Every calendar of a folder's `.json` files and the built-in `24x7`, by id.
 *
 * @throws {MarketFileError} If a file cannot be used, or two say one id.
 */
export async function loadCalendars(
  folder: string | URL,
): Promise<ReadonlyMap<string, Calendar>> {
  return calendarsOf(await readCalendars(folder));
}

/** The `.json` files of a folder, in the order of their names. */
export async function readCalendars(
  folder: string | URL,
): Promise<readonly MarketFile[]> {
  const names = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && name.endsWith(".json")) names.push(name);
  }
  return await Promise.all(
    names.sort().map(async (name) => {
      const file = `${String(folder).replace(/\/$/, "")}/${name}`;
      const path = folder instanceof URL ? new URL(file) : file;
      return { file, text: await readText(path) };
    }),
  );
}

/**
 * The calendars of files and the built-in `24x7`, by id.
 *
 * @throws {MarketFileError} If a file cannot be used, or two say one id.
 */
export function calendarsOf(
  files: readonly MarketFile[],
): ReadonlyMap<string, Calendar> {
  const calendars = new Map<string, Calendar>();
  const add = (calendar: Calendar, file: string) => {
    if (calendars.has(calendar.id)) {
      throw new MarketFileError(
        `Cannot use ${file}: id ${calendar.id} is taken by another calendar`,
      );
    }
    calendars.set(calendar.id, calendar);
  };
  add(alwaysOpen(), "the built-in calendar");
  for (const { file, text } of files) add(parseCalendar(text, file), file);
  return calendars;
}

async function readText(file: string | URL): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new MarketFileError(`Cannot read ${file}`, { cause });
  }
}

function parseFile<T>(schema: z.ZodType<T>, text: string, file: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MarketFileError(`Cannot use ${file} as it must be JSON`, {
      cause,
    });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    `${placeOf(issue.path)}: ${issue.message}`
  );
  throw new MarketFileError(`Cannot use ${file}: ${problems.join("; ")}`);
}

function placeOf(path: readonly PropertyKey[]): string {
  return path.map((key) =>
    typeof key === "number" ? `[${key}]` : `.${String(key)}`
  ).join("").replace(/^\./, "") || "the file";
}
