import {
  checkSymbol,
  fieldNamed,
  type ReplayField,
  type ReplayFileOptions,
  ReplayFormatError,
  toMillis,
} from "./replay_fields.ts";
import type { ReplayLines } from "./replay_lines.ts";
import { UsualLine } from "./usual_line.ts";

export type ReplayFormat = "csv" | "ndjson";

/** One data line of a file, as it goes to the listener. */
interface ReplayTick {
  /** A line of the feed protocol, without its end. */
  readonly line: string;
  /** Event time in the protocol's words: Unix ms or ISO 8601; "" if none. */
  readonly ts: string;
}

/** Longest line that a listener takes, in bytes. */
const LINE_BYTES_MAX = 1_024;
/** Of a bad line, what still fits with everything around it. */
const BAD_TEXT_MAX = 256;

type Fields = { [K in ReplayField]?: string };

export interface ReplayDecoderOptions extends ReplayFileOptions {
  readonly format: ReplayFormat;
}

/** Which format a file has, by its first line that is not empty. */
export function guessFormat(firstLine: string): ReplayFormat {
  return /^\uFEFF?\s*\{/.test(firstLine) ? "ndjson" : "csv";
}

/**
 * Turns the lines of a recording into lines of the feed protocol, one for one.
 *
 * Values go on as they are written, digit for digit. A line that makes no
 * sense goes on too, with its number, for the listener to reject and keep: a
 * number left out would be a hole.
 */
export class ReplayDecoder {
  #columns: readonly (ReplayField | null)[] | null = null;
  #separator = ",";
  #checked = false;
  /** How most lines look; `null` until one was seen. */
  #usual: UsualLine | null = null;

  /** @throws {ReplayFormatError} If the symbol of every line is none. */
  constructor(private readonly options: ReplayDecoderOptions) {
    checkSymbol(options.symbol);
  }

  /**
   * Reads the next line of the file, bytes [from, to) without its end, and adds
   * it as the tick numbered `seq`.
   *
   * @returns False for a line that is no data: a header, an empty line, a
   * message of a recorded connection.
   * @throws {ReplayFormatError} If there is no time or price column, or the
   * symbol is not known.
   */
  decode(
    bytes: Uint8Array,
    from: number,
    to: number,
    seq: number,
    out: ReplayLines,
  ): boolean {
    const usual = this.#usual;
    if (usual?.read(bytes, from, to)) {
      usual.write(bytes, seq, out);
      return true;
    }
    const tick = this.#decodeText(UTF8.decode(bytes.subarray(from, to)), seq);
    if (tick === null) return false;
    out.add(tick.line, tick.ts);
    return true;
  }

  /**
   * Whether `decode` would make a tick of the line, for passing over many.
   *
   * @throws {ReplayFormatError} As `decode` does.
   */
  isTick(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#usual?.read(bytes, from, to)) return true;
    const text = UTF8.decode(bytes.subarray(from, to));
    if (this.options.format === "csv" && this.#columns !== null) {
      return text.trim() !== "";
    }
    if (this.#checked && !text.includes('"type"')) return text.trim() !== "";
    return this.#decodeText(text, 0) !== null;
  }

  #decodeText(text: string, seq: number): ReplayTick | null {
    const line = text.trim();
    if (line === "") return null;
    if (this.options.format === "ndjson") return this.#decodeJson(line, seq);
    if (this.#columns === null) {
      this.#readHeader(line);
      return null;
    }
    return this.#encode(this.#csvFields(line, this.#columns), line, seq);
  }

  #readHeader(line: string): void {
    const header = line.replace(/^\uFEFF/, "");
    this.#separator = [",", ";", "\t"].find((one) => header.includes(one)) ??
      ",";
    const names = splitCsv(header, this.#separator).map((name) => name.trim());
    const columns: (ReplayField | null)[] = [];
    for (const name of names) {
      const field = fieldNamed(name);
      // Of two columns that mean the same the first one counts.
      columns.push(field && columns.includes(field) ? null : field);
    }
    if (!columns.includes("ts") || !columns.includes("price")) {
      throw new ReplayFormatError(
        `Cannot read header ${JSON.stringify(header.slice(0, 200))} as it ` +
          `must name a time (ts, ts_ms, time or timestamp) and a price`,
      );
    }
    this.#checkSymbol(columns.includes("symbol"));
    this.#columns = columns;
    this.#usual = UsualLine.ofCsv(columns, this.#separator, this.options);
  }

  #csvFields(line: string, columns: readonly (ReplayField | null)[]): Fields {
    const cells = splitCsv(line, this.#separator);
    const fields: Fields = {};
    for (let i = 0; i < columns.length; i++) {
      const field = columns[i];
      if (field !== null && cells[i] !== undefined) {
        fields[field] = cells[i].trim();
      }
    }
    return fields;
  }

  #decodeJson(line: string, seq: number): ReplayTick | null {
    const found = jsonFields(line.replace(/^\uFEFF/, ""));
    if (found === "message") return null;
    if (found === null) {
      return this.#bad(line, seq, this.options.symbol, undefined);
    }
    if (!this.#checked) this.#checkSymbol(found.symbol !== undefined);
    this.#usual ??= UsualLine.ofJson(line, this.options);
    return this.#encode(found, line, seq);
  }

  #checkSymbol(inFile: boolean): void {
    const { symbol } = this.options;
    this.#checked = true;
    if (inFile && symbol !== undefined) {
      throw new ReplayFormatError(
        `Cannot use symbol ${symbol} as the file names the symbols itself`,
      );
    }
    if (!inFile && symbol === undefined) {
      throw new ReplayFormatError(
        "Cannot tell which symbol it is as the file does not name one; " +
          "give --symbol",
      );
    }
  }

  #encode(fields: Fields, raw: string, seq: number): ReplayTick {
    const symbol = fields.symbol ?? this.options.symbol;
    const ts = fields.ts === undefined
      ? undefined
      : toMillis(fields.ts, this.options.timeUnit);
    let line = "{";
    if (symbol !== undefined) line += `"symbol":${JSON.stringify(symbol)},`;
    if (ts !== undefined) line += `"ts":${jsonValue(ts)},`;
    if (fields.price !== undefined) {
      line += `"price":${jsonValue(fields.price)},`;
    }
    if (fields.volume !== undefined && fields.volume !== "") {
      line += `"volume":${jsonValue(fields.volume)},`;
    }
    line += `"seq":${seq}}`;
    return line.length * 3 <= LINE_BYTES_MAX || bytesOf(line) <= LINE_BYTES_MAX
      ? { line, ts: ts ?? "" }
      : this.#bad(raw, seq, symbol, ts);
  }

  /** Keeps the number, and of the text what fits. */
  #bad(
    raw: string,
    seq: number,
    symbol: string | undefined,
    ts: string | undefined,
  ): ReplayTick {
    const bad: Record<string, string | number> = {};
    if (symbol !== undefined && symbol.length <= 32) bad.symbol = symbol;
    bad.line = raw.slice(0, BAD_TEXT_MAX / 2);
    bad.seq = seq;
    return { line: JSON.stringify(bad), ts: ts ?? "" };
  }
}

