import { parseArgs } from "node:util";
import { z } from "zod";
import { SYMBOL_PATTERN } from "../pipeline/domain/instrument.ts";
import { type EpochMicros, parseTime } from "../pipeline/domain/time.ts";

/** One option of a command-line task: what it takes, and what for. */
export interface TaskOption<T> {
  /** What stands after it in the help, such as `N`; none if it is a switch. */
  readonly takes: string | null;
  /** Text that stands for it where it is not given. */
  readonly fallback: string | undefined;
  readonly wanted: string;
  readonly meaning: string;
  readonly schema: z.ZodType<T>;
}

type OptionTable = Readonly<Record<string, TaskOption<unknown>>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [K in keyof Table]: Table[K] extends TaskOption<infer T> ? T
    : never;
};

/** All that is wrong with a command line, at once. */
export class OptionsError extends Error {
  override name = "OptionsError";
}

/** An option with a value; `read` returns `null` for one it cannot use. */
export function option<T>(given: {
  readonly takes: string;
  readonly fallback: string;
  readonly wanted: string;
  readonly meaning: string;
  readonly read: (text: string) => T | null;
}): TaskOption<T> {
  return { ...given, schema: schemaOf(given.wanted, given.read) };
}

/** An option with a value that is `undefined` where it is not given. */
export function optional<T>(given: {
  readonly takes: string;
  readonly wanted: string;
  readonly meaning: string;
  readonly read: (text: string) => T | null;
}): TaskOption<T | undefined> {
  return {
    ...given,
    fallback: undefined,
    schema: schemaOf(given.wanted, given.read).optional(),
  };
}

/** An option that is on where it is given. */
export function flag(meaning: string): TaskOption<boolean> {
  return {
    takes: null,
    fallback: undefined,
    wanted: "given without a value",
    meaning,
    schema: z.boolean().default(false),
  };
}

/**
 * Reads a command line by a table of options.
 *
 * @throws {OptionsError} If an option is unknown or its value unusable; it
 * names all that are.
 */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  args: readonly string[],
): { readonly values: OptionValues<Table>; readonly rest: readonly string[] } {
  const { given, rest } = splitArgs(table, args);
  const schema = z.object(
    Object.fromEntries(
      Object.entries(table).map(([name, { schema }]) => [name, schema]),
    ),
  );
  const texts = Object.fromEntries(
    Object.entries(table).map((
      [name, { fallback }],
    ) => [name, given[name] ?? fallback]),
  );
  const parsed = schema.safeParse(texts);
  if (parsed.success) {
    return { values: parsed.data as OptionValues<Table>, rest };
  }
  throw new OptionsError(
    parsed.error.issues.map(({ path: [name], message }) =>
      `Cannot use --${String(name)} ${
        JSON.stringify(texts[String(name)])
      } as it must be ${message}`
    ).join("\n"),
  );
}

function splitArgs(table: OptionTable, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: Object.fromEntries(
        Object.entries(table).map(([name, { takes }]) => [
          name,
          { type: takes === null ? "boolean" as const : "string" as const },
        ]),
      ),
    });
    return {
      given: values as Readonly<Record<string, string | boolean | undefined>>,
      rest: positionals,
    };
  } catch (cause) {
    throw new OptionsError(
      `${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

/** The table as people read it. */
export function describeOptions(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, option]) => ({
    left: option.takes === null ? `--${name}` : `--${name} ${option.takes}`,
    right: option.fallback === undefined
      ? option.meaning
      : `${option.meaning} (default ${option.fallback})`,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, right }) => `  ${left.padEnd(width)}  ${right}`)
    .join("\n");
}

function schemaOf<T>(
  wanted: string,
  read: (text: string) => T | null,
): z.ZodType<T, string> {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom", message: wanted });
    return z.NEVER;
  });
}

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** Where the task sends its ticks. */
export const toOption = option<Address>({
  takes: "HOST:PORT",
  fallback: "127.0.0.1:9101",
  wanted: "host:port, such as 127.0.0.1:9101",
  meaning: "Listener to send to",
  read: (text) => {
    const match = /^(?:tcp:\/\/)?(\[[0-9a-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(
      text,
    );
    const port = Number(match?.[2]);
    if (!match || port < 1 || port > 65_535) return null;
    return { hostname: match[1].replace(/^\[|\]$/g, ""), port };
  },
});

/** What the listener asks of a feed, if it asks for anything. */
export const tokenOption = optional<string>({
  takes: "TEXT",
  wanted: "text without spaces",
  meaning: "Secret that the listener asks for (its FEED_TOKEN)",
  read: (text) => /^\S+$/.test(text) ? text : null,
});

/** Which instrument a task is about. */
export function symbolOption(meaning: string) {
  return optional<string>({
    takes: "S",
    wanted: "letters, digits, . _ : / and -, at most 32",
    meaning,
    read: (text) => SYMBOL_PATTERN.test(text) ? text : null,
  });
}

/** A moment, such as an end of a range. */
export function timeOption(meaning: string) {
  return optional<EpochMicros>({
    takes: "TIME",
    wanted: "Unix milliseconds or ISO 8601",
    meaning,
    read: parseTime,
  });
}

/** The program that a task asks. */
export const urlOption = option<URL>({
  takes: "URL",
  fallback: "http://127.0.0.1:8000",
  wanted: "http:// or https:// and a host",
  meaning: "The running program",
  read: (text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) ? url : null;
  },
});

export const helpOption = flag("Says this");

/** Reads a whole number of plain digits. */
export function wholeNumber(min: number, max: number) {
  return (text: string): number | null => {
    if (!/^\d{1,15}$/.test(text)) return null;
    const n = Number(text);
    return n >= min && n <= max ? n : null;
  };
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Reads a length of time, as in `90`, `90s`, `15m`, `6h` or `2d`, in seconds. */
export function seconds(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)([smhd])?$/.exec(text);
  if (!match) return null;
  return Number(match[1]) * SECONDS[(match[2] ?? "s") as keyof typeof SECONDS];
}

/** Reads a share of all, 0 to 1. */
export function share(text: string): number | null {
  if (!/^\d{1,9}(\.\d{1,12})?$/.test(text)) return null;
  const n = Number(text);
  return n <= 1 ? n : null;
}
