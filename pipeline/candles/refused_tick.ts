import { formatScaled } from "../domain/decimal.ts";
import type { StreamEntry } from "../domain/entry.ts";
import type { Reject } from "../domain/tick.ts";
import {
  epochMicros,
  MICROS_PER_MINUTE,
  toIso,
  toMillis,
} from "../domain/time.ts";
import type { RefusedTick } from "./fold_entry.ts";

/**
 * What quarantine keeps of a tick that makes no candle.
 *
 * @param graceMicros How long after its end a candle takes late ticks.
 */
export function rejectOf(
  { ticks, symbols }: StreamEntry,
  { index, reason }: RefusedTick,
  graceMicros: number,
): Reject {
  const { symbol, priceScale, sizeScale } = symbols[ticks.symbol[index]];
  const ts = epochMicros(ticks.ts[index]);
  const seq = ticks.seq[index];
  const volume = formatScaled(ticks.size[index], sizeScale);
  const detail = reason === "too_late"
    ? `ts must be at most ${graceMicros / MICROS_PER_MINUTE} minutes older ` +
      `than the feed's newest tick of ${symbol}, got ${toIso(ts)}`
    : `volumes of one batch and minute must sum up to less than 2^53 of ` +
      `the smallest step, got ${volume}`;
  return {
    seq,
    line: 0,
    reason,
    detail,
    symbol,
    ts,
    raw: `{"symbol":${JSON.stringify(symbol)},"ts":${toMillis(ts)},` +
      `"price":${formatScaled(ticks.price[index], priceScale)},` +
      `"volume":${volume},"seq":${seq}}`,
  };
}
