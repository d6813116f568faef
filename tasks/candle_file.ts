import {
  type Decimal,
  formatScaled,
  parseDecimal,
  SCALE_MAX,
} from "../pipeline/domain/decimal.ts";
import {
  type EpochMicros,
  MICROS_PER_DAY,
  parseTime,
} from "../pipeline/domain/time.ts";
import type { ZoneClock } from "../pipeline/calendars/zone_offset.ts";

/** One candle of a file of history; decimals as text, exact. */
export interface FileCandle {
  readonly line: number;
  readonly time: EpochMicros;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Trades in it; 0 if the file does not say. */
  readonly n: number;
}

/** What a line of the file is. */
export type FileLine =
  | { readonly kind: "candle"; readonly candle: FileCandle }
  /** Of a minute without trades, repeating the price before: not stored. */
  | { readonly kind: "empty" }
  | { readonly kind: "skipped" }
  | { readonly kind: "rejected"; readonly reason: string };

/** A file that cannot be read as candles, whatever its lines say. */
export class CandleFileError extends Error {
  override name = "CandleFileError";
}

export interface CandleDecoderOptions {
  /** Of times without a zone; UTC if `null`. */
  readonly zone: ZoneClock | null;
  /** Decimals that prices are rounded to; not at all if `null`. */
  readonly round: number | null;
}

type Field = "time" | "open" | "high" | "low" | "close" | "volume" | "trades";

const NAMES: Readonly<Record<string, Field>> = {
  ts_ms: "time",
  ts: "time",
  t: "time",
  time: "time",
  timestamp: "time",
  date: "time",
  datetime: "time",
  open: "open",
  o: "open",
  high: "high",
  h: "high",
  low: "low",
  l: "low",
  close: "close",
  c: "close",
  volume: "volume",
  v: "volume",
  trades: "trades",
  n: "trades",
};

const NEEDED: readonly Field[] = ["time", "open", "high", "low", "close"];
const PRICES = ["open", "high", "low", "close"] as const;

type Fields = Partial<Record<Field, string>>;

/**
 * Reads candles of history, a line at a time: CSV with a header, or one JSON
 * object a line.
 */
export class CandleDecoder {
  #header: readonly (Field | null)[] | "json" | null = null;
  #separator = ",";
  #line = 0;

  constructor(private readonly options: CandleDecoderOptions) {}

  /** @throws {CandleFileError} If the header lacks a column. */
  decode(text: string): FileLine {
    this.#line++;
    const line = text.trim();
    if (line === "") return { kind: "skipped" };
    if (this.#header === null) {
      const first = line.replace(/^\uFEFF/, "");
      if (!first.startsWith("{")) {
        this.#readHeader(first);
        return { kind: "skipped" };
      }
      this.#header = "json";
    }
    const fields = this.#header === "json"
      ? jsonFields(line.replace(/^\uFEFF/, ""))
      : csvFields(line, this.#separator, this.#header);
    return typeof fields === "string" ? rejected(fields) : this.#read(fields);
  }

  #readHeader(line: string): void {
    this.#separator = [",", ";", "\t"].find((one) => line.includes(one)) ?? ",";
    const header = line.split(this.#separator).map((name) =>
      fieldNamed(unquoted(name))
    );
    const missing = NEEDED.filter((field) => !header.includes(field));
    if (missing.length > 0) {
      throw new CandleFileError(
        `Cannot read candles as the first line must name the columns ` +
          `${missing.join(", ")}, got ${JSON.stringify(line.slice(0, 100))}`,
      );
    }
    this.#header = header;
  }