const ENCODER = new TextEncoder();
const UTF8 = new TextDecoder();

function bytesOf(text: string): number {
  return ENCODER.encode(text).length;
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A number as it is, anything else as a JSON string. */
function jsonValue(text: string): string {
  return JSON_NUMBER.test(text) ? text : JSON.stringify(text);
}

/** Splits at separators that are not in quotes; doubled quotes are one. */
function splitCsv(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '"') {
      if (quoted && line[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = !quoted;
    } else if (char === separator && !quoted) {
      cells.push(cell);
      cell = "";
    } else cell += char;
  }
  cells.push(cell);
  return cells;
}

const KEY = /\s*"((?:[^"\\]|\\.)*)"\s*:\s*/y;
const VALUE = /("(?:[^"\\]|\\.)*"|[^\s,{}[\]"]+)\s*([,}])/y;

/**
 * The fields of a flat JSON object, numbers as they are written: `JSON.parse`
 * would round those that a double does not hold.
 *
 * @returns `null` if it is none, "message" if it is one of a connection.
 */
function jsonFields(line: string): Fields | "message" | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return null;
  }
  const object = parsed as Record<string, unknown>;
  if (
    object.type === "hello" || object.type === "heartbeat" ||
    object.type === "end"
  ) return "message";
  return flatFields(line) ?? parsedFields(object);
}

function flatFields(line: string): Fields | null {
  const fields: Fields = {};
  let at = line.indexOf("{") + 1;
  for (;;) {
    KEY.lastIndex = at;
    const key = KEY.exec(line);
    if (!key) return null;
    VALUE.lastIndex = KEY.lastIndex;
    const value = VALUE.exec(line);
    if (!value) return null;
    const [, text] = value;
    if (text !== "null") {
      keep(fields, key[1], text.startsWith('"') ? JSON.parse(text) : text);
    }
    if (value[2] === "}") return fields;
    at = VALUE.lastIndex;
  }
}

/** The same of an object with others inside, through doubles. */
function parsedFields(object: Readonly<Record<string, unknown>>): Fields {
  const fields: Fields = {};
  for (const [key, value] of Object.entries(object)) {
    if (typeof value === "string" || typeof value === "number") {
      keep(fields, key, String(value));
    }
  }
  return fields;
}

function keep(fields: Fields, key: string, value: string): void {
  const field = fieldNamed(key);
  if (field !== null && fields[field] === undefined) fields[field] = value;
}
