import { POWERS_OF_TEN, SYMBOL_BYTE, SYMBOL_START } from "./byte_tables.ts";
import { type DecodedBatch, ROW_TICK } from "./decoded_batch.ts";
import { decodeNdjsonLine } from "./decode_ndjson.ts";
import { LineDecoder, type LineOutcome, rejected } from "./line_decoder.ts";
import { LINE_BYTES_MAX, type LineFramer } from "./line_framer.ts";
import { TS_MAX } from "./number_text.ts";
import { HASH_PRIME, HASH_START, type SymbolTable } from "./symbol_table.ts";
import { readTick } from "./tick_fields.ts";

/**
 * Decoder of CSV: `symbol,ts,price,volume[,seq]`, a header if one likes.
 *
 * Lines that start with `{` are JSON as in NDJSON, so that a CSV feed can say
 * hello and end.
 */
export function csvDecoder(): LineDecoder {
  return new LineDecoder(decodeCsvLine, readCsvTicks);
}

/** The same without its fast path: what tests hold the fast path to. */
export function plainCsvDecoder(): LineDecoder {
  return new LineDecoder(decodeCsvLine, null);
}

const HEADER = /^symbol,ts,price,volume(?:,seq)?$/i;

/** Decodes one line; a header says nothing, wherever it stands. */
export function decodeCsvLine(text: string): LineOutcome {
  if (text.startsWith("{")) return decodeNdjsonLine(text);
  if (HEADER.test(text)) return { kind: "skip" };
  const fields = text.split(",");
  if (fields.length < 4 || fields.length > 5) {
    return rejected(
      "schema",
      `line must be symbol,ts,price,volume[,seq], got ${fields.length} fields`,
    );
  }
  const [symbol, ts, price, volume, seq] = fields.map((field) =>
    field === "" ? undefined : field
  );
  return readTick({ symbol, ts, price, volume, seq });
}

const COMMA = 0x2c;
const POINT = 0x2e;
const ZERO = 0x30;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** 15 digits: exact in a double, whatever was added on the way. */
const UNITS_MAX = 999_999_999_999_999;

const TS = 0;
const PRICE = 1;
const VOLUME = 2;
const SEQ = 3;

/**
 * The fast path: plain symbols and digits.
 *
 * Assumed: a byte that no tick contains stands after the last one (the framer
 * puts a 0 there). Whatever is not exactly as expected leaves its line to
 * `decodeCsvLine`; a property test holds both equal.
 */
export function readCsvTicks(
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
    if (SYMBOL_START[bytes[p]] === 0) break;
    let hash = HASH_START;
    while (SYMBOL_BYTE[bytes[p]] !== 0) {
      hash = Math.imul(hash ^ bytes[p], HASH_PRIME);
      p++;
    }
    const symbolEnd = p;
    if (symbolEnd - at > 32) break;
    let ts = 0;
    let price = 0;
    let priceScale = 0;
    let size = 0;
    let sizeScale = 0;
    let seq = NaN;

    for (let column = TS;; column++) {
      if (bytes[p++] !== COMMA) break lines;
      if (
        column === VOLUME &&
        (bytes[p] === COMMA || bytes[p] === NEWLINE || bytes[p] === RETURN)
      ) {
        if (bytes[p] !== COMMA) break;
        continue;
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
        if (column === SEQ) break lines;
        const point = p;
        let all = units;
        digit = bytes[++p] - ZERO;
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

      if (column === TS) {
        if (scale > 3) break lines;
        ts = units * POWERS_OF_TEN[3 - scale];
        if (ts >= TS_MAX) break lines;
        continue;
      }
      if (units > UNITS_MAX || scale > 8) break lines;
      if (column === PRICE) {
        if (units === 0) break lines;
        price = units;
        priceScale = scale;
        continue;
      }
      if (column === VOLUME) {
        size = units;
        sizeScale = scale;
        if (bytes[p] === COMMA) continue;
      } else {
        seq = units;
      }
      break;
    }

    const end = p;
    if (bytes[p] === RETURN) p++;
    if (bytes[p] !== NEWLINE || end - at > LINE_BYTES_MAX) break;
    const symbol = symbols.indexOf(bytes, at, symbolEnd, hash);
    if (symbol < 0) break;
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
