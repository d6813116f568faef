import { z } from "zod";
import {
  type Instrument,
  SYMBOL_PATTERN,
} from "../pipeline/domain/instrument.ts";
import {
  type Interval,
  INTERVALS,
  isReadableInterval,
  type ReadableInterval,
} from "../pipeline/domain/interval.ts";
import { type EpochMicros, parseTime, toIso } from "../pipeline/domain/time.ts";
import type { Catalog } from "../pipeline/catalog.ts";
import { badParameters, unknownSymbol } from "./problem.ts";

/**
 * Reads the parameters of a request by a schema of texts.
 *
 * A schema's own messages say what was expected, after "must be". Parameters
 * that the schema does not know, and those given twice, are wrong too.
 *
 * @throws {ProblemError} If any is wrong; it names all that are.
 */
export function readQuery<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  query: URLSearchParams,
): z.output<z.ZodObject<Shape>> {
  const names = Object.keys(schema.shape);
  const known = names.length === 0
    ? "it takes no parameters"
    : `the parameters are ${names.join(", ")}`;
  const errors = [];
  for (const name of new Set(query.keys())) {
    if (!names.includes(name)) {
      errors.push({
        parameter: name.slice(0, 64),
        value: query.get(name)!.slice(0, 64),
        expected: `absent, as ${known}`,
      });
    } else if (query.getAll(name).length > 1) {
      errors.push({
        parameter: name,
        value: query.getAll(name).join(", ").slice(0, 64),
        expected: "given once",
      });
    }
  }
  const parsed = schema.safeParse(Object.fromEntries(query));
  for (const issue of parsed.error?.issues ?? []) {
    const parameter = String(issue.path[0]);
    if (!names.includes(parameter)) continue;
    const value = query.get(parameter);
    errors.push({
      parameter,
      value: value === null ? null : value.slice(0, 64),
      expected: issue.message,
    });
  }
  if (errors.length > 0 || !parsed.success) throw badParameters(errors);
  return parsed.data;
}

/** How a parameter is described to those who never see its code. */
interface Described {
  readonly type?: "array" | "integer" | readonly ("integer" | "string")[];
  readonly items?: {
    readonly type: "string";
    readonly enum?: readonly string[];
  };
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

/**
 * A text that `read` understands; what it must be is told otherwise.
 *
 * `Input` is what a client may give, of which the text is made.
 */
export function parameter<T, Input = string>(
  expected: string,
  read: (text: string) => T | null,
  described: Described = {},
): z.ZodType<T, string | Input> {
  return z.string(expected).transform((text, context): T => {
    const value = read(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom", message: expected });
    return z.NEVER;
  }).meta({ ...described, description: sentence(expected) });
}

function sentence(words: string): string {
  return words[0].toUpperCase() + words.slice(1);
}

export function choice<T extends string>(...words: readonly T[]) {
  return z.enum(words, `one of ${words.join(", ")}`);
}

/** Some of these words, separated by commas. */
export function listOf<T extends string>(words: readonly T[]) {
  return parameter<readonly T[], readonly T[]>(
    `comma-separated, of ${words.join(", ")}`,
    (text) => {
      const given = text.split(",");
      const known = given.filter((word): word is T =>
        (words as readonly string[]).includes(word)
      );
      return known.length === given.length && given.length <= words.length
        ? [...new Set(known)]
        : null;
    },
    { type: "array", items: { type: "string", enum: words } },
  );
}

export function wholeNumber(min: number, max: number) {
  return parameter<number, number>(
    `a whole number, ${min} to ${max}`,
    (text) => {
      if (!/^\d{1,15}$/.test(text)) return null;
      const n = Number(text);
      return n >= min && n <= max ? n : null;
    },
    { type: "integer", minimum: min, maximum: max },
  );
}

export const symbolParameter = parameter(
  "a symbol of /api/instruments",
  (text) => SYMBOL_PATTERN.test(text) ? text : null,
  { pattern: SYMBOL_PATTERN.source },
);

export const timeParameter = parameter<EpochMicros, number>(
  "a time, as Unix milliseconds or ISO 8601",
  parseTime,
  { type: ["integer", "string"] },
);

/** The same in a body, where numbers need no quotes. */
export function inJson<T, Input>(schema: z.ZodType<T, Input>) {
  return z.union([z.string(), z.number()], schema.description)
    .transform(String).pipe(schema as z.ZodType<T, string>)
    .meta(schema.meta() ?? {});
}

/** Parameters of what takes none. */
export const noQuery = z.object({});

/** Intervals that can be read, shortest first. */
const READABLE = INTERVALS.filter(isReadableInterval);

export const intervalParameter = choice<ReadableInterval>(...READABLE);

/** As `intervalParameter`, and those that are made of ticks. */
export const candleIntervalParameter = choice<Interval>(...INTERVALS);

/**
 * @throws {ProblemError} If there is no such instrument.
 */
export function findInstrument(catalog: Catalog, symbol: string): Instrument {
  const instrument = catalog.get(symbol);
  if (instrument === undefined) throw unknownSymbol(symbol);
  return instrument;
}

/**
 * @throws {ProblemError} If a range ends before it begins.
 */
export function checkRange(
  { from, to }: { readonly from?: EpochMicros; readonly to?: EpochMicros },
): void {
  if (from === undefined || to === undefined || from <= to) return;
  throw badParameters([{
    parameter: "to",
    value: toIso(to),
    expected: `not before from, which is ${toIso(from)}`,
  }]);
}
