import { rescale } from "../domain/decimal.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { PartitionMap } from "../domain/partition_map.ts";
import { READABLE_REASONS } from "../domain/tick.ts";
import { type EpochMicros, toIso } from "../domain/time.ts";
import { decodeCsvLine } from "../feeds/decode_csv.ts";
import { decodeNdjsonLine } from "../feeds/decode_ndjson.ts";
import type { QuarantinedRow } from "../ports.ts";

/** A tick that a row holds, at the scales of its instrument. */
export interface ReadableTick {
  readonly instrument: Instrument;
  readonly ts: EpochMicros;
  readonly price: number;
  readonly size: number;
  /** The feed's number, or else the line's. */
  readonly seq: number;
}

export interface ReadContext {
  /** As it is registered now. */
  readonly instrument: (symbol: string) => Instrument | undefined;
  /** The partitions that there are. */
  readonly division: Pick<PartitionMap, "of">;
  readonly now: EpochMicros;
}

/** Reads the tick of a row, or says why there is none to take back. */
export function readableTick(
  row: QuarantinedRow,
  { instrument: instrumentOf, division, now }: ReadContext,
): ReadableTick | string {
  const { id, reject, readmitted, held } = row;
  if (readmitted) return "it was taken back already";
  if (!READABLE_REASONS.has(reject.reason)) {
    return `a line with ${reject.reason} holds no tick that can be used`;
  }
  if (held) {
    return "a jump of the price may still bring it back by itself, as its " +
      "feed has had no later tick of the symbol accepted";
  }
  const { raw } = reject;
  const line = raw.trimStart().startsWith("{")
    ? decodeNdjsonLine(raw)
    : decodeCsvLine(raw);
  if (line.kind === "reject") {
    return `its line has no tick: ${line.reject.detail}`;
  }
  if (line.kind !== "tick") return "its line has no tick";
  const { tick } = line;
  if (reject.symbol !== null && reject.symbol !== tick.symbol) {
    return `its symbol must be ${reject.symbol}, got ${tick.symbol}`;
  }
  const instrument = instrumentOf(tick.symbol);
  if (instrument === undefined) return `${tick.symbol} is not registered`;
  const { symbol, priceScale, sizeScale } = instrument;
  if (division.of(symbol) !== id.p) {
    return `it is in another partition than the candles of ${symbol}`;
  }
  // The line of a tick that was too late has milliseconds only.
  const ts = reject.ts ?? tick.ts;
  if (ts > now) return `its ts must not be in the future, got ${toIso(ts)}`;
  const price = rescale(tick.price.units, tick.price.scale, priceScale);
  if (price === null) {
    return `its price must have at most ${priceScale} decimals and fit in ` +
      `2^53 of the smallest step`;
  }
  const size = rescale(tick.size.units, tick.size.scale, sizeScale);
  if (size === null) {
    return `its volume must have at most ${sizeScale} decimals and fit in ` +
      `2^53 of the smallest step`;
  }
  return { instrument, ts, price, size, seq: reject.seq ?? reject.line };
}
