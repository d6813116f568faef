import type { CandleView } from "../pipeline/domain/candle.ts";
import { isPartlyCovered } from "./candle_cover.ts";
import { formatCount, formatPrice } from "./format_price.ts";
import { formatMoment } from "./format_time.ts";

/** Candles as text, newest first: what the chart shows, for every reader. */
export function CandleTable({ candles, decimals, zone, limit }: {
  readonly candles: readonly CandleView[];
  readonly decimals: number;
  readonly zone: string;
  readonly limit: number;
}) {
  return (
    <table class="small">
      <thead>
        <tr>
          <th scope="col">Opened</th>
          <th scope="col" class="num">Open</th>
          <th scope="col" class="num">High</th>
          <th scope="col" class="num">Low</th>
          <th scope="col" class="num">Close</th>
          <th scope="col" class="num">Volume</th>
          <th scope="col" class="num">Ticks</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {candles.slice(-limit).toReversed().map((candle) => (
          <tr key={candle.t}>
            <td>{formatMoment(candle.t, zone)}</td>
            <td class="num">{formatPrice(candle.o, decimals)}</td>
            <td class="num">{formatPrice(candle.h, decimals)}</td>
            <td class="num">{formatPrice(candle.l, decimals)}</td>
            <td class="num">{formatPrice(candle.c, decimals)}</td>
            <td class="num">{formatCount(candle.v)}</td>
            <td class="num">{formatCount(candle.n)}</td>
            <td>{candleState(candle)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function candleState(candle: CandleView): string {
  if (!candle.closed) return "forming";
  const words = [
    isPartlyCovered(candle)
      ? "partly covered"
      : candle.complete
      ? "complete"
      : "closed",
  ];
  if (candle.rev > 0) words.push(`revised ${candle.rev}×`);
  return words.join(", ");
}
