import { POWERS_OF_TEN, SYMBOL_BYTE, SYMBOL_START } from "./byte_tables.ts";
import { decodeControl } from "./control_message.ts";
import { type DecodedBatch, ROW_TICK } from "./decoded_batch.ts";
import { LineDecoder, type LineOutcome, rejected } from "./line_decoder.ts";
import { LINE_BYTES_MAX, type LineFramer } from "./line_framer.ts";
import { TS_MAX } from "./number_text.ts";
import { HASH_PRIME, HASH_START, type SymbolTable } from "./symbol_table.ts";
import { readTick } from "./tick_fields.ts";

/** Decoder of NDJSON: one JSON object a line, keys in any order. */
export function ndjsonDecoder(): LineDecoder {
  return new LineDecoder(decodeNdjsonLine, readNdjsonTicks);
}

/** The same without its fast paths: what tests hold those to. */
export function plainNdjsonDecoder(): LineDecoder {
  return new LineDecoder(decodeAnyLine, null);
}

/** A number of JSON as it was written: floats would lose digits. */
class NumberText {
  constructor(readonly text: string) {}
}

/** `context.source` is the literal's text; TypeScript does not know it yet. */
type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

const keepNumbers: Reviver = (_key, value, context) =>
  typeof value === "number" ? new NumberText(context.source!) : value;

/**
 * Decodes one line, exact, for whatever comes.
 *
 * With `JSON.parse`, unless it is flat: what is wrong with a usual line is
 * found in a fraction of the time, as to ask for the text of numbers is dear.
 */
export function decodeNdjsonLine(text: string): LineOutcome {
  return readFlat(text) ?? decodeAnyLine(text);
}

/** Decodes one line with `JSON.parse`. */
function decodeAnyLine(text: string): LineOutcome {
  let value: unknown;
  try {
    value = JSON.parse(text, keepNumbers as (key: string) => unknown);
  } catch (error) {
    return rejected(
      "not_json",
      `line must be JSON, ${error instanceof Error ? error.message : error}`,
    );
  }
  if (
    typeof value !== "object" || value === null || Array.isArray(value) ||
    value instanceof NumberText
  ) {
    return rejected("schema", "line must be a JSON object");
  }
  const record = value as Readonly<Record<string, unknown>>;
  const type = Object.hasOwn(record, "type") ? record.type : "tick";
  if (type === "tick") return decodeTick(record);
  const control = decodeControl(JSON.parse(text));
  return control.kind === "control"
    ? control
    : rejected("schema", control.detail);
}

/**
 * The tick of a line that is one flat object of plain keys, texts without
 * escapes and numbers as JSON has them, each of the type that it must have;
 * `null` for any other, which is not to say that it is wrong.
 */
function readFlat(text: string): LineOutcome | null {
  let symbol: string | undefined;
  let ts: string | undefined;
  let price: string | undefined;
  let volume: string | undefined;
  let seq: string | undefined;
  if (text.charCodeAt(0) !== OPEN) return null;
  for (let at = 1;;) {
    at = pastSpace(text, at);
    if (text.charCodeAt(at) !== QUOTE) return null;
    const key = at + 1;
    const keyEnd = letterEnd(text, key);
    if (keyEnd === key || text.charCodeAt(keyEnd) !== QUOTE) return null;
    at = pastSpace(text, keyEnd + 1);
    if (text.charCodeAt(at) !== COLON) return null;
    at = pastSpace(text, at + 1);
    const quoted = text.charCodeAt(at) === QUOTE;
    const start = quoted ? at + 1 : at;
    const end = quoted ? plainTextEnd(text, start) : numberEnd(text, start);
    if (end < 0) return null;
    const value = text.slice(start, end);
    switch (text.slice(key, keyEnd)) {
      case "symbol":
        if (!quoted) return null;
        symbol = value;
        break;
      case "ts":
        ts = value;
        break;
      case "price":
        price = value;
        break;
      case "volume":
        volume = value;
        break;
      case "seq":
        if (quoted) return null;
        seq = value;
        break;
      case "type":
        return null;
    }
    at = pastSpace(text, quoted ? end + 1 : end);
    const next = text.charCodeAt(at++);
    if (next === COMMA) continue;
    if (next !== CLOSE || at !== text.length) return null;
    return readTick({ symbol, ts, price, volume, seq });
  }
}

function pastSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const c = text.charCodeAt(at);
    if (c !== SPACE && c !== TAB && c !== NEWLINE && c !== RETURN) return at;
    at++;
  }
}

function letterEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    const c = text.charCodeAt(at);
    if (!(c >= 0x61 && c <= 0x7a)) return at; // a to z
    at++;
  }
}

/** Where a text ends that has no escape or control character; -1 if it has. */
function plainTextEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) return at;
    if (c < SPACE || c === BACKSLASH) return -1;
  }
  return -1;
}

/** Where a number of JSON ends; -1 if there is none. */
function numberEnd(text: string, from: number): number {
  let at = text.charCodeAt(from) === MINUS ? from + 1 : from;
  const whole = at;
  at = digitEnd(text, at);
  if (at === whole) return -1;
  if (text.charCodeAt(whole) === ZERO && at > whole + 1) return -1;
  if (text.charCodeAt(at) === POINT) {
    const fraction = at + 1;
    at = digitEnd(text, fraction);
    if (at === fraction) return -1;
  }
  const c = text.charCodeAt(at);
  if (c !== 0x65 && c !== 0x45) return at; // e, E
  const sign = text.charCodeAt(at + 1);
  const power = at + (sign === PLUS || sign === MINUS ? 2 : 1);
  at = digitEnd(text, power);
  return at === power ? -1 : at;
}

function digitEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return at;
    at++;
  }
}

/** What a field may be; ts and price are numbers or their text. */
const TEXT = "string";
const NUMBER = "number";
const EITHER = "number or string";

function decodeTick(record: Readonly<Record<string, unknown>>): LineOutcome {
  const wrong: string[] = [];
  const field = (
    name: string,
    wanted: typeof TEXT | typeof NUMBER | typeof EITHER,
  ): string | undefined => {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    if (value === undefined || value === null) return undefined;
    const isNumber = value instanceof NumberText;
    const kind = isNumber ? NUMBER : typeof value;
    const fits = kind === wanted ||
      wanted === EITHER && (kind === NUMBER || kind === TEXT);
    if (fits) return isNumber ? value.text : value as string;
    wrong.push(`${name} must be a ${wanted}, got ${kind}`);
    return undefined;
  };
  const outcome = readTick({
    symbol: field("symbol", TEXT),
    ts: field("ts", EITHER),
    price: field("price", EITHER),
    volume: field("volume", EITHER),
    seq: field("seq", NUMBER),
  });
  if (wrong.length === 0) return outcome;
  const known = outcome.kind === "tick" ? outcome.tick : outcome.reject;
  return {
    kind: "reject",
    reject: {
      reason: "schema",
      detail: wrong.join("; "),
      seq: known.seq,
      symbol: known.symbol,
      ts: known.ts,
    },
  };
}

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

const SYMBOL = 1;
const TS = 2;
const PRICE = 4;
const VOLUME = 8;
const SEQ = 16;
/** 15 digits: exact in a double, whatever was added on the way. */
const UNITS_MAX = 999_999_999_999_999;
const REQUIRED = SYMBOL | TS | PRICE;

/**
 * The fast path: flat objects with plain keys, symbols and digits.
 *
 * Assumed: a byte that no tick contains stands after the last one (the framer
 * puts a 0 there), so no loop needs to look for the end. Whatever is not
 * exactly as expected leaves its line to `decodeNdjsonLine`; a property test
 * holds both equal. Up to 15 digits are exact in a double at every step.
 */
