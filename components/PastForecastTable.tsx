import type { ForecastView } from "../pipeline/domain/forecast.ts";
import { formatPrice } from "./format_price.ts";
import { formatClock } from "./format_time.ts";

const LISTED = 10;

/** The last forecasts against what came, and against "no change". */
export function PastForecastTable({ forecasts, decimals, zone }: {
  readonly forecasts: readonly ForecastView[];
  readonly decimals: number;
  readonly zone: string;
}) {
  const scored = forecasts.filter(({ actual, horizon }) =>
    actual !== null && horizon === 1
  ).slice(-LISTED).toReversed();
  if (scored.length === 0) {
    return <p class="muted">No forecast has been scored yet.</p>;
  }
  return (
    <table class="small">
      <thead>
        <tr>
          <th scope="col">Minute</th>
          <th scope="col" class="num">Forecast</th>
          <th scope="col" class="num">Came</th>
          <th scope="col" class="num">Error</th>
          <th scope="col" class="num">No change</th>
          <th scope="col">
            80 % <span class="wide">band</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {scored.map((one) => (
          <tr key={one.t}>
            <td>{formatClock(one.t, zone)}</td>
            <td class="num">{formatPrice(one.c, decimals)}</td>
            <td class="num">{formatPrice(one.actual!, decimals)}</td>
            <td class="num">{formatPrice(one.error ?? NaN, decimals)}</td>
            <td class="num">{formatPrice(one.naive_error ?? NaN, decimals)}</td>
            <td>
              {one.inside80 ? "✓" : "✕"}
              <span class="wide">{one.inside80 ? " inside" : " outside"}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