  #read(fields: Fields): FileLine {
    const time = this.#time(fields.time ?? "");
    if (time === null) {
      return rejected(
        `time must be Unix ms or ISO 8601, got ${quoted(fields.time)}`,
      );
    }
    const prices: Record<typeof PRICES[number], string> = {
      open: "",
      high: "",
      low: "",
      close: "",
    };
    const decimals: Decimal[] = [];
    for (const name of PRICES) {
      const price = this.#price(fields[name] ?? "");
      if (price === null) {
        return rejected(
          `${name} must be a decimal above 0 with at most ${SCALE_MAX} ` +
            `decimals, got ${quoted(fields[name])}`,
        );
      }
      prices[name] = formatScaled(price.units, price.scale);
      decimals.push(price);
    }
    const [open, high, low, close] = atOneScale(decimals);
    if (low > open || low > close || open > high || close > high) {
      return rejected(
        `low <= open, close <= high must hold, got ${
          PRICES.map((name) => `${name} ${prices[name]}`).join(", ")
        }`,
      );
    }
    const volume = parseDecimal(fields.volume || "0");
    if (volume === null || volume.units < 0) {
      return rejected(
        `volume must be a decimal of at least 0, got ${quoted(fields.volume)}`,
      );
    }
    const n = Number(fields.trades || "0");
    if (!Number.isSafeInteger(n) || n < 0) {
      return rejected(
        `trades must be a whole number, got ${quoted(fields.trades)}`,
      );
    }
    if (fields.trades !== undefined && n === 0 && volume.units === 0) {
      return { kind: "empty" };
    }
    return {
      kind: "candle",
      candle: {
        line: this.#line,
        time,
        ...prices,
        volume: formatScaled(volume.units, volume.scale),
        n,
      },
    };
  }

  #time(text: string): EpochMicros | null {
    const t = parseTime(text);
    const { zone } = this.options;
    const says = /^-?\d+(\.\d+)?$|Z$|[+-]\d{2}:?\d{2}$/.test(text) &&
      !/^\d{4}-\d{2}-\d{2}$/.test(text);
    if (t === null || zone === null || says) return t;
    // Read as UTC: what the clocks of the zone showed.
    const day = Math.floor(t / MICROS_PER_DAY);
    return zone.instantOf(day, t - day * MICROS_PER_DAY);
  }

  #price(text: string): Decimal | null {
    const { round } = this.options;
    const price = parseDecimal(round === null ? text : rounded(text, round));
    return price !== null && price.units > 0 ? price : null;
  }
}

/** What the decimals count of the finest step of them all. */
function atOneScale(decimals: readonly Decimal[]): readonly bigint[] {
  const scale = Math.max(...decimals.map((decimal) => decimal.scale));
  return decimals.map((decimal) =>
    BigInt(decimal.units) * 10n ** BigInt(scale - decimal.scale)
  );
}

/** Decimals that a text of `formatScaled` has. */
export function decimalsOf(text: string): number {
  return text.split(".")[1]?.length ?? 0;
}

/** Half up, on the digits; what is no plain decimal stays as it is. */
function rounded(text: string, decimals: number): string {
  const match = /^(\d+)\.(\d+)$/.exec(text);
  if (!match || match[2].length <= decimals) return text;
  const kept = BigInt(match[1] + match[2].slice(0, decimals));
  const up = match[2][decimals] >= "5" ? 1n : 0n;
  return formatScaled(kept + up, decimals);
}

function fieldNamed(name: string): Field | null {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : null;
}

function csvFields(
  line: string,
  separator: string,
  header: readonly (Field | null)[],
): Fields | string {
  const values = line.split(separator);
  if (values.length !== header.length) {
    return `${header.length} columns are wanted, got ${values.length}`;
  }
  const fields: Fields = {};
  header.forEach((field, i) => {
    if (field !== null) fields[field] ??= unquoted(values[i]);
  });
  return fields;
}

function jsonFields(line: string): Fields | string {
  let object: unknown;
  try {
    // Numbers keep their digits: a float would change some.
    object = JSON.parse(line.replace(
      /([[:,]\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}\]])/g,
      '$1"$2"',
    ));
  } catch {
    return `a JSON object is wanted, got ${quoted(line)}`;
  }
  if (typeof object !== "object" || object === null) {
    return `a JSON object is wanted, got ${quoted(line)}`;
  }
  const fields: Fields = {};
  for (const [name, value] of Object.entries(object)) {
    const field = fieldNamed(name);
    if (field !== null && typeof value === "string") fields[field] ??= value;
  }
  return fields;
}

function unquoted(text: string): string {
  return text.trim().replace(/^"(.*)"$/, "$1").trim();
}

function quoted(text: string | undefined): string {
  return text === undefined ? "nothing" : JSON.stringify(text.slice(0, 60));
}

function rejected(reason: string): FileLine {
  return { kind: "rejected", reason };
}
