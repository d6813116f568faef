import { SYMBOL_BYTE, SYMBOL_START } from "./byte_tables.ts";
import {
  fieldNamed,
  type ReplayField,
  type ReplayFileOptions,
  toMillis,
} from "./replay_fields.ts";
import type { ReplayLines } from "./replay_lines.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
/** Together with its number such a line is never too long. */
const LINE_MAX = 256;
const RETURN = 0x0d;
const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const SYMBOL_MAX = 32;
const WHOLE_DIGITS_MAX = 16;
const FRACTION_DIGITS_MAX = 16;
const COUNT_DIGITS_MAX = 19;
const WORDS = ["true", "false", "null"].map((word) => ENCODER.encode(word));

const [SYMBOL, TS, PRICE, VOLUME] = [0, 1, 2, 3];
const INDEX: Readonly<Record<ReplayField, number>> = {
  symbol: SYMBOL,
  ts: TS,
  price: PRICE,
  volume: VOLUME,
};

/** Where the value at `at` ends, before `to`; -1 if it is not as expected. */
type ScanValue = (bytes: Uint8Array, at: number, to: number) => number;

const SCAN: Readonly<Record<ReplayField, ScanValue>> = {
  symbol: symbolEnd,
  ts: countEnd,
  price: numberEnd,
  volume: numberEnd,
};

/** A value, with what stands before it in each line. */
interface Part {
  readonly before: Uint8Array;
  readonly scan: ScanValue;
  /** Index of the field, -1 for what is passed over. */
  readonly field: number;
}

const [OPEN, TIME, COST, SIZE, NUMBER, CLOSE] = [
  '{"symbol":"',
  '","ts":',
  ',"price":',
  ',"volume":',
  ',"seq":',
  "}",
].map((text) => ENCODER.encode(text));

/**
 * Lines that are written like those before them, which most of a file are: read
 * and written as bytes, with no text between. What does not match is read as
 * any line is.
 */
export class UsualLine {
  readonly #symbol: Uint8Array | null;
  /** Where the fields of the line lie that was read last; -1 for none. */
  readonly #from = new Int32Array(4).fill(-1);
  readonly #to = new Int32Array(4).fill(-1);

  private constructor(
    private readonly parts: readonly Part[],
    private readonly after: Uint8Array,
    private readonly options: ReplayFileOptions,
  ) {
    this.#symbol = options.symbol === undefined
      ? null
      : ENCODER.encode(options.symbol);
  }

  /** @returns `null` if a line would not have all that it needs. */
  static ofCsv(
    columns: readonly (ReplayField | null)[],
    separator: string,
    options: ReplayFileOptions,
  ): UsualLine | null {
    const cell = cellEnd(ENCODER.encode(separator)[0]);
    const parts = columns.map((field, i) => ({
      before: ENCODER.encode(i === 0 ? "" : separator),
      scan: field === null ? cell : SCAN[field],
      field: field === null ? -1 : INDEX[field],
    }));
    return UsualLine.#of(parts, "", options);
  }

  /** As a line has it that is a JSON object; `null` if keys are not plain. */
  static ofJson(line: string, options: ReplayFileOptions): UsualLine | null {
    const keys = Object.keys(JSON.parse(line));
    if (keys.some((key) => key === "type" || !/^[a-z_]\w*$/i.test(key))) {
      return null;
    }
    const taken = new Set<ReplayField>();
    const parts: Part[] = [];
    let before = "{";
    for (const key of keys) {
      const named = fieldNamed(key);
      const field = named === null || taken.has(named) ? null : named;
      if (field !== null) taken.add(field);
      const quote = field === "symbol" ? '"' : "";
      parts.push({
        before: ENCODER.encode(`${before}"${key}":${quote}`),
        scan: field === null ? jsonValueEnd : SCAN[field],
        field: field === null ? -1 : INDEX[field],
      });
      before = `${quote},`;
    }
    return UsualLine.#of(parts, `${before.slice(0, -1)}}`, options);
  }