export function readNdjsonTicks(
  framer: LineFramer,
  batch: DecodedBatch,
  symbols: SymbolTable,
): void {
  const bytes = framer.bytes;
  const first = batch.length;
  const capacity = batch.capacity;
  const line = framer.line;
  let row = first;
  let at = framer.from;

  lines:
  while (row < capacity) {
    let p = at;
    if (bytes[p++] !== 0x7b) break;
    let seen = 0;
    let symbol = 0;
    let ts = 0;
    let price = 0;
    let priceScale = 0;
    let size = 0;
    let sizeScale = 0;
    let seq = NaN;

    for (;;) {
      while (bytes[p] === SPACE) p++;
      if (bytes[p++] !== QUOTE) break lines;
      // The key, named by its first bytes and then checked to the last.
      let key = 0;
      const b = bytes[p];
      if (b === 0x70) { // price
        if (
          bytes[p + 1] !== 0x72 || bytes[p + 2] !== 0x69 ||
          bytes[p + 3] !== 0x63 || bytes[p + 4] !== 0x65
        ) break lines;
        key = PRICE;
        p += 5;
      } else if (b === 0x74) { // ts
        if (bytes[p + 1] !== 0x73) break lines;
        key = TS;
        p += 2;
      } else if (b === 0x76) { // volume
        if (
          bytes[p + 1] !== 0x6f || bytes[p + 2] !== 0x6c ||
          bytes[p + 3] !== 0x75 || bytes[p + 4] !== 0x6d ||
          bytes[p + 5] !== 0x65
        ) break lines;
        key = VOLUME;
        p += 6;
      } else if (b === 0x73 && bytes[p + 1] === 0x65) { // seq
        if (bytes[p + 2] !== 0x71) break lines;
        key = SEQ;
        p += 3;
      } else { // symbol
        if (
          b !== 0x73 || bytes[p + 1] !== 0x79 || bytes[p + 2] !== 0x6d ||
          bytes[p + 3] !== 0x62 || bytes[p + 4] !== 0x6f ||
          bytes[p + 5] !== 0x6c
        ) break lines;
        key = SYMBOL;
        p += 6;
      }
      if (bytes[p++] !== QUOTE || (seen & key) !== 0) break lines;
      seen |= key;
      while (bytes[p] === SPACE) p++;
      if (bytes[p++] !== COLON) break lines;
      while (bytes[p] === SPACE) p++;

      if (key === SYMBOL) {
        if (bytes[p++] !== QUOTE) break lines;
        const start = p;
        if (SYMBOL_START[bytes[p]] === 0) break lines;
        let hash = HASH_START;
        while (SYMBOL_BYTE[bytes[p]] !== 0) {
          hash = Math.imul(hash ^ bytes[p], HASH_PRIME);
          p++;
        }
        if (p - start > 32 || bytes[p] !== QUOTE) break lines;
        symbol = symbols.indexOf(bytes, start, p, hash);
        if (symbol < 0) break lines;
        p++;
      } else {
        const quoted = bytes[p] === QUOTE;
        if (quoted) {
          if (key === SEQ) break lines;
          p++;
        }
        // units x 10^-scale, with zeros at the end of a fraction left out
        let digit = bytes[p] - ZERO;
        if (digit < 0 || digit > 9) break lines;
        const start = p;
        let units = digit;
        digit = bytes[++p] - ZERO;
        if (units === 0 && digit >= 0 && digit <= 9) break lines;
        while (digit >= 0 && digit <= 9) {
          units = units * 10 + digit;
          digit = bytes[++p] - ZERO;
        }
        let scale = 0;
        if (bytes[p] === POINT) {
          if (key === SEQ) break lines;
          const point = p;
          let all = units;
          digit = bytes[++p] - ZERO;
          if (digit < 0 || digit > 9) break lines;
          while (digit >= 0 && digit <= 9) {
            all = all * 10 + digit;
            if (digit !== 0) {
              units = all;
              scale = p - point;
            }
            digit = bytes[++p] - ZERO;
          }
        }
        // 16 digits and a point; what that lets pass is bounded below.
        if (p - start > 17) break lines;
        if (quoted && bytes[p++] !== QUOTE) break lines;

        if (key === PRICE) {
          if (units === 0 || scale > 8 || units > UNITS_MAX) {
            break lines;
          }
          price = units;
          priceScale = scale;
        } else if (key === TS) {
          if (scale > 3) break lines;
          ts = units * POWERS_OF_TEN[3 - scale];
          if (ts >= TS_MAX) break lines;
        } else if (key === VOLUME) {
          if (scale > 8 || units > UNITS_MAX) break lines;
          size = units;
          sizeScale = scale;
        } else {
          if (units > UNITS_MAX) break lines;
          seq = units;
        }
      }

      while (bytes[p] === SPACE) p++;
      const next = bytes[p++];
      if (next === COMMA) continue;
      if (next !== CLOSE) break lines;
      break;
    }

    const end = p;
    if (bytes[p] === RETURN) p++;
    if (
      bytes[p] !== NEWLINE || (seen & REQUIRED) !== REQUIRED ||
      end - at > LINE_BYTES_MAX
    ) break;
    batch.kind[row] = ROW_TICK;
    batch.symbol[row] = symbol;
    batch.ts[row] = ts;
    batch.price[row] = price;
    batch.priceScale[row] = priceScale;
    batch.size[row] = size;
    batch.sizeScale[row] = sizeScale;
    batch.seq[row] = seq;
    batch.line[row] = line + (row - first) + 1;
    batch.rawStart[row] = at;
    batch.rawEnd[row] = end;
    row += 1;
    at = p + 1;
  }
  if (row === first) return;
  batch.length = row;
  framer.consumed(at, row - first);
}
