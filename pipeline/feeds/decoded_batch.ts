import { assert } from "../domain/assert.ts";
import type { Decimal } from "../domain/decimal.ts";
import type { Reject, RejectReason } from "../domain/tick.ts";
import type { EpochMicros } from "../domain/time.ts";

/** What a row of a batch is. */
export const ROW_TICK = 0;
export const ROW_REJECT = 1;

/** Rows that a batch of a connection holds at most. */
export const BATCH_ROWS = 2_048;
/** Rejected ones among them: they are many times as dear as ticks. */
const BATCH_REJECTS = 128;

/** One tick, as an object: for the slow path and for tests. */
export interface DecodedTick {
  readonly symbol: string;
  readonly ts: EpochMicros;
  readonly price: Decimal;
  readonly size: Decimal;
  /** As the source counts, if it does. */
  readonly seq: number | null;
}

/** Why a line is no tick, with what could be read of it. */
export interface RejectedLine {
  readonly reason: RejectReason;
  readonly detail: string;
  readonly seq: number | null;
  readonly symbol: string | null;
  readonly ts: EpochMicros | null;
}

const RAW_BYTES_MAX = 1_024;
const DETAIL_LENGTH_MAX = 300;
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const scratch = new Uint8Array(RAW_BYTES_MAX);

/**
 * Bytes as text for people: at most 1,024 bytes of valid UTF-8, and no NUL,
 * which PostgreSQL cannot store.
 */
export function rawText(
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  const cut = bytes.subarray(start, Math.min(end, start + RAW_BYTES_MAX));
  const text = withoutNul(decoder.decode(cut));
  // What takes the place of a byte has three at most.
  if (cut.length * 3 <= RAW_BYTES_MAX) return text;
  const { read } = encoder.encodeInto(text, scratch);
  return text.slice(0, read);
}

function withoutNul(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text;
}

/**
 * Lines of one connection in columns, in the order in which they came: ticks,
 * and lines that are none.
 *
 * Shapes: every column has `capacity` values; row i is one line.
 * Units: `ts` EpochMicros; price is `price` x 10^-`priceScale`, size alike,
 * both without trailing zeros; `seq` NaN if the line has none; `symbol` is a
 * number of the connection's SymbolTable. Of a rejected row only `seq`, `line`
 * and the raw range hold.
 * Assumed: [rawStart, rawEnd) of `bytes` stays as it is while the batch is used.
 */
export class DecodedBatch {
  length = 0;
  readonly kind: Uint8Array;
  readonly symbol: Uint16Array;
  readonly ts: Float64Array;
  readonly price: Float64Array;
  readonly priceScale: Uint8Array;
  readonly size: Float64Array;
  readonly sizeScale: Uint8Array;
  readonly seq: Float64Array;
  readonly line: Float64Array;
  readonly rawStart: Uint32Array;
  readonly rawEnd: Uint32Array;
  readonly #rejects = new Map<number, RejectedLine>();

  constructor(
    readonly bytes: Uint8Array,
    readonly capacity: number = BATCH_ROWS,
  ) {
    this.kind = new Uint8Array(capacity);
    this.symbol = new Uint16Array(capacity);
    this.ts = new Float64Array(capacity);
    this.price = new Float64Array(capacity);
    this.priceScale = new Uint8Array(capacity);
    this.size = new Float64Array(capacity);
    this.sizeScale = new Uint8Array(capacity);
    this.seq = new Float64Array(capacity);
    this.line = new Float64Array(capacity);
    this.rawStart = new Uint32Array(capacity);
    this.rawEnd = new Uint32Array(capacity);
  }

  /** It is to be taken before more comes. */
  get full(): boolean {
    return this.length === this.capacity || this.rejects >= BATCH_REJECTS;
  }

  /** How many of its rows are rejected. */
  get rejects(): number {
    return this.#rejects.size;
  }

  clear(): void {
    this.length = 0;
    if (this.#rejects.size > 0) this.#rejects.clear();
  }

  addTick(
    tick: DecodedTick,
    symbol: number,
    at: { readonly line: number; readonly start: number; readonly end: number },
  ): void {
    const i = this.#row(at);
    this.kind[i] = ROW_TICK;
    this.symbol[i] = symbol;
    this.ts[i] = tick.ts;
    this.price[i] = tick.price.units;
    this.priceScale[i] = tick.price.scale;
    this.size[i] = tick.size.units;
    this.sizeScale[i] = tick.size.scale;
    this.seq[i] = tick.seq ?? NaN;
  }

  addReject(
    reject: RejectedLine,
    at: { readonly line: number; readonly start: number; readonly end: number },
  ): void {
    const i = this.#row(at);
    this.seq[i] = reject.seq ?? NaN;
    this.rejectRow(i, reject);
  }

  #row(
    at: { readonly line: number; readonly start: number; readonly end: number },
  ): number {
    assert(this.length < this.capacity, "a batch has room for a line");
    const i = this.length++;
    this.line[i] = at.line;
    this.rawStart[i] = at.start;
    this.rawEnd[i] = at.end;
    return i;
  }

  /** Makes a row a rejected one, after all. */
  rejectRow(i: number, reject: RejectedLine): void {
    this.kind[i] = ROW_REJECT;
    this.#rejects.set(i, reject);
  }

  /** What was wrong with a rejected row. */
  rejectedLine(i: number): RejectedLine {
    const reject = this.#rejects.get(i);
    assert(reject !== undefined, `row ${i} is a rejected one`);
    return reject;
  }

  /** The same with the line itself, as it goes to quarantine. */
  rejectAt(i: number, reject: RejectedLine): Reject {
    const { seq, reason, detail, symbol, ts } = reject;
    return {
      seq,
      line: this.line[i],
      reason,
      detail: withoutNul(detail.slice(0, DETAIL_LENGTH_MAX)),
      symbol,
      ts,
      raw: rawText(this.bytes, this.rawStart[i], this.rawEnd[i]),
    };
  }

  /** Bytes of the row's line, with its line end. */
  bytesOf(i: number): number {
    return this.rawEnd[i] - this.rawStart[i] + 1;
  }

  /**
   * Copies a row of another batch with its line, which goes into own bytes.
   *
   * @returns False if either has no room left.
   */
  copyRow(other: DecodedBatch, i: number): boolean {
    const start = this.length === 0 ? 0 : this.rawEnd[this.length - 1];
    const end = start + other.rawEnd[i] - other.rawStart[i];
    if (this.length === this.capacity || end > this.bytes.length) return false;
    this.bytes.set(
      other.bytes.subarray(other.rawStart[i], other.rawEnd[i]),
      start,
    );
    const k = this.#row({ line: other.line[i], start, end });
    this.kind[k] = other.kind[i];
    this.symbol[k] = other.symbol[i];
    this.ts[k] = other.ts[i];
    this.price[k] = other.price[i];
    this.priceScale[k] = other.priceScale[i];
    this.size[k] = other.size[i];
    this.sizeScale[k] = other.sizeScale[i];
    this.seq[k] = other.seq[i];
    if (other.kind[i] === ROW_REJECT) {
      this.#rejects.set(k, other.rejectedLine(i));
    }
    return true;
  }
}