  static #of(
    parts: readonly Part[],
    after: string,
    options: ReplayFileOptions,
  ): UsualLine | null {
    const has = (field: number) => parts.some((part) => part.field === field);
    if (!has(TS) || !has(PRICE)) return null;
    if (!has(SYMBOL) && options.symbol === undefined) return null;
    return new UsualLine(parts, ENCODER.encode(after), options);
  }

  /** Whether bytes [from, to) are such a line, for `write`. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const end = to > from && bytes[to - 1] === RETURN ? to - 1 : to;
    if (end - from > LINE_MAX) return false;
    let at = from;
    for (const { before, scan, field } of this.parts) {
      if (!startsWith(bytes, at, before)) return false;
      at += before.length;
      const valueEnd = scan(bytes, at, end);
      if (valueEnd < 0) return false;
      if (field >= 0) {
        this.#from[field] = at;
        this.#to[field] = valueEnd;
      }
      at = valueEnd;
    }
    return at + this.after.length === end && startsWith(bytes, at, this.after);
  }

  /** Adds the line that was read last as the tick numbered `seq`. */
  write(bytes: Uint8Array, seq: number, out: ReplayLines): void {
    const [from, to] = [this.#from, this.#to];
    out.begin(2 * LINE_MAX);
    out.append(OPEN, 0, OPEN.length);
    if (from[SYMBOL] < 0) out.append(this.#symbol!, 0, this.#symbol!.length);
    else out.append(bytes, from[SYMBOL], to[SYMBOL]);
    out.append(TIME, 0, TIME.length);
    if (this.options.timeUnit === "ms") {
      out.appendTime(bytes, from[TS], to[TS]);
    } else {
      const count = DECODER.decode(bytes.subarray(from[TS], to[TS]));
      const ms = ENCODER.encode(toMillis(count, this.options.timeUnit));
      out.appendTime(ms, 0, ms.length);
    }
    out.append(COST, 0, COST.length);
    out.append(bytes, from[PRICE], to[PRICE]);
    if (from[VOLUME] >= 0) {
      out.append(SIZE, 0, SIZE.length);
      out.append(bytes, from[VOLUME], to[VOLUME]);
    }
    out.append(NUMBER, 0, NUMBER.length);
    out.appendWhole(seq);
    out.append(CLOSE, 0, CLOSE.length);
    out.end();
  }
}

function startsWith(bytes: Uint8Array, at: number, wanted: Uint8Array) {
  for (let i = 0; i < wanted.length; i++) {
    if (bytes[at + i] !== wanted[i]) return false;
  }
  return true;
}

function symbolEnd(bytes: Uint8Array, at: number, to: number): number {
  if (SYMBOL_START[bytes[at]] !== 1) return -1;
  const most = Math.min(to, at + SYMBOL_MAX);
  let end = at + 1;
  while (end < most && SYMBOL_BYTE[bytes[end]] === 1) end++;
  return end;
}

function countEnd(bytes: Uint8Array, at: number, to: number): number {
  return wholeEnd(bytes, at, to, COUNT_DIGITS_MAX);
}

/** Digits without a zero before others. */
function wholeEnd(bytes: Uint8Array, at: number, to: number, max: number) {
  if (at < to && bytes[at] === ZERO) return at + 1;
  const end = digitsEnd(bytes, at, to, max);
  return end > at ? end : -1;
}

function digitsEnd(bytes: Uint8Array, at: number, to: number, max: number) {
  const most = Math.min(to, at + max);
  let end = at;
  while (end < most && bytes[end] >= ZERO && bytes[end] <= NINE) end++;
  return end;
}

function numberEnd(bytes: Uint8Array, at: number, to: number): number {
  const start = bytes[at] === MINUS ? at + 1 : at;
  const end = wholeEnd(bytes, start, to, WHOLE_DIGITS_MAX);
  if (end < 0 || end >= to || bytes[end] !== POINT) return end;
  const fractionEnd = digitsEnd(bytes, end + 1, to, FRACTION_DIGITS_MAX);
  return fractionEnd > end + 1 ? fractionEnd : -1;
}

/** A cell that nobody asks for, without quotes. */
function cellEnd(separator: number): ScanValue {
  return (bytes, at, to) => {
    let end = at;
    for (; end < to && bytes[end] !== separator; end++) {
      if (bytes[end] === QUOTE || bytes[end] === RETURN) return -1;
    }
    return end;
  };
}

/** A value of JSON that nobody asks for, in one piece. */
function jsonValueEnd(bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at] !== QUOTE) {
    const word = WORDS.find((word) => startsWith(bytes, at, word));
    return word ? at + word.length : numberEnd(bytes, at, to);
  }
  for (let end = at + 1; end < to; end++) {
    if (bytes[end] === QUOTE) return end + 1;
    if (bytes[end] === BACKSLASH || bytes[end] < 0x20) return -1;
  }
  return -1;
}
